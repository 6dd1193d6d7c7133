// RPC cases: applications on their way: evidence given again, declined, the clock of clearances, and what is read of them.
import { expect } from "vitest";
import { agent, LP_A, OPS, type TestDatabase } from "../arrange.ts";
import { newCase, newParty, pending } from "./party-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";
import { clearApplicant } from "./screening-arrange.ts";

/** An application that was declined. */
const closed = async (db: TestDatabase): Promise<string> => {
  const pending_id = await pending(db);
  await db.call(OPS, "fn_decline_investor", { pending_id, reason: "withdrawn" });
  return pending_id;
};

export const ONBOARDING_CASES: RpcCase[] = [
  {
    fn: "fn_resubmit_evidence",
    by: OPS,
    arrange: async (db) => ({
      pending_id: await pending(db),
      evidence: { address_proof: "2026-01-02", identity_document: { on: "2026-01-02", expires: "2031-05-04" } },
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_resubmit_evidence).toEqual({ pending_id: args.pending_id, given: 2 });
      expect(
        await db.look(
          "select e.kind, e.dated_on::text as on, e.expires_on::text as until from party_evidence e join investors_pending_kyc p using (party_id) where p.pending_id = $1 order by 1",
          [args.pending_id],
        ),
      ).toEqual([
        { kind: "address_proof", on: "2026-01-02", until: null },
        { kind: "identity_document", on: "2026-01-02", until: "2031-05-04" },
      ]);
    },
    other: (args) => ({ ...args, evidence: { address_proof: "2026-01-03" } }),
    audits: 1,
    events: ["EVIDENCE_RESUBMITTED"],
    refuses: [
      { what: "nobody pending", code: "EG404", change: (a) => ({ ...a, pending_id: NOWHERE }) },
      { what: "an application of nobody of one's own, by an LP", code: "EG404", by: LP_A, change: (a) => a },
      { what: "evidence without a date", code: "EG400", change: (a) => ({ ...a, evidence: { address_proof: "yes" } }) },
      { what: "evidence that is no object", code: "EG400", change: (a) => ({ ...a, evidence: JSON.stringify("x") }) },
      { what: "a kind of party that is none", code: "EG400", change: (a) => ({ ...a, party_kind: "unstated" }) },
      { what: "another kind than before", code: "EG428", change: (a) => ({ ...a, party_kind: "trust" }) },
      {
        what: "a closed application",
        code: "EG428",
        change: async (a, db) => ({ ...a, pending_id: await closed(db) }),
      },
    ],
  },
  {
    fn: "fn_give_evidence",
    by: OPS,
    arrange: async (db) => ({ party_id: await newParty(db), evidence: { identity_document: "2026-01-02" } }),
    check: async ([row], args, db) => {
      expect(row?.fn_give_evidence).toBe(1);
      expect(await db.look("select kind from party_evidence where party_id = $1", [args.party_id])).toEqual([
        { kind: "identity_document" },
      ]);
    },
    other: (args) => ({ ...args, evidence: { address_proof: "2026-01-03" } }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a party that is not there", code: "EG404", change: (a) => ({ ...a, party_id: NOWHERE }) },
      { what: "evidence without a date", code: "EG400", change: (a) => ({ ...a, evidence: { address_proof: "yes" } }) },
      { what: "evidence that is no object", code: "EG400", change: (a) => ({ ...a, evidence: JSON.stringify("x") }) },
    ],
  },
  {
    fn: "fn_decline_investor",
    by: OPS,
    arrange: async (db) => ({ pending_id: await pending(db), reason: "evidence_not_given" }),
    check: async ([row], args, db) => {
      expect(row?.fn_decline_investor).toBe("declined");
      expect(
        await db.look("select kyc_status, missing from investors_pending_kyc where pending_id = $1", [args.pending_id]),
      ).toEqual([{ kyc_status: "declined", missing: [] }]);
    },
    other: (args) => ({ ...args, reason: "withdrawn" }),
    audits: 1,
    events: ["INVESTOR_DECLINED"],
    refuses: [
      { what: "nobody pending", code: "EG404", change: (a) => ({ ...a, pending_id: NOWHERE }) },
      { what: "a reason in free words", code: "EG400", change: (a) => ({ ...a, reason: "on a list" }) },
      {
        what: "a closed application",
        code: "EG428",
        change: async (a, db) => ({ ...a, pending_id: await closed(db) }),
      },
    ],
  },
  {
    fn: "fn_tick_kyc",
    by: agent("kyc"),
    arrange: async (db) => {
      const pending_id = await clearApplicant(db);
      const investor = await db.value<string>(OPS, "fn_assign_investor", {
        pending_id,
        classification: "professional",
      });
      await db.look("update investors set kyc_valid_until = now() - interval '1 minute' where investor_id = $1", [
        investor,
      ]);
      const overdue = await newCase(db);
      await db.look("update cases set due_at = now() - interval '1 minute' where case_id = $1", [overdue]);
      return {};
    },
    check: async ([row], _args, db) => {
      expect(row?.fn_tick_kyc).toEqual({ expired: 1, opened: 1, overdue: 1 });
      // the case is of no fund
      expect(
        await db.look(
          "select fund_id, severity from risk_alerts where kind = 'case_overdue' order by created_at desc limit 1",
        ),
      ).toEqual([{ fund_id: null, severity: "warning" }]);
    },
    other: null,
    audits: 3,
    events: ["KYC_EXPIRED", "REVIEW_REQUESTED", "CASE_OVERDUE"],
    refuses: [],
  },
  {
    fn: "fn_read_applicant",
    by: agent("kyc"),
    arrange: async (db) => ({
      pending_id: await pending(db, { party_kind: "trust", evidence: { trust_deed: "2020-01-02" } }),
    }),
    check: ([row]) => {
      expect(row?.fn_read_applicant).toMatchObject({
        status: "submitted",
        case_stands: false,
        policy: { version: 2 },
        parties: [{ kind: "trust" }],
        evidence: [{ kind: "trust_deed", on: "2020-01-02", expires: null }],
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "nobody pending", code: "EG404", change: () => ({ pending_id: NOWHERE }) }],
  },
  {
    fn: "fn_read_kyc",
    by: OPS,
    arrange: async (db) => {
      const pending_id = await clearApplicant(db);
      return { investor_id: await db.value(OPS, "fn_assign_investor", { pending_id, classification: "professional" }) };
    },
    check: ([row], args) => {
      expect(row).toMatchObject({ investor: args.investor_id, state: "ok", missing: [], pending: null });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
];
