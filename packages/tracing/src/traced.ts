// Spans for rooms and processes: a step, a run's first span, a step that is already over. With tracing off all of them just run the function.
import { type Context, context, type Span, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { errorCodeOf, type SpanAttributes } from "./span-attributes.ts";
import type { SpanName } from "./span-names.ts";
import { rootSpanIdOf, traceIdOf } from "./trace-id.ts";
import { activeTracer, withRunIds } from "./tracing.ts";

/** What a step may do with its span. */
export type Step = {
  /** Adds attributes; those that are not on the allow-list never leave the process. */
  note(attributes: SpanAttributes): void;
};

function fail(span: Span, failure: unknown): void {
  // The words of an error may hold a row; its code may not.
  span.setAttribute("error", errorCodeOf(failure));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * Runs `work` in a span under the active one, or under `parent`. The result and the error of `work` are passed on unchanged.
 * @example await traced(roomSpan("liquidity-engine", "reserve", "facts"), { event_id }, () => readFacts(db, ref))
 */
export async function traced<T>(
  name: SpanName,
  attributes: SpanAttributes,
  work: (step: Step) => T | Promise<T>,
  parent: Context = context.active(),
): Promise<T> {
  const span = activeTracer().startSpan(name, { attributes }, parent);
  try {
    const result = await context.with(trace.setSpan(parent, span), work, undefined, {
      note: (more: SpanAttributes) => void span.setAttributes(more),
    });
    span.setStatus({ code: SpanStatusCode.OK });
    return result;
  } catch (failure) {
    fail(span, failure);
    throw failure;
  } finally {
    span.end();
  }
}

/** The context of a run for whoever knows its workflow id and did not start it: an RPC's caller, a signal, a late step. */
export function runContext(workflowId: string): Context {
  return trace.setSpanContext(context.active(), {
    traceId: traceIdOf(workflowId),
    spanId: rootSpanIdOf(workflowId),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

export type RunSpan = {
  readonly traceId: string;
  /** The context to start the workflow in: what Temporal's client sends in the headers. */
  readonly context: Context;
  /** Calls `start` in that context, for example `run.with(() => client.workflow.start(…))`. */
  with<T>(start: () => T): T;
  note(attributes: SpanAttributes): void;
  /** Ends the span, as failed when a failure is given. Call it exactly once. */
  end(failure?: unknown): void;
};

/**
 * The first span of a run. Its trace id and span id follow from the workflow id, so a second dispatch of the same event writes the same span again.
 * @param startTime when the run began for its caller: the event's created_at. Default now.
 */
export function startRunSpan(
  workflowId: string,
  name: SpanName,
  attributes: SpanAttributes = {},
  startTime?: Date,
): RunSpan {
  const options = {
    root: true,
    attributes: { ...attributes, workflow_id: workflowId },
    ...(startTime && { startTime }),
  };
  const span = withRunIds(workflowId, () => activeTracer().startSpan(name, options, context.active()));
  const inRun = trace.setSpan(context.active(), span);
  return {
    traceId: traceIdOf(workflowId),
    context: inRun,
    with: (start) => context.with(inRun, start),
    note: (more) => void span.setAttributes(more),
    end: (failure) => {
      if (failure === undefined) span.setStatus({ code: SpanStatusCode.OK });
      else fail(span, failure);
      span.end();
    },
  };
}

/** Records a step of a run that is already over, for example the RPC whose answer named the event. Times are the caller's clock. */
export function recordSpan(
  workflowId: string,
  name: SpanName,
  attributes: SpanAttributes,
  startedAt: Date,
  endedAt: Date,
): void {
  const span = activeTracer().startSpan(name, { attributes, startTime: startedAt }, runContext(workflowId));
  span.setStatus({ code: SpanStatusCode.OK });
  span.end(endedAt);
}
