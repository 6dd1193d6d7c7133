// RPC cases: parties, their links, the KYC policy, and cases that people decide.
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase } from "../arrange.ts";
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

export const PARTY_CASES: RpcCase[] = [
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
