// A stress run of a synthetic fund whose outcomes a test makes up: asked, opened, concluded and closed through the functions, without an engine.
import { createHash } from "node:crypto";
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { decimal, ratioText } from "@evergreen-fund/finance/money.ts";
import type { Database } from "@evergreen-fund/supabase-client";
import { AUDIT } from "./journeys.ts";

const SIMULATION = { role: "agent_simulation" } as const;
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Sums up to each of the seven buckets. */
export interface MadeUp {
  assets: string[];
  due: string[];
  /** Cover of the 30-day bucket that the scenario tests for. */
  atLeast?: string;
  /** What the run found could still be drawn. */
  creditLines?: { line: string; undrawn: string; expiresOn: string }[];
  /** Left out: the scenario fails. */
  failed?: boolean;
}
/** The cover that every made-up fund has before stress: 600,000 against 100,000 within 30 days. */
const BEFORE: MadeUp = {
  assets: ["250000", "600000", "600000", "600000", "600000", "600000", "1000000"],
  due: ["0", "0", "100000", "100000", "100000", "100000", "100000"],
};
/** A million in all, of which `near` can be sold within 7 days and `due` must be paid within 30. */
export const shaped = (near: string, due: string, atLeast?: string): MadeUp => ({
  assets: ["1000", near, near, near, near, near, "1000000"],
  due: ["0", "0", due, due, due, due, due],
  ...(atLeast === undefined ? {} : { atLeast }),
});
const coverOf = ({ assets, due }: MadeUp) =>
  BUCKETS.map((bucket, h) => ({
    bucket,
    assets: `${assets[h]}.00`,
    liabilities: `${due[h]}.00`,
    ratio: due[h] === "0" ? null : ratioText(decimal(assets[h]!).div(decimal(due[h]!))),
  }));
const testsOf = ({ atLeast }: MadeUp) =>
  atLeast === undefined ? [] : [{ test: "rcr", atLeast, buckets: ["30d" satisfies Bucket] }];
function breachesOf(made: MadeUp) {
  const month = coverOf(made)[2]!;
  const short = made.atLeast !== undefined && month.ratio !== null && decimal(month.ratio).lt(decimal(made.atLeast));
  return short ? [{ bucket: "30d", ratio: month.ratio, required: made.atLeast }] : [];
}

export interface MadeRun {
  stressRunId: string;
  run: { eventId: string; workflowId: string; fundId: string };
}

/** Scenarios by name. The same name with the same `atLeast` is the same scenario, whatever it finds. */
export async function stressRun(
  database: Database,
  fund: { fundId: string; code: string },
  scenarios: Record<string, MadeUp>,
  { kind = "nightly", asOf = "2026-10-01", end = true } = {},
): Promise<MadeRun> {
  const entries = Object.entries(scenarios).map(([id, made]) => {
    const body = JSON.stringify({ id, tests: testsOf(made), version: 1 });
    return {
      made,
      entry: { scenario_id: id, version: 1, title: `${id} (synthetic)`, scenario_hash: digest(body), body },
    };
  });
  const { stress_run_id, event_id } = await database.rpc(SIMULATION, "fn_request_stress", {
    fund: fund.code,
    scenarios: entries.map(({ entry }) => entry),
    kind,
  });
  const snapshot_hash = digest(`synthetic snapshot ${asOf}`);
  await database.rpc(SIMULATION, "fn_open_stress_run", {
    stress_run_id,
    snapshot_name: "synthetic",
    snapshot_hash,
    as_of: asOf,
    code_hash: digest("synthetic code"),
  });
  const [asset] = await database.read(AUDIT, (tx) =>
    tx.assets.findMany({ where: { fund_id: fund.fundId }, orderBy: { external_key: "asc" }, take: 1 }),
  );
  for (const { made, entry } of entries) {
    const { scenario_hash } = entry;
    if (made.failed) {
      await database.rpc(SIMULATION, "fn_record_stress_outcome", {
        stress_run_id,
        scenario_hash,
        status: "failed",
        reason: "synthetic",
      });
      continue;
    }
    const body = JSON.stringify({
      scenarioId: entry.scenario_id,
      scenarioHash: scenario_hash,
      fundId: fund.fundId,
      snapshotHash: snapshot_hash,
      asOf,
      currency: "USD",
      navBefore: "1000000.00",
      navAfter: "900000.00",
      loss: "100000.00",
      byAsset: [{ assetId: asset!.id, navAfter: "0.00", method: "synthetic" }],
      rcrBefore: coverOf(BEFORE),
      rcr: coverOf(made),
      breaches: breachesOf(made),
      periods: [],
      pacing: [],
      ...(made.creditLines === undefined ? {} : { creditLines: made.creditLines }),
    });
    await database.rpc(SIMULATION, "fn_record_stress_outcome", {
      stress_run_id,
      scenario_hash,
      status: "done",
      body,
      body_hash: digest(body),
    });
  }
  if (end) await database.rpc(SIMULATION, "fn_close_stress_run", { stress_run_id });
  const run = { eventId: event_id, workflowId: `event/${event_id}`, fundId: fund.fundId };
  return { stressRunId: stress_run_id, run };
}
