// One effect per action on a real EVM behind HTTP: submitted twice, stuck, replaced, taken back by a reorganisation, node away, wrong chain, no money.
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { actionLedger, LOCAL_ACCOUNTS, LOCAL_KEYS, serveLocalChain } from "@evergreen-fund/contracts";
import { type Address, encodeFunctionData, keccak256, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { beforeEach, expect, it } from "vitest";
import { type ChainAction, chainId32 } from "./action.ts";
import { attemptsInMemory, openChainDoor } from "./door.ts";
import { openTestClass } from "./test-class.ts";

const WALLET = "0xaa00000000000000000000000000000000000001";
const test = await openTestClass();
const { chain, door, settings } = test;
let day = 20_261_122n;

beforeEach(async () => {
  await test.autoMine(true);
  day += 1n;
  await door.settle({ actionId: randomUUID(), calls: [test.issue(WALLET), test.openDay(day)] });
});
/** An action whose second effect would show: what is pending adds up. */
const deposit = () => ({ actionId: randomUUID(), calls: [test.deposit(WALLET, 100n)] });

it("takes effect, is included, and is final at the twelfth block", async () => {
  const action = deposit();
  expect(await door.look(action.actionId)).toEqual({ state: "absent" });
  expect(await door.settle(action)).toMatchObject({ state: "sent" });
  expect(await door.settle(action)).toMatchObject({ state: "included", confirmations: 1 });
  await test.mine(10);
  expect(await door.settle(action)).toMatchObject({ state: "included", confirmations: 11 });
  await test.mine(1);
  expect(await door.settle(action)).toMatchObject({ state: "final", confirmations: 12 });
  expect(await test.pending(day, WALLET)).toBe(100n);
});

it("submitted at once by five processes that know nothing of each other: one effect", async () => {
  const action = deposit();
  const doors = Array.from({ length: 5 }, () => openChainDoor(settings, attemptsInMemory()));
  await Promise.allSettled(doors.map((other) => other.settle(action)));
  for (const other of doors) await other.settle(action);
  expect(await test.pending(day, WALLET)).toBe(100n);
});

it("the chain itself refuses the same action a second time, under whatever nonce", async () => {
  await test.autoMine(false);
  const action = deposit();
  await door.settle(action);
  const [from, gas] = [LOCAL_ACCOUNTS[1], toHex(1_000_000)];
  // signed by a process that looked before the first was there
  const data = encodeFunctionData({
    abi: actionLedger.abi,
    functionName: "execute",
    args: [chainId32(action.actionId), action.calls.map(({ to, data }) => ({ target: to, data }))],
  });
  const second = await chain.request("eth_sendTransaction", [{ from, to: test.on.registrar, data, gas }]);
  await test.mine(1);
  expect(await chain.request("eth_getTransactionReceipt", [second])).toMatchObject({ status: "0x0" });
  expect(await test.pending(day, WALLET)).toBe(100n);
  await expect(openChainDoor(settings, attemptsInMemory()).settle(action)).resolves.toMatchObject({
    state: "included",
  });
});

it("a transaction that is stuck is replaced under its own nonce at a higher fee", async () => {
  await test.autoMine(false);
  const action = deposit();
  const before = test.store.all.length;
  await door.settle(action);
  for (let block = 0; block < 7; block += 1) {
    // blocks too dear for what was offered
    await chain.request("hardhat_setNextBlockBaseFeePerGas", [toHex(10n ** 12n)]);
    await test.mine(1);
  }
  expect(await door.look(action.actionId)).toEqual({ state: "absent" });
  await door.settle(action);
  const [first, replacement] = test.store.all.slice(before);
  expect(replacement!.nonce).toBe(first!.nonce);
  expect(replacement!.maxFeePerGas > first!.maxFeePerGas).toBe(true);
  await test.mine(1);
  expect(await door.settle(action)).toMatchObject({ state: "included" });
  expect(await test.pending(day, WALLET)).toBe(100n);
  await test.mine(40);
});

it("a reorganisation of 12 blocks takes the effect back, and the action takes effect once again", async () => {
  const fork = await chain.request("evm_snapshot");
  const action = deposit();
  await door.settle(action);
  await test.mine(11);
  expect(await door.look(action.actionId)).toMatchObject({ state: "final" });
  await chain.request("evm_revert", [fork]);
  await test.mine(13);
  expect(await door.look(action.actionId)).toEqual({ state: "absent" });
  await door.settle(action);
  expect(await door.settle(action)).toMatchObject({ state: "included" });
  expect(await test.pending(day, WALLET)).toBe(100n);
});

it("a node that is away is EG503; when it is back, what was signed goes on", async () => {
  const action = deposit();
  await test.autoMine(false);
  await door.settle(action);
  // the pool is lost with the node
  await chain.request("hardhat_dropTransaction", [test.store.all.at(-1)!.hash]);
  const port = Number(new URL(test.node.url).port);
  await test.node.stop();
  await expect(door.settle(action)).rejects.toMatchObject({ code: "EG503", retryable: true });
  test.node = await serveLocalChain(chain, port);
  await test.autoMine(true);
  const signed = test.store.all.length;
  await door.settle(action);
  expect(test.store.all.length).toBe(signed);
  expect(await door.settle(action)).toMatchObject({ state: "included" });
  expect(await test.pending(day, WALLET)).toBe(100n);
});

it("refuses a node of another chain, a key without funds, a public key on a real chain", async () => {
  const other = openChainDoor({ ...settings, chainId: 1, key: generatePrivateKey() }, attemptsInMemory());
  await expect(other.settle(deposit())).rejects.toMatchObject({ code: "EG400" });
  expect(() => openChainDoor({ ...settings, chainId: 1, key: LOCAL_KEYS[3]! }, attemptsInMemory())).toThrow(
    "public one",
  );
  const poor = attemptsInMemory();
  const key = generatePrivateKey();
  // the ledger would let it act, if it could pay
  const sender = privateKeyToAccount(key).address;
  await chain.request("eth_sendTransaction", [
    {
      from: LOCAL_ACCOUNTS[0],
      to: test.on.registrar,
      data: grantSender(sender),
    },
  ]);
  await expect(openChainDoor({ ...settings, key }, poor).settle(deposit())).rejects.toMatchObject({ code: "EG424" });
  expect(poor.all).toEqual([]);
});

it("the key stands in no error and in nothing that is kept, whatever fails", async () => {
  const all = (value: unknown) => inspect(value, { depth: 20, showHidden: true, maxStringLength: null }).toLowerCase();
  const key = generatePrivateKey();
  const kept = attemptsInMemory();
  const settle = (change: object = {}, action: ChainAction = deposit()) =>
    openChainDoor({ ...settings, key, ...change }, kept).settle(action);
  const failed = await Promise.allSettled([
    settle(),
    settle({ chainId: 1 }),
    settle({ url: "http://127.0.0.1:9" }),
    settle({}, { ...deposit(), actionId: "no id" }),
  ]);
  expect(failed.map(({ status }) => status)).toEqual(failed.map(() => "rejected"));
  expect(all(failed)).not.toContain(key.slice(2));
  await door.settle(deposit());
  expect(all(test.store.all)).toContain("raw");
  expect(all(test.store.all)).not.toContain(settings.key.slice(2));
});

it("what the contracts refuse is refused by name before anything is signed", async () => {
  const stranger = "0xaa00000000000000000000000000000000000009";
  const before = test.store.all.length;
  await expect(door.settle({ actionId: randomUUID(), calls: [test.deposit(stranger, 1n)] })).rejects.toThrow(
    "NotCleared",
  );
  expect(test.store.all.length).toBe(before);
  const outsider = openChainDoor({ ...settings, key: LOCAL_KEYS[5]! }, attemptsInMemory());
  await expect(outsider.settle(deposit())).rejects.toThrow("AccessControlUnauthorizedAccount");
});

it("no text goes onto a chain: neither as another contract's call nor as a reference that reads as a name", async () => {
  const action = (data: `0x${string}`) => ({ actionId: randomUUID(), calls: [{ to: test.on.gate, data }] });
  await expect(door.settle(action(toHex("Jane Doe, born 1970")))).rejects.toMatchObject({ code: "EG403" });
  const named = toHex("Jane Doe", { size: 32 });
  await expect(door.settle({ actionId: randomUUID(), calls: [test.issue(WALLET, named)] })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(door.settle({ actionId: randomUUID(), calls: [] })).rejects.toMatchObject({ code: "EG400" });
  await expect(door.settle({ ...deposit(), actionId: "Jane Doe" })).rejects.toMatchObject({ code: "EG400" });
});

const grantSender = (to: Address) =>
  encodeFunctionData({ abi: actionLedger.abi, functionName: "grantRole", args: [keccak256(toHex("SENDER")), to] });
