// RPC cases: the switch that stops a fund, opened by one person and closed by two.
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const REASON = "Keys of the service may be known to others (synthetic)";
export const openedIncident = async (db: TestDatabase, fund: string): Promise<string> =>
  (await db.value<{ incident_id: string }>(OPS, "fn_open_incident", { fund, reason: REASON })).incident_id;
const short = {
  what: "no reason worth the name",
  code: "EG400",
  change: (a: Args) => ({ ...a, reason: "because" }),
} as const;

export const INCIDENT_CASES: RpcCase[] = [
  {
    fn: "fn_open_incident",
    by: PM_ONE,
    arrange: async (db) => ({ fund: (await newFund(db)).code, reason: REASON }),
    check: async ([row], args, db) => {
      expect(row?.fn_open_incident).toMatchObject({ state: "open" });
      expect(
        await db.look("select closed_at, close_asked_by from incidents join funds using (fund_id) where code = $1", [
          args.fund,
        ]),
      ).toEqual([{ closed_at: null, close_asked_by: null }]);
    },
    other: (args) => ({ ...args, reason: `${REASON}, again` }),
    audits: 1,
    events: ["INCIDENT_OPENED"],
    refuses: [
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund: "NONE" }) },
      short,
      {
        what: "a second one beside an open one",
        code: "EG428",
        change: async (a, db) => {
          await openedIncident(db, String(a.fund));
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_close_incident",
    by: PM_TWO,
    arrange: async (db) => {
      const incident_id = await openedIncident(db, (await newFund(db)).code);
      await db.call(PM_ONE, "fn_close_incident", { incident_id, reason: REASON });
      return { incident_id, reason: REASON };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_close_incident).toEqual({ incident_id: args.incident_id, state: "closed" });
      expect(
        await db.look("select close_asked_by <> closed_by as two from incidents where incident_id = $1", [
          args.incident_id,
        ]),
      ).toEqual([{ two: true }]);
    },
    other: (args) => ({ ...args, reason: `${REASON}, again` }),
    audits: 1,
    events: ["INCIDENT_CLOSED"],
    refuses: [
      { what: "an incident that is not there", code: "EG404", change: (a) => ({ ...a, incident_id: NOWHERE }) },
      short,
      { what: "the one who asked", code: "EG420", by: PM_ONE, change: (a) => a },
      {
        what: "one that is closed",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_TWO, "fn_close_incident", a);
          return a;
        },
      },
    ],
  },
];
