// The only way out of the process for a span. Every exporter stands behind it: what is not on the allow-lists never reaches a queue.
// Also the bound: each exporter may have so many spans on their way and no more, so that a dead server costs memory once and then nothing.
import type { Context, Link } from "@opentelemetry/api";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { allowedAttributes } from "./span-attributes.ts";
import { listedName } from "./span-names.ts";

/** Scopes whose spans are ours to export; a library that traces itself is not asked here. */
const SCOPES = [/^evergreen$/, /^@temporalio\//, /^langfuse-sdk$/];

const maskedLink = (link: Link): Link => ({
  context: { traceId: link.context.traceId, spanId: link.context.spanId, traceFlags: link.context.traceFlags },
});

/** A copy that holds ids, codes, counts and times only: no status message, no stack, no event but the fact of an exception, no trace state. */
export function masked(span: ReadableSpan): ReadableSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const exceptions = span.events.filter((event) => event.name === "exception");
  const attributes = allowedAttributes(span.attributes);
  const events = exceptions.map((event) => {
    const { error } = allowedAttributes(event.attributes ?? {});
    if (error !== undefined) attributes.error ??= error;
    return { name: "exception", time: event.time, attributes: error === undefined ? {} : { "exception.type": error } };
  });
  const parent = span.parentSpanContext;
  return {
    name: listedName(span.name),
    kind: span.kind,
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parent && {
      parentSpanContext: { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.traceFlags },
    }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: { code: span.status.code },
    attributes,
    events,
    links: span.links.map(maskedLink),
    resource: span.resource,
    instrumentationScope: { name: span.instrumentationScope.name },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** How many spans an exporter took, sent, lost to errors, and refused because too many were on their way. */
export type SinkCounts = { taken: number; sent: number; failed: number; refused: number };

/** One exporter behind its queue; whoever exports adds to `sent` and `failed`. */
export type Sink = { name: string; processor: SpanProcessor; counts: SinkCounts; maxPending: number };

/** Masks each span once and hands it to every sink. Nothing here throws: tracing never breaks what it watches. */
export class MaskingProcessor implements SpanProcessor {
  private readonly sinks: readonly Sink[];
  constructor(sinks: readonly Sink[]) {
    this.sinks = sinks;
  }

  onStart(span: Span, parentContext: Context): void {
    for (const { processor } of this.sinks) {
      try {
        processor.onStart(span, parentContext);
      } catch {
        // A sink that cannot start a span will not take it at its end either; that is where it is counted.
      }
    }
  }

  onEnd(span: ReadableSpan): void {
    if (this.sinks.length === 0 || !SCOPES.some((scope) => scope.test(span.instrumentationScope.name))) return;
    let copy: ReadableSpan | undefined;
    for (const { processor, counts, maxPending } of this.sinks) {
      if (counts.taken - counts.sent - counts.failed >= maxPending) {
        counts.refused += 1;
        continue;
      }
      counts.taken += 1;
      try {
        copy ??= masked(span);
        processor.onEnd(copy);
      } catch {
        counts.failed += 1;
      }
    }
  }

  async forceFlush(): Promise<void> {
    await Promise.allSettled(this.sinks.map(({ processor }) => processor.forceFlush()));
  }

  async shutdown(): Promise<void> {
    await Promise.allSettled(this.sinks.map(({ processor }) => processor.shutdown()));
  }
}
