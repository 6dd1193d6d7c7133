// Scale-out: three worker processes share a stress run, one of Simulation's is killed in the middle, and the run comes to the same bytes as one process alone.
import { until } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openShelf } from "../shelf.ts";
import { openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, importFund } from "./journeys.ts";
import { askStress, expectStressedOnce, outcomeHashes, runRow } from "./stress-journeys.ts";
import { SYNTHETIC_ASSETS } from "./synthetic-fund.ts";

let house: TestHouse;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
});
afterAll(() => house?.stop());

const OTHERS = [
  "commander",
  "rebalancing",
  "liquidity-engine",
  "compliance-sentinel",
  "risk-guardian",
  "kyc",
  "tokenization",
];

it("gives the same bytes with three processes of which one is killed as with one", async () => {
  const { code } = await importFund(house.database);
  const scenarios = await openShelf().all();
  const alone = await askStress(house, code, scenarios);
  const shared = await askStress(house, code, scenarios);

  // both were asked for before anything was read, so both rest on one snapshot; this worker takes the first alone
  await house.look("update event_outbox set next_at = now() + interval '1 hour' where event_id = $1", [shared.eventId]);
  const one = await house.startWorkers();
  await expectEnd(house.database, alone.eventId, "completed");
  await one.kill();

  const rest = await house.startWorkers({ rooms: OTHERS });
  const dying = await house.startWorkers({ rooms: ["simulation"] });
  await house.look("update event_outbox set next_at = now() where event_id = $1", [shared.eventId]);
  const valued = () =>
    house.database.read(AUDIT, (tx) => tx.stress_shards.count({ where: { stress_run_id: shared.runId } }));
  await until(async () => (await valued()) > 0, "a shard to be valued");
  await dying.kill("SIGKILL");
  const left = await valued();
  expect(left).toBeLessThan(scenarios.length);
  const heir = await house.startWorkers({ rooms: ["simulation"] });
  const second = await house.startWorkers({ rooms: ["simulation"] });
  await expectEnd(house.database, shared.eventId, "completed");

  for (const run of [alone, shared]) await expectStressedOnce(house, run, SYNTHETIC_ASSETS.length);
  const [a, b] = [await runRow(house, alone.runId), await runRow(house, shared.runId)];
  expect(b.snapshot_hash).toBe(a.snapshot_hash);
  expect(await outcomeHashes(house, shared.runId)).toEqual(await outcomeHashes(house, alone.runId));
  expect(b.outcomes_hash).toBe(a.outcomes_hash);
  await Promise.all([rest, heir, second].map((worker) => worker.kill()));
});
