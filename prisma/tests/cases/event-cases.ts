// RPC cases: the event bus, its delivery, the mirror of Temporal, the audit sealer.

import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { expect } from "vitest";
import { type Args, agent, OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { newFund, newInvestor } from "../synthetic-fund.ts";
import { NOWHERE, noUuid, type RpcCase } from "./rpc-case.ts";

const COMMANDER = agent("commander");
const NOBODY = { role: "pm_role" } as unknown as Actor; // a staff role without a user

const stress = (fundId: string): Args => ({
  type: "STRESS_REQUESTED",
  payload: { scenario_id: "rates_up_200", shift_bps: 200 },
  source: "cli",
  fund_id: fundId,
});

/** Records one event of mode run and waits until no open transaction hides it from the dispatcher. */
export async function recordedStress(db: TestDatabase): Promise<string> {
  return db.value<string>(PM_ONE, "fn_record_event", stress((await newFund(db)).fundId));
}

/** Puts every waiting event aside, so that the next one recorded is the only one due. */
export const emptyOutbox = (db: TestDatabase) => db.look("delete from event_outbox");

async function claimed(db: TestDatabase): Promise<{ seq: string; eventId: string }> {
  await emptyOutbox(db);
  const eventId = await recordedStress(db);
  await db.settled();
  const [row] = await db.call(SERVICE, "fn_claim_events", { consumer: "test" });
  return { seq: String(row?.seq), eventId };
}

export async function deadLetter(db: TestDatabase): Promise<string> {
  const { seq, eventId } = await claimed(db);
  await db.call(SERVICE, "fn_fail_event", { seq, reason: "no such playbook", max_attempts: 1 });
  return eventId;
}

/** One order of an LP of its own, waiting in the outbox as the only event of mode batch. */
export async function placedOrder(db: TestDatabase): Promise<{ flowId: string; investorId: string; fundId: string }> {
  const fund = await newFund(db);
  const investorId = await newInvestor(db, null);
  const flowId = await db.value<string>(OPS, "fn_place_order", {
    fund: fund.code,
    investor_id: investorId,
    direction: "redemption",
    amount: "2500.00",
    currency: "USD",
  });
  return { flowId, investorId, fundId: fund.fundId };
}

export async function claimedBatch(db: TestDatabase): Promise<string> {
  await emptyOutbox(db);
  await placedOrder(db);
  await db.settled();
  const [row] = await db.call(SERVICE, "fn_claim_batch", { consumer: "test" });
  return String(row?.batch_id);
}

const badLease = [
  { what: "no consumer", code: "EG400" as const, change: (a: Args) => ({ ...a, consumer: "" }) },
  { what: "a negative number of events", code: "EG400" as const, change: (a: Args) => ({ ...a, max_events: -1 }) },
  { what: "a negative lease", code: "EG400" as const, change: (a: Args) => ({ ...a, lease_seconds: -1 }) },
];

export const EVENT_CASES: RpcCase[] = [
  {
    fn: "fn_record_event",
    by: PM_ONE,
    arrange: async (db) => stress((await newFund(db)).fundId),
    check: async ([row], args, db) => {
      const [event] = await db.look("select * from fund_events where event_id = $1", [row?.fn_record_event]);
      expect(event).toMatchObject({ type: args.type, payload: args.payload, source: "cli", fund_id: args.fund_id });
      expect(event?.event_meta).toEqual({ trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
      expect(
        await db.look("select mode, attempts, dead_at from event_outbox where event_id = $1", [row?.fn_record_event]),
      ).toEqual([{ mode: "run", attempts: 0, dead_at: null }]);
    },
    other: (args) => ({ ...args, payload: { scenario_id: "rates_up_200", shift_bps: 100 } }),
    audits: 1,
    events: ["STRESS_REQUESTED"],
    refuses: [
      { what: "an unknown type", code: "EG400", change: (a) => ({ ...a, type: "NO_SUCH_EVENT" }) },
      { what: "a missing key", code: "EG400", change: (a) => ({ ...a, payload: { scenario_id: "x" } }) },
      { what: "a payload that is no object", code: "EG400", change: (a) => ({ ...a, payload: JSON.stringify([1]) }) },
      {
        what: "a payload over 64 KB",
        code: "EG413",
        change: (a) => ({ ...a, payload: { scenario_id: "x".repeat(70_000), shift_bps: 1 } }),
      },
      { what: "an empty source", code: "EG400", change: (a) => ({ ...a, source: "" }) },
      { what: "a null payload", code: "EG400", change: (a) => ({ ...a, payload: null }) },
      { what: "a fund that is not there", code: "EG400", change: (a) => ({ ...a, fund_id: NOWHERE }) },
      { what: "an investor that is not there", code: "EG400", change: (a) => ({ ...a, investor_ids: [NOWHERE] }) },
      {
        what: "a type only another function causes",
        code: "EG403",
        change: (a) => ({ ...a, type: "REBALANCE_REQUESTED", payload: { mandate_version: 1 } }),
      },
      { what: "a type of another role", code: "EG403", change: (a) => ({ ...a, type: "CUTOFF_REACHED", payload: {} }) },
      {
        what: "an id in the payload that is no uuid",
        code: "EG400",
        by: OPS,
        change: (a) => ({ ...a, type: "SUBSCRIPTION_REQUESTED", payload: { flow_id: noUuid } }),
      },
      { what: "a request id of 201 characters", code: "EG400", change: (a) => ({ ...a, request_id: "x".repeat(201) }) },
      { what: "a caller without a user", code: "EG401", by: NOBODY, change: (a) => a },
    ],
  },
  {
    fn: "fn_claim_events",
    by: SERVICE,
    arrange: async (db) => {
      await emptyOutbox(db);
      await recordedStress(db);
      await db.settled();
      return { consumer: "dispatcher-1" };
    },
    check: (rows) => {
      expect(rows).toEqual([
        expect.objectContaining({ type: "STRESS_REQUESTED", mode: "run", attempts: 1, to_workflow_id: null }),
      ]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: badLease,
  },
  {
    fn: "fn_finish_events",
    by: SERVICE,
    arrange: async (db) => ({ seqs: [(await claimed(db)).seq] }),
    check: async ([row], _args, db) => {
      expect(row?.fn_finish_events).toBe(1);
      expect(await db.look("select seq from event_outbox")).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "no list", code: "EG400", change: () => ({ seqs: null }) }],
  },
  {
    fn: "fn_release_events",
    by: SERVICE,
    arrange: async (db) => ({ seqs: [(await claimed(db)).seq] }),
    check: async (_rows, _args, db) => {
      expect(await db.look("select attempts, leased_by from event_outbox")).toEqual([{ attempts: 0, leased_by: null }]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "no list", code: "EG400", change: () => ({ seqs: null }) }],
  },
  {
    fn: "fn_fail_event",
    by: SERVICE,
    arrange: async (db) => ({ seq: (await claimed(db)).seq, reason: "no such playbook", max_attempts: 1 }),
    check: async ([row], args, db) => {
      expect(row?.fn_fail_event).toBe("dead");
      expect(
        await db.look("select reason, leased_by from event_outbox where seq = $1 and dead_at is not null", [args.seq]),
      ).toEqual([{ reason: "no such playbook", leased_by: null }]);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: "" }) },
      { what: "no attempt", code: "EG400", change: (a) => ({ ...a, max_attempts: 0 }) },
    ],
  },
  {
    fn: "fn_retry_event",
    by: OPS,
    arrange: async (db) => ({ event_id: await deadLetter(db) }),
    check: async ([row], args, db) => {
      expect(row?.fn_retry_event).toBe("event");
      expect(
        await db.look("select attempts, dead_at, reason from event_outbox where event_id = $1", [args.event_id]),
      ).toEqual([{ attempts: 0, dead_at: null, reason: null }]);
    },
    other: () => ({ event_id: NOWHERE }),
    audits: 1,
    events: [],
    refuses: [
      {
        what: "an event that is no dead letter",
        code: "EG404",
        change: async (_a, db) => ({ event_id: await recordedStress(db) }),
      },
    ],
  },
  {
    fn: "fn_claim_batch",
    by: SERVICE,
    arrange: async (db) => {
      await emptyOutbox(db);
      await placedOrder(db);
      await db.settled();
      return { consumer: "dispatcher-1" };
    },
    check: async (rows, _args, db) => {
      expect(rows).toEqual([expect.objectContaining({ type: "REDEMPTION_REQUESTED", events: 1, attempts: 1 })]);
      expect(await db.look("select seq from event_outbox where mode = 'batch'")).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: badLease,
  },
  {
    fn: "fn_fail_batch",
    by: SERVICE,
    arrange: async (db) => ({ batch_id: await claimedBatch(db), reason: "room not there", max_attempts: 1 }),
    check: async ([row], args, db) => {
      expect(row?.fn_fail_batch).toBe("dead");
      expect(
        await db.look("select reason from event_batches where batch_id = $1 and dead_at is not null", [args.batch_id]),
      ).toEqual([{ reason: "room not there" }]);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [
      { what: "no reason", code: "EG400", change: (a) => ({ ...a, reason: null }) },
      { what: "a negative number of attempts", code: "EG400", change: (a) => ({ ...a, max_attempts: -1 }) },
    ],
  },
  {
    fn: "fn_open_workflow",
    by: COMMANDER,
    arrange: async (db) => {
      const eventId = await recordedStress(db);
      return {
        workflow_id: `event/${eventId}`,
        type: "commander",
        event_id: eventId,
        metadata: { playbook: "stress-fund" },
      };
    },
    check: ([row], args) => {
      expect(row).toMatchObject({
        workflow_id: args.workflow_id,
        type: "commander",
        status: "running",
        event_id: args.event_id,
        metadata: args.metadata,
      });
      expect(row?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    },
    other: (args) => ({ ...args, type: "other" }),
    audits: 1,
    events: [],
    refuses: [
      { what: "no workflow id", code: "EG400", change: (a) => ({ ...a, workflow_id: "" }) },
      { what: "no type", code: "EG400", change: (a) => ({ ...a, type: null }) },
      { what: "metadata that is no object", code: "EG400", change: (a) => ({ ...a, metadata: JSON.stringify("x") }) },
      { what: "an event that is not there", code: "EG400", change: (a) => ({ ...a, event_id: NOWHERE }) },
      {
        what: "an event that has another run",
        code: "EG428",
        change: async (a, db) => {
          await db.call(COMMANDER, "fn_open_workflow", a);
          return { ...a, workflow_id: `${a.workflow_id}/again` };
        },
      },
    ],
  },
  {
    fn: "fn_complete_workflow",
    by: COMMANDER,
    arrange: async (db) => {
      const workflowId = `event/${await recordedStress(db)}`;
      await db.call(COMMANDER, "fn_open_workflow", { workflow_id: workflowId, type: "commander" });
      return { workflow_id: workflowId, status: "completed", metadata: { reason: "done" } };
    },
    check: ([row]) => {
      expect(row).toMatchObject({ status: "completed", metadata: { reason: "done" } });
      expect(row?.ended_at).toBeInstanceOf(Date);
    },
    other: (args) => ({ ...args, status: "failed" }),
    audits: 1,
    events: ["WORKFLOW_COMPLETED"],
    refuses: [
      { what: "a workflow that is not there", code: "EG404", change: (a) => ({ ...a, workflow_id: "event/none" }) },
      { what: "a status that ends nothing", code: "EG400", change: (a) => ({ ...a, status: "running" }) },
      { what: "metadata that is no object", code: "EG400", change: (a) => ({ ...a, metadata: JSON.stringify([]) }) },
    ],
  },
  {
    fn: "fn_seal_audit",
    by: SERVICE,
    arrange: async (db) => {
      await recordedStress(db);
      await db.settled();
      return {};
    },
    check: async ([row], _args, db) => {
      expect(row?.fn_seal_audit).toBeGreaterThan(0);
      expect(
        await db.look(
          "select sum(entries)::int as sealed, (select count(*)::int from audit_trail) as rows from audit_blocks",
        ),
      ).toEqual([{ sealed: expect.any(Number), rows: expect.any(Number) }]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [{ what: "no rows at all", code: "EG400", change: () => ({ max_entries: 0 }) }],
  },
];
