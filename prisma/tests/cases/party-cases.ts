// RPC cases: parties, their links, the KYC policy, and cases that people decide.
import { expect } from "vitest";
import { type Args, agent, LP_A, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";

export const newParty = (db: TestDatabase, kind = "company"): Promise<string> =>
  db.value<string>(OPS, "fn_register_party", { kind });

const CANDIDATES = [
  { list: "ofac-sdn", list_version: "2026-11-20", entry_ref: "12345", score: "0.93", features: [] },
  { list: "un", list_version: "2026-11-20", entry_ref: "QDi.001", score: "0.71", features: [] },
];
/** An open case with two candidates. */
export const newCase = async (db: TestDatabase, over: Args = {}): Promise<string> =>
  db.value<string>(agent("kyc"), "fn_open_case", {
    kind: "screening",
    severity: "warning",
    party_id: await newParty(db),
    source: "check/synthetic",
    candidates: CANDIDATES,
    ...over,
  });
export const WHY = "Born in another century, in another country.";
const decided = async (db: TestDatabase): Promise<string> => {
  const case_id = await newCase(db);
  await db.call(OPS, "fn_decide_case", { case_id, verdict: "false_match", reason: WHY });
  return case_id;
};
const gone = (code: "EG404" | "EG428") => ({
  what: code === "EG404" ? "a case that is not there" : "a case that is decided",
  code,
  change: async (a: Args, db: TestDatabase) => ({ ...a, case_id: code === "EG404" ? NOWHERE : await decided(db) }),
});
const claimed = async (db: TestDatabase) => {
  const case_id = await newCase(db);
  await db.call(PM_ONE, "fn_claim_case", { case_id });
  return case_id;
};
const policy = async (db: TestDatabase): Promise<Record<string, unknown>> =>
  (await db.look<{ body: Record<string, unknown> }>("select body from kyc_policies where version = 1"))[0]!.body;

export const pending = (db: TestDatabase, args: Args = {}): Promise<string> =>
  db.value<string>(OPS, "fn_submit_investor", { classification: "professional", ...args });
/** An application that was declined. */
const closed = async (db: TestDatabase): Promise<string> => {
  const pending_id = await pending(db);
  await db.call(OPS, "fn_decline_investor", { pending_id, reason: "withdrawn" });
  return pending_id;
};

export const PARTY_CASES: RpcCase[] = [
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
      const pending_id = await pending(db);
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
    check: ([row]) => {
      expect(row?.fn_tick_kyc).toEqual({ expired: 1, opened: 1, overdue: 1 });
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
        policy: { version: 1 },
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
      const pending_id = await pending(db);
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
  {
    fn: "fn_register_party",
    by: OPS,
    arrange: async () => ({ kind: "trust" }),
    check: async ([row], _args, db) => {
      expect(
        await db.look("select kind, risk_level, frozen_at from parties where party_id = $1", [row?.fn_register_party]),
      ).toEqual([{ kind: "trust", risk_level: "unrated", frozen_at: null }]);
    },
    other: (args) => ({ ...args, kind: "company" }),
    audits: 1,
    events: ["PARTY_REGISTERED"],
    refuses: [{ what: "a kind that is none", code: "EG400", change: (a) => ({ ...a, kind: "unstated" }) }],
  },
  {
    fn: "fn_link_parties",
    by: OPS,
    arrange: async (db) => ({
      owner_id: await newParty(db, "natural_person"),
      owned_id: await newParty(db),
      kind: "ownership",
      share: "0.6",
      effective_from: "2026-01-01",
    }),
    check: async ([row], args, db) => {
      expect(
        await db.look("select owner_id, version, share::text, ended from party_links where link_id = $1", [
          row?.fn_link_parties,
        ]),
      ).toEqual([{ owner_id: args.owner_id, version: 1, share: "0.600000000000000000", ended: false }]);
    },
    other: (args) => ({ ...args, share: "0.5" }),
    audits: 1,
    events: ["PARTIES_LINKED"],
    refuses: [
      { what: "an owner that is not there", code: "EG404", change: (a) => ({ ...a, owner_id: NOWHERE }) },
      { what: "an owned party that is not there", code: "EG404", change: (a) => ({ ...a, owned_id: NOWHERE }) },
      { what: "a party behind itself", code: "EG400", change: (a) => ({ ...a, owner_id: a.owned_id }) },
      { what: "a kind that is none", code: "EG400", change: (a) => ({ ...a, kind: "friend" }) },
      { what: "ownership without a share", code: "EG400", change: (a) => ({ ...a, share: null }) },
      { what: "a share of nothing", code: "EG400", change: (a) => ({ ...a, share: "0" }) },
      { what: "more than one", code: "EG400", change: (a) => ({ ...a, share: "1.01" }) },
      { what: "a share that is NaN", code: "EG400", change: (a) => ({ ...a, share: "NaN" }) },
      { what: "control with a share", code: "EG400", change: (a) => ({ ...a, kind: "control" }) },
      {
        what: "more than the whole",
        code: "EG424",
        change: async (a, db) => {
          await db.call(OPS, "fn_link_parties", { ...a, owner_id: await newParty(db), share: "0.5" });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_set_kyc_policy",
    by: PM_ONE,
    arrange: async (db) => ({ body: await policy(db), effective_from: "2031-01-01" }),
    check: async ([row], _args, db) => {
      const { policy_id } = row!.fn_set_kyc_policy as { policy_id: string };
      expect(
        await db.look("select effective_from::text, length(hash) as n from kyc_policies where policy_id = $1", [
          policy_id,
        ]),
      ).toEqual([{ effective_from: "2031-01-01", n: 64 }]);
    },
    other: (args) => ({ ...args, effective_from: "2031-01-02" }),
    audits: 1,
    events: ["KYC_POLICY_SET"],
    refuses: [
      { what: "a body that says nothing", code: "EG400", change: (a) => ({ ...a, body: {} }) },
      { what: "no date", code: "EG400", change: (a) => ({ ...a, effective_from: "infinity" }) },
      {
        what: "a true match that one person decides",
        code: "EG424",
        change: (a) => {
          const body = structuredClone(a.body) as { cases: { secondPerson: Record<string, string[]> } };
          body.cases.secondPerson.notice = [];
          return { ...a, body };
        },
      },
      {
        what: "high risk that is looked at every two years",
        code: "EG424",
        change: (a) => {
          const body = structuredClone(a.body) as { refresh: { years: Record<string, number> } };
          body.refresh.years.high = 2;
          return { ...a, body };
        },
      },
      {
        what: "a clock of no hours",
        code: "EG400",
        change: (a) => {
          const body = structuredClone(a.body) as { cases: { dueHours: Record<string, number> } };
          body.cases.dueHours.critical = 0;
          return { ...a, body };
        },
      },
    ],
  },
  {
    fn: "fn_open_case",
    by: agent("kyc"),
    arrange: async (db) => ({
      kind: "screening",
      severity: "critical",
      party_id: await newParty(db),
      source: "check/synthetic",
      candidates: CANDIDATES,
    }),
    check: async ([row], _args, db) => {
      expect(
        await db.look(
          `select c.status, round(extract(epoch from c.due_at - c.created_at) / 3600)::int as hours, (select count(*)::int from case_candidates k where k.case_id = c.case_id) as candidates
             from cases c where c.case_id = $1`,
          [row?.fn_open_case],
        ),
      ).toEqual([{ status: "open", hours: 24, candidates: 2 }]);
    },
    other: (args) => ({ ...args, severity: "notice" }),
    audits: 1,
    events: ["CASE_OPENED"],
    refuses: [
      { what: "a party that is not there", code: "EG404", change: (a) => ({ ...a, party_id: NOWHERE }) },
      { what: "a fund that is not there", code: "EG404", change: (a) => ({ ...a, fund_id: NOWHERE }) },
      { what: "a kind that is none", code: "EG400", change: (a) => ({ ...a, kind: "gossip" }) },
      { what: "a severity that is none", code: "EG400", change: (a) => ({ ...a, severity: "grave" }) },
      { what: "no source", code: "EG400", change: (a) => ({ ...a, source: "" }) },
      { what: "candidates that are no list", code: "EG400", change: (a) => ({ ...a, candidates: { a: 1 } }) },
      {
        what: "an entry of no list",
        code: "EG400",
        change: (a) => ({ ...a, candidates: [{ entry_ref: "12345" }] }),
      },
    ],
  },
  {
    fn: "fn_claim_case",
    by: OPS,
    arrange: async (db) => ({ case_id: await newCase(db) }),
    check: async ([row], args, db) => {
      expect(await db.look("select status, claimed_by from cases where case_id = $1", [args.case_id])).toEqual([
        { status: "in_review", claimed_by: row?.fn_claim_case },
      ]);
    },
    other: () => ({ case_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [
      gone("EG404"),
      gone("EG428"),
      { what: "a case of somebody else", code: "EG428", change: async (_a, db) => ({ case_id: await claimed(db) }) },
    ],
  },
  {
    fn: "fn_release_case",
    by: PM_TWO,
    arrange: async (db) => ({ case_id: await claimed(db) }),
    check: async (_rows, args, db) => {
      expect(await db.look("select status, claimed_by from cases where case_id = $1", [args.case_id])).toEqual([
        { status: "in_review", claimed_by: null },
      ]);
    },
    other: () => ({ case_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [
      gone("EG404"),
      gone("EG428"),
      { what: "a case that nobody has", code: "EG428", change: async (_a, db) => ({ case_id: await newCase(db) }) },
      {
        what: "a case of somebody else, by operations",
        code: "EG403",
        by: OPS,
        change: async (_a, db) => ({ case_id: await claimed(db) }),
      },
    ],
  },
  {
    fn: "fn_note_case",
    by: OPS,
    arrange: async (db) => ({ case_id: await newCase(db), body: "Asked the registrar." }),
    check: async ([row], args, db) => {
      expect(await db.look("select body from case_notes where note_id = $1", [row?.fn_note_case])).toEqual([
        { body: args.body },
      ]);
    },
    other: (args) => ({ ...args, body: "Asked again." }),
    audits: 1,
    events: [],
    refuses: [
      gone("EG404"),
      gone("EG428"),
      { what: "an empty note", code: "EG400", change: (a) => ({ ...a, body: "  " }) },
      { what: "a note that is too long", code: "EG400", change: (a) => ({ ...a, body: "x".repeat(2001) }) },
    ],
  },
  {
    fn: "fn_decide_case",
    by: OPS,
    arrange: async (db) => ({ case_id: await newCase(db), verdict: "false_match", reason: WHY }),
    check: async ([row], args, db) => {
      expect(row?.fn_decide_case).toEqual({
        case_id: args.case_id,
        status: "decided",
        outcome: "false_match",
        waiting_for: null,
      });
      expect(
        await db.look("select count(*)::int as n, min(step) as step from case_decisions where case_id = $1", [
          args.case_id,
        ]),
      ).toEqual([{ n: 2, step: "final" }]);
    },
    other: (args) => ({ ...args, verdict: "need_more" }),
    audits: 1,
    events: ["CASE_DECIDED"],
    refuses: [
      gone("EG404"),
      gone("EG428"),
      { what: "a verdict that is none", code: "EG400", change: (a) => ({ ...a, verdict: "perhaps" }) },
      { what: "hardly a reason", code: "EG400", change: (a) => ({ ...a, reason: "because" }) },
      { what: "a candidate of no case", code: "EG404", change: (a) => ({ ...a, candidate_id: NOWHERE }) },
      {
        what: "a case of somebody else",
        code: "EG428",
        change: async (a, db) => ({ ...a, case_id: await claimed(db) }),
      },
      {
        what: "the confirmation of one's own verdict",
        code: "EG420",
        change: async (a, db) => {
          await db.call(OPS, "fn_decide_case", { ...a, verdict: "true_match" });
          return { ...a, verdict: "true_match" };
        },
      },
      {
        what: "more facts for what two people disagree about",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_ONE, "fn_decide_case", { ...a, verdict: "true_match" });
          await db.call(PM_TWO, "fn_decide_case", { ...a, verdict: "false_match" });
          return { ...a, verdict: "need_more" };
        },
      },
    ],
  },
  {
    fn: "fn_list_cases",
    by: OPS,
    arrange: async (db) => {
      await newCase(db, { severity: "notice" });
      await newCase(db, { severity: "critical" });
      return {};
    },
    check: (rows) => {
      const due = rows.map((row) => new Date(String(row.due_at)).getTime());
      expect(rows.length).toBeGreaterThanOrEqual(2);
      expect(due).toEqual([...due].sort((a, b) => a - b));
      expect(rows.every((row) => row.case_status !== "decided")).toBe(true);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a status that is none", code: "EG400", change: () => ({ status: "lost" }) },
      { what: "too many rows", code: "EG400", change: () => ({ max_rows: 1001 }) },
    ],
  },
];
