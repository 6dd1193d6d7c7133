// Every refusal of every fn_*: the coded error, one sentence without rows, and nothing changed.

import { isDeepStrictEqual } from "node:util";
import { ERRORS } from "@evergreen-fund/domain/errors.ts";
import { afterEach, describe, expect, it } from "vitest";
import { type Args, refusal, testDatabase } from "./arrange.ts";
import { RPC_CASES } from "./cases/index.ts";
import type { RpcCase } from "./cases/rpc-case.ts";
import { INVOKER_READS } from "./invoker-reads.ts";

const db = await testDatabase();
// a case that halts all writes halts those of no other
afterEach(() => db.look("delete from platform_settings where key = 'writes_halted'"));

const cases = RPC_CASES.flatMap((rpc) => rpc.refuses.map((refused) => [rpc.fn, refused.what, rpc, refused] as const));

it("every function that writes refuses something", () => {
  const unrefused = RPC_CASES.filter((rpc) => rpc.refuses.length === 0 && !INVOKER_READS.includes(rpc.fn));
  expect(unrefused.map((rpc) => rpc.fn)).toEqual([
    "fn_tick_kyc",
    "fn_read_kyc",
    "fn_plan_retention",
    "fn_read_record",
    "fn_list_webhooks",
    "fn_find_webhook_events",
  ]); // they read what is due
});

/** What was arranged last and what stood in the database then. A refusal changes nothing, so the next one of the function starts from the same, unless a case wrote. */
let arranged: { rpc: RpcCase; args: Args; writes: Record<string, string> } | undefined;

async function argsOf(rpc: RpcCase): Promise<Args> {
  const untouched = arranged?.rpc === rpc && isDeepStrictEqual(await db.writes(), arranged.writes);
  if (!untouched) {
    const args = await rpc.arrange(db);
    arranged = { rpc, args, writes: await db.writes() };
  }
  return arranged!.args;
}

describe.each(cases)("%s: %s", (_fn, _what, rpc, refused) => {
  it(`is refused with ${refused.code} and changes nothing`, async () => {
    const args = await refused.change(await argsOf(rpc), db);
    const before = await db.writes();
    const { code, message } = await refusal(db.call(refused.by ?? rpc.by, rpc.fn, args));
    expect(code, message).toBe(refused.code);
    expect(Object.keys(ERRORS)).toContain(code);
    expect(message).toMatch(/^[^\n]{5,500}$/);
    expect(await db.writes()).toEqual(before);
  });
});
