// RPC cases: lists, their versions, checks of parties, decisions about candidates. All names are synthetic.
import { createHash, randomUUID } from "node:crypto";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "../arrange.ts";
import { newParty } from "./party-cases.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const KYC = agent("kyc");
/** A second person of operations. */
const OPS_TWO: Actor = { role: "ops_role", userId: "77777777-7777-4777-8777-777777777777" };
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
let names = 0;
const change = (what: string, code: Refusal["code"], values: Args): Refusal => ({
  what,
  code,
  change: (a) => ({ ...a, ...values }),
});
const now = (hours = 0): string => new Date(Date.now() - hours * 3_600_000).toISOString();

export const entry = (id: string, name: string) => ({
  id,
  hash: sha(`${id}/${name}`),
  body: { entityId: id, names: [name] },
});

/** A list of its own, switched on. */
export async function newList(db: TestDatabase): Promise<{ source: string; list_id: string }> {
  const source = `syn-${++names}-${randomUUID().slice(0, 6)}`;
  const { list_id } = await db.value<{ list_id: string }>(OPS, "fn_set_watchlist", {
    source,
    title: "Synthetic list",
    format: "own-csv",
    address: "https://lists.invalid/synthetic.csv",
  });
  return { source, list_id };
}

export const fileOf = (source: string, entries: ReturnType<typeof entry>[], hours = 0): Args => ({
  source,
  entries: JSON.stringify(entries),
  file_hash: sha(JSON.stringify(entries)),
  fetched_at: now(hours),
});

/** `count` entries, published. */
export async function publishedList(db: TestDatabase, count = 20) {
  const list = await newList(db);
  const entries = Array.from({ length: count }, (_, n) => entry(`E${n}`, `Synthetic Name ${n}`));
  const { version_id } = await db.value<{ version_id: string }>(
    OPS,
    "fn_publish_watchlist",
    fileOf(list.source, entries),
  );
  return { ...list, entries, version_id };
}

/** The same list a tenth smaller: it waits for two people. */
async function held(db: TestDatabase): Promise<{ list_id: string; version_id: string }> {
  const list = await publishedList(db);
  const { version_id } = await db.value<{ version_id: string }>(
    OPS,
    "fn_publish_watchlist",
    fileOf(list.source, list.entries.slice(2)),
  );
  return { list_id: list.list_id, version_id };
}

/** Every active list as a check names it; other lists of this database are switched off first, whoever set them. */
export async function onlyList(db: TestDatabase, list_id: string): Promise<void> {
  await db.look("update watchlists set active = (list_id = $1) where active <> (list_id = $1) returning 1", [list_id]);
}

export async function askedFor(db: TestDatabase): Promise<{ party_id: string; revision: number }> {
  return db.value(OPS, "fn_request_screening", { party_id: await newParty(db) });
}

/** Good arguments of a check whose one candidate is possible. */
export async function checkOf(db: TestDatabase, outcome = "alert"): Promise<Args> {
  const list = await publishedList(db);
  await onlyList(db, list.list_id);
  const party = await askedFor(db);
  const [one] = await db.look<{ entry_id: string; sha256: string }>(
    "select e.entry_id, v.sha256 from watchlist_entries e join watchlist_versions v using (list_id) where list_id = $1 and external_id = 'E1'",
    [list.list_id],
  );
  const features = [{ feature: "name", score: 0.9, weight: 1, says: "same words" }];
  return {
    ...party,
    scope: "full",
    lists: JSON.stringify([{ version_id: list.version_id, sha256: one?.sha256 }]),
    engine: "test",
    candidates: JSON.stringify([
      { entry_id: one?.entry_id, score: 0.9, outcome, features, missing: outcome === "ask" ? ["born"] : [] },
    ]),
  };
}

/** A candidate that nobody has decided. */
export async function candidateOf(db: TestDatabase): Promise<{ party_id: string; candidate_id: string }> {
  const args = await checkOf(db);
  const { check_id } = await db.value<{ check_id: string }>(KYC, "fn_record_check", args);
  // as if it were in no case
  const [row] = await db.look<{ candidate_id: string }>(
    "update screening_candidates set case_id = null where check_id = $1 returning candidate_id",
    [check_id],
  );
  return { party_id: String(args.party_id), candidate_id: String(row?.candidate_id) };
}

const decided = async (db: TestDatabase): Promise<string> =>
  (
    await db.value<{ clearance_id: string }>(OPS, "fn_clear_candidate", {
      candidate_id: (await candidateOf(db)).candidate_id,
      decision: "false_match",
      reason: "another birth date",
    })
  ).clearance_id;

