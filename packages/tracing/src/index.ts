// The Langfuse and OpenTelemetry door: everything a process needs to be seen, and nothing that could carry a person's data out of it.
export type { LangfuseTarget, OtlpTarget, WriteSpans } from "./exporters.ts";
export type { SinkCounts } from "./mask.ts";
export { renderTrace } from "./render-trace.ts";
export { openScores, SCORE_NAMES, type Score, type ScoreName, type Scores } from "./scores.ts";
export { ATTRIBUTES, errorCodeOf, type SpanAttributes } from "./span-attributes.ts";
export { ROOM_STEPS, type RoomStep, roomSpan, SPAN_NAMES, type SpanName } from "./span-names.ts";
export type { SpanRow, SpanStatus } from "./span-row.ts";
export { temporalPlugin } from "./temporal-plugin.ts";
export { rootSpanIdOf, traceIdOf } from "./trace-id.ts";
export { type RunSpan, recordSpan, runContext, type Step, startRunSpan, traced } from "./traced.ts";
export { startTracing, type Tracing, type TracingOptions } from "./tracing.ts";
