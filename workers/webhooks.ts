// Webhooks as workers serve them: events that the owner of an endpoint may read are handed to runs, and messages are signed and sent. Secrets are opened
// here, for as long as it takes to sign.
import type { Actor } from "@evergreen-fund/domain";
import type { MasterKeys } from "@evergreen-fund/personal-data";
import type { Database } from "@evergreen-fund/supabase-client";
import { type Outcome, openSecret, sealedFor, sealingKey, sendWebhook } from "@evergreen-fund/webhooks";
import type { DueDelivery, QueueFacts } from "./commander/webhooks/facts.ts";
import { type Repeating, repeating } from "./repeating.ts";

export interface WebhookDoor {
  /** Sends messages of one endpoint; null: its owner may not read that event any more. Never throws for what a receiver does. */
  send(queue: QueueFacts, messages: readonly { delivery: DueDelivery; body: string }[]): Promise<Sent[]>;
}

export interface Sent {
  delivery: DueDelivery;
  outcome: Outcome | null;
  /** How long the attempt took, and how long ago it began when all are done. */
  ms: number;
  agoMs: number;
}

const SERVICE = { role: "service_role" } as const;
/** Messages to one receiver at a time. */
const AT_ONCE = 5;
/** How often it is looked for what is new. */
const LOOK_MS = 1_000;

interface Owner {
  ownerRole: QueueFacts["ownerRole"];
  ownerId: string;
}

/** Of events those that the owner of an endpoint may read today, by row-level security and nothing else. */
async function readableBy(
  database: Database,
  { ownerRole, ownerId }: Owner,
  ids: readonly string[],
): Promise<Set<string>> {
  const owner = { role: ownerRole, userId: ownerId } as Actor;
  const rows = await database.read(owner, (tx) =>
    tx.fund_events.findMany({ where: { event_id: { in: [...ids] } }, select: { event_id: true } }),
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

/** @param allowPrivate also addresses inside a network, and http */
export function openWebhooks(
  database: Database,
  keys: MasterKeys,
  allowPrivate: boolean,
  answerMs?: number,
): WebhookDoor {
  return {
    async send(queue, messages) {
      const readable = await readableBy(
        database,
        queue,
        messages.map(({ delivery }) => delivery.eventId),
      );
      const secrets = await Promise.all(
        queue.sealed.map(async (sealed) =>
          openSecret(sealed, (await keys.byId(sealedFor(sealed))).key, queue.endpointId),
        ),
      );
      const done: (Omit<Sent, "agoMs"> & { began: number })[] = [];
      const waiting = [...messages];
      const sendAll = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const { delivery, body } = next;
          const message = { id: delivery.deliveryId, timestamp: Math.floor(Date.now() / 1_000), body };
          // a test is of the endpoint itself
          const allowed = delivery.type === "WEBHOOK_TESTED" || readable.has(delivery.eventId);
          const began = performance.now();
          const outcome = allowed
            ? await sendWebhook({ url: queue.url, message, secrets, allowPrivate, ...(answerMs ? { answerMs } : {}) })
            : null;
          done.push({ delivery, outcome, began, ms: Math.round(performance.now() - began) });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
      const now = performance.now();
      return done.map(({ began, ...sent }) => ({ ...sent, agoMs: Math.round(now - began) }));
    },
  };
}

/** Hands what is new for any endpoint to runs; answers how many deliveries. Two workers at once hand over once. */
export async function queueWebhooks(database: Database): Promise<number> {
  let queued = 0;
  for (const found of await database.rpc(SERVICE, "fn_find_webhook_events", {})) {
    const { endpoint_id, after_tx, after_seq, upto_tx, upto_seq, owner_role, owner_id, event_ids } = found;
    const ids = event_ids ?? [];
    const readable =
      ids.length === 0
        ? new Set<string>()
        : await readableBy(database, { ownerRole: owner_role, ownerId: owner_id }, ids);
    queued += await database.rpc(SERVICE, "fn_queue_webhooks", {
      endpoint_id,
      after_tx,
      after_seq,
      upto_tx,
      upto_seq,
      event_ids: ids.filter((id) => readable.has(id)),
    });
  }
  return queued;
}

/** Tells for which public key secrets are sealed, so that people can make endpoints. */
export async function tellWebhookKey(database: Database, keys: MasterKeys): Promise<void> {
  const { id, key } = await keys.current();
  const { keyId, publicKey } = sealingKey(id, key);
  await database.rpc(SERVICE, "fn_tell_webhook_key", { key_id: keyId, public_key: publicKey });
}

/** As long as the process lives. What fails is said once, and tried again at the next look. */
export function keepWebhooks(database: Database, keys: MasterKeys, log: (line: string) => void): Repeating {
  let told = "";
  let complaint = "";
  const turn = async (): Promise<void> => {
    const { id } = await keys.current();
    if (id !== told) await tellWebhookKey(database, keys);
    told = id;
    await queueWebhooks(database);
  };
  return repeating(
    () =>
      turn().then(
        () => {
          complaint = "";
        },
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          if (message !== complaint) log(`webhooks: ${message}`);
          complaint = message;
        },
      ),
    LOOK_MS,
  );
}
