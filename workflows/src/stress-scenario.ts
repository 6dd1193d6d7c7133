// One scenario of a stress run: its shards, several at a time, then the whole. A child of the run, so that scenarios share the workers and one that
// cannot be computed is kept with its reason while the others go on. It does not fail: its answer says whether the scenario is done.
import type { ScenarioRef } from "@evergreen-fund/domain/stress-agents.ts";
import {
  CancellationScope,
  continueAsNew,
  isCancellation,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import { callRoom, type Rooms } from "./proxies.ts";
import { reasonOf } from "./reason-of.ts";
import { SEARCH } from "./search-attributes.ts";

export interface StressScenarioArgs {
  ref: ScenarioRef;
  shards: number;
  /** Assets in a shard; undefined in a run that was opened before it was said. */
  shardAssets: number | undefined;
  /** Shards that are valued already: where a run that began anew goes on. */
  from: number;
  rooms: Rooms;
}

/** Shards under way at once: enough for several workers, few enough that one scenario does not take them all. */
const AT_ONCE = 4;
/** After so many the workflow begins anew: its history stays below the 2,000 events that are read at every replay. */
const SHARDS_PER_RUN = 200;

export async function stressScenario(args: StressScenarioArgs): Promise<{ status: "done" | "failed" }> {
  const { shards, shardAssets, from, rooms } = args;
  // what is recorded belongs to this child: its id is part of every request id
  const ref = { ...args.ref, workflowId: workflowInfo().workflowId };
  const simulation = callRoom("simulation", rooms);
  const until = Math.min(shards, from + SHARDS_PER_RUN);
  try {
    for (let next = from; next < until; next += AT_ONCE) {
      upsertSearchAttributes([{ key: SEARCH.stage, value: `shard ${next + 1} of ${shards}` }]);
      const block = Array.from({ length: Math.min(AT_ONCE, until - next) }, (_, place) => next + place + 1);
      await Promise.all(block.map((round) => simulation.valueShard({ ...ref, round, shardAssets })));
    }
    if (until === shards) {
      upsertSearchAttributes([{ key: SEARCH.stage, value: "concluding" }]);
      const { status } = await simulation.concludeScenario({ ...ref, shards });
      return { status };
    }
  } catch (error) {
    const reason = isCancellation(error) ? "the run was cancelled" : reasonOf(error);
    return await CancellationScope.nonCancellable(async () => {
      const { status } = await simulation.failScenario({ ...ref, reason });
      return { status };
    });
  }
  return await continueAsNew<typeof stressScenario>({ ...args, from: until });
}
