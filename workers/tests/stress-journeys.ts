// Stress runs as tests take them through real workers: a synthetic fund, shipped scenarios, and what must be true of the run afterwards.
import { createHash } from "node:crypto";
import { openNewest } from "@evergreen-fund/analytics";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { openShelf, type ShelvedScenario } from "../shelf.ts";
import { ensureStressSchedule, readStressedFunds, stressScheduleIdOf } from "../stress-schedules.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, expectRememberedOnce, importFund, PM_ONE, runEnded } from "./journeys.ts";

export const shelved = async (...ids: string[]): Promise<ShelvedScenario[]> =>
  (await openShelf().all()).filter(({ scenario_id }) => ids.includes(scenario_id));

export interface AskedRun {
  runId: string;
  eventId: string;
  workflowId: string;
}
export async function askStress(
  { database }: Pick<TestHouse, "database">,
  fund: string,
  scenarios: readonly ShelvedScenario[],
  more: { kind?: string; request_id?: string } = {},
): Promise<AskedRun> {
  const { stress_run_id, event_id, workflow_id } = await database.rpc(PM_ONE, "fn_request_stress", {
    fund,
    scenarios: scenarios as unknown as Record<string, unknown>[],
    ...more,
  });
  return { runId: stress_run_id, eventId: event_id, workflowId: workflow_id };
}

export const runRow = ({ database }: Pick<TestHouse, "database">, runId: string) =>
  database.read(AUDIT, (tx) =>
    tx.stress_runs.findUniqueOrThrow({
      where: { stress_run_id: runId },
      include: { outcomes: { include: { scenario: true }, orderBy: { ordinal: "asc" } } },
    }),
  );

/** Hashes of the outcomes in the order of the scenarios; each is that of its text. */
export async function outcomeHashes(house: Pick<TestHouse, "database">, runId: string): Promise<string[]> {
  const { outcomes } = await runRow(house, runId);
  return outcomes.map(({ body, body_hash }) => {
    expect(
      createHash("sha256")
        .update(body ?? "")
        .digest("hex"),
    ).toBe(body_hash);
    return body_hash ?? "";
  });
}

