// RPC cases: what a restatement is computed from, and what it comes to.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { DEALING_DATE, dayAt, navInputs, strikeOf } from "../dealing-day.ts";
import { outcome, restateDay } from "../restated-day.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
const restated = async (db: TestDatabase, until: "begun" | "struck" = "struck") =>
  restateDay(db, await dayAt(db, "posted"), until);
const classWith = (change: object) => (a: Args) => ({
  ...a,
  classes: (a.classes as object[]).map((row) => ({ ...row, ...change })),
});
const dealWith = (change: object) => (a: Args) => ({
  ...a,
  deals: (a.deals as object[]).map((row, n) => (n === 0 ? { ...row, ...change } : row)),
});

/** 540.00 are owed to the buyer, 270.00 by the responsible party. */
async function owed(db: TestDatabase) {
  const done = await restated(db);
  await db.call(COMMANDER, "fn_record_restatement", outcome(done));
  return done;
}
const settling = (change: object) => (a: Args) => ({
  ...a,
  payments: (a.payments as object[]).map((row) => ({ ...row, ...change })),
});

export const RESTATEMENT_CASES: RpcCase[] = [
  {
    fn: "fn_preview_restatement",
    by: PM_ONE,
    arrange: async (db) => {
      const day = await dayAt(db, "posted");
      const inputs = navInputs(day.fund).map((row) => (row.kind === "asset" ? { ...row, value: "84600.00" } : row));
      return { strike_id: await strikeOf(db, day.dayId), inputs };
    },
    check: async ([row], args, db) => {
      const facts = row?.fn_preview_restatement as Record<string, unknown[]>;
      expect(facts).toMatchObject({
        nav_date: DEALING_DATE,
        version: 2,
        prices: [{ published: "108", correct: null }],
        nav_error: null,
      });
      expect(facts.inputs).toContainEqual(expect.objectContaining({ label: "INFRA-1", value: "84600.0000" }));
      expect(facts.deals).toHaveLength(2);
      // nothing of it is kept
      expect(await db.look("select from nav_strikes where supersedes = $1", [args.strike_id])).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      { what: "no input", code: "EG413", change: (a) => ({ ...a, inputs: JSON.stringify([]) }) },
      {
        what: "an input of no kind",
        code: "EG400",
        change: (a) => ({ ...a, inputs: [{ label: "x", value: "1.00" }] }),
      },
      {
        what: "a strike that is not final",
        code: "EG428",
        change: async (a, db) => ({ ...a, strike_id: await strikeOf(db, (await dayAt(db, "proposed")).dayId) }),
      },
    ],
  },
  {
    fn: "fn_settle_compensation",
    by: OPS,
    arrange: async (db) => {
      const { day } = await owed(db);
      return { fund: day.fund.code, payments: [{ flow_id: day.subscription, amount: "540.00", reference: "BANK-1" }] };
    },
    check: async ([row], args, db) => {
      const { ledger_tx_id } = (row?.fn_settle_compensation ?? {}) as { ledger_tx_id: string };
      expect(
        await db.look("select account, amount::text from cash_movements where ledger_tx_id = $1 order by 1", [
          ledger_tx_id,
        ]),
      ).toEqual([
        { account: "bank", amount: "-540.0000" },
        { account: "compensation_payable", amount: "540.0000" },
      ]);
      await db.call(OPS, "fn_settle_compensation", { fund: args.fund, payments: [{ amount: "270.00" }] });
      const left = await db.look(
        "select sum(amount)::text as owed from cash_balances b join funds using (fund_id) where code = $1 and account like 'compensation%'",
        [args.fund],
      );
      expect(left).toEqual([{ owed: "0.0000" }]);
    },
    other: settling({ amount: "540.01" }),
    audits: 1,
    events: ["COMPENSATION_SETTLED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NOWHERE" }) },
      { what: "no list", code: "EG400", change: (a) => ({ ...a, payments: JSON.stringify({}) }) },
      { what: "no payment", code: "EG413", change: (a) => ({ ...a, payments: JSON.stringify([]) }) },
      { what: "an order that is not there", code: "EG404", change: settling({ flow_id: NOWHERE }) },
      { what: "a cent too much", code: "EG424", change: settling({ amount: "540.01" }) },
      { what: "a part of it", code: "EG424", change: settling({ amount: "539.99" }) },
      { what: "no amount", code: "EG424", change: settling({ amount: null }) },
      {
        what: "more than the responsible party owes",
        code: "EG424",
        change: settling({ flow_id: null, amount: "270.01" }),
      },
      {
        what: "two payments for one order",
        code: "EG400",
        change: (a) => ({ ...a, payments: [...(a.payments as object[]), ...(a.payments as object[])] }),
      },
      { what: "a reference of nothing", code: "EG400", change: settling({ reference: "" }) },
      {
        what: "what is paid already",
        code: "EG424",
        change: async (a, db) => {
          await db.call(OPS, "fn_settle_compensation", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_note_nav_error",
    by: PM_ONE,
    arrange: async (db) => ({ strike_id: (await owed(db)).strikeId, document: "CSSF form of 2026-03-03" }),
    check: async (_rows, args, db) => {
      const told = await db.look(
        `select t.payload ->> 'document' as document, (a.payload ->> 'due_by')::date - (a.payload ->> 'due_from')::date as days, t.event_meta ->> 'causation_id' = a.event_id::text as follows
           from fund_events t join fund_events a on a.type = 'NAV_ERROR_TO_NOTIFY' and a.payload ->> 'strike_id' = $1 where t.type = 'NAV_ERROR_NOTIFIED' and t.payload ->> 'strike_id' = $1`,
        [args.strike_id],
      );
      // from four weeks to eight
      expect(told).toEqual([{ document: "CSSF form of 2026-03-03", days: 28, follows: true }]);
    },
    other: (a) => ({ ...a, document: "another form" }),
    audits: 1,
    events: ["NAV_ERROR_NOTIFIED"],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      { what: "no document", code: "EG400", change: (a) => ({ ...a, document: "" }) },
      {
        what: "a strike that corrects nothing",
        code: "EG428",
        change: async (a, db) => ({ ...a, strike_id: await strikeOf(db, (await dayAt(db, "posted")).dayId) }),
      },
      {
        what: "an authority that was told",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_note_nav_error", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_read_restatement",
    by: COMMANDER,
    arrange: async (db) => ({ strike_id: (await restated(db)).strikeId }),
    check: ([row]) => {
      const facts = row?.fn_read_restatement as Record<string, unknown[]>;
      expect(facts).toMatchObject({
        nav_date: DEALING_DATE,
        version: 2,
        state: "final",
        // over the units of then: what was dealt since does not count
        classes: [{ code: "A", units: "1000", last: null }],
        prices: [{ published: "108", correct: "102.6" }],
        later: [],
      });
      expect(facts.inputs).toContainEqual(expect.objectContaining({ label: "INFRA-1", value: "84600.0000" }));
      expect(facts.old_inputs).toContainEqual(expect.objectContaining({ label: "INFRA-1", value: "90000.0000" }));
      expect(facts.deals).toHaveLength(2);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      {
        what: "a strike that restates nothing",
        code: "EG428",
        change: async (a, db) => ({ ...a, strike_id: await strikeOf(db, (await dayAt(db, "struck")).dayId) }),
      },
    ],
  },
  {
    fn: "fn_record_restatement",
    by: COMMANDER,
    arrange: async (db) => outcome(await restated(db)),
    check: async ([row], args, db) => {
      expect(row?.fn_record_restatement).toMatchObject({ days: 1, compensations: 2 });
      const [stored] = await db.look(
        "select material, direction, fund_pays::text, fund_receives::text, deals from restatements where strike_id = $1",
        [args.strike_id],
      );
      expect(stored).toEqual({
        material: true,
        direction: "overstated",
        fund_pays: "540.0000",
        fund_receives: "270.0000",
        deals: 2,
      });
      // who is paid is told by the event
      const told = await db.look(
        "select i.investor_id from fund_events e join event_investors i using (event_id) where e.type = 'NAV_RESTATED' and e.payload ->> 'strike_id' = $1",
        [args.strike_id],
      );
      const [buyer, seller] = args.deals as { investor_id: string; flow_id: string }[];
      expect(told).toEqual([{ investor_id: buyer?.investor_id }]);
      // what it comes to stands in the ledger: owed to the buyer, and owed by who was responsible for the seller's
      const { ledger_tx_id } = (row?.fn_record_restatement ?? {}) as { ledger_tx_id: string };
      expect(
        await db.look(
          "select account, investor_id, flow_id, amount::text from cash_movements where ledger_tx_id = $1 order by 1",
          [ledger_tx_id],
        ),
      ).toEqual([
        { account: "capital", investor_id: null, flow_id: null, amount: "270.0000" },
        {
          account: "compensation_payable",
          investor_id: buyer?.investor_id,
          flow_id: buyer?.flow_id,
          amount: "-540.0000",
        },
        { account: "compensation_receivable", investor_id: null, flow_id: seller?.flow_id, amount: "270.0000" },
      ]);
    },
    other: dealWith({ difference: "540.01" }),
    audits: 1,
    events: ["NAV_RESTATED", "NAV_ERROR_TO_NOTIFY"],
    refuses: [
      { what: "a strike that is not there", code: "EG404", change: (a) => ({ ...a, strike_id: NOWHERE }) },
      {
        what: "a restatement that nobody approved",
        code: "EG428",
        change: async (a, db) => ({ ...a, strike_id: (await restated(db, "begun")).strikeId }),
      },
      {
        what: "one that is recorded",
        code: "EG428",
        change: async (a, db) => {
          await db.call(COMMANDER, "fn_record_restatement", a);
          return a;
        },
      },
      { what: "no list of classes", code: "EG400", change: (a) => ({ ...a, classes: JSON.stringify({}) }) },
      { what: "no class", code: "EG400", change: (a) => ({ ...a, classes: JSON.stringify([]) }) },
      { what: "another price than the one that was struck", code: "EG400", change: classWith({ correct: "102.61" }) },
      { what: "another error than the prices have", code: "EG400", change: classWith({ error: "0.05" }) },
      { what: "a tolerance that is not that of the fund", code: "EG400", change: classWith({ tolerance: "0.02" }) },
      { what: "material below its tolerance", code: "EG400", change: classWith({ material: false }) },
      { what: "a deal that is missing", code: "EG400", change: (a) => ({ ...a, deals: [(a.deals as object[])[0]] }) },
      { what: "a deal of somebody else", code: "EG400", change: dealWith({ investor_id: NOWHERE }) },
      { what: "other units than were dealt", code: "EG400", change: dealWith({ units_dealt: "99" }) },
      { what: "a cent too little", code: "EG400", change: dealWith({ difference: "539.99" }) },
      { what: "a cent too much", code: "EG400", change: dealWith({ difference: "540.01" }) },
      {
        what: "money asked of an investor",
        code: "EG400",
        change: dealWith({ owed_to: "fund", owed_by: "responsible_party" }),
      },
      { what: "a fund that pays another sum", code: "EG424", change: classWith({ fund_pays: "539.00" }) },
    ],
  },
];
