// The allow-list of what a span may say: ids, codes, counts, durations, flags. Never an amount, a name, an e-mail address or free text.
// A key that is not here is dropped; so is a value that does not look like its kind, whoever wrote it.
import type { Attributes, AttributeValue } from "@opentelemetry/api";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === "string" && pattern.test(value);

const KINDS = {
  uuid: matches(uuid),
  /** `event/<uuid>`, `deal/<fund>/<class>/<date>` …: what domain and workflows make, which by rule holds no personal data. */
  workflow: matches(/^[a-z][a-z0-9-]{0,39}(?:\/[A-Za-z0-9][A-Za-z0-9._:-]{0,79}){0,5}$/),
  /** A request id made by a room or a workflow, or a uuid. One that a person chose may hold anything and is dropped. */
  request: matches(/^(?:event\/[0-9a-f-]{36}(?:\/[a-z0-9.-]{1,80}){0,3}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/),
  sha256: matches(/^[0-9a-f]{64}$/),
  /** Temporal numbers activities within a run. */
  activity: matches(/^\d{1,6}$/),
  /** A word of a closed vocabulary: lower_snake, kebab, dotted or UPPER_SNAKE; with many digits it is a number of somebody, not a word. */
  code: matches(/^(?!.*\d{5})(?!.{61})(?:[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)$/),
  /** The registered name of a workflow, activity or task queue. */
  registered: matches(/^(?!.*\d{3})[A-Za-z][A-Za-z0-9_.$/-]{0,99}$/),
  /** A class of error, a code of ours, of Postgres (SQLSTATE) or of Node. */
  error: matches(
    /^(?:(?:[A-Z][A-Za-z]{0,59})?(?:Error|Exception|Failure)|EG\d{3}|(?:\d[0-9A-Z]|P0|XX|HV)[0-9A-Z]{3}|E(?:CONNREFUSED|CONNRESET|TIMEDOUT|PIPE|NOTFOUND|ADDRINUSE|NOENT|ACCES|HOSTUNREACH))$/,
  ),
  model: matches(/^[a-z][A-Za-z0-9._:/-]{0,79}$/),
  count: (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0,
  ms: (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0,
  flag: (value: unknown): boolean => typeof value === "boolean",
} as const;
type Kind = keyof typeof KINDS;

export const ATTRIBUTES = {
  workflow_id: "workflow",
  run_id: "uuid",
  activity_id: "activity",
  event_id: "uuid",
  causation_id: "uuid",
  correlation_id: "uuid",
  fund_id: "uuid",
  asset_id: "uuid",
  proposal_id: "uuid",
  memory_id: "uuid",
  policy_id: "code",
  scenario_id: "code",
  request_id: "request",
  proposal_hash: "sha256",
  event_type: "code",
  workflow_type: "registered",
  activity_type: "registered",
  task_queue: "registered",
  playbook: "code",
  room: "code",
  action: "code",
  mode: "code",
  stage: "code",
  status: "code",
  verdict: "code",
  reason_code: "code",
  role: "code",
  embedder: "code",
  error: "error",
  model: "model",
  attempt: "count",
  attempts: "count",
  events: "count",
  rows: "count",
  trades: "count",
  checks: "count",
  breaches: "count",
  memories: "count",
  dimensions: "count",
  bytes: "count",
  input_tokens: "count",
  output_tokens: "count",
  duration_ms: "ms",
  lag_ms: "ms",
  cold: "flag",
  retried: "flag",
  timed_out: "flag",
} as const satisfies Record<string, Kind>;
export type AttributeKey = keyof typeof ATTRIBUTES;
export type SpanAttributes = Partial<Record<AttributeKey, string | number | boolean>>;

/** Keys that Temporal and OpenTelemetry write, and the key of ours that each becomes. */
const FOREIGN: Record<string, AttributeKey> = {
  temporalWorkflowId: "workflow_id",
  workflowId: "workflow_id",
  runId: "run_id",
  temporalActivityId: "activity_id",
  workflowType: "workflow_type",
  taskQueue: "task_queue",
  "exception.type": "error",
};

/** Set by Langfuse's own processor, wanted by its server only. */
const LANGFUSE: Record<string, Kind> = {
  "langfuse.environment": "code",
  "langfuse.release": "model",
  "langfuse.internal.is_app_root": "flag",
};
export const isLangfuseKey = (key: string): boolean => Object.hasOwn(LANGFUSE, key);

/** Only the attributes that the list allows, under our names. */
export function allowedAttributes(attributes: Attributes): Record<string, AttributeValue> {
  const allowed: Record<string, AttributeValue> = {};
  for (const [written, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    const key = Object.hasOwn(FOREIGN, written) ? FOREIGN[written]! : written;
    const kind: Kind | undefined = Object.hasOwn(ATTRIBUTES, key)
      ? ATTRIBUTES[key as AttributeKey]
      : Object.hasOwn(LANGFUSE, key)
        ? LANGFUSE[key]
        : undefined;
    if (kind !== undefined && KINDS[kind](value)) allowed[key] = value;
  }
  return allowed;
}

/** The code that says what went wrong, without its words: an EG code, a Node or SQL code, or the class of the error. */
export function errorCodeOf(failure: unknown): string {
  if (!(failure instanceof Error)) return "Error";
  const code = (failure as { code?: unknown }).code;
  return ([code, failure.name].find((candidate) => KINDS.error(candidate)) as string | undefined) ?? "Error";
}
