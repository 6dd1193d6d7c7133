// What Temporal's SDK logs, as one line of a worker's log: which action of which run, which try, and why. Ids and codes only, never personal data.
import { ApplicationFailure } from "@temporalio/common";
import type { LogEntry } from "@temporalio/worker";

export function logLine({ level, message, meta = {} }: Pick<LogEntry, "level" | "message" | "meta">): string {
  const { activityType, workflowId, attempt, error } = meta;
  const action = activityType === undefined ? "" : ` · ${activityType} of ${workflowId}, try ${attempt}`;
  return `${level} ${message}${action}${reasonOf(error)}`;
}

/** A failure of a room is coded, and its text is meant for everybody; of anything else only the kind is kept, since its text may quote a row. */
function reasonOf(error: unknown): string {
  if (error instanceof ApplicationFailure) return ` · ${error.type} ${error.message}`;
  return error instanceof Error ? ` · ${error.name}` : "";
}
