// The one table of span names. A span whose name is not here leaves the process as "unlisted": a name built from data cannot carry data out.
import { ROOMS, type Room } from "@evergreen-fund/domain/roles.ts";

export const ROOM_STEPS = ["facts", "decide", "record", "narrate"] as const;
export type RoomStep = (typeof ROOM_STEPS)[number];

/** Names as a reader finds them in `evergreen trace` and in Langfuse; `<x>` is one word of letters, digits, `_` and `-`. */
export const SPAN_NAMES = {
  "event.<type>": "the whole run of one event, from the RPC that recorded it; the first span of a trace",
  "rpc.<fn>": "one call of an fn_* function",
  "dispatcher.claim": "claiming events from the outbox",
  "dispatcher.start": "starting the workflow of one event",
  "dispatcher.tell": "signalling a waiting workflow",
  "dispatcher.batch": "handing many events of a type to one workflow",
  "dispatcher.seal": "sealing audit rows into their chain",
  "playbook.<name>": "one playbook",
  "room.<room>.<action>.<step>": "one step of a room: facts, decide, record or narrate",
  "memory.recall": "searching memories before planning",
  "memory.remember": "storing the memory of a run",
  "memory.embed": "turning a text into a vector",
  "model.<purpose>": "asking a language model for words",
  "data.load.<source>": "reading rows for analysis, for example data.load.supabase",
  "data.transform.<engine>": "computing over loaded rows, for example data.transform.duckdb",
  "gateway.<route>": "one request to the gateway",
  "cli.<command>": "one command of the CLI",
} as const;

/** Names that Temporal's interceptors give: a verb, then the registered name of a workflow, activity, signal, query or update. */
export const TEMPORAL_SPANS = [
  "StartWorkflow",
  "SignalWorkflow",
  "SignalWithStartWorkflow",
  "QueryWorkflow",
  "StartWorkflowUpdate",
  "UpdateWithStartWorkflow",
  "HandleSignal",
  "HandleQuery",
  "HandleUpdate",
  "ValidateUpdate",
  "TerminateWorkflow",
  "CancelWorkflow",
  "DescribeWorkflow",
  "RunWorkflow",
  "StartChildWorkflow",
  "StartActivity",
  "RunActivity",
  "ContinueAsNew",
] as const;

export type SpanName =
  | `event.${string}`
  | `rpc.fn_${string}`
  | "dispatcher.claim"
  | "dispatcher.start"
  | "dispatcher.tell"
  | "dispatcher.batch"
  | "dispatcher.seal"
  | `playbook.${string}`
  | `room.${Room}.${string}.${RoomStep}`
  | "memory.recall"
  | "memory.remember"
  | "memory.embed"
  | `model.${string}`
  | `data.load.${string}`
  | `data.transform.${string}`
  | `gateway.${string}`
  | `cli.${string}`;

export const roomSpan = (room: Room, action: string, step: RoomStep): SpanName => `room.${room}.${action}.${step}`;

const words: Record<string, string> = {
  type: "[A-Z][A-Z0-9_]{1,59}",
  fn: "fn_[a-z0-9_]{1,60}",
  room: ROOMS.join("|"),
  step: ROOM_STEPS.join("|"),
};
const word = "[A-Za-z0-9][A-Za-z0-9_-]{0,59}";
const patternOf = (name: string): string =>
  name.replaceAll(".", "\\.").replace(/<(\w+)>/g, (_, key: string) => `(?:${words[key] ?? word})`);
const registered = "[A-Za-z][A-Za-z0-9_.$/-]{0,99}";
const listed = new RegExp(
  `^(?:${Object.keys(SPAN_NAMES).map(patternOf).join("|")}|(?:${TEMPORAL_SPANS.join("|")})(?::${registered})?)$`,
);

export const UNLISTED = "unlisted";

/** The name if the table lists it, else "unlisted". */
export const listedName = (name: string): string => (listed.test(name) ? name : UNLISTED);
