// Webhooks from an event to a receiver that checks signatures with the reference library: who is told of what, what follows from each answer, and that no secret
// stands anywhere in clear.
import { randomUUID } from "node:crypto";
import type { Actor } from "@evergreen-fund/domain";
import { fileKeys } from "@evergreen-fund/personal-data";
import type { RpcArgs } from "@evergreen-fund/supabase-client";
import { newSecret, sealSecret } from "@evergreen-fund/webhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { importFund, OPS } from "../../tests/journeys.ts";
import { expectEveryCrashPointPassed, recorded, useRooms } from "../../tests/room-house.ts";
import { openReceiver, type Receiver } from "../../tests/webhook-receiver.ts";
import { queueWebhooks, tellWebhookKey } from "../../webhooks.ts";

const LP_A: Actor = { role: "lp_role", userId: "00000000-0000-4000-8000-00000000000a" };
const LP_B: Actor = { role: "lp_role", userId: "00000000-0000-4000-8000-00000000000b" };
const house = useRooms();
const secrets: string[] = [];
let receiver: Receiver;
beforeAll(async () => {
  receiver = await openReceiver(secrets);
  await tellWebhookKey(house.database, fileKeys(house.home));
});
afterAll(() => receiver.close());
beforeEach(async () => {
  receiver.heard.length = 0;
  receiver.replies.length = 0;
  await house.look("update webhook_endpoints set status = 'removed'");
});

const sealed = async (endpointId: string): Promise<[secret: string, sealed: string]> => {
  const secret = newSecret();
  secrets.push(secret);
  const { key_id, public_key } = await house.database.rpc(OPS, "fn_read_webhook_key", {});
  return [secret, sealSecret(secret, { keyId: key_id, publicKey: public_key }, endpointId)];
};
async function endpoint(by: Actor, change: Partial<RpcArgs<"fn_set_webhook">> = {}) {
  const endpoint_id = randomUUID();
  const [secret, box] = await sealed(endpoint_id);
  await house.database.rpc(by, "fn_set_webhook", {
    endpoint_id,
    url: receiver.url,
    types: ["SUBSCRIPTION_REQUESTED", "FUND_IMPORTED"],
    sealed: box,
    ...change,
  });
  return { endpoint_id, secret };
}
let rounds = 0;
/** One turn of the run that was queued last for an endpoint. */
async function turn(endpointId: string) {
  const [queue] = await house.look<{ event_id: string }>(
    "select event_id from fund_events where type = 'WEBHOOKS_QUEUED' and payload ->> 'endpoint_id' = $1 order by seq desc limit 1",
    [endpointId],
  );
  const eventId = queue!.event_id;
  const input = { eventId, workflowId: `event/${eventId}`, round: ++rounds };
  return house.call<{ sent: number; left: number; waitMs: number; stopped: boolean }>("commander.sendWebhooks", input);
}
const test = async (by: Actor, endpoint_id: string) =>
  (await house.database.rpc(by, "fn_test_webhook", { endpoint_id })).delivery_id;
/** As if the time of the next attempt had come. */
const due = () => house.look("update webhook_deliveries set next_at = now() where status = 'pending'");
const delivery = async (id: string) =>
  (
    await house.look(
      "select status, attempts, last_status, last_reason from webhook_deliveries where delivery_id = $1",
      [id],
    )
  )[0];
interface Tried {
  at: string;
  outcome: string;
  status: number | null;
  code: string | null;
  ms: number;
}
const triesOf = async (id: string): Promise<Tried[]> => {
  const [row] = await house.look<{ tries: Tried[] }>("select tries from webhook_deliveries where delivery_id = $1", [
    id,
  ]);
  return row!.tries;
};
const state = async (id: string) =>
  (await house.look("select status, reason from webhook_endpoints where endpoint_id = $1", [id]))[0];
const stopped = (id: string) =>
  house.look(
    "select payload ->> 'reason' as reason from fund_events where type = 'WEBHOOK_STOPPED' and payload ->> 'endpoint_id' = $1",
    [id],
  );
/** An order of a new investor of somebody: an event that concerns nobody else. */
async function order(code: string, owner: Actor): Promise<string> {
  const pending = await house.database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence: {} });
  const investor_id = await house.database.rpc(OPS, "fn_assign_investor", {
    pending_id: pending,
    classification: "professional",
  });
  await house.look("insert into investor_access (user_id, investor_id, kind) values ($1, $2, 'owner')", [
    "userId" in owner ? owner.userId : null,
    investor_id,
  ]);
  await house.database.rpc(OPS, "fn_place_order", {
    fund: code,
    investor_id,
    direction: "subscription",
    amount: "100.00",
    currency: "USD",
  });
  const [event] = await house.look<{ event_id: string }>(
    "select event_id from event_investors join fund_events using (event_id) where investor_id = $1 and type = 'SUBSCRIPTION_REQUESTED'",
    [investor_id],
  );
  return event!.event_id;
}

