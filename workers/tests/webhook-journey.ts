// A fund comes in and a program of operations is told of it, by runs whose worker may die at any step: once by its id, however often it is sent.
import { randomUUID } from "node:crypto";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { newSecret, sealSecret } from "@evergreen-fund/webhooks";
import { expect } from "vitest";
import type { TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, importFund, OPS } from "./journeys.ts";
import { openReceiver } from "./webhook-receiver.ts";

export async function told({ database }: TestHouse): Promise<void> {
  const secret = newSecret();
  const receiver = await openReceiver([secret]);
  const endpoint_id = randomUUID();
  try {
    const key = () => database.rpc(OPS, "fn_read_webhook_key", {}).catch(() => undefined);
    await until(async () => (await key()) !== undefined, "a worker to tell its key");
    const { key_id, public_key } = (await key())!;
    // answered badly once: the second attempt is a timer's
    receiver.replies.push(500);
    await database.rpc(OPS, "fn_set_webhook", {
      endpoint_id,
      url: receiver.url,
      types: ["FUND_IMPORTED"],
      sealed: sealSecret(secret, { keyId: key_id, publicKey: public_key }, endpoint_id),
    });
    const { fundId } = await importFund(database);
    const event = await database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({ where: { fund_id: fundId, type: "FUND_IMPORTED" } }),
    );
    const delivery = () =>
      database.read(AUDIT, (tx) =>
        tx.webhook_deliveries.findFirst({ where: { endpoint_id, event_id: event.event_id } }),
      );
    await until(async () => (await delivery())?.status === "delivered", "the event to be told");
    const { delivery_id, queued_by } = (await delivery())!;
    await expectEnd(database, queued_by, "completed");
    const heard = receiver.heard.filter(({ body }) => body.data.event_id === event.event_id);
    expect(heard.length).toBeGreaterThan(1);
    expect(new Set(heard.map(({ id }) => id))).toEqual(new Set([delivery_id]));
    expect(heard.every(({ by }) => by.length === 1)).toBe(true);
  } finally {
    await database.rpc(OPS, "fn_change_webhook", { endpoint_id, change: "remove" }).catch(() => {});
    await receiver.close();
  }
}
