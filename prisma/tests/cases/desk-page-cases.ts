// RPC cases: the pages of operations and of the auditor, each read under the policies of whoever asks. All values are synthetic.
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { type Args, AUDIT, OPS, PM_ONE } from "../arrange.ts";
import { dealingFund } from "../dealing-day.ts";
import { codeOf, credit, importLines, importOrders, subscription } from "../import-files.ts";
import { newInvestor, pendingProposal } from "../synthetic-fund.ts";
import { deadLetter } from "./event-cases.ts";
import { newCase, WHY } from "./party-cases.ts";
import type { RpcCase } from "./rpc-case.ts";
import { checkOf, KYC } from "./screening-arrange.ts";

/** A page that is read: it writes nothing, and answers nothing to what it does not know. */
const page = { other: null, audits: 0, events: [], refuses: [] } satisfies Partial<RpcCase>;

export const DESK_PAGE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_read_cases",
    by: OPS,
    arrange: async (db) => {
      const first = await newCase(db, { severity: "critical" });
      await db.call(OPS, "fn_claim_case", { case_id: first });
      // a true match is confirmed by a second person
      const second = await newCase(db);
      await db.call(PM_ONE, "fn_decide_case", { case_id: second, verdict: "true_match", reason: WHY });
      await newCase(db, { severity: "notice" });
      return { state: null };
    },
    check: async ([row], _args, db) => {
      const queue = row?.fn_read_cases as { cases: Args[] };
      const { cases } = queue;
      const due = cases.map(({ due_at }) => Date.parse(String(due_at)));
      expect(due).toEqual([...due].sort((a, b) => a - b));
      const [open] = await db.look<{ count: string }>("select count(*) from cases where status <> 'decided'");
      expect(cases.length).toBe(Number(open?.count));
      expect(cases.find(({ mine }) => mine === true)).toMatchObject({ waits_for: "verdict", top_score: "0.93" });
      expect(cases.map(({ waits_for }) => waits_for)).toEqual(expect.arrayContaining(["owner", "second_person"]));
    },
    ...page,
  },
  {
    fn: "fn_read_case",
    by: AUDIT,
    arrange: async (db) => {
      const check = await checkOf(db);
      await db.call(KYC, "fn_record_check", check);
      const [found] = await db.look<{ code: string; case_id: string }>(
        "select code, case_id from cases where party_id = $1",
        [check.party_id],
      );
      await db.call(OPS, "fn_note_case", { case_id: found?.case_id, body: "Asked the registrar (synthetic)." });
      await db.call(OPS, "fn_decide_case", { case_id: found?.case_id, verdict: "false_match", reason: WHY });
      return { case_code: found?.code.toLowerCase() };
    },
    check: ([row]) => {
      expect(row?.fn_read_case).toMatchObject({
        kind: "screening",
        severity: "critical",
        second_person: expect.arrayContaining(["true_match"]),
        candidates: [
          {
            list_title: "Synthetic list",
            list_version: "1",
            score: "0.9",
            features: [{ feature: "name", says: "same words" }],
            entry: { names: ["Synthetic Name 1"] },
            entry_gone: false,
          },
        ],
        decisions: [{ verdict: "false_match", reason: WHY, entry_ref: "E1" }],
        notes: [{ body: "Asked the registrar (synthetic)." }],
      });
    },
    ...page,
  },
  {
    fn: "fn_read_import",
    by: AUDIT,
    arrange: async (db) => {
      const on = await dealingFund(db);
      const investor = await codeOf(db, await newInvestor(db, null));
      const rows = [subscription(investor, "5000.00", "S-1"), subscription("NOBODY", "1.00", "S-2")];
      const { import_id } = await importOrders(db, on, rows, { partial: true });
      return { import_id, outcome: "refused" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_read_import).toMatchObject({
        import_id: args.import_id,
        rows: 2,
        accepted: 1,
        outcomes: [
          { outcome: "accepted", rows: 1 },
          { outcome: "refused", rows: 1 },
        ],
        lines: [{ position: 2, outcome: "refused", said: { investor: "NOBODY", amount: "1.00" } }],
      });
      const all = await db.value<{ lines: Args[] }>(AUDIT, "fn_read_import", { import_id: args.import_id });
      expect(all.lines.map(({ outcome }) => outcome)).toEqual(["accepted", "refused"]);
    },
    ...page,
  },
  {
    fn: "fn_read_breaks",
    by: AUDIT,
    arrange: async (db) => {
      const on = await dealingFund(db);
      await importLines(db, on, [credit("77.00", { remittance: "NOBODY" })]);
      return {};
    },
    check: ([row]) => {
      const board = row?.fn_read_breaks as { breaks: Args[]; statements: Args[] };
      expect(board.breaks.find(({ amount }) => amount === "77.00")).toMatchObject({ kind: "bank_only", days: 0 });
      expect(board.statements[0]).toMatchObject({ unmatched: 1, matched: 0 });
    },
    ...page,
  },
  {
    fn: "fn_read_troubles",
    by: OPS,
    arrange: async (db) => {
      await deadLetter(db);
      return {};
    },
    check: async ([row], _args, db) => {
      const found = row?.fn_read_troubles as { letters: Args[]; left: Args[] };
      const [dead] = await db.look<{ count: string }>(
        "select count(*) from event_outbox where dead_at is not null and event_id::text not in (select subject from failure_steps where decided_at is not null and action = 'skip')",
      );
      expect(found.letters.length).toBe(Number(dead?.count));
      expect(found.letters.map(({ reason }) => reason)).toContain("no such playbook");
    },
    ...page,
  },
  {
    fn: "fn_read_calendar",
    by: PM_ONE,
    arrange: async (db) => {
      const { fund } = await dealingFund(db);
      const owed = { fund: fund.code, code: "synthetic-report", title: "Synthetic report", source: "A synthetic rule" };
      await db.call(OPS, "fn_set_obligation", { ...owed, due_on: "2026-02-27" });
      return { month: "2026-02-10", fund: fund.code };
    },
    check: async ([row], args, db) => {
      const month = row?.fn_read_calendar as { entries: Args[]; obligations: Args[] };
      expect(month).toMatchObject({ first: "2026-02-01" });
      expect(month.entries).toContainEqual(
        expect.objectContaining({ day: "2026-02-27", kind: "obligation", fund: args.fund, state: "overdue" }),
      );
      expect(month.obligations).toMatchObject([{ code: "synthetic-report", overdue: true }]);
      const next = await db.value<{ entries: Args[] }>(PM_ONE, "fn_read_calendar", { ...args, month: "2026-03-01" });
      expect(next.entries.filter(({ kind }) => kind === "obligation")).toEqual([]);
    },
    ...page,
  },
  {
    fn: "fn_read_timeline",
    by: AUDIT,
    arrange: async (db) => ({ name: (await pendingProposal(db)).proposalId, as_of: null, as_known: null }),
    check: async ([row], args, db) => {
      const line = row?.fn_read_timeline as { kind: string; entries: Args[] };
      expect(line.kind).toBe("proposal");
      const of = (kind: string) => line.entries.filter((one) => one.kind === kind).length;
      const [rows] = await db.look<{ audits: number; checks: number }>(
        "select (select count(*)::int from audit_trail where entity_id = $1) as audits, (select count(*)::int from proposal_checks where proposal_id::text = $1) as checks",
        [args.name],
      );
      expect([of("audit"), of("check")]).toEqual([rows?.audits, rows?.checks]);
      expect(rows?.audits).toBeGreaterThan(0);
      // before it was made nobody knew of it
      const before = { ...args, as_known: "2020-01-01T00:00:00Z" };
      expect(await db.value(AUDIT, "fn_read_timeline", before)).toMatchObject({ entries: [], entries_in_all: 0 });
      expect(await db.value(AUDIT, "fn_read_timeline", { name: "NOTHING-OF-THAT-NAME" })).toBeNull();
    },
    ...page,
  },
  {
    fn: "fn_read_sample",
    by: AUDIT,
    arrange: async (db) => {
      await pendingProposal(db);
      return { kind: "audit", seed: "4711", size: 5, since: null, until: null };
    },
    check: async ([row], args, db) => {
      const drawn = row?.fn_read_sample as { population: number; sample: { id: string; rank: string }[] };
      const all = await db.look<{ id: string }>("select audit_id::text as id from audit_trail");
      const hash = (id: string) => createHash("sha256").update(`${args.seed}/${id}`).digest("hex");
      // drawn again by somebody else, from the seed alone
      expect(drawn.sample.map(({ rank }) => rank)).toEqual(
        all
          .map(({ id }) => hash(id))
          .sort()
          .slice(0, 5),
      );
      expect(drawn.population).toBe(all.length);
    },
    ...page,
  },
];