export const SCREENING_CASES: readonly RpcCase[] = [
  {
    fn: "fn_set_watchlist",
    by: OPS,
    arrange: async () => ({
      source: `set-${++names}`,
      title: "Synthetic list",
      format: "own-csv",
      max_age_hours: 12,
      shrink_limit: "0.1",
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_set_watchlist).toMatchObject({ source: args.source, active: true });
      expect(
        await db.look("select max_age_hours, shrink_limit::float from watchlists where source = $1", [args.source]),
      ).toEqual([{ max_age_hours: 12, shrink_limit: 0.1 }]);
    },
    other: (args) => ({ ...args, title: "Another title" }),
    audits: 1,
    events: ["WATCHLIST_SET"],
    refuses: [
      change("a name with a space", "EG400", { source: "a list" }),
      change("no title", "EG400", { title: "" }),
      change("a format that is none", "EG400", { format: "pdf" }),
      change("an address that is none", "EG400", { address: "" }),
      change("a list that may be a year old", "EG400", { max_age_hours: 8760 }),
      change("a list that may halve", "EG400", { shrink_limit: "0.5" }),
      change("a share that is no number", "EG400", { shrink_limit: "NaN" }),
      {
        what: "who set it, to switch it off",
        code: "EG420",
        change: async (a, db) => {
          const { source } = await newList(db);
          return { ...a, source, active: false };
        },
      },
      {
        what: "another format of a list that is there",
        code: "EG428",
        change: async (a, db) => ({ ...a, source: (await newList(db)).source, format: "eu-xml" }),
      },
    ],
  },
  {
    fn: "fn_request_list_refresh",
    by: OPS,
    arrange: async (db) => ({ source: (await newList(db)).source }),
    check: async ([row], args, db) => {
      const answer = row?.fn_request_list_refresh as { event_id: string; list_id: string };
      expect(
        await db.look("select payload ->> 'list_id' as list from fund_events where event_id = $1", [answer.event_id]),
      ).toEqual([{ list: answer.list_id }]);
      expect(args.source).toBeDefined();
    },
    other: (args) => ({ ...args, source: "another" }),
    audits: 1,
    events: ["LIST_REFRESH_REQUESTED"],
    refuses: [
      change("a list that is not there", "EG404", { source: "nowhere" }),
      {
        what: "a list without an address",
        code: "EG428",
        change: async (_a, db) => {
          const source = `file-${++names}`;
          await db.call(OPS, "fn_set_watchlist", { source, title: "Synthetic file", format: "own-csv" });
          return { source };
        },
      },
      {
        what: "a list that is switched off",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update watchlists set active = false where source = $1 returning 1", [a.source]);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_publish_watchlist",
    by: KYC,
    arrange: async (db) => {
      const list = await publishedList(db);
      // one changed, one new, one gone
      const next = [
        ...list.entries.slice(1, -1),
        entry("E19", "Synthetic Name, spelt anew"),
        entry("E20", "Synthetic Name 20"),
      ];
      return fileOf(list.source, next);
    },
    check: async ([row], args, db) => {
      expect(row?.fn_publish_watchlist).toMatchObject({
        status: "current",
        reason: null,
        ordinal: 2,
        rows: 20,
        added: 1,
        changed: 1,
        removed: 1,
      });
      const delta = await db.look(
        "select external_id, added_in, removed_in from watchlist_entries join watchlists using (list_id) where source = $1 and (added_in = 2 or removed_in = 2) order by 1, 2",
        [args.source],
      );
      expect(delta).toEqual([
        { external_id: "E0", added_in: 1, removed_in: 2 },
        { external_id: "E19", added_in: 1, removed_in: 2 },
        { external_id: "E19", added_in: 2, removed_in: null },
        { external_id: "E20", added_in: 2, removed_in: null },
      ]);
    },
    other: (args) => ({ ...args, label: "another" }),
    audits: 1,
    events: ["LIST_PUBLISHED"],
    refuses: [
      change("a list that is not there", "EG404", { source: "nowhere" }),
      change("a hash that is none", "EG400", { file_hash: "x" }),
      change("a time that has not come", "EG400", { fetched_at: "2999-01-01T00:00:00Z" }),
      change("a day that has not come", "EG400", { published_on: "2999-01-01" }),
      change("no list", "EG400", { entries: "{}" }),
      change("an entry twice", "EG400", { entries: JSON.stringify([entry("E1", "a"), entry("E1", "b")]) }),
      change("an entry without a body", "EG400", { entries: JSON.stringify([{ id: "E1", hash: sha("x") }]) }),
      change("an entry without a name", "EG400", { entries: JSON.stringify([{ ...entry("", "x") }]) }),
      {
        what: "a list that is switched off",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update watchlists set active = false where source = $1 returning 1", [a.source]);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_accept_watchlist_version",
    by: PM_ONE,
    arrange: async (db) => {
      const { version_id } = await held(db);
      await db.call(OPS, "fn_accept_watchlist_version", { version_id, reason: "the source says so" });
      return { version_id, reason: "seen with the source" };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_accept_watchlist_version).toMatchObject({
        status: "current",
        ordinal: 2,
        rows: 18,
        removed: 2,
        accepted: 2,
      });
      expect(await db.look("select 1 from watchlist_held where version_id = $1", [args.version_id])).toEqual([]);
    },
    other: (args) => ({ ...args, reason: "another" }),
    audits: 2,
    events: ["LIST_PUBLISHED"],
    refuses: [
      change("a version that is not there", "EG404", { version_id: NOWHERE }),
      change("no reason", "EG400", { reason: "" }),
      { what: "the same person twice", code: "EG420", by: OPS, change: (a) => a },
      {
        what: "a version that is not held",
        code: "EG428",
        change: async (a, db) => ({ ...a, version_id: (await publishedList(db)).version_id }),
      },
    ],
  },
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
