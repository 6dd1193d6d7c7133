// Which trace a run belongs to. Pure hashing, no OpenTelemetry: SQL computes the same ids in event_meta.trace_id, so that nobody looks a trace up.
import { createHash } from "node:crypto";

const digestOf = (workflowId: string): string => createHash("sha256").update(workflowId, "utf8").digest("hex");

/**
 * Trace id of a run: the first 32 hex digits of sha256(workflow id), as Langfuse's `createTraceId(seed)` makes it.
 * SQL: `substr(encode(sha256(convert_to(workflow_id, 'UTF8')), 'hex'), 1, 32)`.
 */
export const traceIdOf = (workflowId: string): string => digestOf(workflowId).slice(0, 32);

/**
 * Span id of a run's first span: hex digits 33 to 48 of the same digest. Because it is known to everyone who knows the workflow id, a caller, a
 * second dispatch of the same event or a later signal can all hang their spans under it, and a repeated
 * dispatch writes the same span, not another one.
 */
export const rootSpanIdOf = (workflowId: string): string => digestOf(workflowId).slice(32, 48);
