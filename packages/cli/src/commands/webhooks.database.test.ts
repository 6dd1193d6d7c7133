// Webhooks by command line against a real database: added by an LP, shown to whom it belongs and to operations, and never a secret in what is listed.
import { SERVICE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { openSecret, sealingKey } from "@evergreen-fund/webhooks";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const MASTER = Buffer.alloc(32, 7);
const KEY_ID = `mk-${"0".repeat(16)}`;
const Added = z.object({ webhookId: z.uuid(), status: z.literal("active"), secret: z.string().regex(/^whsec_/) });
const Listed = z.object({
  webhooks: z.array(z.object({ webhookId: z.string(), mine: z.boolean(), status: z.string() })),
});

it("says that a worker is needed before the first one", async () => {
  const early = await house.run("lp1", ["webhooks", "add", "https://hooks.example/a", "--types", "NAV_STRUCK"]);
  expect(early.err).toContain("No worker has told its key yet");
});

it("adds one, shows its secret once, and lets its owner and operations see to it", async () => {
  const { keyId, publicKey } = sealingKey(KEY_ID, MASTER);
  await house.db.call(SERVICE, "fn_tell_webhook_key", { key_id: keyId, public_key: publicKey });
  expect((await house.run("lp1", ["webhooks", "list"])).out).toContain("No program is told");
  const types = ["--types", "NAV_STRUCK,STATEMENTS_READY"];
  const { webhookId, secret } = await house.json("lp1", Added, [
    "webhooks",
    "add",
    "https://hooks.example/a",
    ...types,
  ]);
  // what stands in the database opens with the workers' key, and with nothing else
  const [row] = await house.db.look<{ sealed: string }>("select sealed from webhook_secrets where endpoint_id = $1", [
    webhookId,
  ]);
  expect(openSecret(row!.sealed, MASTER, webhookId)).toBe(secret);
  expect(() => openSecret(row!.sealed, Buffer.alloc(32, 8), webhookId)).toThrow("does not open");

  const list = await house.run("lp1", ["webhooks", "list"]);
  expect(list.out).toContain(webhookId);
  expect(list.out).not.toContain(secret);
  expect((await house.json("lp2", Listed, ["webhooks", "list"])).webhooks).toEqual([]);
  expect((await house.json("ops1", Listed, ["webhooks", "list"])).webhooks).toMatchObject([{ webhookId, mine: false }]);

  const short = webhookId.slice(0, 8);
  expect((await house.run("lp2", ["webhooks", "test", webhookId])).err).toContain("No webhook of yours");
  expect((await house.run("lp1", ["webhooks", "test", short])).out).toContain("A test is on its way");
  expect((await house.run("lp1", ["webhooks", "deliveries", short])).out).toMatch(/WEBHOOK_TESTED +pending/);
  expect((await house.run("lp1", ["webhooks", "deliveries", short, "--attempts"])).out).toContain("Nothing was tried");
  await house.db.look(
    `update webhook_deliveries set tries = '[{"at": "2026-11-23T03:00:00Z", "outcome": "later", "status": 503, "code": null, "ms": 41},
       {"at": "2026-11-23T03:00:05Z", "outcome": "later", "status": null, "code": "ECONNREFUSED", "ms": 7}]'`,
  );
  expect((await house.run("lp1", ["webhooks", "deliveries", short, "--attempts"])).out).toMatch(
    /WEBHOOK_TESTED .*later +7 +ECONNREFUSED[\s\S]*later +503 +41/,
  );
  const [delivery] = await house.db.look<{ id: string }>("select delivery_id as id from webhook_deliveries");
  expect((await house.run("lp1", ["webhooks", "resend", delivery!.id])).err).toContain("on its way already");
  expect((await house.run("ops1", ["webhooks", "pause", short])).out).toContain("sent nothing");
  expect((await house.run("lp1", ["webhooks", "test", short])).err).toContain("resume it first");
  expect((await house.run("lp1", ["webhooks", "resume", short])).out).toContain("again");
  const rotated = await house.run("lp1", ["webhooks", "rotate", short]);
  expect(rotated.out).toMatch(/signed by both secrets until[\s\S]*whsec_/);
  expect((await house.run("lp1", ["webhooks", "remove", short])).out).toContain("secrets are gone");
  expect((await house.run("lp1", ["webhooks", "list"])).out).toContain("No program is told");
});

it.each([
  [["webhooks", "add", "ftp://hooks.example", "--types", "NAV_STRUCK"], "https address"],
  [["webhooks", "add", "https://hooks.example", "--types", "WEBHOOK_STOPPED"], "other than those of webhooks"],
  [["webhooks", "test", "3f2c"], "begins like that"],
  [["webhooks", "resend", "3f2c"], "by its whole id"],
])("%s is refused: %s", async (argv, words) => {
  const { exit, err } = await house.run("lp1", argv);
  expect([exit === 0, err]).toEqual([false, expect.stringContaining(words)]);
});
