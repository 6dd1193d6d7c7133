// RPC cases: the two stores compared after a restore, writes halted, and let go on. The tests take the switch away after each.
import { expect } from "vitest";
import { OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const lost = async (db: TestDatabase): Promise<string> => {
  const event = await db.value<string>(PM_ONE, "fn_record_event", {
    type: "STRESS_REQUESTED",
    payload: { scenario_id: "x", shift_bps: 1 },
    source: "synthetic",
    fund_id: (await newFund(db)).fundId,
  });
  // as if it had been handed over to a store that is older
  await db.look("delete from event_outbox where event_id = $1", [event]);
  return event;
};
const report = (event: string) => ({
  unknown: [{ workflow_id: `event/${NOWHERE}`, status: "running" }],
  ahead: [],
  missing: [{ workflow_id: `event/${event}`, event_id: event }],
});

/** Events of the comparison: handed over to nobody, and completed there alone. */
let [gone, ahead] = ["", ""];

export const RECONCILE_CASES: RpcCase[] = [
  {
    fn: "fn_compare_runs",
    by: SERVICE,
    arrange: async (db) => {
      [gone, ahead] = [await lost(db), await lost(db)];
      const runs = [
        { workflow_id: `event/${NOWHERE}`, status: "running" },
        // a child of a run: its parent speaks for it
        { workflow_id: `event/${NOWHERE}/scenario-1`, status: "completed" },
        { workflow_id: `deal/NOFUND/A/2020-01-01`, status: "completed" },
        { workflow_id: `event/${ahead}`, status: "completed" },
      ];
      return { runs: JSON.stringify(runs), since: new Date(Date.now() - 3_600_000).toISOString() };
    },
    check: ([row]) => {
      const found = row?.fn_compare_runs as Record<string, { workflow_id: string }[]>;
      expect(found.unknown?.map((one) => one.workflow_id)).toEqual(["deal/NOFUND/A/2020-01-01", `event/${NOWHERE}`]);
      expect(found.ahead?.map((one) => one.workflow_id)).toContain(`event/${ahead}`);
      expect(found.missing?.map((one) => one.workflow_id)).toContain(`event/${gone}`);
      expect(found.missing?.map((one) => one.workflow_id)).not.toContain(`event/${ahead}`);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: (a) => ({ ...a, runs: "{}" }) },
      { what: "no time", code: "EG400", change: (a) => ({ ...a, since: null }) },
    ],
  },
  {
    fn: "fn_halt_writes",
    by: SERVICE,
    arrange: async (db) => ({ report: report(await lost(db)) }),
    check: async (_rows, _args, db) => {
      await expect(newFund(db)).rejects.toMatchObject({ code: "EG503" });
      expect(await db.call(SERVICE, "fn_claim_events", { consumer: "x" })).toEqual([]);
    },
    other: (args) => ({ report: { ...(args.report as object), ahead: [], missing: [] } }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no report", code: "EG400", change: () => ({ report: {} }) },
      {
        what: "halted already",
        code: "EG428",
        change: async (a, db) => {
          await db.call(SERVICE, "fn_halt_writes", { report: report(NOWHERE) });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_resume_writes",
    by: OPS,
    arrange: async (db) => {
      const event = await lost(db);
      const { hash } = await db.value<{ hash: string }>(SERVICE, "fn_halt_writes", { report: report(event) });
      return { hash };
    },
    check: async ([row], _args, db) => {
      expect(row?.fn_resume_writes).toEqual({ queued: 1 });
      expect((await newFund(db)).fundId).toBeDefined();
    },
    other: () => ({ hash: "a".repeat(64) }),
    audits: 1,
    events: [],
    refuses: [
      { what: "another report", code: "EG421", change: () => ({ hash: "a".repeat(64) }) },
      {
        what: "nothing that is halted",
        code: "EG428",
        change: async (a, db) => {
          await db.look("delete from platform_settings where key = 'writes_halted'");
          return a;
        },
      },
    ],
  },
];
