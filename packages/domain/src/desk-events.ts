// Events of the desk: what people said of clocks and of what failed, and what came of it. Nothing follows by itself.
import { z } from "zod";

const id = z.uuid();
const day = z.iso.date();
const note = z.string().max(500);
const fact = <P extends z.ZodType>(payload: P): { mode: "note"; recordedBy: readonly []; payload: P } => ({
  mode: "note",
  recordedBy: [],
  payload,
});

export const DESK_EVENTS = {
  SCHEDULE_NOTED: fact(
    z.object({
      schedule_id: z.string().max(100),
      action: z.enum(["pause", "resume", "backfill"]),
      note,
      first_day: day.optional(),
      last_day: day.optional(),
    }),
  ),
  SCHEDULE_ANSWERED: fact(
    z.object({
      schedule_id: z.string().max(100),
      action: z.enum(["pause", "resume", "backfill"]),
      outcome: z.enum(["done", "refused"]),
    }),
  ),
  FAILURE_DECIDED: fact(
    z.object({
      step_id: id,
      kind: z.enum(["event", "batch", "run"]),
      action: z.enum(["ask_skip", "skip", "escalate"]),
    }),
  ),
};
