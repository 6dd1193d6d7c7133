// What every posting refuses of the consent it needs.
import { PM_ONE, type TestDatabase } from "../arrange.ts";
import { dayAt } from "../dealing-day.ts";
import { COMMANDER, consented, proposedPosting } from "../postings.ts";
import { NOWHERE, type Refusal } from "./rpc-case.ts";

/** What a proposal of its kind refuses once it is to be posted: not there, of another kind, not approved, approved and used up. */
export const refusedConsent = (
  fn: string,
  arrange: (db: TestDatabase) => Promise<{ fund: { code: string }; kind: string; body: object }>,
): Refusal[] => [
  { what: "a proposal that is not there", code: "EG404", change: () => ({ proposal_id: NOWHERE }) },
  {
    what: "a proposal of another kind",
    code: "EG404",
    change: async (_a, db) => {
      const day = await dayAt(db, "locked");
      return consented(db, day.fund, "cancellation", { flow_id: day.redemption, reason: "asked for" });
    },
  },
  {
    what: "a proposal that nobody approved",
    code: "EG428",
    change: async (_a, db) => {
      const { fund, kind, body } = await arrange(db);
      return { proposal_id: (await proposedPosting(db, fund, kind, body)).proposal_id };
    },
  },
  {
    what: "a proposal that was changed after it was approved",
    code: "EG421",
    change: async (_a, db) => {
      const { fund, kind, body } = await arrange(db);
      const made = await consented(db, fund, kind, body);
      await db.look(`update proposals set body = body || '{"more": "1"}' where proposal_id = $1`, [made.proposal_id]);
      return made;
    },
  },
  {
    what: "a proposal with one approval of two",
    code: "EG420",
    change: async (_a, db) => {
      const { fund, kind, body } = await arrange(db);
      const made = await proposedPosting(db, fund, kind, body);
      await db.call(PM_ONE, "fn_decide_proposal", { ...made, decision: "approved" });
      await db.look("update proposals set status = 'approved' where proposal_id = $1", [made.proposal_id]);
      return { proposal_id: made.proposal_id };
    },
  },
  {
    what: "a proposal that is posted already",
    code: "EG428",
    change: async (a, db) => {
      await db.call(COMMANDER, fn, a);
      return a;
    },
  },
];
