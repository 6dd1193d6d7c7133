// A stress run of a synthetic fund, brought by the functions as far as a test needs it. The bodies have the shape the database checks; their figures are made up.
import { createHash } from "node:crypto";
import { type Args, agent, PM_ONE, type TestDatabase } from "./arrange.ts";
import { type Fund, newFund } from "./synthetic-fund.ts";

export const SIMULATION = agent("simulation");
export const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface ScenarioEntry {
  scenario_id: string;
  version: number;
  title: string;
  scenario_hash: string;
  body: string;
}
/** A scenario as `fn_request_stress` takes it. */
export function scenario(id: string, change: Args = {}): ScenarioEntry {
  const body = JSON.stringify({ factors: { "rates.parallel": ["100"] }, id, version: 1, ...change });
  return { scenario_id: id, version: 1, title: `${id} (synthetic)`, scenario_hash: digest(body), body };
}

export interface StressRun {
  fund: Fund;
  runId: string;
  eventId: string;
  scenarios: ScenarioEntry[];
}
/** What the arguments of a test name. */
export const runOf = ({ runId }: StressRun): Args => ({ stress_run_id: runId });

export async function requested(db: TestDatabase, fund?: Fund, ids = ["up", "down"]): Promise<StressRun> {
  const of = fund ?? (await newFund(db));
  const scenarios = ids.map((id) => scenario(id));
  const made = await db.value<{ stress_run_id: string; event_id: string }>(PM_ONE, "fn_request_stress", {
    fund: of.code,
    scenarios: JSON.stringify(scenarios),
  });
  return { fund: of, runId: made.stress_run_id, eventId: made.event_id, scenarios };
}

export const SNAPSHOT = {
  snapshot_name: "2026-09-30T000000Z",
  snapshot_hash: digest("synthetic snapshot"),
  as_of: "2026-09-30",
  code_hash: digest("synthetic code"),
};
export async function opened(db: TestDatabase, fund?: Fund, ids?: string[]): Promise<StressRun> {
  const run = await requested(db, fund, ids);
  await db.call(SIMULATION, "fn_open_stress_run", { ...runOf(run), ...SNAPSHOT });
  return run;
}

export function shardOf(run: StressRun, shard = 0, values: Args = { "BOND-A": "199000.00" }): Args {
  const body = JSON.stringify({ shard, values });
  return { ...runOf(run), scenario_hash: run.scenarios[0]?.scenario_hash, shard, body, body_hash: digest(body) };
}

/** A good outcome of the n-th scenario: BOND-A loses 1,000.00 of the fund's million. */
export function outcomeOf(run: StressRun, n = 0, change: Args = {}): Args {
  const { scenario_hash, scenario_id } = run.scenarios[n] as ScenarioEntry;
  const body = JSON.stringify({
    scenarioId: scenario_id,
    scenarioHash: scenario_hash,
    fundId: run.fund.fundId,
    snapshotHash: SNAPSHOT.snapshot_hash,
    asOf: SNAPSHOT.as_of,
    currency: "USD",
    seed: null,
    navBefore: "1000000.00",
    navAfter: "999000.00",
    loss: "1000.00",
    byAsset: [
      { assetId: run.fund.assets["BOND-A"], navAfter: "199000.00", method: "dv100_linear" },
      { assetId: run.fund.assets.CASH, navAfter: "100000.00", method: "unchanged" },
    ],
    ...change,
  });
  return { ...runOf(run), scenario_hash, status: "done", body, body_hash: digest(body) };
}

/** One scenario is done, by way of a shard; the other still waits. */
export async function concluded(db: TestDatabase, fund?: Fund): Promise<StressRun> {
  const run = await opened(db, fund);
  await db.call(SIMULATION, "fn_record_stress_shard", shardOf(run));
  await db.call(SIMULATION, "fn_record_stress_outcome", outcomeOf(run));
  return run;
}
