// Webhooks as people look at them: endpoints with their state, what each was sent, and the page of both (`fn_read_webhooks`). Never a secret.
import { z } from "zod";

const id = z.uuid();
const count = z.int().min(0);
const moment = z.string();

export const WebhookEndpoint = z.object({
  endpoint_id: id,
  fund_id: id.nullable(),
  fund: z.string().nullable(),
  url: z.string(),
  types: z.array(z.string()),
  owner_role: z.string(),
  mine: z.boolean(),
  status: z.enum(["active", "paused", "gone", "removed"]),
  reason: z.string().nullable(),
  failing_since: moment.nullable(),
  delivered_at: moment.nullable(),
  created_at: moment,
  /** Since when the platform sends nothing, because of what the receiver did; null while it sends, and where a person paused it. */
  stopped_at: moment.nullable(),
  pending: count,
  dead: count,
  /** Deliveries of the last 30 days whose attempts are used up: not what people skipped. */
  given_up: count,
  given_up_at: moment.nullable(),
});
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

/** One attempt: when it began, how long it took, and what came of it. `code` is that of what broke on the way, where nobody answered. */
export const WebhookTry = z.object({
  at: moment,
  outcome: z.enum(["delivered", "later", "gone", "refused"]),
  status: z.int().nullable(),
  code: z.string().nullable(),
  ms: count.nullable(),
});
export type WebhookTry = z.infer<typeof WebhookTry>;

export const WebhookDelivery = z.object({
  delivery_id: id,
  event_id: id,
  type: z.string(),
  status: z.enum(["pending", "delivered", "dead", "withheld"]),
  attempts: count,
  next_at: moment,
  last_status: z.int().nullable(),
  last_reason: z.string().nullable(),
  delivered_at: moment.nullable(),
  created_at: moment,
  /** The oldest first, the newest 50. */
  tries: z.array(WebhookTry),
});

export const Webhooks = z.object({
  read_at: moment,
  endpoints: z.array(WebhookEndpoint),
  deliveries: z.array(WebhookDelivery.extend({ endpoint_id: id })),
});
export type Webhooks = z.infer<typeof Webhooks>;
