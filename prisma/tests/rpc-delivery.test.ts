// The outbox: leases, back-off, dead letters, retries, batches, and nothing ahead of a transaction that is still open.
import { beforeEach, describe, expect, it } from "vitest";
import { agent, callOn, OPS, PM_ONE, PM_TWO, type Row, SERVICE, testDatabase } from "./arrange.ts";
import { claimedBatch, deadLetter, emptyOutbox, placedOrder, recordedStress } from "./cases/event-cases.ts";
import { approvedProposal, newFund } from "./synthetic-fund.ts";

const db = await testDatabase();
beforeEach(async () => {
  await emptyOutbox(db);
  await db.look("update event_batches set done_at = now() where done_at is null");
});

const claimNow = (consumer = "a", more: Row = {}) => db.call(SERVICE, "fn_claim_events", { consumer, ...more });
const claim = async (...of: Parameters<typeof claimNow>) => {
  await db.settled();
  return claimNow(...of);
};
const claimBatch = async (consumer = "a") => {
  await db.settled();
  return db.call(SERVICE, "fn_claim_batch", { consumer });
};
/** Time passes for what waits, without waiting. */
const letTimePass = () => db.look("update event_outbox set next_at = now() - interval '1 second'");
const waits = async (column: string): Promise<number> =>
  Number((await db.look(`select round(extract(epoch from ${column} - updated_at)) as s from event_outbox`))[0]?.s);

describe("a lease", () => {
  it("keeps an event from everybody else until it runs out, then counts another attempt", async () => {
    const eventId = await recordedStress(db);
    expect((await claim("a", { lease_seconds: 30 })).map((r) => r.event_id)).toEqual([eventId]);
    expect(await claim("b")).toEqual([]);
    expect(await waits("next_at")).toBe(30);
    await letTimePass();
    expect(await claim("b")).toEqual([expect.objectContaining({ event_id: eventId, attempts: 2 })]);
    expect(await db.look("select leased_by from event_outbox")).toEqual([{ leased_by: "b" }]);
  });

  it("ends when the dispatcher's transaction is rolled back", async () => {
    await recordedStress(db);
    await db.settled();
    const crash = db.as(SERVICE, async (client) => {
      expect(await callOn(client, "fn_claim_events", { consumer: "a" })).toHaveLength(1);
      throw new Error("crash");
    });
    await expect(crash).rejects.toThrow("crash");
    expect(await claim("b")).toEqual([expect.objectContaining({ attempts: 1 })]);
  });

  it("claims in the order of commit, and no more than asked for", async () => {
    const ids = [await recordedStress(db), await recordedStress(db), await recordedStress(db)];
    expect((await claim("a", { max_events: 2 })).map((r) => r.event_id)).toEqual(ids.slice(0, 2));
    expect((await claim("a", { max_events: 2 })).map((r) => r.event_id)).toEqual(ids.slice(2));
  });
});

describe("a failed hand-over", () => {
  it("comes back after 2, 4, 8 … seconds, at most 60, and is dead after the last attempt", async () => {
    await recordedStress(db);
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 7; attempt++) {
      const [row] = await claim();
      expect(row?.attempts).toBe(attempt);
      expect(
        await db.value(SERVICE, "fn_fail_event", { seq: row?.seq, reason: `attempt ${attempt}`, max_attempts: 8 }),
      ).toBe("later");
      delays.push(await waits("next_at"));
      expect(await claim(), "not before its time").toEqual([]);
      await letTimePass();
    }
    expect(delays).toEqual([2, 4, 8, 16, 32, 60, 60]);
    const [row] = await claim();
    expect(await db.value(SERVICE, "fn_fail_event", { seq: row?.seq, reason: "the last", max_attempts: 8 })).toBe(
      "dead",
    );
    await letTimePass();
    expect(await claim()).toEqual([]);
    expect(await db.look("select message, created_by from audit_trail order by seq desc limit 1")).toEqual([
      { message: "STRESS_REQUESTED dead letter after 8 attempts", created_by: "service" },
    ]);
  });

  it("does not count when Temporal was not there", async () => {
    await recordedStress(db);
    const [row] = await claim();
    await db.call(SERVICE, "fn_release_events", { seqs: [row?.seq] });
    await letTimePass();
    expect(await claim()).toEqual([expect.objectContaining({ attempts: 1 })]);
  });

  it("is gone when somebody else finished the event", async () => {
    await recordedStress(db);
    const [row] = await claim();
    expect(await db.value(SERVICE, "fn_finish_events", { seqs: [row?.seq] })).toBe(1);
    expect(await db.value(SERVICE, "fn_fail_event", { seq: row?.seq, reason: "late" })).toBe("gone");
    expect(await db.value(SERVICE, "fn_finish_events", { seqs: [row?.seq] })).toBe(0);
  });

  it("a dead letter that is retried is claimed as new", async () => {
    const eventId = await deadLetter(db);
    await db.call(OPS, "fn_retry_event", { event_id: eventId });
    expect(await claim()).toEqual([expect.objectContaining({ event_id: eventId, attempts: 1 })]);
  });
});