/** Everything that a run which ended well leaves, and each of it once. */
export async function expectStressedOnce(house: TestHouse, asked: AskedRun, assets: number): Promise<void> {
  const row = await runRow(house, asked.runId);
  expect(row).toMatchObject({ status: "completed", failed: 0, done: row.scenarios });
  const outcomes = row.outcomes.map(({ body }) => StressOutcome.parse(JSON.parse(body ?? "")));
  for (const outcome of outcomes) {
    expect(outcome.snapshotHash).toBe(row.snapshot_hash);
    expect(outcome.byAsset).toHaveLength(assets);
  }
  const [values, events, shards] = await house.database.read(AUDIT, async (tx) => [
    await tx.asset_snapshots.groupBy({
      by: ["scenario_id"],
      where: { source: `stress:${asked.runId}` },
      _count: true,
    }),
    await tx.fund_events.findMany({ where: { fund_id: row.fund_id, type: "STRESS_RUN_COMPLETED" } }),
    await tx.stress_shards.count({ where: { stress_run_id: asked.runId } }),
  ]);
  expect(values.map(({ scenario_id, _count }) => [scenario_id, _count]).sort()).toEqual(
    outcomes.map(({ scenarioId }) => [scenarioId, assets]).sort(),
  );
  expect(
    events.filter(({ payload }) => (payload as { stress_run_id: string }).stress_run_id === asked.runId),
  ).toHaveLength(1);
  expect(shards % row.scenarios).toBe(0);
  const { file } = await openNewest(house.home);
  try {
    const rows = await file.rows(
      "select scenario_id, count(*)::int as n, sum(nav_after)::varchar as nav from valuation_runs where run_id = $run group by 1 order by 1",
      { run: asked.runId },
    );
    expect(rows.map(({ scenario_id, n }) => [scenario_id, n])).toEqual(
      outcomes
        .map(({ scenarioId, periods }): [string, number] => [scenarioId, assets * Math.max(1, periods.length)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  } finally {
    file.close();
  }
}

/** A run of two scenarios with a nightly check, for the crash points: whatever is killed on the way, everything is there once. */
export const stressRun = async (house: TestHouse): Promise<void> => {
  const { code } = await importFund(house.database);
  const asked = await askStress(house, code, await shelved("base", "rates_up200"), { kind: "nightly" });
  await expectEnd(house.database, asked.eventId, "completed");
  await expectStressedOnce(house, asked, 4);
  expect(await runRow(house, asked.runId)).toMatchObject({ checked_equal: true });
  await expectRememberedOnce(house.database, asked.eventId);
};

/** A fund of so many bonds of 1,000 each, seven days from cash; synthetic. */
export const manyAssets = (count: number): Record<string, unknown> => ({
  net_assets: (1_000 * count).toFixed(2),
  assets: Array.from({ length: count }, (_, at) => ({
    key: `BOND-${at}`,
    name: `Bond ${at} (synthetic)`,
    issuer: `Issuer ${at % 20}`,
    type: at % 3 === 0 ? "equity" : "debt",
    sleeve: "bonds",
    market_value: "1000.00",
    bucket: "7d",
    liquid: true,
  })),
  mandate: undefined,
});

/** A scenario of a format that this version does not know: the database takes it, no engine computes it. */
export function futureScenario(): ShelvedScenario {
  const body = '{"format":"evergreen.scenario/9","id":"future","version":1}';
  const scenario_hash = createHash("sha256").update(body).digest("hex");
  return { scenario_id: "future", version: 1, title: "Of a later format (synthetic)", scenario_hash, body };
}

/** One scenario of two cannot be computed: it is kept with its reason, the other is done. */
export const stressedInPart = async (house: TestHouse): Promise<void> => {
  const { code } = await importFund(house.database);
  const asked = await askStress(house, code, [futureScenario(), ...(await shelved("rates_up200"))]);
  await expectEnd(house.database, asked.eventId, "completed");
  const row = await runRow(house, asked.runId);
  expect(row).toMatchObject({ status: "partial", done: 1, failed: 1 });
  expect(row.outcomes.map(({ status, reason }) => [status, reason])).toEqual([
    ["failed", "EG400: The scenario is of a format that this version does not compute."],
    ["done", null],
  ]);
  const run = await runEnded(house.database, asked.eventId);
  expect((run.metadata as { reason: string }).reason).toBe("1 of 2 scenarios computed, 1 failed");
};

/** The fund has allocations and not one mark: no book of it can be read, and the run ends with every scenario failed. */
export const stressBrokenOff = async (house: TestHouse): Promise<void> => {
  const { code, fundId } = await importFund(house.database);
  await house.look("delete from asset_snapshots where fund_id = $1", [fundId]);
  await house.look("update funds set nav_as_of = null where fund_id = $1", [fundId]);
  const asked = await askStress(house, code, await shelved("base", "rates_up200"));
  const run = await runEnded(house.database, asked.eventId);
  expect(run.metadata).toMatchObject({ reason: "EG426: The fund has no mark yet; there is nothing to stress." });
  const row = await runRow(house, asked.runId);
  expect(row).toMatchObject({ status: "failed", done: 0, failed: 2, snapshot_hash: null });
};

/** The schedule of a fund, fired by hand twice and backfilled over three nights: one run per night, and each is computed. */
export const stressOfTheNight = async (house: TestHouse): Promise<void> => {
  const { code, fundId } = await importFund(house.database);
  const client = await clientOf(house);
  try {
    const one = (await readStressedFunds(house.database)).find(({ fund }) => fund === code);
    if (one === undefined) throw new Error("the fund has no schedule to make");
    expect(await ensureStressSchedule(client, one, "local")).toBe("made");
    expect(await ensureStressSchedule(client, one, "local")).toBe("as it was");
    const schedule = client.schedule.getHandle(stressScheduleIdOf(one));
    const start = new Date(Date.now() + DAY);
    await schedule.backfill({ start, end: new Date(start.getTime() + 3 * DAY), overlap: "ALLOW_ALL" });
    const runs = () =>
      house.database.read(AUDIT, (tx) => tx.stress_runs.findMany({ where: { fund_id: fundId, kind: "nightly" } }));
    await until(async () => (await runs()).length === 3, "three nights to be asked for");
    await schedule.trigger("ALLOW_ALL");
    await until(async () => (await runs()).length === 4, "this night to be asked for");
    const { numActionsTaken: before, recentActions } = (await schedule.describe()).info;
    // the server names what it starts by the second: two triggers within one are one action
    const nextSecond = Math.max(...recentActions.map(({ takenAt }) => takenAt.getTime())) + 1_000;
    await until(async () => Date.now() > nextSecond, "another second");
    await schedule.trigger("ALLOW_ALL");
    await until(async () => {
      const { numActionsTaken, runningActions } = (await schedule.describe()).info;
      return numActionsTaken > before && runningActions.length === 0;
    }, "the second trigger to be answered");
    const asked = await runs();
    expect(asked).toHaveLength(4);
    for (const { event_id, stress_run_id: runId } of asked) {
      await runEnded(house.database, event_id);
      const row = await runRow(house, runId);
      expect(row).toMatchObject({ checked_equal: true, status: "completed", failed: 0 });
      expect(row.scenarios).toBe((await openShelf().all()).length);
    }
    await schedule.delete();
  } finally {
    await client.connection.close();
  }
};
const DAY = 86_400_000;
