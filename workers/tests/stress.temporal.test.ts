// Stress runs end to end on a real Temporal and real workers: several scenarios at once, once per request, partial failure kept, cancelled and ended.
import { crashFired, until } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openShelf } from "../shelf.ts";
import { clientOf, openHouses, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, importFund, runEnded } from "./journeys.ts";
import {
  askStress,
  expectStressedOnce,
  manyAssets,
  outcomeHashes,
  runRow,
  shelved,
  stressBrokenOff,
  stressedInPart,
  stressOfTheNight,
} from "./stress-journeys.ts";

let house: TestHouse;
let client: Client;
beforeAll(async () => {
  [house] = (await openHouses(1)) as [TestHouse];
  client = await clientOf(house);
});
afterAll(async () => {
  await client?.connection.close();
  await house?.stop();
});
/** Workers for one test: gone at its end, however it ends, so that they take nothing of the next one's. */
const startWorkers = async (...options: Parameters<TestHouse["startWorkers"]>) => {
  const worker = await house.startWorkers(...options);
  onTestFinished(() => worker.kill());
  return worker;
};

it("computes every scenario, once per request, and comes to the same bytes on the same snapshot", async () => {
  const { code, fundId } = await importFund(house.database);
  const scenarios = await shelved("base", "gfc_2008", "rates_up200", "top3_leave", "fed_2025_severely_adverse");
  const request_id = `stress/${code}`;
  const asked = await askStress(house, code, scenarios, { request_id });
  expect(await askStress(house, code, scenarios, { request_id })).toEqual(asked);
  // another one before anything was read: both rest on one snapshot
  const twin = await askStress(house, code, scenarios);
  await startWorkers();
  for (const run of [asked, twin]) {
    await expectEnd(house.database, run.eventId, "completed");
    await expectStressedOnce(house, run, 4);
  }
  const [one, two] = [await runRow(house, asked.runId), await runRow(house, twin.runId)];
  expect(two.snapshot_hash).toBe(one.snapshot_hash);
  expect(await outcomeHashes(house, twin.runId)).toEqual(await outcomeHashes(house, asked.runId));
  expect(two.outcomes_hash).toBe(one.outcomes_hash);
  expect(await house.database.read(AUDIT, (tx) => tx.stress_runs.count({ where: { fund_id: fundId } }))).toBe(2);
  const memory = await until(
    () => house.database.read(AUDIT, (tx) => tx.agent_memories.findFirst({ where: { workflow_id: asked.workflowId } })),
    "the run to be remembered",
  );
  expect(memory.duckdb_refs).toEqual([
    { table: "snapshots", id: one.snapshot_hash, as_of: "2026-09-30" },
    { table: "valuation_runs", id: asked.runId, as_of: "2026-09-30" },
  ]);
  // the stage says how far it came, and every scenario was a child of the run
  const handle = client.workflow.getHandle(asked.workflowId);
  await handle.result();
  const { searchAttributes } = await handle.describe();
  expect(searchAttributes.Stage).toEqual(["weighing cover"]);
  for (const place of scenarios.keys())
    expect((await client.workflow.getHandle(`${asked.workflowId}/scenario-${place + 1}`).describe()).status.name).toBe(
      "COMPLETED",
    );
});

it("divides a fund into as many shards as it is set to, begins anew on the way, and comes to the bytes of one shard", async () => {
  // 205 shards of one asset: more than a workflow takes before it begins anew
  const { code } = await importFund(house.database, manyAssets(205));
  const scenarios = await shelved("rates_up200", "gfc_2008");
  const asked = await askStress(house, code, scenarios, { kind: "nightly" });
  await startWorkers({ environment: { STRESS_SHARD_ASSETS: "1" } });
  await expectEnd(house.database, asked.eventId, "completed");
  await expectStressedOnce(house, asked, 205);
  const shards = await house.database.read(AUDIT, (tx) =>
    tx.stress_shards.groupBy({ by: ["scenario_hash"], where: { stress_run_id: asked.runId }, _count: true }),
  );
  expect(shards.map(({ _count }) => _count)).toEqual([205, 205]);
  // the night's second computation took one shard of all assets: the same bytes, or it would say so
  const row = await runRow(house, asked.runId);
  expect(row).toMatchObject({ checked_equal: true });
  const checked = row.outcomes.find(({ scenario_hash }) => scenario_hash === row.checked_scenario);
  expect(row.checked_hash).toBe(checked?.body_hash);
  for (const place of scenarios.keys()) {
    const id = `${asked.workflowId}/scenario-${place + 1}`;
    const { runId: last } = await client.workflow.getHandle(id).describe();
    const runs = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = "${id}"` })) runs.push(run);
    expect(runs.map(({ runId, status }) => [runId === last, status.name]).sort()).toEqual([
      [false, "CONTINUED_AS_NEW"],
      [true, "COMPLETED"],
    ]);
  }
});

it("keeps a scenario that cannot be computed with its reason, and the others go on", async () => {
  await startWorkers();
  await stressedInPart(house);
});

it("ends a run whose fund cannot be read, with every scenario failed", async () => {
  await startWorkers();
  await stressBrokenOff(house);
});

it("asks for one run per night: scheduled, triggered twice, backfilled", async () => {
  await startWorkers();
  await stressOfTheNight(house);
});

it("ends a run that is cancelled: what was computed stays, the rest says why", async () => {
  const { code } = await importFund(house.database);
  const everything = await openShelf().all();
  const asked = await askStress(house, code, everything);
  // held in the middle of the first scenario, so that the cancellation comes while it is computed
  const worker = await startWorkers({ crashAt: "hold:simulation.valueShard.decide" });
  await until(async () => crashFired(house, "simulation.valueShard.decide"), "a shard to be valued");
  const handle = client.workflow.getHandle(asked.workflowId);
  await handle.cancel();
  process.kill(worker.pid, "SIGCONT");
  const run = await runEnded(house.database, asked.eventId);
  expect(run.status).toBe("failed");
  const row = await runRow(house, asked.runId);
  expect(row.ended_at).not.toBeNull();
  expect(row.done + row.failed).toBe(everything.length);
  expect(row.failed).toBeGreaterThan(0);
  expect(row.outcomes.filter(({ status }) => status === "failed").every(({ reason }) => reason !== null)).toBe(true);
});