describe("a dispatcher that dies with an event", () => {
  const dies = async (consumer: string) => {
    const claimed = await claim(consumer);
    await letTimePass();
    return claimed.map((row) => row.event_id);
  };
  const aMinutePasses = () => db.look("update event_outbox set next_at = now() - interval '61 seconds'");
  const letters = () =>
    db.look("select event_id, attempts, leased_by, reason from event_outbox where dead_at is not null");

  it("five times makes it a dead letter, audited, with its reason, that can be retried", async () => {
    const eventId = await recordedStress(db);
    for (let n = 1; n <= 5; n++) expect(await dies(`d${n}`)).toEqual([eventId]);
    expect(await claim("late"), "its last holder may still bring it back").toEqual([]);
    expect(await letters()).toEqual([]);
    await aMinutePasses();
    expect(await claim("next")).toEqual([]);
    expect(await letters()).toEqual([
      {
        event_id: eventId,
        attempts: 5,
        leased_by: null,
        reason: "The dispatcher died 5 times while it held this event.",
      },
    ]);
    expect(
      await db.look("select message, created_by from audit_trail where entity_id = $1 order by seq desc limit 1", [
        eventId,
      ]),
    ).toEqual([
      {
        message: "STRESS_REQUESTED dead letter after 5 attempts: the dispatcher died while it held it",
        created_by: "service",
      },
    ]);
    expect(await claim("next"), "once").toEqual([]);
    expect(await db.value(OPS, "fn_retry_event", { event_id: eventId })).toBe("event");
    expect(await claim("next")).toEqual([expect.objectContaining({ event_id: eventId, attempts: 1 })]);
  });

  it("takes no other event with it: what was held twice in vain is handed out alone", async () => {
    const ids = [await recordedStress(db), await recordedStress(db), await recordedStress(db)];
    const poison = ids[1];
    expect(await dies("a")).toEqual(ids);
    expect(await dies("b"), "once may be anything").toEqual(ids);
    const fresh = await recordedStress(db);
    const handled: unknown[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const held = await claim(`c${turn}`);
      if (held.some((row) => row.event_id === poison)) {
        expect(held, "it is held alone").toHaveLength(1);
        await aMinutePasses();
        continue;
      }
      handled.push(...held.map((row) => row.event_id));
      if (held.length > 0) await db.call(SERVICE, "fn_finish_events", { seqs: held.map((row) => row.seq) });
    }
    expect(handled.sort()).toEqual([ids[0], ids[2], fresh].sort());
    expect(await letters()).toEqual([expect.objectContaining({ event_id: poison, attempts: 5 })]);
  });

  it("says what went wrong before, when hand-overs had failed too", async () => {
    await recordedStress(db);
    for (let n = 1; n <= 4; n++) {
      const [row] = await claim();
      await db.call(SERVICE, "fn_fail_event", { seq: row?.seq, reason: "no such playbook" });
      await letTimePass();
    }
    await claim();
    await aMinutePasses();
    await claim();
    expect(await letters()).toEqual([
      expect.objectContaining({
        reason: "The dispatcher died while it held this event for the 5th time. Before that: no such playbook",
      }),
    ]);
  });

  it("is not what happens while Temporal is away, however many wait for it longer than their lease", async () => {
    await recordedStress(db);
    const holders: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      const [row] = await claim(`slow${n}`);
      holders.push(row?.seq);
      await letTimePass();
    }
    expect(await claim("sixth"), "held five times, and all of them are alive").toEqual([]);
    for (const seq of holders) await db.call(SERVICE, "fn_release_events", { seqs: [seq] });
    await aMinutePasses();
    expect(await claim()).toEqual([expect.objectContaining({ attempts: 1 })]);
    expect(await letters()).toEqual([]);
  });

  it("a holder that comes back late changes nothing on a dead letter, and still finishes what it did hand over", async () => {
    await recordedStress(db);
    const [row] = await claim();
    await db.look("update event_outbox set attempts = 5, next_at = now() - interval '61 seconds'");
    await claim("next");
    const [dead] = await letters();
    expect(await db.value(SERVICE, "fn_release_events", { seqs: [row?.seq] })).toBe(0);
    expect(await db.value(SERVICE, "fn_fail_event", { seq: row?.seq, reason: "late" })).toBe("dead");
    expect(await letters()).toEqual([dead]);
    expect(await db.value(SERVICE, "fn_finish_events", { seqs: [row?.seq] })).toBe(1);
    expect(await letters()).toEqual([]);
  });
});

