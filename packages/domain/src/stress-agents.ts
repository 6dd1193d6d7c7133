// What Simulation promises a stress run. Split from agents.ts, which puts it into the contracts.
import { z } from "zod";

const id = z.uuid();
const RunRef = z.object({ eventId: id, workflowId: z.string(), fundId: id.optional() });
const count = z.int().min(0);
const size = z.int().min(1);
const reason = z.string().min(1).max(500);

/** One scenario of a run, by its place in the list that was asked for, from 1. */
export const ScenarioRef = RunRef.extend({ ordinal: z.int().min(1) });
export type ScenarioRef = z.infer<typeof ScenarioRef>;

const action = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
const progress = z.object({ status: z.enum(["done", "failed"]), done: count, failed: count });
const end = z.object({
  status: z.enum(["completed", "partial", "failed"]),
  done: count,
  failed: count,
  worstScenarioId: z.string().nullable(),
});

export const STRESS_CONTRACTS = {
  simulation: {
    /** Takes a snapshot that is not older than the question, and records which one the run rests on. */
    openStress: action(
      RunRef,
      z.object({
        stressRunId: id,
        scenarios: count,
        shards: count,
        /** Assets in a shard: said by the worker that opened the run, and held to by all that value a shard of it. */
        shardAssets: size,
        kind: z.string(),
        snapshotHash: z.string(),
      }),
    ),
    /** Values one shard of the fund's assets under one scenario. `round` is the shard's number from 1; runs of before `shardAssets` was said have shards of 500. */
    valueShard: action(
      ScenarioRef.extend({ round: z.int().min(1), shardAssets: size.optional() }),
      z.object({ bodyHash: z.string() }),
    ),
    /** Puts the shards of a scenario together: outcome, liquidity, reverse stress. */
    concludeScenario: action(ScenarioRef.extend({ shards: count }), progress),
    /** Keeps a scenario that could not be computed, with its reason; the others go on. */
    failScenario: action(ScenarioRef.extend({ reason }), progress),
    /** Computes a scenario of the run once more from the snapshot itself: the same bytes, or an alarm. */
    repeatScenario: action(
      RunRef.extend({ shards: count }),
      z.object({ result: z.enum(["equal", "different", "nothing"]), ordinal: z.int().nullable() }),
    ),
    /** Writes the values to the analytical file and ends the run. */
    publishStress: action(RunRef, end),
    /** Ends a run that broke off; what was not computed fails with the reason. */
    closeStress: action(RunRef.extend({ reason }), end),
    /** Asks for the nightly run of a fund: all shipped scenarios, once per night. `at`: when the schedule was due. */
    openNightly: action(
      z.object({ workflowId: z.string(), fundId: id, night: z.iso.date() }),
      z.object({ stressRunId: id, eventId: id }),
    ),
  },
} as const;
