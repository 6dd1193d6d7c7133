// Where spans go: the local store (a function given by the caller), Langfuse and, if asked, any OTLP collector. All behind the mask.
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Sink, SinkCounts } from "./mask.ts";
import { rowOf, type SpanRow } from "./span-row.ts";

/** Stores spans; writing the same span again must change nothing, because a write whose answer was lost is repeated. */
export type WriteSpans = (spans: SpanRow[]) => Promise<unknown>;

/** A batch is given up after this long; the spans in it count as failed. */
const EXPORT_TIMEOUT_MS = 10_000;
/** BatchSpanProcessor's and Langfuse's own queue length; ours must not be longer, or they would drop uncounted. */
export const MAX_PENDING = 2048;
const BATCH = 512;

/** Counts what becomes of spans and turns every failure, also one that never answers, into a count. */
class CountedExporter implements SpanExporter {
  private readonly inner: SpanExporter;
  private readonly counts: SinkCounts;
  private readonly timeoutMs: number;
  constructor(inner: SpanExporter, counts: SinkCounts, timeoutMs: number) {
    this.inner = inner;
    this.counts = counts;
    this.timeoutMs = timeoutMs;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    let answered = false;
    const answer = (sent: boolean): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      this.counts[sent ? "sent" : "failed"] += spans.length;
      done({ code: ExportResultCode.SUCCESS });
    };
    const timer = setTimeout(() => answer(false), this.timeoutMs);
    timer.unref();
    try {
      this.inner.export(spans, (result) => answer(result.code === ExportResultCode.SUCCESS));
    } catch {
      answer(false);
    }
  }

  async forceFlush(): Promise<void> {
    await this.inner.forceFlush?.();
  }
  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }
}

/** Hands rows to the caller's function, up to three times. */
class StoreExporter implements SpanExporter {
  private readonly write: WriteSpans;
  constructor(write: WriteSpans) {
    this.write = write;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.writeWithRetry(spans.map(rowOf)).then(
      () => done({ code: ExportResultCode.SUCCESS }),
      () => done({ code: ExportResultCode.FAILED }),
    );
  }

  /** A database that restarts is back within a second or two, so two more tries keep the trace whole. */
  private async writeWithRetry(rows: SpanRow[]): Promise<void> {
    for (const pauseMs of [250, 1500]) {
      try {
        await this.write(rows);
        return;
      } catch {
        await new Promise((resume) => setTimeout(resume, pauseMs).unref());
      }
    }
    await this.write(rows);
  }

  async shutdown(): Promise<void> {}
}

const freshCounts = (): SinkCounts => ({ taken: 0, sent: 0, failed: 0, refused: 0 });

function batched(name: string, exporter: SpanExporter, flushEveryMs: number, maxPending: number): Sink {
  const counts = freshCounts();
  const counted = new CountedExporter(exporter, counts, EXPORT_TIMEOUT_MS);
  const processor = new BatchSpanProcessor(counted, {
    maxQueueSize: MAX_PENDING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: flushEveryMs,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS * 2,
  });
  return { name, processor, counts, maxPending };
}

export const storeSink = (write: WriteSpans, flushEveryMs: number, maxPending = MAX_PENDING): Sink =>
  batched("store", new StoreExporter(write), flushEveryMs, maxPending);

type OtlpOptions = { url: string; headers?: Record<string, string>; timeoutMillis: number };

/** Langfuse's processor and any collector need the same exporter package. Throws when it is not installed. */
async function otlpExporter(options: OtlpOptions): Promise<SpanExporter> {
  const name = "@opentelemetry/exporter-trace-otlp-http";
  const module = (await import(name)) as { OTLPTraceExporter: new (options: OtlpOptions) => SpanExporter };
  return new module.OTLPTraceExporter(options);
}

export type LangfuseTarget = {
  publicKey: string;
  secretKey: string;
  baseUrl: string;
  /** Lower-case word, for example `production`. */
  environment?: string;
  release?: string;
};

export async function langfuseSink(
  target: LangfuseTarget,
  flushEveryMs: number,
  maxPending = MAX_PENDING,
): Promise<Sink> {
  const counts = freshCounts();
  const exporter = await otlpExporter({
    url: `${target.baseUrl.replace(/\/+$/, "")}/api/public/otel/v1/traces`,
    headers: {
      Authorization: `Basic ${Buffer.from(`${target.publicKey}:${target.secretKey}`).toString("base64")}`,
      "x-langfuse-public-key": target.publicKey,
      // Without it the server shows new traces only after minutes.
      "x-langfuse-ingestion-version": "4",
    },
    timeoutMillis: 5_000,
  });
  const { LangfuseSpanProcessor } = await import("@langfuse/otel");
  const processor = new LangfuseSpanProcessor({
    publicKey: target.publicKey,
    secretKey: target.secretKey,
    baseUrl: target.baseUrl,
    ...(target.environment && { environment: target.environment }),
    ...(target.release && { release: target.release }),
    exporter: new CountedExporter(exporter, counts, EXPORT_TIMEOUT_MS),
    // Its default keeps spans of language models only and drops Temporal's and ours.
    shouldExportSpan: () => true,
    // The allow-list has no input, output or metadata; should one ever appear, it leaves as this word.
    mask: () => "masked",
    mediaUploadEnabled: false,
    flushAt: BATCH,
    flushInterval: flushEveryMs / 1000,
  });
  return { name: "langfuse", processor, counts, maxPending };
}

export type OtlpTarget = { endpoint: string; headers?: Record<string, string> };

export async function otlpSink(target: OtlpTarget, flushEveryMs: number, maxPending = MAX_PENDING): Promise<Sink> {
  const url = `${target.endpoint.replace(/\/+$/, "").replace(/\/v1\/traces$/, "")}/v1/traces`;
  const exporter = await otlpExporter({
    url,
    ...(target.headers && { headers: target.headers }),
    timeoutMillis: 5_000,
  });
  return batched("otlp", exporter, flushEveryMs, maxPending);
}