describe("an event", () => {
  it("is told to whoever may read it, signed and thin, once; and to no other investor", async () => {
    const { code } = await importFund(house.database);
    const [a, b, ops] = [await endpoint(LP_A), await endpoint(LP_B), await endpoint(OPS)];
    const [ofA, ofB] = [await order(code, LP_A), await order(code, LP_B)];
    expect(await queueWebhooks(house.database)).toBe(4);
    expect(await queueWebhooks(house.database)).toBe(0);
    for (const { endpoint_id } of [a, b, ops])
      expect(await turn(endpoint_id)).toMatchObject({ left: 0, stopped: false });
    const told = (secret: string) =>
      receiver.heard.filter(({ by }) => by.includes(secret)).map(({ body }) => body.data.event_id);
    expect([told(a.secret), told(b.secret), told(ops.secret).sort()]).toEqual([[ofA], [ofB], [ofA, ofB].sort()]);
    expect(receiver.heard.every(({ by }) => by.length === 1)).toBe(true);
    // type, time, id and fund: whoever wants more reads it, as who they are
    expect(receiver.heard[0]!.body).toEqual({
      type: "SUBSCRIPTION_REQUESTED",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      data: { event_id: expect.any(String), fund: code },
    });
    expect(new Set(receiver.heard.map(({ id }) => id)).size).toBe(4);
  });

  it("is withheld from an owner who may not read it any more when it is sent", async () => {
    const { code } = await importFund(house.database);
    const { endpoint_id } = await endpoint(LP_A);
    await order(code, LP_A);
    await queueWebhooks(house.database);
    await house.look("update investor_access set valid_until = now() - interval '1 day'");
    expect(await turn(endpoint_id)).toMatchObject({ sent: 1, left: 0 });
    expect(receiver.heard).toEqual([]);
    const [row] = await house.database.rpc(LP_A, "fn_list_webhook_deliveries", { endpoint_id });
    expect(row).toMatchObject({ status: "withheld", attempts: 0 });
  });

  it("that ends a run of webhooks is told to none, or they would never rest", async () => {
    const { endpoint_id } = await endpoint(OPS, { types: ["WORKFLOW_COMPLETED"] });
    await test(OPS, endpoint_id);
    const [queue] = await house.look<{ event_id: string }>(
      "select event_id from fund_events where type = 'WEBHOOKS_QUEUED' order by seq desc limit 1",
    );
    const run = { eventId: queue!.event_id, workflowId: `event/${queue!.event_id}` };
    await house.call("commander.brief", run);
    await turn(endpoint_id);
    await house.call("commander.close", { ...run, status: "completed", reason: "nothing is left" });
    expect(await queueWebhooks(house.database)).toBe(0);
    // any other run's end is told
    const { fundId } = await importFund(house.database);
    const asked = await recorded(house, { role: "service_role" }, fundId, "DATA_DRIFT", {
      asset_id: fundId,
      deviation_bps: "612",
      threshold_bps: "500",
    });
    await house.call("commander.brief", asked);
    await house.call("commander.close", { ...asked, status: "completed", reason: "a synthetic end" });
    expect(await queueWebhooks(house.database)).toBe(1);
  });

  it("of another fund or another type is nothing for an endpoint of one fund", async () => {
    const [one, other] = [await importFund(house.database), await importFund(house.database)];
    const { endpoint_id } = await endpoint(OPS, { fund: one.code, types: ["SUBSCRIPTION_REQUESTED"] });
    const [mine] = [await order(one.code, LP_A), await order(other.code, LP_A)];
    expect(await queueWebhooks(house.database)).toBe(1);
    await turn(endpoint_id);
    expect(receiver.heard.map(({ body }) => body.data.event_id)).toEqual([mine]);
  });
});

