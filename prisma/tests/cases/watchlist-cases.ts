// Cases of lists: set, refreshed, published, accepted by two.
import { expect } from "vitest";
import { OPS, PM_ONE } from "../arrange.ts";
import { NOWHERE, type RpcCase } from "./rpc-case.ts";
import { change, entry, fileOf, held, KYC, newList, nextName, publishedList, sha } from "./screening-arrange.ts";

export const WATCHLIST_CASES: readonly RpcCase[] = [
  {
    fn: "fn_set_watchlist",
    by: OPS,
    arrange: async () => ({
      source: nextName("set"),
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
          const source = nextName("file");
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
];
