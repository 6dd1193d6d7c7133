// RPC cases: webhooks as people keep them, and as workers serve them.
import { Desk } from "@evergreen-fund/domain/pages.ts";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { Webhooks } from "@evergreen-fund/domain/webhook-pages.ts";
import { expect } from "vitest";
import { type Args, AUDIT, agent, LP_A, LP_B, OPS, PM_ONE, SERVICE, type TestDatabase } from "../arrange.ts";
import { newFund } from "../synthetic-fund.ts";
import { forgetWebhooks, newWebhook, queuedWebhook, SEALED, WEBHOOK_KEY, webhook } from "../webhook.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";
import { outcome } from "./webhook-attempt-cases.ts";

const put = (what: string, code: Refusal["code"], change: Record<string, unknown>): Refusal => ({
  what,
  code,
  change: (args) => ({ ...args, ...change }),
});
const notMine = (what = "a webhook of somebody else"): Refusal => ({ what, code: "EG404", by: LP_B, change: (a) => a });
const statusOf = async (db: TestDatabase, id: unknown) => {
  const [row] = await db.look<{ status: string }>("select status from webhook_endpoints where endpoint_id = $1", [id]);
  return row?.status;
};
const paused = async (args: Args, db: TestDatabase) => {
  await db.call(LP_A, "fn_change_webhook", { endpoint_id: args.endpoint_id, change: "pause" });
  return args;
};
/** An endpoint of operations, and the part of the feed in which a fund came in since. */
async function found(db: TestDatabase): Promise<Args> {
  const endpoint_id = await newWebhook(db, OPS);
  await newFund(db);
  await db.settled();
  const all = await db.call(SERVICE, "fn_find_webhook_events", {});
  const { owner_role: _role, owner_id: _id, ...place } = all.find((one) => one.endpoint_id === endpoint_id)!;
  return place;
}
export const WEBHOOK_CASES: readonly RpcCase[] = [
  {
    fn: "fn_set_webhook",
    by: LP_A,
    arrange: async (db) => {
      await forgetWebhooks(db, LP_A);
      return webhook();
    },
    check: async ([row], args, db) => {
      expect(row?.fn_set_webhook).toEqual({ endpoint_id: args.endpoint_id, status: "active" });
      expect(
        await db.look(
          "select e.owner_role, e.types, s.sealed, s.valid_until from webhook_endpoints e join webhook_secrets s using (endpoint_id) where endpoint_id = $1",
          [args.endpoint_id],
        ),
      ).toEqual([{ owner_role: "lp_role", types: ["FUND_IMPORTED", "NAV_STRUCK"], sealed: SEALED, valid_until: null }]);
    },
    other: (args) => ({ ...args, url: "https://other.example/" }),
    audits: 1,
    events: ["WEBHOOK_SET"],
    refuses: [
      put("no address", "EG400", { url: "hooks.example" }),
      put("a user in the address", "EG400", { url: "https://me@hooks.example/" }),
      put("a part after #", "EG400", { url: "https://hooks.example/#a" }),
      put("a secret in clear", "EG400", { sealed: "whsec_AAAA" }),
      put("no types", "EG400", { types: [] }),
      put("a type that is none", "EG400", { types: ["NEVER_HEARD_OF"] }),
      put("events of webhooks", "EG400", { types: ["WEBHOOK_STOPPED"] }),
      put("a fund that is not there", "EG404", { fund: "NOWHERE" }),
      {
        what: "a fund in which the LP has nothing",
        code: "EG404",
        change: async (args, db) => ({ ...args, fund: (await newFund(db)).code }),
      },
      {
        what: "an id that is taken",
        code: "EG409",
        by: PM_ONE,
        change: async (args, db) => {
          await db.call(LP_A, "fn_set_webhook", args);
          return args;
        },
      },
      {
        what: "an eleventh one",
        code: "EG428",
        by: { role: "pm_role", userId: NOWHERE },
        change: async (args, db) => {
          for (let n = 0; n < 10; n++) await db.call({ role: "pm_role", userId: NOWHERE }, "fn_set_webhook", webhook());
          return args;
        },
      },
      { what: "nobody signed in", code: "EG403", by: { role: "ops_role" } as never, change: (args) => args },
    ],
  },
  {
    fn: "fn_change_webhook",
    by: LP_A,
    arrange: async (db) => ({ endpoint_id: (await queuedWebhook(db, LP_A)).endpoint_id, change: "pause" }),
    check: async ([row], args, db) => {
      expect(row?.fn_change_webhook).toEqual({ endpoint_id: args.endpoint_id, status: "paused" });
      // what waits goes on when it is resumed, under a new run; operations may do it for anybody
      await db.call(OPS, "fn_change_webhook", { endpoint_id: args.endpoint_id, change: "resume" });
      const queues = await db.look(
        "select 1 from fund_events where type = 'WEBHOOKS_QUEUED' and payload ->> 'endpoint_id' = $1",
        [args.endpoint_id],
      );
      expect([await statusOf(db, args.endpoint_id), queues.length]).toEqual(["active", 2]);
      await db.call(LP_A, "fn_change_webhook", { endpoint_id: args.endpoint_id, change: "remove" });
      expect(
        await db.look(
          "select e.status, (select count(*)::int from webhook_secrets s where s.endpoint_id = e.endpoint_id) as secrets, d.status as delivery from webhook_endpoints e join webhook_deliveries d using (endpoint_id) where endpoint_id = $1",
          [args.endpoint_id],
        ),
      ).toEqual([{ status: "removed", secrets: 0, delivery: "dead" }]);
    },
    other: (args) => ({ ...args, change: "remove" }),
    audits: 1,
    events: ["WEBHOOK_SET"],
    refuses: [
      put("a change that is none", "EG400", { change: "delete" }),
      put("a webhook that is not there", "EG404", { endpoint_id: NOWHERE }),
      notMine(),
      put("one that is active, to resume", "EG428", { change: "resume" }),
      { what: "one that is paused, to pause", code: "EG428", change: paused },
    ],
  },
  {
    fn: "fn_rotate_webhook",
    by: LP_A,
    arrange: async (db) => ({ endpoint_id: await newWebhook(db, LP_A), sealed: SEALED.replace("B", "C") }),
    check: async (_rows, args, db) => {
      await db.call(LP_A, "fn_rotate_webhook", { endpoint_id: args.endpoint_id, sealed: SEALED });
      // never more than two: the newest, and the one before it for a day
      expect(
        await db.look("select valid_until is null as stays from webhook_secrets where endpoint_id = $1 order by 1", [
          args.endpoint_id,
        ]),
      ).toEqual([{ stays: false }, { stays: true }]);
    },
    other: (args) => ({ ...args, sealed: SEALED }),
    audits: 1,
    events: ["WEBHOOK_SET"],
    refuses: [
      put("a secret in clear", "EG400", { sealed: "whsec_AAAA" }),
      put("a webhook that is not there", "EG404", { endpoint_id: NOWHERE }),
      { ...notMine("that of an LP, by operations"), by: OPS },
    ],
  },
  {
    fn: "fn_test_webhook",
    by: LP_A,
    arrange: async (db) => ({ endpoint_id: await newWebhook(db, LP_A) }),
    check: async ([row], args, db) => {
      const { delivery_id } = row!.fn_test_webhook as { delivery_id: string };
      expect(
        await db.look("select endpoint_id, status, attempts from webhook_deliveries where delivery_id = $1", [
          delivery_id,
        ]),
      ).toEqual([{ endpoint_id: args.endpoint_id, status: "pending", attempts: 0 }]);
    },
    other: (args) => ({ ...args, endpoint_id: NOWHERE }),
    audits: 1,
    events: ["WEBHOOK_TESTED", "WEBHOOKS_QUEUED"],
    refuses: [notMine(), { what: "one that is paused", code: "EG428", change: paused }],
  },
  {
    fn: "fn_resend_webhook",
    by: LP_A,
    arrange: async (db) => {
      const { delivery_id, queued_by } = await queuedWebhook(db, LP_A);
      await db.call(agent("commander"), "fn_record_webhook_attempts", {
        queued_by,
        outcomes: outcome(delivery_id, { outcome: "delivered", status: 200, reason: null, next_ms: null }),
      });
      return { delivery_id };
    },
    check: async (_rows, args, db) => {
      expect(
        await db.look("select status, attempts from webhook_deliveries where delivery_id = $1", [args.delivery_id]),
      ).toEqual([{ status: "pending", attempts: 0 }]);
    },
    other: (args) => ({ ...args, delivery_id: NOWHERE }),
    audits: 1,
    events: ["WEBHOOKS_QUEUED"],
    refuses: [
      put("a delivery that is not there", "EG404", { delivery_id: NOWHERE }),
      notMine("a delivery of somebody else"),
      {
        what: "one that is on its way",
        code: "EG428",
        change: async (_args, db) => ({ delivery_id: (await queuedWebhook(db, LP_A)).delivery_id }),
      },
    ],
  },
  {
    fn: "fn_list_webhooks",
    by: LP_A,
    arrange: async (db) => {
      await newWebhook(db, LP_B);
      await queuedWebhook(db, LP_A);
      return {};
    },
    check: ([row]) => {
      const list = row?.fn_list_webhooks as { mine: boolean; pending: number }[];
      expect(list.length).toBeGreaterThan(0);
      expect(list.every(({ mine }) => mine)).toBe(true);
      expect(JSON.stringify(list)).not.toContain("v1.mk-");
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_list_webhook_deliveries",
    by: LP_A,
    arrange: async (db) => ({ endpoint_id: (await queuedWebhook(db, LP_A)).endpoint_id, most: 10 }),
    check: ([row]) =>
      expect(row?.fn_list_webhook_deliveries).toMatchObject([
        { type: "WEBHOOK_TESTED", status: "pending", attempts: 0, tries: [] },
      ]),
    other: null,
    audits: 0,
    events: [],
    refuses: [put("none at all", "EG400", { most: 0 }), notMine()],
  },
  {
    fn: "fn_read_webhooks",
    by: OPS,
    arrange: async (db) => {
      await queuedWebhook(db, LP_A);
      return {};
    },
    check: async ([row], _args, db) => {
      expect(Webhooks.parse(row?.fn_read_webhooks).endpoints.length).toBeGreaterThan(0);
      const { endpoint_id, delivery_id, queued_by } = await queuedWebhook(db, LP_A);
      const record = (change: Record<string, unknown>) =>
        db.call(agent("commander"), "fn_record_webhook_attempts", {
          queued_by,
          outcomes: outcome(delivery_id, change),
        });
      const pageOf = async (by: Actor) => Webhooks.parse(await db.value(by, "fn_read_webhooks", {}));
      const workOf = async (by: Actor) =>
        Desk.parse(await db.value(by, "fn_read_desk", {})).work.filter(({ id }) => id === endpoint_id);
      const found = async () => (await pageOf(OPS)).endpoints.find((one) => one.endpoint_id === endpoint_id);
      expect([await found(), await workOf(OPS)]).toMatchObject([{ pending: 1, given_up: 0, stopped_at: null }, []]);
      // attempts used up: a person sends it again within a day
      await record({ next_ms: null });
      const [given] = await workOf(OPS);
      expect(given).toMatchObject({
        kind: "webhook_deliveries",
        what: "given_up",
        reason: expect.stringMatching(/^1 to /),
      });
      expect(Date.parse(given?.due ?? "") - Date.parse(given?.since ?? "")).toBe(24 * 60 * 60_000);
      expect(await found()).toMatchObject({ given_up: 1, stopped_at: null });
      const page = await pageOf(AUDIT);
      expect(page.deliveries.find((one) => one.delivery_id === delivery_id)).toMatchObject({
        endpoint_id,
        status: "dead",
        attempts: 1,
        last_status: 500,
      });
      expect(JSON.stringify(page)).not.toContain("v1.mk-");
      // of somebody else's a portfolio manager hears nothing
      const others = await pageOf(PM_ONE);
      expect([...others.endpoints, ...others.deliveries].filter((one) => one.endpoint_id === endpoint_id)).toEqual([]);
      expect(await workOf(PM_ONE)).toEqual([]);
      // sent again it is on its way; the receiver wants nothing more, and somebody looks at it within a day
      await db.call(OPS, "fn_resend_webhook", { delivery_id });
      expect(await workOf(OPS)).toEqual([]);
      const [{ again } = { again: "" }] = await db.look<{ again: string }>(
        "select queued_by as again from webhook_deliveries where delivery_id = $1",
        [delivery_id],
      );
      await db.call(agent("commander"), "fn_record_webhook_attempts", {
        queued_by: again,
        outcomes: outcome(delivery_id, { outcome: "gone", status: 410, reason: "status 410", next_ms: null }),
      });
      const [stopped] = await workOf(OPS);
      expect(stopped).toMatchObject({ kind: "webhook", what: "gone" });
      expect(Date.parse(stopped?.due ?? "") - Date.parse(stopped?.since ?? "")).toBe(24 * 60 * 60_000);
      expect((await found())?.stopped_at).toBe(stopped?.since);
      await db.call(OPS, "fn_change_webhook", { endpoint_id, change: "skip" });
      // what went with the receiver is no longer anybody's work
      expect(await workOf(OPS)).toEqual([]);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_read_webhook_key",
    by: LP_A,
    arrange: async (db) => {
      await db.call(SERVICE, "fn_tell_webhook_key", WEBHOOK_KEY);
      return {};
    },
    check: ([row]) => expect(row?.fn_read_webhook_key).toEqual(WEBHOOK_KEY),
    other: null,
    audits: 0,
    events: [],
    refuses: [
      {
        what: "no worker that told one",
        code: "EG428",
        change: async (args, db) => {
          await db.look("delete from platform_settings where key = 'webhook_key'");
          return args;
        },
      },
    ],
  },
  {
    fn: "fn_tell_webhook_key",
    by: SERVICE,
    arrange: async (db) => {
      await db.look("delete from platform_settings where key = 'webhook_key'");
      return WEBHOOK_KEY;
    },
    check: async ([row], args, db) => {
      expect(row?.fn_tell_webhook_key).toBe(true);
      expect(await db.value(SERVICE, "fn_tell_webhook_key", args)).toBe(false);
    },
    other: null,
    audits: 1,
    events: [],
    refuses: [put("a name that is none", "EG400", { key_id: "mine" }), put("no key", "EG400", { public_key: "short" })],
  },
  {
    fn: "fn_find_webhook_events",
    by: SERVICE,
    arrange: async (db) => {
      await found(db);
      return {};
    },
    check: (rows) => {
      const ours = rows.filter(({ owner_id }) => "userId" in OPS && owner_id === OPS.userId);
      expect(ours.some(({ event_ids }) => (event_ids as string[] | null)?.length)).toBe(true);
    },
    other: null,
    audits: 0,
    events: [],
    refuses: [],
  },
  {
    fn: "fn_queue_webhooks",
    by: SERVICE,
    arrange: found,
    check: async ([row], args, db) => {
      const ids = args.event_ids as string[];
      expect(row?.fn_queue_webhooks).toBe(ids.length);
      // the place has moved: whoever comes second does nothing
      expect(await db.value(SERVICE, "fn_queue_webhooks", args)).toBe(0);
    },
    other: null,
    audits: 1,
    events: ["WEBHOOKS_QUEUED"],
    refuses: [
      put("a webhook that is not there", "EG404", { endpoint_id: NOWHERE }),
      put("an event that is not there", "EG404", { event_ids: [NOWHERE] }),
      put("a way backwards", "EG400", { upto_tx: "0" }),
      put("a place that is none", "EG400", { after_tx: "here" }),
      put("no events", "EG400", { event_ids: null }),
    ],
  },
];