describe("a receiver", () => {
  it("that fails a few times hears it again, later each time, under one id", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const id = await test(LP_A, endpoint_id);
    receiver.replies.push(500, "silence", 503);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { left, waitMs } = await turn(endpoint_id);
      expect(left).toBe(1);
      waits.push(waitMs);
      await due();
    }
    expect(await turn(endpoint_id)).toMatchObject({ left: 0 });
    expect(receiver.heard.map((message) => message.id)).toEqual([id, id, id, id]);
    expect(await delivery(id)).toMatchObject({ status: "delivered", attempts: 4, last_status: 204 });
    // each attempt for itself
    const tries = await triesOf(id);
    expect(tries.map(({ outcome, status, code }) => [outcome, status, code])).toEqual([
      ["later", 500, null],
      ["later", null, "ETIMEDOUT"],
      ["later", 503, null],
      ["delivered", 204, null],
    ]);
    expect(tries.every(({ ms, at }) => Number.isInteger(ms) && ms >= 0 && Date.parse(at) > 0)).toBe(true);
    expect(tries.map(({ at }) => at)).toEqual(tries.map(({ at }) => at).sort());
    // 5 s, 5 min and 30 min, a fifth more or less
    for (const [at, seconds] of [5, 300, 1_800].entries()) {
      expect(waits[at]).toBeGreaterThan(seconds * 790);
      expect(waits[at]).toBeLessThan(seconds * 1_210);
    }
  });

  it("that has it, and whose answer was lost with the worker, hears it again under the same id", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const id = await test(LP_A, endpoint_id);
    receiver.replies.push("silence");
    await turn(endpoint_id);
    await due();
    await turn(endpoint_id);
    expect(receiver.heard.map((message) => message.id)).toEqual([id, id]);
  });

  it("that never answers well is given up after the tenth attempt, and can be sent it again", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const id = await test(LP_A, endpoint_id);
    for (let attempt = 1; attempt <= 10; attempt++) {
      receiver.replies.push(500);
      await due();
      await turn(endpoint_id);
    }
    expect(await delivery(id)).toMatchObject({ status: "dead", attempts: 10, last_reason: "status 500" });
    await house.database.rpc(LP_A, "fn_resend_webhook", { delivery_id: id });
    expect(await turn(endpoint_id)).toMatchObject({ left: 0 });
    expect([receiver.heard.length, new Set(receiver.heard.map((message) => message.id)).size]).toEqual([11, 1]);
    expect(await delivery(id)).toMatchObject({ status: "delivered", attempts: 1 });
    // sent again it counts anew, and what was tried before stays on record
    expect((await triesOf(id)).length).toBe(11);
  });

  it("that says 410 ends its endpoint, and operations are told", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const [first, second] = [await test(LP_A, endpoint_id), await test(LP_A, endpoint_id)];
    receiver.replies.push(410);
    expect(await turn(endpoint_id)).toMatchObject({ left: 0, stopped: true });
    expect(await state(endpoint_id)).toEqual({ status: "gone", reason: "gone" });
    expect([await delivery(first), await delivery(second)]).toMatchObject([{ status: "dead" }, { status: "dead" }]);
    expect(await stopped(endpoint_id)).toEqual([{ reason: "gone" }]);
  });

  it("that redirects is not followed: its endpoint is paused, and goes on with what waits when it is resumed", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const id = await test(LP_A, endpoint_id);
    receiver.replies.push({ redirect: receiver.url });
    expect(await turn(endpoint_id)).toMatchObject({ left: 1, stopped: true });
    expect(receiver.heard).toHaveLength(1);
    expect(await state(endpoint_id)).toEqual({ status: "paused", reason: "refused" });
    // while it is paused nothing is sent
    expect(await turn(endpoint_id)).toMatchObject({ sent: 0, left: 1, stopped: true });
    await house.database.rpc(LP_A, "fn_change_webhook", { endpoint_id, change: "resume" });
    expect(await turn(endpoint_id)).toMatchObject({ sent: 1, left: 0 });
    expect(await delivery(id)).toMatchObject({ status: "delivered" });
  });

  it("that has failed for days is paused, and operations are told", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    await test(LP_A, endpoint_id);
    receiver.replies.push(500, 500);
    await turn(endpoint_id);
    await house.look("update webhook_endpoints set failing_since = now() - interval '5 days' where endpoint_id = $1", [
      endpoint_id,
    ]);
    await due();
    expect(await turn(endpoint_id)).toMatchObject({ left: 1, stopped: true });
    expect(await state(endpoint_id)).toEqual({ status: "paused", reason: "failing" });
    expect(await stopped(endpoint_id)).toEqual([{ reason: "failing" }]);
  });
});

describe("a secret", () => {
  it("that is replaced signs along for a day, and then no more", async () => {
    const { endpoint_id, secret } = await endpoint(LP_A);
    const [next, box] = await sealed(endpoint_id);
    await house.database.rpc(LP_A, "fn_rotate_webhook", { endpoint_id, sealed: box });
    await test(LP_A, endpoint_id);
    await turn(endpoint_id);
    await house.look(
      "update webhook_secrets set valid_until = now() - interval '1 minute' where valid_until is not null",
    );
    await test(LP_A, endpoint_id);
    await turn(endpoint_id);
    expect(receiver.heard.map(({ by }) => by)).toEqual([[secret, next], [next]]);
  });

  it("that was sealed for another endpoint signs nothing", async () => {
    const { endpoint_id } = await endpoint(LP_A);
    const theirs = (await sealed(randomUUID()))[1];
    await house.database.rpc(LP_A, "fn_rotate_webhook", { endpoint_id, sealed: theirs });
    await test(LP_A, endpoint_id);
    await expect(turn(endpoint_id)).rejects.toMatchObject({ type: "EG431" });
    expect(receiver.heard).toEqual([]);
  });

  it("stands nowhere in clear: in no table of the database", async () => {
    const tables = await house.look<{ name: string }>(
      "select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'",
    );
    const clear = secrets.map((secret) => secret.slice("whsec_".length, -1));
    const found: string[] = [];
    for (const { name } of tables) {
      const rows = await house.look<{ n: number }>(
        `select count(*)::int as n from public."${name}" t, unnest($1::text[]) s where position(s in to_jsonb(t)::text) > 0`,
        [clear],
      );
      if (rows[0]!.n > 0) found.push(name);
    }
    expect([clear.length > 5, found]).toEqual([true, []]);
  });
});

it("passes every crash point of its table", () => expectEveryCrashPointPassed(house, "commander", "webhooks"));
