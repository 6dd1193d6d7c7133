// A real EVM in this process: the engine of hardhat's node, without hardhat. Holds everything in memory; keys are public, values worthless.
import { createRequire } from "node:module";
import { type Address, type Hex, hexToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const require = createRequire(import.meta.url);
const edr = require("@nomicfoundation/edr") as typeof import("@nomicfoundation/edr");

export const LOCAL_CHAIN_ID = 31_337;

/** Keys that anybody can compute. They sign on a local chain, and a door refuses them on any other. */
export const LOCAL_KEYS: readonly Hex[] = Array.from(
  { length: 8 },
  (_, index) => `0x${(0xe0e0_0000n + BigInt(index + 1)).toString(16).padStart(64, "0")}` as Hex,
);
export const LOCAL_ACCOUNTS: readonly Address[] = LOCAL_KEYS.map((key) => privateKeyToAccount(key).address);

export interface RpcError extends Error {
  code: number;
  data?: unknown;
}
export interface LocalChain {
  /** One JSON-RPC call. @throws RpcError as the engine words it. */
  request<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** The same as text, for a server: answers errors instead of throwing them. */
  answer(request: { id?: unknown; method: string; params?: readonly unknown[] }): Promise<object>;
}

export interface LocalChainSettings {
  chainId?: number;
  /** Mine one block per transaction; without it blocks come by `evm_mine`. */
  autoMine?: boolean;
  /** Seconds since 1970 of the first block. */
  startsAt?: number;
  /** Who has ether at the beginning; without it the accounts of LOCAL_KEYS. */
  funded?: readonly Address[];
}

/** The engine wants to be opened once a process; chains in it know nothing of each other. */
let opened: Promise<InstanceType<typeof edr.EdrContext>> | undefined;
async function openContext(): Promise<InstanceType<typeof edr.EdrContext>> {
  const context = new edr.EdrContext();
  await context.registerProviderFactory(edr.GENERIC_CHAIN_TYPE, edr.genericChainProviderFactory());
  return context;
}

/** Opens a chain with ether on some accounts. It ends with the process. */
export async function openLocalChain(settings: LocalChainSettings = {}): Promise<LocalChain> {
  opened ??= openContext();
  const context = await opened;
  const chainId = BigInt(settings.chainId ?? LOCAL_CHAIN_ID);
  const provider = await context.createProvider(
    edr.GENERIC_CHAIN_TYPE,
    {
      allowBlocksWithSameTimestamp: true,
      allowUnlimitedContractSize: false,
      bailOnCallFailure: true,
      bailOnTransactionFailure: false,
      blockGasLimit: 30_000_000n,
      chainId,
      networkId: chainId,
      coinbase: hexToBytes("0xc000000000000000000000000000000000000001"),
      genesisState: [
        ...edr.l1GenesisState(edr.l1HardforkFromString(edr.CANCUN)),
        ...(settings.funded ?? LOCAL_ACCOUNTS).map((address) => ({
          address: hexToBytes(address),
          balance: 10n ** 24n,
          code: new Uint8Array(),
        })),
      ],
      hardfork: edr.CANCUN,
      ...(settings.startsAt === undefined ? {} : { initialDate: BigInt(settings.startsAt) }),
      initialBaseFeePerGas: 1_000_000_000n,
      minGasPrice: 0n,
      mining: { autoMine: settings.autoMine ?? true, memPool: { order: edr.MineOrdering.Priority } },
      observability: {},
      ownedAccounts: [...LOCAL_KEYS],
      precompileOverrides: [],
    },
    { enable: false, decodeConsoleLogInputsCallback: () => [], printLineCallback: () => {} },
    { subscriptionCallback: () => {} },
    edr.ContractDecoder.withContracts({}),
  );
  const answer: LocalChain["answer"] = async ({ id, method, params }) => {
    const { data } = await provider.handleRequest(
      JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params ?? [] }),
    );
    const body = (typeof data === "string" ? JSON.parse(data) : data) as object;
    return { ...body, jsonrpc: "2.0", id: id ?? null };
  };
  return {
    answer,
    request: async (method, params) => {
      const body = (await answer({ method, ...(params === undefined ? {} : { params }) })) as {
        result: never;
        error?: { code: number; message: string; data?: unknown };
      };
      if (body.error !== undefined)
        throw Object.assign(new Error(body.error.message), { code: body.error.code, data: body.error.data });
      return body.result;
    },
  };
}
