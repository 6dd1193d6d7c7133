// RPC cases: what came of attempts to deliver messages, each for itself.
import { expect } from "vitest";
import { agent, LP_A } from "../arrange.ts";
import { queuedWebhook } from "../webhook.ts";
import { NOWHERE, type Refusal, type RpcCase } from "./rpc-case.ts";

const put = (what: string, code: Refusal["code"], change: Record<string, unknown>): Refusal => ({
  what,
  code,
  change: (args) => ({ ...args, ...change }),
});
export const outcome = (delivery_id: string, change: Record<string, unknown> = {}) =>
  JSON.stringify([{ delivery_id, outcome: "later", status: 500, reason: "status 500", next_ms: 5000, ...change }]);

export const WEBHOOK_ATTEMPT_CASES: readonly RpcCase[] = [
  {
    fn: "fn_record_webhook_attempts",
    by: agent("commander"),
    arrange: async (db) => {
      const { delivery_id, queued_by } = await queuedWebhook(db, LP_A);
      return { queued_by, outcomes: outcome(delivery_id) };
    },
    check: async ([row], args, db) => {
      expect(row?.fn_record_webhook_attempts).toMatchObject({ left: 1, stopped: false });
      const [{ delivery_id }] = JSON.parse(String(args.outcomes)) as [{ delivery_id: string }];
      const state = () =>
        db.look(
          "select d.status, attempts, last_status, e.status as endpoint, e.reason, failing_since is not null as failing from webhook_deliveries d join webhook_endpoints e using (endpoint_id) where delivery_id = $1",
          [delivery_id],
        );
      expect(await state()).toEqual([
        { status: "pending", attempts: 1, last_status: 500, endpoint: "active", reason: null, failing: true },
      ]);
      await db.look(
        "update webhook_endpoints set failing_since = now() - interval '6 days' where failing_since is not null",
      );
      await db.call(agent("commander"), "fn_record_webhook_attempts", args);
      expect(await state()).toMatchObject([{ status: "pending", attempts: 2, endpoint: "paused", reason: "failing" }]);
      // each attempt for itself, the newest fifty
      const broken = { status: null, reason: "no connection", code: "ECONNREFUSED", ms: 12, ago_ms: 3_600_000 };
      for (let attempt = 3; attempt <= 51; attempt++)
        await db.call(agent("commander"), "fn_record_webhook_attempts", {
          ...args,
          outcomes: outcome(delivery_id, attempt === 51 ? broken : {}),
        });
      const [{ tries } = { tries: [] }] = await db.look<{ tries: Record<string, unknown>[] }>(
        "select tries from webhook_deliveries where delivery_id = $1",
        [delivery_id],
      );
      expect(tries.length).toBe(50);
      expect(tries[0]).toMatchObject({ outcome: "later", status: 500, code: null, ms: null });
      expect(tries[49]).toMatchObject({ outcome: "later", status: null, code: "ECONNREFUSED", ms: 12 });
      expect(Date.parse(String(tries[48]!.at)) - Date.parse(String(tries[49]!.at))).toBeGreaterThan(3_000_000);
    },
    other: (args) => ({ ...args, outcomes: "[]" }),
    audits: 1,
    events: [],
    refuses: [
      put("no list", "EG400", { outcomes: "{}" }),
      put("a delivery that is none", "EG400", { outcomes: outcome("mine") }),
      put("an outcome that is none", "EG400", { outcomes: outcome(NOWHERE, { outcome: "lost" }) }),
      put("words of a receiver", "EG400", { outcomes: outcome(NOWHERE, { reason: "<script>" }) }),
      put("a code in words", "EG400", { outcomes: outcome(NOWHERE, { code: "it broke" }) }),
      put("a time that is none", "EG400", { outcomes: outcome(NOWHERE, { ms: -1 }) }),
      put("an event that queued nothing", "EG404", { queued_by: NOWHERE }),
    ],
  },
];
