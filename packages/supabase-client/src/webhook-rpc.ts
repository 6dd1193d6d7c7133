// Functions of webhooks: endpoints, deliveries and what workers do for them. SQL: prisma/sql/6v-fn-webhooks.sql and 6v-fn-webhook-runs.sql.
import { WebhookDelivery, WebhookEndpoint, Webhooks } from "@evergreen-fund/domain/webhook-pages.ts";
import { z } from "zod";
import { bigint, request_id, rpc, uuid } from "./rpc-shape.ts";

const moment = z.string();
const status = z.enum(["active", "paused", "gone", "removed"]);

export const WEBHOOK_RPCS = {
  fn_set_webhook: rpc(
    "one",
    z.object({
      endpoint_id: uuid,
      url: z.string(),
      types: z.array(z.string()),
      sealed: z.string(),
      fund: z.string().optional(),
      request_id,
    }),
    z.object({ endpoint_id: uuid, status }),
  ),
  fn_change_webhook: rpc(
    "one",
    z.object({ endpoint_id: uuid, change: z.string(), request_id }),
    z.object({ endpoint_id: uuid, status }),
  ),
  fn_rotate_webhook: rpc(
    "one",
    z.object({ endpoint_id: uuid, sealed: z.string(), request_id }),
    z.object({ endpoint_id: uuid, old_until: moment }),
  ),
  fn_test_webhook: rpc(
    "one",
    z.object({ endpoint_id: uuid, request_id }),
    z.object({ event_id: uuid, delivery_id: uuid }),
  ),
  fn_resend_webhook: rpc(
    "one",
    z.object({ delivery_id: uuid, request_id }),
    z.object({ delivery_id: uuid, status: z.literal("pending") }),
  ),
  fn_list_webhooks: rpc("one", z.object({}), z.array(WebhookEndpoint)),
  fn_list_webhook_deliveries: rpc(
    "one",
    z.object({ endpoint_id: uuid, most: z.int().optional() }),
    z.array(WebhookDelivery),
  ),
  fn_read_webhooks: rpc("one", z.object({}), Webhooks),
  fn_read_webhook_key: rpc("one", z.object({}), z.object({ key_id: z.string(), public_key: z.string() })),
  fn_tell_webhook_key: rpc("one", z.object({ key_id: z.string(), public_key: z.string() }), z.boolean()),
  fn_find_webhook_events: rpc(
    "rows",
    z.object({}),
    z.object({
      endpoint_id: uuid,
      owner_role: z.enum(["pm_role", "ops_role", "lp_role"]),
      owner_id: uuid,
      after_tx: z.string(),
      after_seq: bigint,
      upto_tx: z.string(),
      upto_seq: bigint,
      event_ids: z.array(uuid).nullable(),
    }),
  ),
  fn_queue_webhooks: rpc(
    "one",
    z.object({
      endpoint_id: uuid,
      after_tx: z.string(),
      after_seq: z.string(),
      upto_tx: z.string(),
      upto_seq: z.string(),
      event_ids: z.array(uuid),
    }),
    z.int(),
  ),
  fn_record_webhook_attempts: rpc(
    "one",
    z.object({ queued_by: uuid, outcomes: z.array(z.record(z.string(), z.unknown())), request_id }),
    z.object({ left: z.int(), wait_ms: z.int(), stopped: z.boolean() }),
  ),
};
