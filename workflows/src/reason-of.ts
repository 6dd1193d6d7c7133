// What a run says of a step that failed.
import { ActivityFailure, ApplicationFailure } from "@temporalio/workflow";

/** The code and sentence of a coded error; nothing of an unforeseen one. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.type?.startsWith("EG")
    ? `${cause.type}: ${cause.message}`.slice(0, 500)
    : "EG500: the run failed; see its history";
}
