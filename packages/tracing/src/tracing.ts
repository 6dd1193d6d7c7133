// Starts tracing in a process: one provider of our own, its exporters behind the mask, and an orderly end. Off is a normal state, not an error.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { setLangfuseTracerProvider } from "@langfuse/tracing";
import { ProxyTracerProvider, propagation, type Tracer, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  type IdGenerator,
  RandomIdGenerator,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import {
  type LangfuseTarget,
  langfuseSink,
  MAX_PENDING,
  type OtlpTarget,
  otlpSink,
  storeSink,
  type WriteSpans,
} from "./exporters.ts";
import { MaskingProcessor, type Sink, type SinkCounts } from "./mask.ts";
import { rootSpanIdOf, traceIdOf } from "./trace-id.ts";

export type TracingOptions = {
  /** Name of the process in every span: dispatcher, commander, gateway, cli … */
  service: string;
  /** False: nothing is recorded, all calls still work. Default true. */
  enabled?: boolean;
  store?: WriteSpans;
  langfuse?: LangfuseTarget;
  otlp?: OtlpTarget;
  /** How long a finished span may wait for its batch. Default 1000. */
  flushEveryMs?: number;
  /** Spans on their way per exporter; more are refused and counted. At most and by default 2048. */
  maxPending?: number;
};

export type Tracing = {
  /** False when tracing is switched off or has no exporter. */
  readonly on: boolean;
  readonly service: string;
  readonly tracer: Tracer;
  readonly processor: SpanProcessor;
  readonly resource: Resource;
  /** Exporters that were asked for and could not be opened, one sentence each, for the banner and `doctor`. */
  readonly notes: readonly string[];
  /** Per exporter: spans taken, sent, lost to errors, refused. */
  counts(): Record<string, SinkCounts>;
  /** Sends what waits. Never throws; gives up after `timeoutMs`. */
  forceFlush(timeoutMs?: number): Promise<void>;
  /** Sends what waits and ends tracing in this process. Never throws; gives up after `timeoutMs`. */
  shutdown(timeoutMs?: number): Promise<void>;
};

/** Random ids, except for the first span of a run, whose two ids follow from the workflow id. */
class RunIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private workflowId: string | undefined;
  generateTraceId = (): string =>
    this.workflowId === undefined ? this.random.generateTraceId() : traceIdOf(this.workflowId);
  generateSpanId = (): string =>
    this.workflowId === undefined ? this.random.generateSpanId() : rootSpanIdOf(this.workflowId);
  /** `start` must be synchronous: the ids of every span started in it are the run's. */
  forRun<T>(workflowId: string, start: () => T): T {
    this.workflowId = workflowId;
    try {
      return start();
    } finally {
      this.workflowId = undefined;
    }
  }
}

type Active = { tracer: Tracer; ids: RunIds };
let active: Active | undefined;

/** The tracer of this process, or one that records nothing. */
export const activeTracer = (): Tracer => active?.tracer ?? silentTracer;
const silentTracer = new ProxyTracerProvider().getTracer("evergreen");

/** Runs `start` so that a root span in it gets the run's ids. */
export const withRunIds = <T>(workflowId: string, start: () => T): T =>
  active ? active.ids.forRun(workflowId, start) : start();

const within = async (work: Promise<unknown>, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((give) => {
    timer = setTimeout(give, timeoutMs);
  });
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
};

/** Temporal's interceptors carry the context by the global propagator; another library's (Sentry's) would carry it in its own headers only. */
function claimPropagator(provider: NodeTracerProvider): void {
  provider.register({ propagator: new W3CTraceContextPropagator() });
  if (propagation.fields().includes("traceparent")) return;
  propagation.disable();
  provider.register({ propagator: new W3CTraceContextPropagator() });
}

async function openSinks(options: TracingOptions, notes: string[]): Promise<Sink[]> {
  const flushEveryMs = options.flushEveryMs ?? 1000;
  const maxPending = Math.min(options.maxPending ?? MAX_PENDING, MAX_PENDING);
  const sinks: Sink[] = [];
  const open = async (name: string, sink: () => Promise<Sink>): Promise<void> => {
    try {
      sinks.push(await sink());
    } catch (failure) {
      const missing = (failure as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
      const why = missing
        ? "the package @opentelemetry/exporter-trace-otlp-http is not installed"
        : "its settings are not valid";
      notes.push(`Traces do not go to ${name}: ${why}.`);
    }
  };
  const { store, langfuse, otlp } = options;
  if (store) sinks.push(storeSink(store, flushEveryMs, maxPending));
  if (langfuse) await open("Langfuse", () => langfuseSink(langfuse, flushEveryMs, maxPending));
  if (otlp) await open("the OTLP collector", () => otlpSink(otlp, flushEveryMs, maxPending));
  return sinks;
}

/**
 * Starts tracing in this process. A server that is not there, slow or broken costs counted spans and nothing else.
 * @throws EvergreenError EG500 when tracing is on in this process already; shut it down first.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const notes: string[] = [];
  const resource = resourceFromAttributes({ "service.name": options.service });
  const sinks = options.enabled === false ? [] : await openSinks(options, notes);
  const processor = new MaskingProcessor(sinks);
  const counts = (): Record<string, SinkCounts> =>
    Object.fromEntries(sinks.map((sink) => [sink.name, { ...sink.counts }]));
  const shared = { service: options.service, processor, resource, notes, counts };
  if (sinks.length === 0) {
    return { ...shared, on: false, tracer: silentTracer, forceFlush: async () => {}, shutdown: async () => {} };
  }
  if (active) {
    await processor.shutdown();
    throw new EvergreenError("EG500", "Tracing is already on in this process; shut it down before starting it again.");
  }
  const ids = new RunIds();
  const provider = new NodeTracerProvider({
    resource,
    idGenerator: ids,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
    spanLimits: { attributeCountLimit: 64, attributeValueLengthLimit: 256, eventCountLimit: 16, linkCountLimit: 16 },
  });
  claimPropagator(provider);
  setLangfuseTracerProvider(provider);
  const tracer = provider.getTracer("evergreen");
  active = { tracer, ids };
  return {
    ...shared,
    on: true,
    tracer,
    forceFlush: (timeoutMs = 5_000) => within(provider.forceFlush(), timeoutMs),
    shutdown: async (timeoutMs = 5_000) => {
      if (active?.tracer !== tracer) return;
      active = undefined;
      setLangfuseTracerProvider(null);
      trace.disable();
      await within(provider.shutdown(), timeoutMs);
    },
  };
}
