// The door to an EVM chain. An action is signed, kept, then sent; whether it took effect is read from the chain, never remembered.
// What makes an effect happen once is the chain's own ledger of actions: a second transaction of the same action is refused there.
import { actionLedger, LOCAL_CHAIN_ID, LOCAL_KEYS } from "@evergreen-fund/contracts";
import { EvergreenError } from "@evergreen-fund/domain";
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  decodeErrorResult,
  encodeFunctionData,
  type Hex,
  http,
  keccak256,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type ChainAction, chainId32, checkCalls, OUR_ABIS } from "./action.ts";

export interface ChainSettings {
  /** JSON-RPC of a node. */
  url: string;
  /** The chain that is meant; a node of another one is refused. */
  chainId: number;
  /** Signs; never printed, never stored. */
  key: Hex;
  /** ActionLedger of the fund. */
  ledger: Address;
  /** Blocks from which an effect counts as final, its own included. */
  confirmations?: number;
  /** Blocks after which a transaction that is not included is replaced at a higher fee. */
  stuckAfter?: number;
  /** Milliseconds for one question to the node. */
  timeoutMs?: number;
}

/** A signed transaction: kept before it is sent, so that a crash in between loses nothing. */
export interface Attempt {
  actionId: string;
  sender: Address;
  nonce: number;
  hash: Hex;
  raw: Hex;
  maxFeePerGas: bigint;
  /** Head of the chain when it was signed. */
  head: bigint;
}
export interface AttemptStore {
  latest(actionId: string): Promise<Attempt | undefined>;
  keep(attempt: Attempt): Promise<void>;
}

export type ActionState =
  | { state: "absent" }
  | { state: "sent"; hash: Hex; nonce: number }
  | { state: "included" | "final"; block: bigint; confirmations: number };

export interface ChainDoor {
  readonly sender: Address;
  /** From the chain: whether the action took effect, and how deep it lies. */
  look(actionId: string): Promise<ActionState>;
  /**
   * One turn of an action: looks, sends, sends again what was lost, replaces what is stuck. To be called until the answer is `final`; every call
   * is safe, from any number of processes. Errors: EG400 the node is of another chain, EG403 a public key on a real chain or a forbidden call,
   * EG424 the key cannot pay for gas, EG428 the contracts refuse (with their word), EG503 the node is away.
   */
  settle(action: ChainAction): Promise<ActionState>;
}

const CONFIRMATIONS = 12;
const STUCK_AFTER = 6;
const GWEI = 1_000_000_000n;

