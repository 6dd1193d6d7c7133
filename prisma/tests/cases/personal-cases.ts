// RPC cases: subjects and their keys, encrypted values, documents.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type Args, OPS } from "../arrange.ts";
import {
  absent,
  documentArgs,
  erase,
  erased,
  hash,
  KYC,
  newSubject,
  toErase,
  underOldKey,
  value,
  withValues,
  wrappedKey,
} from "../subjects.ts";
import { openVault, vaultRefuses } from "../vault.ts";
import { NOWHERE, noUuid, type Refusal, type RpcCase } from "./rpc-case.ts";

const putting = (what: string, code: Refusal["code"], change: (values: Args[]) => unknown): Refusal => ({
  what,
  code,
  change: (a) => ({ ...a, field_values: JSON.stringify(change(a.field_values as Args[])) }),
});

export const PERSONAL_CASES: RpcCase[] = [
  {
    fn: "fn_open_subject",
    by: KYC,
    arrange: async (db) => ({
      subject_id: await db.value<string>(OPS, "fn_register_party", { kind: "natural_person" }),
      wrapped_key: wrappedKey(),
      master_key_id: "mk-synthetic",
    }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select wrapped_key, master_key_id, state, opened_by from subject_keys where subject_id = $1", [
          args.subject_id,
        ]),
      ).toEqual([
        { wrapped_key: args.wrapped_key, master_key_id: args.master_key_id, state: "active", opened_by: "agent:kyc" },
      ]);
      // no key stands where an answer is kept
      expect(
        await db.look("select count(*)::int as n from commands where result::text like '%' || $1 || '%'", [
          String(args.wrapped_key).slice(3, 40),
        ]),
      ).toEqual([{ n: 0 }]);
    },
    other: (args) => ({ ...args, subject_id: randomUUID() }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a key in clear", code: "EG400", change: (a) => ({ ...a, wrapped_key: "00".repeat(32) }) },
      { what: "a master key without a name", code: "EG400", change: (a) => ({ ...a, master_key_id: "" }) },
      { what: "no subject", code: "EG400", change: (a) => ({ ...a, subject_id: null }) },
      absent,
      {
        what: "a subject that was erased",
        code: "EG428",
        change: async (a, db) => {
          const subject_id = await withValues(db);
          await erase(db, subject_id);
          return { ...a, subject_id };
        },
      },
    ],
  },
  {
    fn: "fn_put_personal",
    by: KYC,
    arrange: async (db) => ({ subject_id: await withValues(db), field_values: [value("name"), value("email")] }),
    check: async (_rows, args, db) => {
      const rows = await db.look(
        "select field, superseded_at is null as current from personal_values where subject_id = $1 order by field, 2",
        [args.subject_id],
      );
      expect(rows).toEqual([
        { field: "born", current: true },
        { field: "email", current: true },
        { field: "name", current: false },
        { field: "name", current: true },
      ]);
    },
    other: (args) => ({ ...args, field_values: [value("name")] }),
    audits: 1,
    events: ["SCREENING_REQUESTED", "PERSONAL_DATA_RECORDED"],
    refuses: [
      putting("no list", "EG400", () => ({})),
      putting("an empty list", "EG400", () => []),
      putting("a clear value", "EG400", ([first]) => [{ ...first, ciphertext: "Jane Synthetic" }]),
      putting("no field", "EG400", ([first]) => [{ ...first, field: null }]),
      putting("an id that is none", "EG400", ([first]) => [{ ...first, value_id: noUuid }]),
      putting("no mark of its content", "EG400", ([first]) => [{ ...first, content: null }]),
      putting("an index that is no hash", "EG400", ([first]) => [{ ...first, blind_index: ["jane"] }]),
      putting("a field twice", "EG400", ([first]) => [first, { ...value("name"), field: first?.field }]),
      putting("more than 2 MB", "EG413", ([first]) => [{ ...first, ciphertext: `v1.${"A".repeat(2_000_001)}` }]),
      putting("a number of a key that is none", "EG400", ([first]) => [{ ...first, key_version: "first" }]),
      absent,
      erased,
      underOldKey,
      {
        what: "a subject whose erasure was asked for",
        code: "EG428",
        change: async (a, db) => ({ ...a, subject_id: await toErase(db) }),
      },
    ],
  },
  {
    fn: "fn_read_personal",
    by: OPS,
    arrange: async (db) => ({ subject_ids: [await withValues(db), NOWHERE], purpose: "review" }),
    check: async (rows, args, db) => {
      expect(rows.map((row) => [row.field, row.state])).toEqual([
        ["born", "active"],
        ["name", "active"],
      ]);
      expect(
        await db.look("select what, fields, purpose from personal_accesses where subject_id = $1", [
          (args.subject_ids as string[])[0],
        ]),
      ).toEqual([{ what: "values", fields: [], purpose: "review" }]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "nobody", code: "EG400", change: (a) => ({ ...a, subject_ids: [] }) },
      { what: "a purpose in words", code: "EG400", change: (a) => ({ ...a, purpose: "Because I like to." }) },
    ],
  },
  {
    fn: "fn_find_subjects",
    by: OPS,
    arrange: async (db) => ({ field: "name", index_value: hash(await withValues(db)) }),
    check: (rows, args) => {
      expect(rows.map((row) => hash(String(row.subject_id)))).toEqual([args.index_value]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a name in clear", code: "EG400", change: (a) => ({ ...a, index_value: "Jane Synthetic" }) },
      { what: "no field", code: "EG400", change: (a) => ({ ...a, field: "" }) },
    ],
  },
  {
    fn: "fn_put_document",
    by: KYC,
    arrange: async (db) => documentArgs(await newSubject(db)),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select kind, size::int as size, removed_at from documents where document_id = $1", [
          args.document_id,
        ]),
      ).toEqual([{ kind: args.kind, size: args.size, removed_at: null }]);
    },
    other: (args) => ({ ...args, size: 77 }),
    audits: 1,
    events: [],
    refuses: [
      { what: "a kind in words", code: "EG400", change: (a) => ({ ...a, kind: "Passport of Jane" }) },
      { what: "a type that is not taken", code: "EG400", change: (a) => ({ ...a, content_type: "text/html" }) },
      { what: "another path", code: "EG400", change: (a) => ({ ...a, storage_path: "passport.pdf" }) },
      { what: "no hash", code: "EG400", change: (a) => ({ ...a, sha256: "abc" }) },
      { what: "more than 20 MB", code: "EG413", change: (a) => ({ ...a, size: 20 * 1024 * 1024 + 1 }) },
      { what: "a subject that is not there", code: "EG404", change: () => documentArgs(NOWHERE) },
      { ...erased, change: async (_a, db) => documentArgs(await toErase(db)) },
      underOldKey,
    ],
  },
  {
    fn: "fn_read_document",
    by: OPS,
    arrange: async (db) => {
      const args = documentArgs(await newSubject(db));
      await db.call(KYC, "fn_put_document", args);
      return { document_id: args.document_id, purpose: "review" };
    },
    check: async (rows, args, db) => {
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ id: args.document_id, kind: "identity_document", master_key_id: "mk-synthetic" });
      expect(
        await db.look("select purpose from personal_accesses where what = 'document:' || $1", [args.document_id]),
      ).toEqual([{ purpose: "review" }]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "a purpose in words", code: "EG400", change: (a) => ({ ...a, purpose: "" }) },
      { what: "a document that is not there", code: "EG404", change: (a) => ({ ...a, document_id: NOWHERE }) },
    ],
  },
  {
    fn: "fn_list_subject_keys",
    by: OPS,
    arrange: async (db) => {
      await newSubject(db);
      return { but: "mk-other", max_keys: 5000 };
    },
    check: (rows) => {
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every((row) => row.master_key_id !== "mk-other")).toBe(true);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [
      { what: "no master key", code: "EG400", change: (a) => ({ ...a, but: null }) },
      { what: "too many", code: "EG400", change: (a) => ({ ...a, max_keys: 100_000 }) },
    ],
  },
  {
    fn: "fn_rotate_subject_keys",
    by: OPS,
    arrange: async (db) => {
      const subject_id = await newSubject(db);
      const [row] = await db.look<{ wrapped_key: string }>(
        "select wrapped_key from subject_keys where subject_id = $1",
        [subject_id],
      );
      return { keys: [{ subject_id, was: row?.wrapped_key, wrapped_key: wrappedKey(), master_key_id: "mk-next" }] };
    },
    check: async (_rows, args, db) => {
      const [key] = args.keys as Args[];
      expect(
        await db.look("select wrapped_key, master_key_id from subject_keys where subject_id = $1", [key?.subject_id]),
      ).toEqual([{ wrapped_key: key?.wrapped_key, master_key_id: "mk-next" }]);
    },
    other: (args) => ({ keys: [{ ...(args.keys as Args[])[0], wrapped_key: wrappedKey() }] }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: () => ({ keys: "[]" }) },
      {
        what: "a key in clear",
        code: "EG400",
        change: (a) => ({ keys: [{ ...(a.keys as Args[])[0], wrapped_key: "00" }] }),
      },
    ],
  },
  {
    fn: "fn_read_vault_keys",
    by: KYC,
    arrange: async (db) => {
      const key = "a".repeat(64);
      await openVault(db, {
        evergreen_personal_master: key,
        evergreen_personal_index: key,
        evergreen_personal_signing: key,
      });
      return {};
    },
    check: ([row]) => {
      const key = "a".repeat(64);
      expect(row?.fn_read_vault_keys).toEqual({ master: key, index: key, signing: key });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: vaultRefuses("the keys"),
  },
];
