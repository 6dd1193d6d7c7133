// RPC cases: what a finished stress run means for the ladder and the alerts, and who looked at an alert.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { opened, outcomeOf, requested, runOf, SIMULATION, SNAPSHOT, type StressRun } from "../stress-run.ts";
import type { Fund } from "../synthetic-fund.ts";
import { recordedStress } from "./event-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const ENGINE = agent("liquidity-engine");
const NAMES = ["1d", "7d", "30d", "90d", "180d", "365d", "gt365d"];
const cover = (assets: string[], due: string[]) =>
  NAMES.map((bucket, h) => ({
    bucket,
    assets: `${assets[h]}.00`,
    liabilities: `${due[h]}.00`,
    ratio: due[h] === "0" ? null : String(Number(assets[h]) / Number(due[h])),
  }));
const BEFORE = cover(
  ["250000", "600000", "600000", "600000", "600000", "600000", "1000000"],
  ["0", "0", "100000", "100000", "100000", "100000", "100000"],
);
/** 30-day cover of 240,000 / 300,000 = 0.8, where 1 is required. */
const SHORT = cover(
  ["200000", "240000", "240000", "500000", "500000", "500000", "900000"],
  ["0", "0", "300000", "300000", "300000", "300000", "300000"],
);
export const STRESSED = {
  rcrBefore: BEFORE,
  rcr: SHORT,
  breaches: [{ bucket: "30d", ratio: "0.8", required: "1" }],
};
const steps = (sums: { assets: string; liabilities: string }[], side: "assets" | "liabilities") =>
  sums.map((row, h) => (Number(row[side]) - Number(sums[h - 1]?.[side] ?? 0)).toFixed(2));
const rungs = (sums: { assets: string; liabilities: string }[]) =>
  (["asset", "liability"] as const).flatMap((side) =>
    steps(sums, side === "asset" ? "assets" : "liabilities").map((capacity, h) => ({
      side,
      bucket: NAMES[h],
      capacity,
    })),
  );

/** A run of two scenarios of which the first found too little; the second failed. */
export async function ended(db: TestDatabase, fund?: Fund, change: Args = STRESSED): Promise<StressRun> {
  const run = await opened(db, fund);
  await db.call(SIMULATION, "fn_record_stress_outcome", outcomeOf(run, 0, change));
  await db.call(SIMULATION, "fn_close_stress_run", { ...runOf(run), reason: "given up" });
  return run;
}
const told = { scenario_id: "up", ratio: "0.8", required: "1" };
const breach = { bucket: "30d", ...told, scenarios: [told] };
const list = (entries: unknown[]): string => JSON.stringify(entries);
export const liquidityOf = (run: StressRun, change: Args = {}): Args => ({
  ...runOf(run),
  ladder: list([{ scenario_hash: run.scenarios[0]?.scenario_hash, rungs: rungs(SHORT) }]),
  base: { scenario_hash: run.scenarios[0]?.scenario_hash, sides: ["asset"] },
  breaches: list([breach]),
  trends: list([]),
  ...change,
});
const fundOf = async (args: Args, db: TestDatabase): Promise<string> => {
  const [run] = await db.look<{ fund_id: string }>("select fund_id from stress_runs where stress_run_id = $1", [
    args.stress_run_id,
  ]);
  return run!.fund_id;
};
const rowsOf = (db: TestDatabase, fundId: string, scenario: string) =>
  db.look(
    "select side, bucket, capacity, stress_delta from liquidity_ladder where fund_id = $1 and scenario_id = $2 order by side, array_position(array['1d','7d','30d','90d','180d','365d','gt365d'], bucket)",
    [fundId, scenario],
  );
const row = (side: string, bucket: string, capacity: string, delta = "0") => ({
  side,
  bucket,
  capacity: `${capacity}.0000`,
  stress_delta: `${delta}.0000`,
});
const changed = (args: Args, key: string, index: number, change: Args): Args => {
  const entries = JSON.parse(String(args[key])) as Args[];
  return { ...args, [key]: list(entries.map((entry, n) => (n === index ? { ...entry, ...change } : entry))) };
};
/** Fourteen rungs of which one is a cent off. */
const aCentOff = (args: Args): Args => {
  const [entry] = JSON.parse(String(args.ladder)) as { rungs: Args[] }[];
  return changed(args, "ladder", 0, {
    rungs: entry!.rungs.map((rung, n) => (n === 0 ? { ...rung, capacity: "200000.01" } : rung)),
  });
};

