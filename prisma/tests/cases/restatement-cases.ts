// RPC cases: what a restatement is computed from, and what it comes to.
import { expect } from "vitest";
import { type Args, agent, type TestDatabase } from "../arrange.ts";
import { DEALING_DATE, dayAt, strikeOf } from "../dealing-day.ts";
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

export const RESTATEMENT_CASES: RpcCase[] = [
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
      expect(told).toEqual([{ investor_id: (args.deals as { investor_id: string }[])[0]?.investor_id }]);
    },
    other: dealWith({ difference: "540.01" }),
    audits: 1,
    events: ["NAV_RESTATED"],
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
