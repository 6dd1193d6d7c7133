// A webhook for tests of the database: an endpoint of somebody with a sealed text that nobody can open, and a delivery of it.
import { randomUUID } from "node:crypto";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { OPS, type TestDatabase } from "./arrange.ts";

/** Has the form of a sealed secret and is none. */
export const SEALED = `v1.mk-${"ab".repeat(8)}.${"A".repeat(43)}=.${"B".repeat(104)}`;
export const WEBHOOK_KEY = { key_id: `mk-${"ab".repeat(8)}`, public_key: `${"A".repeat(43)}=` };

export const webhook = (change: Record<string, unknown> = {}) => ({
  endpoint_id: randomUUID(),
  url: "https://hooks.example/evergreen",
  types: ["NAV_STRUCK", "FUND_IMPORTED"],
  sealed: SEALED,
  ...change,
});

/** Ten are the most of one person: those of tests before go. */
export const forgetWebhooks = (db: TestDatabase, by: Actor): Promise<unknown> =>
  db.look("update webhook_endpoints set status = 'removed' where owner_id = $1", ["userId" in by ? by.userId : null]);

export async function newWebhook(
  db: TestDatabase,
  by: Actor = OPS,
  change: Record<string, unknown> = {},
): Promise<string> {
  await forgetWebhooks(db, by);
  const made = webhook(change);
  await db.call(by, "fn_set_webhook", made);
  return made.endpoint_id;
}

/** An endpoint with a test on its way: the delivery and the event whose run sends it. */
export async function queuedWebhook(
  db: TestDatabase,
  by: Actor = OPS,
): Promise<{ endpoint_id: string; delivery_id: string; queued_by: string }> {
  const endpoint_id = await newWebhook(db, by);
  const { delivery_id } = await db.value<{ delivery_id: string }>(by, "fn_test_webhook", { endpoint_id });
  const [row] = await db.look<{ queued_by: string }>(
    "select queued_by from webhook_deliveries where delivery_id = $1",
    [delivery_id],
  );
  return { endpoint_id, delivery_id, queued_by: row!.queued_by };
}
