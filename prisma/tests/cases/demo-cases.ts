// RPC cases: the demo's clock and loader, and the cash of the fund itself.
import { expect } from "vitest";
import { type Args, AUDIT, agent, DEMO, OPS, type TestDatabase } from "../arrange.ts";
import { dealingFund, openDay, place } from "../dealing-day.ts";
import { newFund, newInvestor } from "../synthetic-fund.ts";
import type { RpcCase } from "./rpc-case.ts";

const mark = (db: TestDatabase) => db.look("update platform_settings set value = 'true' where key = 'demo'");
const unmarked = async (args: Args, db: TestDatabase): Promise<Args> => {
  await db.look("update platform_settings set value = 'false' where key = 'demo'");
  return args;
};
/** An order of a demo's past: nobody was handed its event. */
async function pastOrder(db: TestDatabase): Promise<Args> {
  await mark(db);
  const on = await dealingFund(db);
  const flow = await place(db, on, await newInvestor(db, null), {
    direction: "subscription",
    amount: "5000.00",
    received_at: "2026-01-15T10:00:00Z",
  });
  await db.look("delete from event_outbox o using fund_flows f where o.event_id = f.event_id and f.flow_id = $1", [
    flow,
  ]);
  return { fund: on.fund.code, direction: "subscription" };
}
const moving = async (db: TestDatabase): Promise<Args> => ({
  fund: (await newFund(db)).code,
  purpose: "invest",
  amount: "250000.00",
  reference: "synthetic/1",
});

export const DEMO_CASES: RpcCase[] = [
  {
    fn: "fn_load_demo",
    by: DEMO,
    arrange: async (db) => {
      await mark(db);
      const { code } = await newFund(db);
      return {
        chunk: {
          fund: code,
          snapshots: [
            {
              id: crypto.randomUUID(),
              asset: "INFRA-1",
              as_of: "2026-08-31",
              nav: "149000.00",
              method: "model",
              source: "demo",
              effective_at: "2026-08-31T00:00:00Z",
              recorded_at: "2026-09-02T00:00:00Z",
            },
          ],
        },
      };
    },
    check: async (_rows, args, db) => {
      const { fund } = args.chunk as { fund: string };
      expect(
        await db.look(
          "select s.nav, s.recorded_at from asset_snapshots s join funds f using (fund_id) where f.code = $1 and s.as_of = '2026-08-31'",
          [fund],
        ),
      ).toEqual([{ nav: "149000.0000", recorded_at: new Date("2026-09-02T00:00:00Z") }]);
    },
    other: (args) => ({ chunk: { ...(args.chunk as Args), snapshots: [] } }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no demo database", code: "EG428", change: unmarked },
      {
        what: "a fund that is not there",
        code: "EG404",
        change: (a) => ({ chunk: { ...(a.chunk as Args), fund: "NONE" } }),
      },
      {
        what: "a fund that is not synthetic",
        code: "EG404",
        change: async (a, db) => ({
          chunk: { ...(a.chunk as Args), fund: (await newFund(db, { synthetic: false })).code },
        }),
      },
    ],
  },
  {
    fn: "fn_set_demo_clock",
    by: DEMO,
    arrange: async (db) => {
      await mark(db);
      return { at: "2024-02-29T12:00:00Z" };
    },
    check: async (_rows, _args, db) => {
      expect(await db.look("select message from audit_trail where entity_type = 'demo_clock' limit 1")).toEqual([
        { message: "this transaction is dated back to 2024-02-29 12:00:00+00" },
      ]);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "no demo database", code: "EG428", change: unmarked },
      { what: "a time to come", code: "EG400", change: () => ({ at: "2999-01-01T00:00:00Z" }) },
      { what: "no time", code: "EG400", change: () => ({ at: "infinity" }) },
      { what: "a time long ago", code: "EG400", change: () => ({ at: "1999-12-31T00:00:00Z" }) },
    ],
  },
  {
    fn: "fn_batch_demo_orders",
    by: DEMO,
    arrange: pastOrder,
    check: async ([row], args, db) => {
      const batch = row?.fn_batch_demo_orders;
      expect(await db.call(agent("kyc"), "fn_intake_orders", { batch_id: batch })).toEqual([
        { fn_intake_orders: { accepted: 1, held: 0, skipped: 0 } },
      ]);
      expect(
        await db.look("select f.status from fund_flows f join funds using (fund_id) where code = $1", [args.fund]),
      ).toEqual([{ status: "accepted" }]);
    },
    other: (args) => ({ ...args, direction: "redemption" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no demo database", code: "EG428", change: unmarked },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      {
        what: "a fund that is not synthetic",
        code: "EG404",
        change: async (a, db) => ({ ...a, fund: (await newFund(db, { synthetic: false })).code }),
      },
      { what: "no direction", code: "EG400", change: (a) => ({ ...a, direction: "both" }) },
    ],
  },
  {
    fn: "fn_hand_over_demo_days",
    by: DEMO,
    arrange: async (db) => {
      await mark(db);
      const day = await openDay(db);
      await db.look("delete from event_outbox o using funds f where o.fund_id = f.fund_id and f.code = $1", [
        day.fund.code,
      ]);
      return { fund: day.fund.code };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_hand_over_demo_days).toBe(1);
      expect(
        await db.look(
          "select o.type, o.mode, o.attempts from event_outbox o join funds f using (fund_id) where f.code = $1",
          [args.fund],
        ),
      ).toEqual([{ type: "DEALING_DAY_OPENED", mode: "run", attempts: 0 }]);
    },
    other: (args) => ({ fund: `${args.fund}2` }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no demo database", code: "EG428", change: unmarked },
      { what: "a fund that is not there", code: "EG404", change: () => ({ fund: "NONE" }) },
      {
        what: "a fund that is not synthetic",
        code: "EG404",
        change: async (_a, db) => ({ fund: (await newFund(db, { synthetic: false })).code }),
      },
    ],
  },
  {
    fn: "fn_move_cash",
    by: OPS,
    arrange: moving,
    check: async ([row], args, db) => {
      expect(row?.fn_move_cash).toMatchObject({ ledger_tx_id: expect.any(String) });
      expect(
        await db.look(
          "select account, amount from cash_balances join funds using (fund_id) where code = $1 order by account",
          [args.fund],
        ),
      ).toEqual([
        { account: "bank", amount: "-250000.0000" },
        { account: "investments", amount: "250000.0000" },
      ]);
      expect(await db.call(AUDIT, "fn_verify_invariants", { fund: args.fund })).toEqual([]);
    },
    other: (args) => ({ ...args, amount: "1.00" }),
    audits: 1,
    events: ["CASH_MOVED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "another purpose", code: "EG400", change: (a) => ({ ...a, purpose: "lend" }) },
      { what: "nothing", code: "EG400", change: (a) => ({ ...a, amount: "0" }) },
      { what: "less than nothing", code: "EG400", change: (a) => ({ ...a, amount: "-1.00" }) },
      { what: "NaN", code: "EG400", change: (a) => ({ ...a, amount: "NaN" }) },
      { what: "part of a cent", code: "EG400", change: (a) => ({ ...a, amount: "1.005" }) },
      { what: "no reference", code: "EG400", change: (a) => ({ ...a, reference: "" }) },
      {
        what: "a fee that no NAV has accrued",
        code: "EG424",
        change: (a) => ({ ...a, purpose: "management_fee" }),
      },
    ],
  },
];
