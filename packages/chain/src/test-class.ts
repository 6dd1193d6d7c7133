// A class of units on a local chain behind HTTP, with doors to it: for the tests of this package.
import {
  dealingVault,
  identityGate,
  LOCAL_ACCOUNTS,
  LOCAL_CHAIN_ID,
  LOCAL_KEYS,
  openLocalChain,
  serveLocalChain,
} from "@evergreen-fund/contracts";
import { type Abi, type Address, createPublicClient, encodeFunctionData, http } from "viem";
import type { ChainCall } from "./action.ts";
import { deployClass } from "./deploy.ts";
import { attemptsInMemory, type ChainSettings, openChainDoor } from "./door.ts";

export const PARTY = `0x${"5a0f".repeat(16)}` as const;
export const FAR = 1_990_000_000n;

export async function openTestClass() {
  const chain = await openLocalChain({ startsAt: 1_800_000_000 });
  const node = await serveLocalChain(chain);
  const on = await deployClass(
    { url: node.url, chainId: LOCAL_CHAIN_ID, key: LOCAL_KEYS[0]! },
    {
      name: "Synthetic class",
      symbol: "SYN",
      unitDecimals: 4,
      cashDecimals: 2,
      registrar: LOCAL_ACCOUNTS[1]!,
      guardian: LOCAL_ACCOUNTS[2]!,
    },
  );
  const settings: ChainSettings = {
    url: node.url,
    chainId: LOCAL_CHAIN_ID,
    key: LOCAL_KEYS[1]!,
    ledger: on.registrar,
    timeoutMs: 5_000,
  };
  const store = attemptsInMemory();
  const client = createPublicClient({ transport: http(node.url, { retryCount: 0 }) });
  return {
    chain,
    node,
    on,
    settings,
    store,
    door: openChainDoor(settings, store),
    /** One after the other: a run of blocks mined in one call is not linked by its hashes. */
    mine: async (blocks: number) => {
      for (let block = 0; block < blocks; block += 1) await chain.request("evm_mine");
    },
    autoMine: (on: boolean) => chain.request("evm_setAutomine", [on]),
    issue: (wallet: Address, party: `0x${string}` = PARTY): ChainCall =>
      call(on.gate, identityGate.abi, "issue", [wallet, party, FAR]),
    openDay: (day: bigint): ChainCall => call(on.vault, dealingVault.abi, "openDay", [day]),
    deposit: (wallet: Address, cash: bigint): ChainCall =>
      call(on.vault, dealingVault.abi, "requestDeposit", [cash, wallet]),
    strike: (day: bigint, price: bigint): ChainCall =>
      call(on.vault, dealingVault.abi, "strike", [day, price, 10n ** 18n]),
    allocate: (day: bigint, wallets: Address[], units: bigint[]): ChainCall =>
      call(on.vault, dealingVault.abi, "fulfilDeposits", [day, wallets, units]),
    pending: (day: bigint, wallet: Address) =>
      client.readContract({
        address: on.vault,
        abi: dealingVault.abi,
        functionName: "pendingDepositRequest",
        args: [day, wallet],
      }),
    onChain: () => client.readContract({ address: on.vault, abi: dealingVault.abi, functionName: "unitsOnChain" }),
    head: () => client.getBlockNumber({ cacheTime: 0 }),
  };
}

const call = (to: Address, abi: unknown, functionName: string, args: unknown[]): ChainCall => ({
  to,
  data: encodeFunctionData({ abi: abi as Abi, functionName, args }),
});