describe("what is delivered how", () => {
  it("a decision goes to the workflow of its proposal", async () => {
    const { eventId } = await approvedProposal(db);
    const told = (await claim()).find((row) => row.mode === "tell");
    expect(told).toMatchObject({ type: "PROPOSAL_DECIDED", to_workflow_id: `event/${eventId}` });
  });

  it("an event that is only noted never waits", async () => {
    await newFund(db);
    expect(await db.look("select type from event_outbox")).toEqual([]);
    expect(
      await db.look(
        "select mode from event_types t join fund_events e using (type) where type = 'FUND_IMPORTED' limit 1",
      ),
    ).toEqual([{ mode: "note" }]);
  });

  it("nothing is claimed while an older transaction is open, and nothing is lost when it commits", async () => {
    const fund = await newFund(db);
    const event = (n: number) => ({
      type: "STRESS_REQUESTED",
      payload: { scenario_id: `s${n}`, shift_bps: n },
      source: "test",
      fund_id: fund.fundId,
    });
    let second = "";
    const first = await db.as(PM_ONE, async (client) => {
      const [row] = await callOn(client, "fn_record_event", event(1));
      second = await db.value<string>(PM_ONE, "fn_record_event", event(2)); // later number, earlier commit
      expect(await claimNow()).toEqual([]);
      return row?.fn_record_event;
    });
    expect((await claim()).map((row) => row.event_id)).toEqual([first, second]);
  });

  it("an open change of a fund does not hold up the events of that fund", async () => {
    const fund = await newFund(db);
    await db.as(PM_TWO, async (holder) => {
      await callOn(holder, "fn_set_mandate", { fund: fund.code, mandate: { sleeves: [] } });
      const recorded = await db.as(PM_ONE, async (client) => {
        await client.query("set local lock_timeout = '200ms'");
        return callOn(client, "fn_record_event", {
          type: "STRESS_REQUESTED",
          payload: { scenario_id: "x", shift_bps: 1 },
          source: "test",
          fund_id: fund.fundId,
        });
      });
      expect(recorded).toHaveLength(1);
    });
  });

  it("rings the bell at commit", async () => {
    const fund = await newFund(db);
    const listener = await db.admin.connect();
    const rung = new Promise<string>((resolve) => listener.on("notification", (message) => resolve(message.channel)));
    await listener.query("listen evergreen_events");
    await db.call(PM_ONE, "fn_request_rebalance", { fund: fund.code });
    expect(await rung).toBe("evergreen_events");
    await listener.query("unlisten *");
    listener.release();
  });
});

