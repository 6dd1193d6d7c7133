// A kept chain after its process ended: the same blocks, the same balances, and nothing that its journal would not know.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, it } from "vitest";
import { openKeptChain } from "./kept-chain.ts";
import { LOCAL_CHAIN_ID } from "./local-chain.ts";

const KEY = `0x${"a7".repeat(32)}` as Hex;
const account = privateKeyToAccount(KEY);
const journal = () => join(mkdtempSync(join(tmpdir(), "evergreen-kept-")), "journal.jsonl");
const TO = "0xaa00000000000000000000000000000000000001";
const signed = (nonce: number) =>
  account.signTransaction({
    type: "eip1559",
    chainId: LOCAL_CHAIN_ID,
    nonce,
    to: TO,
    value: 7n,
    gas: 21_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 0n,
  });
const send = async (chain: Awaited<ReturnType<typeof openKeptChain>>, nonce: number) =>
  chain.answer({ id: 1, method: "eth_sendRawTransaction", params: [await signed(nonce)] });

/** The node of a stack as the process it is. */
async function startNode(file: string, keyFile: string): Promise<{ url: string; kill(): Promise<void> }> {
  const script = join(import.meta.dirname, "node-process.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, "0", file, keyFile, "3"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const url = await new Promise<string>((found, fail) => {
    let said = "";
    child.stdout.on("data", (part: Buffer) => {
      said += part;
      const [, at] = /^ready: a local chain at (\S+)$/m.exec(said) ?? [];
      if (at !== undefined) found(at);
    });
    void ended.then(() => fail(new Error(`The node ended: ${said}`)));
  });
  return {
    url,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
async function ask(url: string, method: string, params: readonly unknown[]): Promise<object> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return (await answer.json()) as object;
}
const sendTo = async (url: string, nonce: number) => ask(url, "eth_sendRawTransaction", [await signed(nonce)]);
const stateOf = async (chain: Awaited<ReturnType<typeof openKeptChain>>) => [
  await chain.request("eth_getBalance", [TO, "latest"]),
  ((await chain.request("eth_getBlockByNumber", ["latest", false])) as { hash: string; number: string }).hash,
];

it("comes back with the blocks it had, hash by hash, also after a last line that was cut short", async () => {
  const file = journal();
  const chain = await openKeptChain(file, [account.address]);
  expect(await send(chain, 0)).not.toHaveProperty("error");
  expect(await chain.settle(3)).toBe(true);
  expect(await send(chain, 1)).not.toHaveProperty("error");
  for (let block = 0; block < 3; block++) expect(await chain.settle(3)).toBe(true);
  expect(await chain.settle(3)).toBe(false);
  const before = await stateOf(chain);
  expect(before[0]).toBe("0xe");
  await appendFile(file, '{"at":17');
  const again = await openKeptChain(file, [account.address]);
  expect(await stateOf(again)).toEqual(before);
  expect(await again.settle(3)).toBe(false);
  // and what came after the line that was cut short is there at the start after that
  expect(await send(again, 2)).not.toHaveProperty("error");
  const after = await stateOf(again);
  expect(after[0]).toBe("0x15");
  expect(await stateOf(await openKeptChain(file, [account.address]))).toEqual(after);
});

it("a node that is killed comes back with what it had answered for, each transaction once", {
  timeout: 180_000,
}, async () => {
  const file = journal();
  const keyFile = join(dirname(file), "key");
  writeFileSync(keyFile, KEY.slice(2), { mode: 0o600 });
  const first = await startNode(file, keyFile);
  expect(await sendTo(first.url, 0)).not.toHaveProperty("error");
  const block = await ask(first.url, "eth_getBlockByNumber", ["0x1", false]);
  expect(await sendTo(first.url, 1)).not.toHaveProperty("error");
  await first.kill();
  const second = await startNode(file, keyFile);
  try {
    expect(await ask(second.url, "eth_getBlockByNumber", ["0x1", false])).toEqual(block);
    expect(await ask(second.url, "eth_getTransactionCount", [account.address, "latest"])).toMatchObject({
      result: "0x2",
    });
    // whoever was not answered sends again, and it has had its effect
    expect(await sendTo(second.url, 1)).toHaveProperty("error");
    expect(await ask(second.url, "eth_getBalance", [TO, "latest"])).toMatchObject({ result: "0xe" });
  } finally {
    await second.kill();
  }
});

it("refuses what its journal could not keep", async () => {
  const chain = await openKeptChain(journal(), [account.address]);
  for (const method of ["evm_revert", "hardhat_setBalance", "eth_sendTransaction", "eth_sign"])
    expect(await chain.answer({ id: 1, method })).toMatchObject({ error: { code: -32601 } });
});
