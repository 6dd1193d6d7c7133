// A span as the local store keeps it (table trace_spans) and as `evergreen trace` reads it.
import { type HrTime, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { isLangfuseKey } from "./span-attributes.ts";

export type SpanStatus = "unset" | "ok" | "error";

export type SpanRow = {
  /** 32 hex digits. */
  trace_id: string;
  /** 16 hex digits, unique within the trace; the same span may be written twice and is the same row. */
  span_id: string;
  parent_span_id: string | null;
  name: string;
  /** The process that made it: dispatcher, commander, gateway … */
  service: string;
  /** ISO 8601 in UTC with microseconds. */
  started_at: string;
  ended_at: string;
  status: SpanStatus;
  attributes: Record<string, string | number | boolean>;
};

/** ISO 8601 with microseconds; nanoseconds are cut, not rounded, so that a start never passes its end. */
export function isoOf([seconds, nanoseconds]: HrTime): string {
  const micros = Math.floor(nanoseconds / 1000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

const STATUS: Record<SpanStatusCode, SpanStatus> = {
  [SpanStatusCode.UNSET]: "unset",
  [SpanStatusCode.OK]: "ok",
  [SpanStatusCode.ERROR]: "error",
};

/** The row of a span that the mask has let through. */
export function rowOf(span: ReadableSpan): SpanRow {
  const { traceId, spanId } = span.spanContext();
  const service = span.resource.attributes["service.name"];
  const attributes: SpanRow["attributes"] = {};
  for (const [key, value] of Object.entries(span.attributes)) {
    if (isLangfuseKey(key)) continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") attributes[key] = value;
  }
  return {
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: span.parentSpanContext?.spanId ?? null,
    name: span.name,
    service: typeof service === "string" ? service : "unknown",
    started_at: isoOf(span.startTime),
    ended_at: isoOf(span.endTime),
    status: STATUS[span.status.code],
    attributes,
  };
}
