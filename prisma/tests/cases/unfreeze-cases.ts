// RPC case: a frozen party is unfrozen by two people, while nothing else stands against it.
import { expect } from "vitest";
import { OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { newCase, newParty, WHY } from "./party-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";
import { screenedClear } from "./screening-arrange.ts";

/** Screened and clear but for a case that two people decided as a true match. */
async function frozenParty(db: TestDatabase): Promise<string> {
  const party_id = await newParty(db);
  await screenedClear(db, party_id);
  const case_id = await newCase(db, { party_id });
  for (const by of [OPS, PM_ONE]) await db.call(by, "fn_decide_case", { case_id, verdict: "true_match", reason: WHY });
  return party_id;
}

export const UNFREEZE_CASES: RpcCase[] = [
  {
    fn: "fn_unfreeze_party",
    by: PM_ONE,
    arrange: async (db) => ({ party_id: await frozenParty(db), reason: WHY }),
    check: async ([row], args, db) => {
      expect(row?.fn_unfreeze_party).toEqual({ party_id: args.party_id, state: "asked" });
      const frozen = () =>
        db.look("select frozen_at is not null as frozen from parties where party_id = $1", [args.party_id]);
      expect(await frozen()).toEqual([{ frozen: true }]);
      expect(await db.value(PM_TWO, "fn_unfreeze_party", args)).toEqual({ party_id: args.party_id, state: "unfrozen" });
      expect(await frozen()).toEqual([{ frozen: false }]);
      expect(
        await db.look(
          "select count(*)::int as n from fund_events where type = 'PARTY_UNFROZEN' and payload ->> 'party_id' = $1",
          [args.party_id],
        ),
      ).toEqual([{ n: 1 }]);
    },
    other: (args) => ({ ...args, reason: "For another reason than before." }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a party that is not there", code: "EG404", change: (a) => ({ ...a, party_id: NOWHERE }) },
      { what: "a reason that is none", code: "EG400", change: (a) => ({ ...a, reason: "no" }) },
      {
        what: "a party that is not frozen",
        code: "EG428",
        change: async (a, db) => ({ ...a, party_id: await newParty(db) }),
      },
      {
        what: "the same person twice",
        code: "EG420",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_unfreeze_party", a);
          return { ...a, reason: "Once more, by the same person." };
        },
      },
      {
        what: "a party with a case that is not decided",
        code: "EG428",
        change: async (a, db) => {
          await newCase(db, { party_id: a.party_id });
          return a;
        },
      },
      {
        what: "a party whose screening is out of date",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_request_screening", { party_id: a.party_id });
          return a;
        },
      },
    ],
  },
];
