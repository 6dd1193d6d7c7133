// Every refusal of every fn_*: the coded error, one sentence without rows, and nothing changed.
import { ERRORS } from "@evergreen-fund/domain/errors.ts";
import { describe, expect, it } from "vitest";
import { refusal, testDatabase } from "./arrange.ts";
import { RPC_CASES } from "./cases/index.ts";

const db = await testDatabase();

const cases = RPC_CASES.flatMap((rpc) => rpc.refuses.map((refused) => [rpc.fn, refused.what, rpc, refused] as const));

it("every function that writes refuses something", () => {
  const unrefused = RPC_CASES.filter((rpc) => rpc.refuses.length === 0).map((rpc) => rpc.fn);
  expect(unrefused).toEqual(["fn_search_memories", "fn_list_memories"]); // they read, and answer no memories to whatever they do not understand
});

describe.each(cases)("%s: %s", (_fn, _what, rpc, refused) => {
  it(`is refused with ${refused.code} and changes nothing`, async () => {
    const args = await refused.change(await rpc.arrange(db), db);
    const before = await db.fingerprint();
    const { code, message } = await refusal(db.call(refused.by ?? rpc.by, rpc.fn, args));
    expect(code, message).toBe(refused.code);
    expect(Object.keys(ERRORS)).toContain(code);
    expect(message).toMatch(/^[^\n]{5,500}$/);
    expect(await db.fingerprint()).toEqual(before);
  });
});
