// Cases of what checks parties against lists: requests, checks, clearances.
import { expect } from "vitest";
import { OPS } from "../arrange.ts";
import { newParty } from "./party-cases.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";
import {
  askedFor,
  candidateOf,
  change,
  checkOf,
  decided,
  entry,
  fileOf,
  KYC,
  OPS_TWO,
  publishedList,
  sha,
} from "./screening-arrange.ts";

export const SCREENING_CASES: readonly RpcCase[] = [
  {
    fn: "fn_request_screening",
    by: OPS,
    arrange: async (db) => ({ party_id: await newParty(db) }),
    check: ([row], args) => {
      expect(row?.fn_request_screening).toEqual({ party_id: args.party_id, revision: 1 });
    },
    other: (args) => ({ ...args, party_id: NOWHERE }),
    audits: 1,
    events: ["SCREENING_REQUESTED"],
    refuses: [change("a party that is not there", "EG404", { party_id: NOWHERE })],
  },
  {
    fn: "fn_record_check",
    by: KYC,
    arrange: (db) => checkOf(db),
    check: async ([row], args, db) => {
      expect(row?.fn_record_check).toMatchObject({ outcome: "possible", candidates: 1, undecided: 1, missing: [] });
      expect(await db.look("select evergreen.screening_standing($1) as standing", [args.party_id])).toEqual([
        { standing: "open" },
      ]);
      const [list] = JSON.parse(String(args.lists)) as { version_id: string; sha256: string }[];
      expect(
        await db.look(
          "select version_id, sha256 from screening_check_lists join screening_checks using (check_id) where party_id = $1",
          [args.party_id],
        ),
      ).toEqual([list]);
    },
    other: (args) => ({ ...args, engine: "another" }),
    audits: 2,
    events: ["CASE_OPENED", "PARTY_SCREENED"],
    refuses: [
      change("a scope that is none", "EG400", { scope: "half" }),
      change("no engine", "EG400", { engine: "" }),
      change("no lists", "EG413", { lists: "[]" }),
      change("a party that nobody screens", "EG404", { party_id: NOWHERE }),
      change("facts that have changed", "EG425", { revision: 7 }),
      change("a version that is not there", "EG425", {
        lists: JSON.stringify([{ version_id: NOWHERE, sha256: sha("") }]),
      }),
      change("a candidate that is in no list", "EG400", {
        candidates: JSON.stringify([{ entry_id: NOWHERE, score: 0.9, outcome: "alert", features: [] }]),
      }),
      {
        what: "a list that was left out",
        code: "EG425",
        change: async (a, db) => {
          await publishedList(db);
          return a;
        },
      },
      {
        what: "a list that was published again meanwhile",
        code: "EG425",
        change: async (a, db) => {
          const [list] = await db.look<{ source: string }>("select source from watchlists where active");
          const entries = Array.from({ length: 20 }, (_, n) => entry(`E${n}`, `Synthetic Name ${n + 1}`));
          await db.call(OPS, "fn_publish_watchlist", fileOf(String(list?.source), entries));
          return a;
        },
      },
      {
        what: "to clear on a list that is too old",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update watchlist_versions set fetched_at = now() - interval '25 hours' returning 1");
          return { ...a, candidates: "[]" };
        },
      },
    ],
  },
  {
    fn: "fn_clear_candidate",
    by: OPS,
    arrange: async (db) => ({
      candidate_id: (await candidateOf(db)).candidate_id,
      decision: "false_match",
      reason: "another birth date",
    }),
    check: ([row]) => {
      expect(row?.fn_clear_candidate).toMatchObject({ decision: "false_match", standing: "clear" });
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["CANDIDATE_DECIDED"],
    refuses: [
      change("a candidate that is not there", "EG404", { candidate_id: NOWHERE }),
      change("a decision that is none", "EG400", { decision: "perhaps" }),
      change("no reason", "EG400", { reason: "" }),
      {
        what: "a pair that was decided already",
        code: "EG422",
        change: async (a, db) => {
          await db.call(OPS, "fn_clear_candidate", a);
          return a;
        },
      },
      {
        what: "a party whose facts have changed since",
        code: "EG425",
        change: async (a, db) => {
          await db.look(
            "update screening_subjects s set facts_version = facts_version + 1, revision = revision + 1 from screening_candidates c where c.party_id = s.party_id and c.candidate_id = $1 returning 1",
            [a.candidate_id],
          );
          return a;
        },
      },
      {
        what: "a candidate that is in a case",
        code: "EG428",
        change: async (a, db) => {
          await db.look(
            "update screening_candidates set case_id = (select case_id from cases limit 1) where candidate_id = $1 returning 1",
            [a.candidate_id],
          );
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_end_clearance",
    by: OPS_TWO,
    arrange: async (db) => ({ clearance_id: await decided(db), reason: "decided on the wrong document" }),
    check: ([row]) => {
      expect(row?.fn_end_clearance).toMatchObject({ standing: "unscreened" });
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 1,
    events: ["SCREENING_REQUESTED"],
    refuses: [
      change("a clearance that is not there", "EG404", { clearance_id: NOWHERE }),
      change("no reason", "EG400", { reason: "" }),
      { what: "who decided it", code: "EG420", by: OPS, change: (a) => a },
      {
        what: "one that was ended already",
        code: "EG422",
        change: async (a, db) => {
          await db.call(OPS_TWO, "fn_end_clearance", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_record_rescreen",
    by: KYC,
    arrange: async (db) => ({
      list_id: (await publishedList(db)).list_id,
      from_ordinal: 0,
      to_ordinal: 1,
      parties: 3,
      affected: 1,
      engine: "test",
    }),
    check: ([row]) => {
      expect(row?.fn_record_rescreen).toEqual({ entries: 20, parties: 3, affected: 1 });
    },
    other: (args) => ({ ...args, parties: 4 }),
    audits: 1,
    events: ["PARTIES_RESCREENED"],
    refuses: [
      change("a list that is not there", "EG404", { list_id: NOWHERE }),
      change("more affected than there are", "EG400", { affected: 4 }),
      change("a beginning where the last one did not end", "EG425", { from_ordinal: 1, to_ordinal: 2 }),
      change("a version that is not the current one", "EG425", { to_ordinal: 2 }),
    ],
  },
  {
    fn: "fn_list_unscreened",
    by: OPS,
    arrange: async (db) => {
      await askedFor(db);
      return { max_rows: 1000 };
    },
    check: async (rows, _args, db) => {
      const [counted] = await db.look<{ n: number }>(
        "select count(*)::int as n from screening_subjects s where not exists (select from screening_checks c where c.party_id = s.party_id and c.revision = s.revision)",
      );
      expect(rows).toHaveLength(Number(counted?.n));
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [change("a page of nothing", "EG400", { max_rows: 0 })],
  },
  {
    fn: "fn_read_screening",
    by: OPS,
    arrange: async (db) => ({ party_id: (await candidateOf(db)).party_id }),
    check: ([row], args) => {
      expect(row?.fn_read_screening).toMatchObject({
        party_id: args.party_id,
        standing: "open",
        check: { outcome: "possible", lists: [{ ordinal: 1 }] },
        candidates: [{ entry: "E1", outcome: "alert", score: "0.9", decision: null }],
      });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [change("a party that is not there", "EG404", { party_id: NOWHERE })],
  },
];
