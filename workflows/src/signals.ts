// How somebody reaches a run that waits.
import { defineSignal } from "@temporalio/workflow";

/** Something happened that this run may be waiting for; ids only, the run reads the row. */
export const knock = defineSignal<[{ eventId: string }]>("knock");