/** Opens nothing yet: the node is asked at the first call. */
export function openChainDoor(settings: ChainSettings, store: AttemptStore): ChainDoor {
  if (settings.chainId !== LOCAL_CHAIN_ID && LOCAL_KEYS.includes(settings.key))
    throw new EvergreenError(
      "EG403",
      "The key is a public one of local chains; give a key of your own for this chain.",
    );
  const account = privateKeyToAccount(settings.key);
  const client = createPublicClient({
    transport: http(settings.url, { retryCount: 0, timeout: settings.timeoutMs ?? 10_000 }),
  });
  const confirmations = settings.confirmations ?? CONFIRMATIONS;
  const ask = <T>(work: (client: PublicClient) => Promise<T>): Promise<T> =>
    work(client).catch((error: unknown) => {
      throw codedError(error);
    });
  let rightChain = false;
  const checkChain = async () => {
    if (rightChain) return;
    const found = await ask((node) => node.getChainId());
    if (found !== settings.chainId)
      throw new EvergreenError(
        "EG400",
        `The node is of chain ${found}, not of ${settings.chainId}; correct the address.`,
      );
    rightChain = true;
  };

  const look = async (actionId: string): Promise<ActionState> => {
    await checkChain();
    const id = chainId32(actionId);
    const [block, head] = await Promise.all([
      ask((node) =>
        node.readContract({ address: settings.ledger, abi: actionLedger.abi, functionName: "doneIn", args: [id] }),
      ),
      ask((node) => node.getBlockNumber({ cacheTime: 0 })),
    ]);
    if (block === 0n) return { state: "absent" };
    const depth = Number(head - block) + 1;
    return { state: depth >= confirmations ? "final" : "included", block, confirmations: depth };
  };

  const sign = async (action: ChainAction, replaced: Attempt | undefined, nonce: number): Promise<Attempt> => {
    const data = encodeFunctionData({
      abi: actionLedger.abi,
      functionName: "execute",
      args: [chainId32(action.actionId), action.calls.map(({ to, data: call }) => ({ target: to, data: call }))],
    });
    // refused by the contracts as they will stand: nothing is sent and no nonce is spent
    await ask((node) => node.call({ account: account.address, to: settings.ledger, data, blockTag: "pending" }));
    const [gas, block, balance] = await Promise.all([
      ask((node) => node.estimateGas({ account: account.address, to: settings.ledger, data })),
      ask((node) => node.getBlock()),
      ask((node) => node.getBalance({ address: account.address })),
    ]);
    const asked = (block.baseFeePerGas ?? GWEI) * 2n + GWEI;
    // a replacement must pay at least a tenth more than what it replaces
    const raised = replaced === undefined ? 0n : (replaced.maxFeePerGas * 113n) / 100n + 1n;
    const maxFeePerGas = asked > raised ? asked : raised;
    const limit = (gas * 12n) / 10n;
    if (balance < limit * maxFeePerGas)
      throw new EvergreenError("EG424", "The key of the chain cannot pay for gas; send it some and ask again.");
    const raw = await account.signTransaction({
      type: "eip1559",
      chainId: settings.chainId,
      nonce,
      to: settings.ledger,
      data,
      gas: limit,
      maxFeePerGas,
      maxPriorityFeePerGas: maxFeePerGas > GWEI ? maxFeePerGas / 2n : maxFeePerGas,
    });
    return {
      actionId: action.actionId,
      sender: account.address,
      nonce,
      hash: keccak256(raw),
      raw,
      maxFeePerGas,
      head: block.number,
    };
  };

  const send = async (attempt: Attempt): Promise<ActionState> => {
    await client.sendRawTransaction({ serializedTransaction: attempt.raw }).catch((error: unknown) => {
      // it is there already, or its nonce was taken: the next look says which
      const words = error instanceof BaseError ? `${error.details} ${error.message}` : String(error);
      if (!/known|already|nonce too low|underpriced/i.test(words)) throw codedError(error);
    });
    return { state: "sent", hash: attempt.hash, nonce: attempt.nonce };
  };

  return {
    sender: account.address,
    look,
    settle: async (action) => {
      checkCalls(action.calls);
      const state = await look(action.actionId);
      if (state.state !== "absent") return state;
      const [taken, head, earlier] = await Promise.all([
        ask((node) => node.getTransactionCount({ address: account.address })),
        ask((node) => node.getBlockNumber({ cacheTime: 0 })),
        store.latest(action.actionId),
      ]);
      if (earlier !== undefined && earlier.sender === account.address && earlier.nonce >= taken) {
        // its nonce is free: what was sent may still come, so that nothing but a replacement of it is sent
        if (head - earlier.head < BigInt(settings.stuckAfter ?? STUCK_AFTER)) return send(earlier);
        const replacement = await sign(action, earlier, earlier.nonce);
        await store.keep(replacement);
        return send(replacement);
      }
      // the first that the node knows no transaction for. Two actions may come to the same one: the chain takes one, the other signs anew
      const nonce = await ask((node) => node.getTransactionCount({ address: account.address, blockTag: "pending" }));
      const attempt = await sign(action, undefined, nonce);
      await store.keep(attempt);
      return send(attempt);
    },
  };
}

/** Whatever viem throws, as a code of ours: the contracts' word, no money for gas, or a node that is away. The request, which names an address, stays out. */
export function codedError(error: unknown): unknown {
  if (!(error instanceof BaseError)) return error;
  const words = `${error.details} ${error.shortMessage}`;
  if (/insufficient funds|enough funds|doesn't have enough/i.test(words))
    return new EvergreenError("EG424", "The key of the chain cannot pay for gas; send it some and ask again.");
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError || dataOf(cause) !== undefined);
  const data = dataOf(reverted);
  if (data !== undefined)
    return new EvergreenError("EG428", `The contracts refuse the action: ${wordOf(data)}. Nothing was sent.`);
  if (/revert/i.test(words)) return new EvergreenError("EG428", "The contracts refuse the action. Nothing was sent.");
  return new EvergreenError(
    "EG503",
    "The node of the chain does not answer or does not take the action; it is taken up again later.",
  );
}

function dataOf(error: unknown): Hex | undefined {
  const data = (error as { data?: unknown } | null)?.data;
  const inner = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  return typeof inner === "string" && inner.startsWith("0x") && inner.length >= 10 ? (inner as Hex) : undefined;
}

function wordOf(data: Hex): string {
  for (const abi of OUR_ABIS) {
    try {
      return decodeErrorResult({ abi, data }).errorName;
    } catch {
      // the next contract may know it
    }
  }
  return `error ${data.slice(0, 10)}`;
}

/** Attempts of this process alone: for tests and benches. */
export function attemptsInMemory(): AttemptStore & { all: Attempt[] } {
  const all: Attempt[] = [];
  return {
    all,
    latest: async (actionId) => all.findLast((attempt) => attempt.actionId === actionId),
    keep: async (attempt) => void all.push(attempt),
  };
}
