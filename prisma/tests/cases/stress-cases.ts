// RPC cases: a stress run from the question to its end.
import { expect } from "vitest";
import { type Args, PM_ONE, type TestDatabase } from "../arrange.ts";
import {
  concluded,
  digest,
  opened,
  outcomeOf,
  requested,
  runOf,
  SIMULATION,
  SNAPSHOT,
  scenario,
  shardOf,
} from "../stress-run.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type RpcCase } from "./rpc-case.ts";

const listed = (...scenarios: unknown[]): Args => ({ scenarios: JSON.stringify(scenarios) });
const closed = async (db: TestDatabase): Promise<Args> => {
  const run = await opened(db);
  await db.call(SIMULATION, "fn_close_stress_run", { ...runOf(run), reason: "given up" });
  return runOf(run);
};
/** The arguments of an outcome with its body changed and hashed again. */
const withBody = (args: Args, change: Args): Args => {
  const body = JSON.stringify({ ...JSON.parse(String(args.body)), ...change });
  return { ...args, body, body_hash: digest(body) };
};
const value = (args: Args, change: Args): Args => {
  const { byAsset } = JSON.parse(String(args.body)) as { byAsset: Args[] };
  return withBody(args, { byAsset: [{ ...byAsset[0], ...change }, ...byAsset.slice(1)] });
};

