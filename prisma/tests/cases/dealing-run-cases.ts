// RPC cases: what the run of a dealing day reads and records beside its steps, and how people reach it.
import { expect } from "vitest";
import { type Args, agent, OPS, type TestDatabase } from "../arrange.ts";
import { type Day, dayAt, openDay } from "../dealing-day.ts";
import { wrongDay } from "./dealing-day-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");
const onDay = async (day: Promise<Day>): Promise<Args> => ({ dealing_day_id: (await day).dayId });
const nowhere = {
  what: "a day that is not there",
  code: "EG404",
  change: (a: Args) => ({ ...a, dealing_day_id: NOWHERE }),
} as const;
const orders = (db: TestDatabase, dayId: unknown) =>
  db.look("select direction, status from fund_flows where dealing_day_id = $1 order by 1", [dayId]);

export const DEALING_RUN_CASES: RpcCase[] = [
  {
    fn: "fn_knock_dealing_day",
    by: OPS,
    arrange: async (db) => ({ ...(await onDay(dayAt(db, "rechecked"))), reason: "the mark is there" }),
    check: async ([row], args, db) => {
      expect(row?.fn_knock_dealing_day).toBe("cut_off");
      const [told] = await db.look(
        `select e.payload, o.mode, e.event_meta ->> 'workflow_id' as run, d.workflow_id from fund_events e join event_outbox o using (event_id), dealing_days d
          where e.type = 'DEALING_DAY_KNOCKED' and e.payload ->> 'dealing_day_id' = $1 and d.dealing_day_id = $1::uuid`,
        [args.dealing_day_id],
      );
      expect(told).toMatchObject({ mode: "tell", payload: { reason: "the mark is there" } });
      expect([told?.run, told?.run]).toEqual([told?.workflow_id, expect.stringMatching(/^deal\/.+\/A\/2026-01-30$/)]);
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["DEALING_DAY_KNOCKED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "closed")),
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
    ],
  },
  {
    fn: "fn_read_dealing_day",
    by: COMMANDER,
    arrange: (db) => onDay(dayAt(db, "proposed")),
    check: ([row]) => {
      expect(row?.fn_read_dealing_day).toMatchObject({
        status: "nav_proposed",
        step: 5,
        leads: true,
        rechecked: true,
        cut_off_in_ms: 0,
        waits_for: [],
        blockers: [],
        strike_state: "provisional",
        proposal_status: "pending",
        suspension: false,
        tool: null,
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [nowhere],
  },
  {
    fn: "fn_read_nav_facts",
    by: COMMANDER,
    arrange: (db) => onDay(dayAt(db, "rechecked")),
    check: ([row]) => {
      expect(row?.fn_read_nav_facts).toMatchObject({
        nav_date: "2026-01-30",
        currency: "USD",
        ledger: { bank: "0", prepaid: "0", redemptions_payable: "0" },
        classes: [{ code: "A", units: "1000", price: "100", last: null, deals: true, lots: [] }],
        reconciliation_breaks: 0,
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [nowhere],
  },
  {
    fn: "fn_read_book",
    by: ENGINE,
    arrange: (db) => onDay(dayAt(db, "struck")),
    check: ([row]) => {
      const book = row?.fn_read_book as Record<string, unknown[]>;
      expect(book).toMatchObject({
        strike_state: "final",
        nav: "108000.0000",
        classes: [{ code: "A", nav_per_unit: "108" }],
        days: [{ status: "struck" }],
        redeemed_in_quarter: "0",
        lots: [{ units: "1000", opened_on: "2025-01-15" }],
        holdings: [],
      });
      expect(book.orders).toHaveLength(2);
      expect(book.orders).toContainEqual(
        expect.objectContaining({
          direction: "redemption",
          units: "200",
          amount: null,
          cleared: false,
          dealings: 0,
          fills: 0,
        }),
      );
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      nowhere,
      {
        what: "a day without a NAV",
        code: "EG428",
        change: async (a, db) => ({ ...a, ...(await onDay(dayAt(db, "locked"))) }),
      },
    ],
  },
  {
    fn: "fn_roll_unpaid",
    by: COMMANDER,
    arrange: (db) => onDay(dayAt(db, "rechecked")),
    check: async ([row], args, db) => {
      expect(row?.fn_roll_unpaid).toBe(1);
      expect(await orders(db, args.dealing_day_id)).toEqual([{ direction: "redemption", status: "locked" }]);
      expect(
        await db.look(
          "select to_status from order_transitions where from_status = 'locked' and reason = 'the cash has not come'",
        ),
      ).not.toEqual([]);
    },
    other: () => ({ dealing_day_id: NOWHERE }),
    audits: 1,
    events: ["ORDERS_ROLLED"],
    refuses: wrongDay((db) => dayAt(db, "struck")),
  },
  {
    fn: "fn_record_lab",
    by: ENGINE,
    arrange: async (db) => ({
      ...(await onDay(dayAt(db, "frozen"))),
      lab: { as_is: { status: "gated" }, combinations: [] },
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_record_lab).toMatchObject({ status: "inputs_frozen", step: 4 });
      expect(
        await db.look("select decision from dealing_days where dealing_day_id = $1", [args.dealing_day_id]),
      ).toEqual([{ decision: { lab: args.lab } }]);
    },
    other: (args) => ({ ...args, lab: { as_is: { status: "open" } } }),
    audits: 1,
    events: [],
    refuses: [
      ...wrongDay((db) => dayAt(db, "struck")),
      { what: "no object", code: "EG400", change: (a) => ({ ...a, lab: JSON.stringify([]) }) },
    ],
  },
  {
    fn: "fn_discard_dealing_day",
    by: OPS,
    arrange: async (db) => ({ ...(await onDay(dayAt(db, "allocated"))), reason: "the wrong NAV date" }),
    check: async ([row], args, db) => {
      expect(row?.fn_discard_dealing_day).toMatchObject({ status: "discarded" });
      expect(await orders(db, args.dealing_day_id)).toEqual([]);
      expect(
        await db.look("select count(*)::int as n from allocations where dealing_day_id = $1", [args.dealing_day_id]),
      ).toEqual([{ n: 0 }]);
      expect(
        await db.look(
          "select f.status, count(*)::int as n from fund_flows f join order_leaves l using (flow_id) where l.dealing_day_id = $1 group by 1",
          [args.dealing_day_id],
        ),
      ).toEqual([{ status: "accepted", n: 2 }]);
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["DEALING_DAY_DISCARDED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "posted")),
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      {
        what: "a day that is discarded",
        code: "EG428",
        change: async (a, db) => {
          await db.call(COMMANDER, "fn_discard_dealing_day", { ...a, reason: "first" });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_record_marks",
    by: OPS,
    arrange: async (db) => {
      const { fund } = await openDay(db);
      return {
        fund: fund.code,
        marks: [
          { asset: "INFRA-1", as_of: "2026-01-29", value: "90500.00", source: "appraisal" },
          {
            asset: fund.assets["INFRA-1"],
            as_of: "2026-01-30",
            value: "91000.00",
            source: "appraisal",
            confirmed: true,
          },
        ],
      };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_record_marks).toBe(2);
      expect(
        await db.look(
          `select s.as_of::text, s.nav::text, s.method from asset_snapshots s join funds f using (fund_id) where f.code = $1 and s.method in ('recorded', 'confirmed') order by 1`,
          [args.fund],
        ),
      ).toEqual([
        { as_of: "2026-01-29", nav: "90500.0000", method: "recorded" },
        { as_of: "2026-01-30", nav: "91000.0000", method: "confirmed" },
      ]);
    },
    other: (args) => ({ ...args, marks: [(args.marks as object[])[0]] }),
    audits: 1,
    events: ["MARKS_RECORDED", "DEALING_DAY_KNOCKED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, marks: JSON.stringify({}) }) },
      { what: "no marks", code: "EG413", change: (a) => ({ ...a, marks: JSON.stringify([]) }) },
      ...[
        { asset: "NONE" },
        { value: "1.001" },
        { value: "NaN" },
        { as_of: "2999-01-01" },
        { as_of: "infinity" },
        { source: "" },
      ].map((wrong) => ({
        what: `a mark with ${JSON.stringify(wrong)}`,
        code: "EG400" as const,
        change: (a: Args) => ({ ...a, marks: (a.marks as object[]).map((row) => ({ ...row, ...wrong })) }),
      })),
    ],
  },
];
