// What Simulation promises about data: taking the market feed in, checking a fund's data on a snapshot, retiring what is old. Schedules ask for them.
import { z } from "zod";

const id = z.uuid();
const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const count = z.int().nonnegative();

export const DATA_CONTRACTS = {
  simulation: {
    /** Fetches the configured feed once and takes it in; `none`: no feed is set. What is refused changes nothing and says why. */
    takeMarketFeed: action(
      z.object({ workflowId: z.string(), eventId: id.optional() }),
      z.object({
        outcome: z.enum(["imported", "unchanged", "refused", "none"]),
        taken: count,
        held: count,
        reason: z.string().max(500),
      }),
    ),
    /** Measures a fund's data on the newest snapshot and records what held and what did not; `unmeasured`: there is no snapshot to measure. */
    checkData: action(
      z.object({ workflowId: z.string(), eventId: id.optional(), fundId: id }),
      z.object({
        outcome: z.enum(["passed", "failed", "unmeasured"]),
        checks: count,
        failed: count,
        snapshotHash: z.string(),
      }),
    ),
    /** Archives what is older than its term, reads every archive back, and only then has the database retire it; `held`: kept because of a legal hold. */
    retireRows: action(z.strictObject({ workflowId: z.string() }), z.object({ archives: count, held: count })),
  },
} as const;