export const STRESS_LIQUIDITY_CASES: RpcCase[] = [
  {
    fn: "fn_record_stress_liquidity",
    by: ENGINE,
    arrange: async (db) => liquidityOf(await ended(db)),
    check: async ([answer], args, db) => {
      expect(answer?.fn_record_stress_liquidity).toEqual({
        outcome: "moved",
        scenarios: 1,
        moved: 5,
        deltas: 3,
        breaches: 1,
        trends: 0,
      });
      const fundId = await fundOf(args, db);
      expect(await rowsOf(db, fundId, "up")).toEqual([
        row("asset", "1d", "200000"),
        row("asset", "7d", "40000"),
        row("asset", "90d", "260000"),
        row("asset", "gt365d", "400000"),
        row("liability", "30d", "300000"),
      ]);
      // the fund's own ladder keeps its capacities, and its liability side as people set it
      expect(await rowsOf(db, fundId, "base")).toEqual([
        row("asset", "1d", "250000", "-50000"),
        row("asset", "7d", "350000", "-310000"),
        row("asset", "90d", "0", "260000"),
        row("asset", "gt365d", "400000"),
        row("liability", "30d", "100000", "50000"),
      ]);
      expect(
        await db.look(
          "select payload - 'stress_run_id' as payload from fund_events where fund_id = $1 and type = 'LIQUIDITY_BREACH'",
          [fundId],
        ),
      ).toEqual([{ payload: breach }]);
    },
    other: (args) => ({ ...args, base: null }),
    // five rungs, the deltas and the run
    audits: 7,
    events: [...Array(5).fill("LIQUIDITY_UPDATED"), "LIQUIDITY_BREACH"],
    refuses: [
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      {
        what: "a run that has not ended",
        code: "EG428",
        change: async (a, db) => ({ ...a, ...runOf(await requested(db)) }),
      },
      {
        what: "a run of the laboratory that moves a ladder",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update stress_runs set kind = 'laboratory' where stress_run_id = $1", [a.stress_run_id]);
          return a;
        },
      },
      { what: "a rung that the run did not find", code: "EG425", change: aCentOff },
      {
        what: "thirteen rungs",
        code: "EG425",
        change: (a) => changed(a, "ladder", 0, { rungs: rungs(SHORT).slice(1) }),
      },
      {
        what: "a scenario that was not computed",
        code: "EG404",
        change: async (a, db) => {
          const [failed] = await db.look(
            "select scenario_hash from stress_outcomes where stress_run_id = $1 and status = 'failed'",
            [a.stress_run_id],
          );
          return changed(a, "ladder", 0, { scenario_hash: failed?.scenario_hash });
        },
      },
      {
        what: "the fund's own ladder as a scenario",
        code: "EG400",
        change: async (a, db) => {
          const run = await opened(db, undefined, ["base"]);
          await db.call(SIMULATION, "fn_record_stress_outcome", outcomeOf(run, 0, STRESSED));
          await db.call(SIMULATION, "fn_close_stress_run", runOf(run));
          return liquidityOf(run, {
            breaches: changed({ breaches: a.breaches }, "breaches", 0, {
              scenario_id: "base",
              scenarios: [{ ...told, scenario_id: "base" }],
            }).breaches,
          });
        },
      },
      {
        what: "the liability side by a scenario that no programme names",
        code: "EG400",
        change: (a) => ({ ...a, base: { ...(a.base as Args), sides: ["asset", "liability"] } }),
      },
      { what: "a breach that is kept back", code: "EG425", change: (a) => ({ ...a, breaches: list([]) }) },
      {
        what: "a breach with a better ratio",
        code: "EG425",
        change: (a) => changed(a, "breaches", 0, { scenarios: [{ ...told, ratio: "0.9" }] }),
      },
      {
        what: "a breach in another bucket",
        code: "EG425",
        change: (a) => changed(a, "breaches", 0, { bucket: "90d" }),
      },
      {
        what: "a breach without scenarios",
        code: "EG400",
        change: (a) => changed(a, "breaches", 0, { scenarios: [], more: 1 }),
      },
      {
        what: "a trend of what is short already",
        code: "EG425",
        change: (a) => ({
          ...a,
          trends: list([
            { ...breach, breach_on: "2026-12-01", runs: 5, scenarios: [{ ...told, breach_on: "2026-12-01" }] },
          ]),
        }),
      },
      {
        what: "a trend to a day that is past",
        code: "EG425",
        change: (a) => {
          const falling = {
            scenario_id: "up",
            ratio: String(500000 / 300000),
            required: "1",
            breach_on: SNAPSHOT.as_of,
          };
          return { ...a, trends: list([{ bucket: "90d", ...falling, runs: 5, scenarios: [falling] }]) };
        },
      },
      { what: "no lists", code: "EG400", change: (a) => ({ ...a, trends: {} }) },
    ],
  },
  {
    fn: "fn_acknowledge_alert",
    by: PM_ONE,
    arrange: async (db) => {
      const alert_id = await db.value<string>(agent("risk-guardian"), "fn_raise_alert", {
        event_id: await recordedStress(db),
        kind: "liquidity_breach",
        severity: "critical",
        reason: "cover is short",
        remedy: { options: [] },
      });
      return { alert_id, note: "Seen; the sleeve is being sold." };
    },
    check: async ([answer], args, db) => {
      expect(answer?.fn_acknowledge_alert).toMatchObject({
        alert_id: args.alert_id,
        acknowledged_by: "user:00000000-0000-4000-8000-000000000001",
      });
      expect(
        await db.look(
          "select acknowledged_by, acknowledged_note, acknowledged_at is not null as seen, remedy from risk_alerts where alert_id = $1",
          [args.alert_id],
        ),
      ).toEqual([
        {
          acknowledged_by: "user:00000000-0000-4000-8000-000000000001",
          acknowledged_note: args.note,
          seen: true,
          remedy: { options: [] },
        },
      ]);
    },
    other: (args) => ({ ...args, note: "Something else." }),
    audits: 1,
    events: [],
    refuses: [
      { what: "an alert that is not there", code: "EG404", change: (a) => ({ ...a, alert_id: NOWHERE }) },
      { what: "no note", code: "EG400", change: (a) => ({ ...a, note: " " }) },
      { what: "a note without end", code: "EG400", change: (a) => ({ ...a, note: "x".repeat(501) }) },
      {
        what: "what somebody has looked at already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_acknowledge_alert", { ...a, note: "mine" });
          return a;
        },
      },
    ],
  },
];
