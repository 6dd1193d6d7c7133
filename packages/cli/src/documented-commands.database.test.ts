// The commands of the documentation that need no workers, typed as they stand there against a real database: each must succeed.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, LP_A, OPS, SERVICE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { DEALING_DATE, dayAt } from "@evergreen-fund/prisma/tests/dealing-day.ts";
import { userOf } from "@evergreen-fund/prisma/tests/populate.ts";
import { queuedWebhook } from "@evergreen-fund/prisma/tests/webhook.ts";
import { sealingKey } from "@evergreen-fund/webhooks";
import { expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";
import { documentedCommands, RUN_BY } from "./test-documented-lines.ts";
import { openHouse, type Person } from "./test-house.ts";

const house = await openHouse();
const { db } = house;
const day = await dayAt(db, "closed", { holderUser: userOf(LP_A) });
const [holder] = await db.look<{ code: string }>("select code from investors where investor_id = $1", [day.holder]);
// a worker has told its key, and a webhook of operations has been told of something
const { keyId, publicKey } = sealingKey(`mk-${"0".repeat(16)}`, Buffer.alloc(32, 7));
await db.call(SERVICE, "fn_tell_webhook_key", { key_id: keyId, public_key: publicKey });
const hook = await queuedWebhook(db, OPS);
await db.call(agent("commander"), "fn_record_webhook_attempts", {
  queued_by: hook.queued_by,
  outcomes: JSON.stringify([{ delivery_id: hook.delivery_id, outcome: "delivered", status: 200 }]),
});
const folder = mkdtempSync(join(tmpdir(), "evergreen-documented-"));

/** What a reader puts where the documentation has the demo's words. The one investor of this house is lp1. */
const OWN: Readonly<Record<string, string>> = {
  DEMO: day.fund.code,
  DATE: DEALING_DATE,
  "LP-S0001": holder?.code ?? "",
  I: "A",
  W: "A",
  WEBHOOK: hook.endpoint_id,
  DELIVERY: hook.delivery_id,
  "openapi.json": join(folder, "openapi.json"),
  "database.ts": join(folder, "database.ts"),
};
const WHO: Readonly<Record<string, Person>> = {
  pm_role: "pm1",
  lp_role: "lp1",
  ops_role: "ops1",
  audit_role: "audit1",
};

const commands = documentedCommands().filter(({ path }) => !(path in RUN_BY));
const lines = [...new Map(commands.map((command) => [command.line, command])).values()];

it.each(lines.map((command) => [command.line, command] as const))("%s", async (_line, { path, argv }) => {
  const at = argv.indexOf("--as");
  const named = at === -1 ? undefined : argv[at + 1]?.split("@")[0];
  const words = argv
    .filter((_, index) => at === -1 || (index !== at && index !== at + 1))
    .map((word) => OWN[word] ?? word);
  const role = COMMANDS.find((command) => command.path === path)?.role ?? "pm_role";
  const person = named === "lp2" ? "lp1" : ((named ?? WHO[role]) as Person);
  const { exit, err } = await house.run(person, words);
  expect({ exit, err: exit === 0 ? "" : err }).toEqual({ exit: 0, err: "" });
});

it("stand on pages that the gateway serves to anybody, with the functions of this stack, without a script", async () => {
  const page = await house.ask("/docs/reference/functions");
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(await page.text()).toContain("<code>fn_request_rebalance</code>");
  for (const path of ["/docs", "/docs/", "/docs/tutorial/first-dealing-day"])
    expect([path, (await house.ask(path)).status]).toEqual([path, 200]);
  expect((await house.ask("/docs/reference/nothing")).status).toBe(404);
});
