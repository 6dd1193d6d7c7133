// RPC cases: a new data key for a subject.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type Args, OPS } from "../arrange.ts";
import {
  absent,
  documentArgs,
  erase,
  erased,
  KYC,
  newSubject,
  renewal,
  underOldKey,
  value,
  withValues,
  wrappedKey,
} from "../subjects.ts";
import type { Refusal, RpcCase } from "./rpc-case.ts";

const list = (text: unknown): Args[] => JSON.parse(String(text)) as Args[];
const later = (): string => new Date(Date.now() + 3_600_000).toISOString();
const wrong = (what: string, name: string, change: (first: Args) => Args): Refusal => ({
  what,
  code: "EG400",
  change: (a) => ({ ...a, [name]: JSON.stringify(list(a[name]).map((one) => change(one))) }),
});

export const RENEWAL_CASES: RpcCase[] = [
  {
    fn: "fn_list_old_subject_keys",
    by: OPS,
    arrange: async (db) => {
      await newSubject(db);
      return { made_before: later(), max_keys: 5000 };
    },
    check: async (rows, args, db) => {
      expect(rows.length).toBeGreaterThan(0);
      const before = { ...args, made_before: "2000-01-01T00:00:00Z" };
      expect(await db.call(OPS, "fn_list_old_subject_keys", before)).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "no time", code: "EG400", change: (a) => ({ ...a, made_before: "infinity" }) },
      { what: "too many", code: "EG400", change: (a) => ({ ...a, max_keys: 100_000 }) },
    ],
  },
  {
    fn: "fn_read_subject_cipher",
    by: OPS,
    arrange: async (db) => ({ subject_id: await withValues(db) }),
    check: async ([row], args, db) => {
      const kept = row?.fn_read_subject_cipher as { values: Args[]; key_version: number } | undefined;
      expect(kept?.values).toHaveLength(2);
      expect(kept?.key_version).toBe(1);
      expect(await db.look("select purpose from personal_accesses where subject_id = $1", [args.subject_id])).toEqual([
        { purpose: "new-data-key" },
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [absent, erased],
  },
  {
    fn: "fn_renew_subject_key",
    by: OPS,
    arrange: async (db) => {
      const subject_id = await withValues(db);
      // one more of a field: what it replaced stands under the key as well
      await db.call(KYC, "fn_put_personal", { subject_id, field_values: [value("name")] });
      await db.call(KYC, "fn_put_document", documentArgs(subject_id));
      return renewal(db, subject_id);
    },
    check: async (rows, args, db) => {
      const answer = rows[0]?.fn_renew_subject_key as { key_version: number; gone: string[] };
      expect(answer).toMatchObject({ key_version: 2, gone: [expect.stringMatching(`^${args.subject_id}/`)] });
      expect(
        await db.look("select wrapped_key, master_key_id, key_version from subject_keys where subject_id = $1", [
          args.subject_id,
        ]),
      ).toEqual([{ wrapped_key: args.wrapped_key, master_key_id: "mk-next", key_version: 2 }]);
      const now = await db.look<{ ciphertext: string }>(
        "select ciphertext from personal_values where subject_id = $1",
        [args.subject_id],
      );
      expect(now.map(({ ciphertext }) => ciphertext).sort()).toEqual(
        list(args.field_values)
          .map(({ ciphertext }) => ciphertext)
          .sort(),
      );
      expect(now).toHaveLength(3);
      // no key stands where an answer is kept
      for (const key of [args.was, args.wrapped_key])
        expect(
          await db.look("select count(*)::int as n from commands where result::text like '%' || $1 || '%'", [
            String(key).slice(3, 40),
          ]),
        ).toEqual([{ n: 0 }]);
    },
    other: (args) => ({ ...args, was: wrappedKey() }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a key in clear", code: "EG400", change: (a) => ({ ...a, wrapped_key: "00".repeat(32) }) },
      { what: "the same key", code: "EG400", change: (a) => ({ ...a, wrapped_key: a.was }) },
      { what: "no lists", code: "EG400", change: (a) => ({ ...a, accounts: "{}" }) },
      wrong("a clear value", "field_values", (one) => ({ ...one, ciphertext: "Jane Synthetic" })),
      wrong("a document elsewhere", "documents", (one) => ({ ...one, storage_path: "passport.pdf" })),
      { what: "a clear account", code: "EG400", change: (a) => ({ ...a, accounts: '[{"account_id": "x"}]' }) },
      {
        what: "more than 20 MB",
        code: "EG413",
        change: (a) => ({ ...a, accounts: JSON.stringify([{ sealed: "A".repeat(20_000_001) }]) }),
      },
      { ...absent, change: (a) => ({ ...a, documents: "[]", subject_id: randomUUID() }) },
      {
        what: "a subject that was erased",
        code: "EG428",
        change: async (a, db) => {
          await erase(db, a.subject_id);
          return a;
        },
      },
      underOldKey,
      {
        what: "a value that is left under the old key",
        code: "EG425",
        change: (a) => ({ ...a, field_values: JSON.stringify(list(a.field_values).slice(1)) }),
      },
      { what: "a document that is left under the old key", code: "EG425", change: (a) => ({ ...a, documents: "[]" }) },
    ],
  },
];
