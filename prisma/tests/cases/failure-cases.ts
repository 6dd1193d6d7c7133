// RPC cases: what people decide about what failed and is not tried again.
import { expect } from "vitest";
import { type Args, OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { claimedBatch, deadLetter } from "./event-cases.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const reason = "asked anew under another id (synthetic)";

/** A batch of orders that nobody could take in: money is concerned. */
async function deadBatch(db: TestDatabase): Promise<string> {
  const batch_id = await claimedBatch(db);
  await db.call(SERVICE, "fn_fail_batch", { batch_id, reason: "room not there", max_attempts: 1 });
  return batch_id;
}

const change = (what: string, code: Refusal["code"], put: Args): Refusal => ({
  what,
  code,
  change: (args) => ({ ...args, ...put }),
});
const ofBatch = async (db: TestDatabase) => ({ kind: "batch", subject: await deadBatch(db) });
const stepOf = async (db: TestDatabase): Promise<string> => {
  const answer = await db.value<{ step_id: string; done: boolean }>(OPS, "fn_skip_failure", {
    ...(await ofBatch(db)),
    reason,
  });
  expect(answer.done).toBe(false);
  return answer.step_id;
};
const waiting = async (db: TestDatabase) =>
  db.value<{ letters: Args[]; batches: Args[]; left: Args[] }>(OPS, "fn_read_troubles", {});

export const FAILURE_CASES: readonly RpcCase[] = [
  {
    fn: "fn_skip_failure",
    by: OPS,
    arrange: async (db) => ({ kind: "event", subject: await deadLetter(db), reason }),
    check: async ([row], args, db) => {
      // a stress run moves no money: one person is enough
      expect(row?.fn_skip_failure).toMatchObject({ done: true });
      const page = await waiting(db);
      expect(page.letters.map(({ event_id }) => event_id)).not.toContain(args.subject);
      expect(page.left[0]).toMatchObject({ subject: args.subject, reason });
      const desk = await db.value<{ work: Args[] }>(OPS, "fn_read_desk", {});
      expect(desk.work.map(({ id }) => id)).not.toContain(args.subject);
    },
    other: (args) => ({ ...args, reason: "another reason for it" }),
    audits: 1,
    events: ["FAILURE_DECIDED"],
    refuses: [
      change("a kind that is none", "EG400", { kind: "order" }),
      change("no id", "EG400", { subject: "" }),
      change("a reason of one word", "EG400", { reason: "because" }),
      change("what has not failed", "EG404", { subject: NOWHERE }),
      {
        what: "what is left already",
        code: "EG404",
        change: async (args, db) => {
          await db.call(OPS, "fn_skip_failure", args);
          return args;
        },
      },
      {
        what: "what somebody asked to leave",
        code: "EG428",
        change: async (args, db) => {
          const batch = { ...args, ...(await ofBatch(db)) };
          await db.call(PM_ONE, "fn_skip_failure", batch);
          return batch;
        },
      },
    ],
  },
  {
    fn: "fn_confirm_skip",
    by: PM_ONE,
    arrange: async (db) => ({ step_id: await stepOf(db) }),
    check: async ([row], args, db) => {
      expect(row?.fn_confirm_skip).toEqual({ step_id: args.step_id, done: true });
      const page = await waiting(db);
      expect(page.left[0]).toMatchObject({ step_id: args.step_id });
      expect(page.batches.map(({ batch_id }) => batch_id)).not.toContain(page.left[0]?.subject);
    },
    other: () => ({ step_id: NOWHERE }),
    audits: 1,
    events: ["FAILURE_DECIDED"],
    refuses: [
      change("what nobody asked", "EG404", { step_id: NOWHERE }),
      { what: "who asked", code: "EG403", by: OPS, change: (args) => args },
      {
        what: "what was confirmed",
        code: "EG428",
        change: async (args, db) => {
          await db.call(PM_ONE, "fn_confirm_skip", args);
          return args;
        },
      },
      {
        what: "what was retried meanwhile",
        code: "EG404",
        change: async (args, db) => {
          const [step] = await db.look<{ event_id: string }>(
            `select b.event_ids[1] as event_id from failure_steps s join event_batches b on b.batch_id::text = s.subject where s.step_id = $1`,
            [args.step_id],
          );
          await db.call(OPS, "fn_retry_event", { event_id: step?.event_id });
          return args;
        },
      },
    ],
  },
  {
    fn: "fn_escalate_failure",
    by: OPS,
    arrange: async (db) => ({
      ...(await ofBatch(db)),
      to_role: "pm_role",
      due_at: new Date(Date.now() + 86_400_000).toISOString(),
      reason,
    }),
    check: async ([row], args, db) => {
      expect(row?.fn_escalate_failure).toMatchObject({ done: true });
      const page = await waiting(db);
      expect(page.batches.find(({ batch_id }) => batch_id === args.subject)).toMatchObject({
        skip: null,
        escalated: { to_role: "pm_role", reason },
      });
      const desk = await db.value<{ work: { id: string; due: string; reason: string }[] }>(OPS, "fn_read_desk", {});
      const work = desk.work.find(({ id }) => id === args.subject);
      expect(Date.parse(work?.due ?? "")).toBe(Date.parse(String(args.due_at)));
      expect(work?.reason).toContain("escalated to portfolio managers");
    },
    other: (args) => ({ ...args, to_role: "ops_role" }),
    audits: 1,
    events: ["FAILURE_DECIDED"],
    refuses: [
      change("a role that decides nothing", "EG400", { to_role: "lp_role" }),
      change("a time that has passed", "EG400", { due_at: "2026-01-01T00:00:00Z" }),
      change("a reason of one word", "EG400", { reason: "because" }),
      change("what has not failed", "EG404", { subject: NOWHERE }),
    ],
  },
];