export const STRESS_CASES: RpcCase[] = [
  {
    fn: "fn_request_stress",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, ...listed(scenario("up"), scenario("down")) }),
    check: async ([row], _args, db) => {
      const made = row?.fn_request_stress as { stress_run_id: string; event_id: string; workflow_id: string };
      expect(made.workflow_id).toBe(`event/${made.event_id}`);
      expect(
        await db.look(
          `select r.kind, r.status, r.scenarios, r.event_id, o.ordinal, o.status as outcome, s.scenario_id, s.scenario_hash = encode(sha256(convert_to(s.body, 'UTF8')), 'hex') as proved
             from stress_runs r join stress_outcomes o using (stress_run_id) join stress_scenarios s using (scenario_hash) where r.stress_run_id = $1 order by o.ordinal`,
          [made.stress_run_id],
        ),
      ).toEqual(
        ["up", "down"].map((scenario_id, n) => ({
          kind: "on_demand",
          status: "running",
          scenarios: 2,
          event_id: made.event_id,
          ordinal: n + 1,
          outcome: "waiting",
          scenario_id,
          proved: true,
        })),
      );
    },
    other: (args) => ({ ...args, kind: "laboratory" }),
    audits: 1,
    events: ["STRESS_RUN_REQUESTED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NOWHERE" }) },
      {
        what: "a fund without holdings",
        code: "EG426",
        change: async (a, db) => ({ ...a, fund: (await newFund(db, { assets: [] })).code }),
      },
      { what: "an unknown kind", code: "EG400", change: (a) => ({ ...a, kind: "weekly" }) },
      { what: "no scenario", code: "EG413", change: (a) => ({ ...a, ...listed() }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, scenarios: "{}" }) },
      {
        what: "a hash of another text",
        code: "EG400",
        change: (a) => ({ ...a, ...listed({ ...scenario("up"), scenario_hash: digest("other") }) }),
      },
      {
        what: "a text of another scenario",
        code: "EG400",
        change: (a) => ({ ...a, ...listed({ ...scenario("up"), scenario_id: "down" }) }),
      },
      {
        what: "a text of another version",
        code: "EG400",
        change: (a) => ({ ...a, ...listed({ ...scenario("up"), version: 2 }) }),
      },
      { what: "no title", code: "EG400", change: (a) => ({ ...a, ...listed({ ...scenario("up"), title: "" }) }) },
      {
        what: "a scenario twice",
        code: "EG400",
        change: (a) => ({ ...a, ...listed(scenario("up"), scenario("up")) }),
      },
      {
        what: "a text that is no JSON",
        code: "EG400",
        change: (a) => ({ ...a, ...listed({ ...scenario("up"), body: "up", scenario_hash: digest("up") }) }),
      },
    ],
  },
  {
    fn: "fn_open_stress_run",
    by: SIMULATION,
    arrange: async (db) => ({ ...runOf(await requested(db)), ...SNAPSHOT, seed: "7" }),
    check: async ([row], args, db) => {
      expect(row?.fn_open_stress_run).toMatchObject({ ...SNAPSHOT, seed: "7", status: "running", scenarios: 2 });
      const again = await db.call(SIMULATION, "fn_open_stress_run", { ...args, snapshot_hash: digest("a later one") });
      expect(again).toEqual([row]);
    },
    other: (args) => ({ ...args, snapshot_hash: digest("another") }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      { what: "a hash that is none", code: "EG400", change: (a) => ({ ...a, snapshot_hash: "abc" }) },
      { what: "no code hash", code: "EG400", change: (a) => ({ ...a, code_hash: null }) },
      { what: "a date without end", code: "EG400", change: (a) => ({ ...a, as_of: "infinity" }) },
      {
        what: "a run that ended before it was opened",
        code: "EG428",
        change: async (a, db) => {
          await db.call(SIMULATION, "fn_close_stress_run", { stress_run_id: a.stress_run_id });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_record_stress_shard",
    by: SIMULATION,
    arrange: async (db) => shardOf(await opened(db)),
    check: async (_rows, args, db) => {
      const stands = () =>
        db.look("select shard, body, body_hash from stress_shards where stress_run_id = $1", [args.stress_run_id]);
      const first = await stands();
      expect(first).toEqual([{ shard: 0, body: args.body, body_hash: args.body_hash }]);
      await db.call(SIMULATION, "fn_record_stress_shard", args);
      expect(await stands()).toEqual(first);
    },
    other: (args) => ({ ...args, shard: 1 }),
    audits: 1,
    events: [],
    refuses: [
      {
        what: "other bytes than before",
        code: "EG432",
        change: async (a, db) => {
          await db.call(SIMULATION, "fn_record_stress_shard", a);
          return withBody(a, { values: {} });
        },
      },
      {
        what: "other bytes under the request id of a run's step",
        code: "EG432",
        change: async (a, db) => {
          const request_id = `event/${a.stress_run_id}/step`;
          await db.call(SIMULATION, "fn_record_stress_shard", { ...a, request_id });
          return { ...withBody(a, { values: {} }), request_id };
        },
      },
      { what: "a hash of another text", code: "EG400", change: (a) => ({ ...a, body_hash: digest("other") }) },
      { what: "a list", code: "EG400", change: (a) => ({ ...a, body: "[]", body_hash: digest("[]") }) },
      { what: "no text", code: "EG400", change: (a) => ({ ...a, body: null }) },
      { what: "a shard below 0", code: "EG400", change: (a) => ({ ...a, shard: -1 }) },
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      { what: "a scenario of another run", code: "EG404", change: (a) => ({ ...a, scenario_hash: digest("x") }) },
      {
        what: "a run that is not open yet",
        code: "EG428",
        change: async (_a, db) => shardOf(await requested(db)),
      },
      {
        what: "a run that has ended",
        code: "EG428",
        change: async (a, db) => ({ ...a, ...(await closed(db)) }),
      },
      {
        what: "a scenario that is concluded",
        code: "EG428",
        change: async (_a, db) => shardOf(await concluded(db), 1),
      },
    ],
  },
  {
    fn: "fn_record_stress_outcome",
    by: SIMULATION,
    arrange: async (db) => outcomeOf(await opened(db)),
    check: async ([row], args, db) => {
      expect(row?.fn_record_stress_outcome).toEqual({ status: "done", done: 1, failed: 0, scenarios: 2 });
      const values = () =>
        db.look(
          "select nav::text, method, scenario_id, source, as_of::text from asset_snapshots where source = $1 order by nav",
          [`stress:${args.stress_run_id}`],
        );
      const first = await values();
      expect(first).toEqual(
        [
          ["100000.0000", "unchanged"],
          ["199000.0000", "dv100_linear"],
        ].map(([nav, method]) => ({
          nav,
          method,
          scenario_id: "up",
          source: `stress:${args.stress_run_id}`,
          as_of: SNAPSHOT.as_of,
        })),
      );
      const again = await db.call(SIMULATION, "fn_record_stress_outcome", args);
      expect([again, await values()]).toEqual([[row], first]);
      const late = { ...args, status: "failed", body: null, body_hash: null, reason: "too late" };
      expect(await db.call(SIMULATION, "fn_record_stress_outcome", late)).toEqual([row]);
    },
    other: (args) => ({ ...args, status: "failed", body: null, body_hash: null, reason: "EG500: it broke" }),
    audits: 1,
    events: [],
    refuses: [
      {
        what: "other bytes than before",
        code: "EG432",
        change: async (a, db) => {
          await db.call(SIMULATION, "fn_record_stress_outcome", a);
          return withBody(a, { notes: ["computed again"] });
        },
      },
      { what: "an unknown status", code: "EG400", change: (a) => ({ ...a, status: "waiting" }) },
      { what: "a hash of another text", code: "EG400", change: (a) => ({ ...a, body_hash: digest("other") }) },
      { what: "done without a body", code: "EG400", change: (a) => ({ ...a, body: null, body_hash: null }) },
      {
        what: "failed without a reason",
        code: "EG400",
        change: (a) => ({ ...a, status: "failed", body: null, body_hash: null }),
      },
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      { what: "a scenario of another run", code: "EG404", change: (a) => ({ ...a, scenario_hash: digest("x") }) },
      { what: "another fund", code: "EG425", change: (a) => withBody(a, { fundId: NOWHERE }) },
      { what: "another snapshot", code: "EG425", change: (a) => withBody(a, { snapshotHash: digest("x") }) },
      { what: "another date", code: "EG425", change: (a) => withBody(a, { asOf: "2026-10-01" }) },
      { what: "another scenario", code: "EG425", change: (a) => withBody(a, { scenarioId: "down" }) },
      { what: "a loss that does not follow", code: "EG400", change: (a) => withBody(a, { loss: "999.99" }) },
      {
        what: "a third decimal",
        code: "EG400",
        change: (a) => withBody(a, { navAfter: "998999.999", loss: "1000.001" }),
      },
      { what: "a value of NaN", code: "EG400", change: (a) => withBody(a, { navAfter: "NaN", loss: "NaN" }) },
      { what: "an asset of another fund", code: "EG400", change: (a) => value(a, { assetId: NOWHERE }) },
      { what: "an asset id that is none", code: "EG400", change: (a) => value(a, { assetId: noUuid }) },
      { what: "a value without a method", code: "EG400", change: (a) => value(a, { method: "" }) },
      {
        what: "an asset twice",
        code: "EG400",
        change: (a) => {
          const { byAsset } = JSON.parse(String(a.body)) as { byAsset: Args[] };
          return withBody(a, { byAsset: [byAsset[0], byAsset[0]] });
        },
      },
      { what: "a run that is not open yet", code: "EG428", change: async (_a, db) => outcomeOf(await requested(db)) },
    ],
  },
  {
    fn: "fn_record_stress_check",
    by: SIMULATION,
    arrange: async (db) => {
      const run = await concluded(db);
      return { ...runOf(run), scenario_hash: run.scenarios[0]?.scenario_hash, body_hash: digest("another body") };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_record_stress_check).toBe("different");
      const stood = await db.look<{ hash: string }>(
        "select body_hash as hash from stress_outcomes where stress_run_id = $1 and status = 'done'",
        [args.stress_run_id],
      );
      const right = { ...args, body_hash: stood[0]?.hash };
      expect(await db.value(SIMULATION, "fn_record_stress_check", right)).toBe("equal");
      expect(
        await db.look("select checked_equal, checked_hash from stress_runs where stress_run_id = $1", [
          args.stress_run_id,
        ]),
      ).toEqual([{ checked_equal: false, checked_hash: args.body_hash }]);
    },
    other: (args) => ({ ...args, body_hash: digest("yet another") }),
    audits: 1,
    events: ["STRESS_RUN_DIFFERED"],
    refuses: [
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      { what: "a scenario of another run", code: "EG404", change: (a) => ({ ...a, scenario_hash: digest("x") }) },
      { what: "a hash that is none", code: "EG400", change: (a) => ({ ...a, body_hash: "abc" }) },
      {
        what: "a scenario that is not done",
        code: "EG428",
        change: (a) => ({ ...a, scenario_hash: scenario("down").scenario_hash }),
      },
      {
        what: "a run that has ended",
        code: "EG428",
        change: async (a, db) => {
          await db.call(SIMULATION, "fn_close_stress_run", { stress_run_id: a.stress_run_id });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_close_stress_run",
    by: SIMULATION,
    arrange: async (db) => ({ ...runOf(await concluded(db)), reason: "the second was not computed" }),
    check: async ([row], args, db) => {
      const ended = row?.fn_close_stress_run as Args;
      expect(ended).toMatchObject({ status: "partial", done: 1, failed: 1, worst_scenario_id: "up", loss: "1000" });
      const [run] = await db.look(
        "select status, done, failed, nav_before::text, outcomes_hash, ended_at is not null as ended from stress_runs where stress_run_id = $1",
        [args.stress_run_id],
      );
      const rows = await db.look<{ line: string }>(
        "select scenario_hash || ' ' || coalesce(body_hash, 'failed') as line from stress_outcomes where stress_run_id = $1",
        [args.stress_run_id],
      );
      expect(run).toEqual({
        status: "partial",
        done: 1,
        failed: 1,
        nav_before: "1000000.0000",
        outcomes_hash: digest(
          rows
            .map((one) => one.line)
            .sort()
            .join("\n"),
        ),
        ended: true,
      });
      expect(
        await db.look("select reason from stress_outcomes where stress_run_id = $1 and status = 'failed'", [
          args.stress_run_id,
        ]),
      ).toEqual([{ reason: args.reason }]);
      expect(await db.call(SIMULATION, "fn_close_stress_run", args)).toEqual([row]);
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["STRESS_RUN_COMPLETED"],
    refuses: [
      { what: "a run that is not there", code: "EG404", change: (a) => ({ ...a, stress_run_id: NOWHERE }) },
      { what: "an empty reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
    ],
  },
];
