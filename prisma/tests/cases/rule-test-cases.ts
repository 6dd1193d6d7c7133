// RPC cases: what rules ask about personal data, who answers it, and what rules may know of an applicant.
import { expect } from "vitest";
import { type Args, agent, OPS, type TestDatabase } from "../arrange.ts";
import { dayAt } from "../dealing-day.ts";
import { live } from "../rule-versions.ts";
import { KYC } from "../subjects.ts";
import { newParty, pending } from "./party-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

const TEST = "0123456789abcdef0123456789abcdef";
const workflow_id = "event/synthetic";

const answered = async (db: TestDatabase): Promise<Args> => ({
  answers: [{ party_id: await newParty(db), mark: "", answers: { [TEST]: true } }],
  version_ids: [(await live(db)).version_id],
});
const answersWith = (change: Args) => (a: Args) => ({ ...a, answers: [{ ...(a.answers as Args[])[0], ...change }] });

export const RULE_TEST_CASES: RpcCase[] = [
  {
    fn: "fn_read_tests_due",
    by: KYC,
    arrange: async (db) => {
      await live(db);
      return { workflow_id, dealing_day_id: (await dayAt(db, "locked")).dayId };
    },
    check: async ([row], args, db) => {
      const due = row?.fn_read_tests_due as { versions: Args[]; parties: { party_id: string; mark: string }[] };
      expect(due.versions.length).toBeGreaterThan(0);
      const parties = await db.look<{ party_id: string }>(
        "select distinct i.party_id from fund_flows f join investors i using (investor_id) where f.dealing_day_id = $1 order by 1",
        [args.dealing_day_id],
      );
      expect(due.parties.map(({ party_id }) => party_id)).toEqual(parties.map(({ party_id }) => party_id));
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a day that is not there", code: "EG404", change: (a) => ({ ...a, dealing_day_id: NOWHERE }) },
      {
        what: "an application that is not there",
        code: "EG404",
        change: () => ({ workflow_id, pending_id: NOWHERE }),
      },
      { what: "neither a day nor an application", code: "EG400", change: () => ({ workflow_id }) },
      { what: "too many at once", code: "EG400", change: (a) => ({ ...a, max_parties: 5_001 }) },
    ],
  },
  {
    fn: "fn_record_party_tests",
    by: KYC,
    arrange: answered,
    check: async ([row], args, db) => {
      expect(row?.fn_record_party_tests).toBe(1);
      const [{ party_id } = { party_id: "" }] = args.answers as { party_id: string }[];
      expect(await db.look("select answers, mark from party_tests where party_id = $1", [party_id])).toEqual([
        { answers: { [TEST]: true }, mark: "" },
      ]);
    },
    other: (args) => answersWith({ answers: { [TEST]: false } })(args),
    audits: 1,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: (a) => ({ ...a, answers: "{}" }) },
      { what: "a text for an answer", code: "EG400", change: answersWith({ answers: { [TEST]: "KP" } }) },
      { what: "a name of a test that says something", code: "EG400", change: answersWith({ answers: { KP: true } }) },
      { what: "a mark that is none", code: "EG400", change: answersWith({ mark: "1961-07-23" }) },
      { what: "a version that is not there", code: "EG404", change: (a) => ({ ...a, version_ids: [NOWHERE] }) },
    ],
  },
  {
    fn: "fn_read_applicant_facts",
    by: agent("compliance-sentinel"),
    arrange: async (db) => {
      const pending_id = await pending(db);
      const [of] = await db.look<{ party_id: string }>(
        "select party_id from investors_pending_kyc where pending_id = $1",
        [pending_id],
      );
      await db.call(OPS, "fn_give_evidence", {
        party_id: of?.party_id,
        evidence: { no_pep_declaration: "2026-01-02" },
      });
      return { pending_id };
    },
    check: async ([row]) => {
      const read = row?.fn_read_applicant_facts as { investor: Args; parties: { facts: Args }[]; links: unknown[] };
      expect(read.investor).toMatchObject({ kycStatus: "pending" });
      expect(read.parties).toHaveLength(1);
      expect(read.parties[0]?.facts).toMatchObject({ pep: false, verified: false });
      expect(read.parties[0]?.facts).not.toHaveProperty("tests");
      expect(read.links).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "nobody pending", code: "EG404", change: () => ({ pending_id: NOWHERE }) }],
  },
];
