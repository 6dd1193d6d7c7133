// Stress runs as tests take them through real workers: a synthetic fund, shipped scenarios, and what must be true of the run afterwards.
import { createHash } from "node:crypto";
import { openNewest } from "@evergreen-fund/analytics";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { expect } from "vitest";
import { openShelf, type ShelvedScenario } from "../shelf.ts";
import type { TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, expectRememberedOnce, importFund, PM_ONE } from "./journeys.ts";

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