describe("a batch", () => {
  it("holds due events of one type, oldest type first, in order", async () => {
    const orders = [await placedOrder(db), await placedOrder(db)];
    await db.call(OPS, "fn_place_order", {
      fund: (await newFund(db)).code,
      investor_id: orders[0]?.investorId,
      direction: "subscription",
      amount: "1.00",
      currency: "USD",
    });
    const [first] = await claimBatch();
    expect(first).toMatchObject({ type: "REDEMPTION_REQUESTED", events: 2, attempts: 1 });
    const named = await db.look(
      `select e.payload ->> 'flow_id' as flow_id from event_batches b, unnest(b.event_ids) with ordinality as x(event_id, n)
         join fund_events e using (event_id) where b.batch_id = $1 order by n`,
      [first?.batch_id],
    );
    expect(named.map((row) => row.flow_id)).toEqual(orders.map((order) => order.flowId));
    expect((await claimBatch())[0]).toMatchObject({ type: "SUBSCRIPTION_REQUESTED", events: 1 });
    expect(await claimBatch()).toEqual([]);
  });

  it("is claimed again when its lease runs out, dies after its attempts, and is retried whole", async () => {
    const batchId = await claimedBatch(db);
    const again = () => claimBatch("b");
    expect(await again()).toEqual([]);
    const pass = () =>
      db.look("update event_batches set next_at = now() - interval '1 second' where batch_id = $1", [batchId]);
    await pass();
    expect(await again()).toEqual([expect.objectContaining({ batch_id: batchId, attempts: 2 })]);
    expect(await db.value(SERVICE, "fn_fail_batch", { batch_id: batchId, reason: "not yet", max_attempts: 3 })).toBe(
      "later",
    );
    await pass();
    await again();
    expect(await db.value(SERVICE, "fn_fail_batch", { batch_id: batchId, reason: "never", max_attempts: 3 })).toBe(
      "dead",
    );
    await pass();
    expect(await again()).toEqual([]);
    const [event] = await db.look("select event_ids[1] as id from event_batches where batch_id = $1", [batchId]);
    expect(await db.value(OPS, "fn_retry_event", { event_id: event?.id })).toBe("batch");
    expect(await again()).toEqual([expect.objectContaining({ batch_id: batchId, attempts: 1 })]);
    await db.call(agent("kyc"), "fn_intake_orders", { batch_id: batchId });
    expect(await db.value(SERVICE, "fn_fail_batch", { batch_id: batchId, reason: "late" })).toBe("gone");
  });

  it("dies with its reason when five dispatchers died with it, and ten minutes later, not before", async () => {
    const batchId = await claimedBatch(db);
    const pass = (minutes: number) =>
      db.look("update event_batches set next_at = now() - make_interval(mins => $2) where batch_id = $1", [
        batchId,
        minutes,
      ]);
    for (let n = 2; n <= 5; n++) {
      await pass(0);
      expect(await claimBatch(`d${n}`)).toEqual([expect.objectContaining({ batch_id: batchId, attempts: n })]);
    }
    await pass(9);
    expect(await claimBatch("e"), "its workflow may still be waiting for a room").toEqual([]);
    await pass(10);
    expect(await claimBatch("e")).toEqual([]);
    const [dead] = await db.look(
      "select event_ids[1] as id, reason, leased_by from event_batches where batch_id = $1 and dead_at is not null",
      [batchId],
    );
    expect(dead).toMatchObject({ reason: "The dispatcher died 5 times while it held this batch.", leased_by: null });
    expect(await db.look("select message from audit_trail where entity_id = $1", [batchId])).toEqual([
      { message: "REDEMPTION_REQUESTED batch dead letter after 5 attempts: the dispatcher died while it held it" },
    ]);
    expect(await db.value(SERVICE, "fn_fail_batch", { batch_id: batchId, reason: "late" })).toBe("dead");
    expect(await db.value(OPS, "fn_retry_event", { event_id: dead?.id })).toBe("batch");
    expect(await claimBatch("f")).toEqual([expect.objectContaining({ batch_id: batchId, attempts: 1 })]);
  });

  it("loses no attempt while Temporal is away", async () => {
    const batchId = await claimedBatch(db);
    for (let n = 0; n < 7; n++) {
      const away = { batch_id: batchId, reason: "Temporal was not there", max_attempts: 0 };
      expect(await db.value(SERVICE, "fn_fail_batch", away)).toBe("later");
      await db.look("update event_batches set next_at = now() where batch_id = $1", [batchId]);
      expect(await claimBatch("b")).toEqual([expect.objectContaining({ batch_id: batchId, attempts: 1 })]);
    }
  });
});
