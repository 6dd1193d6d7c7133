// RPC cases: holds on subjects, erasure with its tombstone, erasure again after a restore, export.
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, PM_TWO, SERVICE } from "../arrange.ts";
import { absent, erased, KYC, newSubject, stone, toErase, tombstoneOf, withValues } from "../subjects.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const noReason: Refusal = { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) };
export const ERASURE_CASES: RpcCase[] = [
  {
    fn: "fn_hold_subject",
    by: PM_ONE,
    arrange: async (db) => ({ subject_id: await newSubject(db), reason: "a claim" }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select reason, lifted_at from subject_holds where subject_id = $1", [args.subject_id]),
      ).toEqual([{ reason: "a claim", lifted_at: null }]);
    },
    other: (args) => ({ ...args, reason: "another claim" }),
    audits: 1,
    events: [],
    refuses: [
      noReason,
      absent,
      erased,
      { what: "a time that has passed", code: "EG400", change: (a) => ({ ...a, until: "2020-01-01T00:00:00Z" }) },
    ],
  },
  {
    fn: "fn_release_subject",
    by: PM_TWO,
    arrange: async (db) => ({
      hold_id: (
        await db.value<{ hold_id: string }>(PM_ONE, "fn_hold_subject", {
          subject_id: await newSubject(db),
          reason: "a claim",
        })
      ).hold_id,
      reason: "settled",
    }),
    check: async (_rows, args, db) => {
      expect(await db.look("select lift_reason from subject_holds where hold_id = $1", [args.hold_id])).toEqual([
        { lift_reason: "settled" },
      ]);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: [],
    refuses: [
      noReason,
      { what: "whoever placed it", code: "EG420", by: PM_ONE, change: (a) => a },
      { what: "a hold that is not there", code: "EG404", change: (a) => ({ ...a, hold_id: NOWHERE }) },
      {
        what: "one that was lifted",
        code: "EG428",
        change: async (a, db) => {
          await db.call(OPS, "fn_release_subject", { hold_id: a.hold_id, reason: "settled" });
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_request_erasure",
    by: OPS,
    arrange: async (db) => ({ subject_id: await withValues(db), reason: "asked by the person" }),
    check: async (_rows, args, db) => {
      expect(await db.look("select state from subject_keys where subject_id = $1", [args.subject_id])).toEqual([
        { state: "restricted" },
      ]);
      // operations, who would look it up, see nothing of it any more; screening does
      const seen = async (actor: typeof OPS) =>
        (await db.call(actor, "fn_read_personal", { subject_ids: [args.subject_id] })).filter((r) => r.field !== null);
      expect(await seen(OPS)).toEqual([]);
      expect(await seen(KYC)).toHaveLength(2);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: [],
    refuses: [
      noReason,
      absent,
      erased,
      { ...erased, what: "one that was asked for", change: async (a, db) => ({ ...a, subject_id: await toErase(db) }) },
    ],
  },
  {
    fn: "fn_refuse_erasure",
    by: PM_ONE,
    arrange: async (db) => ({ subject_id: await toErase(db), reason: "the relationship goes on" }),
    check: async (_rows, args, db) => {
      expect(
        await db.look("select state, asked_by from subject_keys where subject_id = $1", [args.subject_id]),
      ).toEqual([{ state: "active", asked_by: null }]);
    },
    other: (args) => ({ ...args, reason: "another reason" }),
    audits: 1,
    events: [],
    refuses: [
      noReason,
      absent,
      {
        what: "nothing asked for",
        code: "EG428",
        change: async (a, db) => ({ ...a, subject_id: await newSubject(db) }),
      },
    ],
  },
  {
    fn: "fn_read_erasure",
    by: PM_ONE,
    arrange: async (db) => ({ subject_id: await toErase(db) }),
    check: ([row]) => {
      expect(row?.fn_read_erasure).toMatchObject({ state: "restricted", held: false, fields: 2, tombstone: null });
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [absent],
  },
  {
    fn: "fn_erase_subject",
    by: PM_ONE,
    arrange: async (db) => {
      const subject_id = await toErase(db);
      return { subject_id, tombstone: await tombstoneOf(db, subject_id) };
    },
    check: async (_rows, args, db) => {
      expect(
        await db.look("select state, wrapped_key, master_key_id from subject_keys where subject_id = $1", [
          args.subject_id,
        ]),
      ).toEqual([{ state: "destroyed", wrapped_key: null, master_key_id: null }]);
      expect(
        await db.look(
          "select count(*)::int as n from personal_values where subject_id = $1 and (ciphertext is not null or blind_index <> '{}')",
          [args.subject_id],
        ),
      ).toEqual([{ n: 0 }]);
      expect(await db.look("select body from subject_tombstones where subject_id = $1", [args.subject_id])).toEqual([
        { body: (args.tombstone as { body: string }).body },
      ]);
    },
    other: (args) => ({ ...args, tombstone: { ...(args.tombstone as Args), signature: "c".repeat(128) } }),
    audits: 1,
    events: ["SUBJECT_ERASED"],
    refuses: [
      { what: "whoever asked for it", code: "EG420", by: OPS, change: (a) => a },
      { what: "no signature", code: "EG400", change: (a) => ({ ...a, tombstone: { body: "{}" } }) },
      {
        what: "a body that names nobody",
        code: "EG400",
        change: (a) => ({ ...a, tombstone: { ...(a.tombstone as Args), body: "{}" } }),
      },
      {
        what: "the tombstone of another",
        code: "EG400",
        change: (a) => ({ ...a, tombstone: stone(NOWHERE, "d".repeat(64)) }),
      },
      {
        what: "another key",
        code: "EG425",
        change: (a) => ({ ...a, tombstone: stone(String(a.subject_id), "d".repeat(64)) }),
      },
      absent,
      {
        what: "one that nobody asked for",
        code: "EG428",
        change: async (_a, db) => {
          const subject_id = await withValues(db);
          return { subject_id, tombstone: await tombstoneOf(db, subject_id) };
        },
      },
      {
        what: "a legal hold",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_TWO, "fn_hold_subject", { subject_id: a.subject_id, reason: "a claim" });
          return a;
        },
      },
      {
        what: "one that was erased",
        code: "EG428",
        change: async (a, db) => {
          await db.call(PM_TWO, "fn_erase_subject", a);
          return a;
        },
      },
    ],
  },
  {
    fn: "fn_repeat_erasures",
    by: SERVICE,
    arrange: async (db) => {
      const subject_id = await withValues(db);
      // one that is there, one that this database never knew
      return { tombstones: [await tombstoneOf(db, subject_id), stone(randomUUID(), "e".repeat(64))] };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_repeat_erasures).toEqual({ repeated: 2, known: 0 });
      const [first] = args.tombstones as { body: string }[];
      expect(
        await db.look("select state from subject_keys where subject_id = $1", [
          JSON.parse(first?.body ?? "{}").subjectId,
        ]),
      ).toEqual([{ state: "destroyed" }]);
    },
    other: (args) => ({ tombstones: (args.tombstones as Args[]).slice(1) }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no list", code: "EG400", change: () => ({ tombstones: "[]" }) },
      { what: "one without a signature", code: "EG400", change: () => ({ tombstones: [{ body: "{}" }] }) },
    ],
  },
  {
    fn: "fn_export_subject",
    by: OPS,
    arrange: async (db) => ({ subject_id: await withValues(db) }),
    check: async ([row], args) => {
      const kept = row?.fn_export_subject as Record<string, { what: string }[]> | undefined;
      expect(kept?.subject).toMatchObject({ subject_id: args.subject_id, state: "active" });
      expect(kept?.values).toHaveLength(2);
      expect(kept?.accesses?.map(({ what }) => what)).toContain("export");
      expect(kept?.changes?.length).toBeGreaterThan(1);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [absent],
  },
];
