// The chain as the tokenization room sees it: one turn of an operation, the contracts of a class, and the units that wallets have at the newest final block.
import {
  type Attempt,
  callsOf,
  checkedKey,
  codedError,
  deployClass,
  type HolderBook,
  keyFromFile,
  ledgerOf,
  openChainDoor,
  openHolderBook,
  readBlocks,
  readLimits,
  reconcileUnits,
  structOf,
} from "@evergreen-fund/chain";
import { type Config, ownKey } from "@evergreen-fund/config";
import { chainKeyFromInfisical } from "@evergreen-fund/config/chain-key.ts";
import { EvergreenError } from "@evergreen-fund/domain";
import type { TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import type { TokenRegister, TokenWork } from "@evergreen-fund/supabase-client";

/** Where an operation stands on the chain, and how long to wait before it is asked again. */
export interface ChainTurn {
  state: "sent" | "included" | "final";
  block?: number;
  waitMs: number;
}
export interface ChainBreakFound {
  kind: "differs" | "not_in_register" | "not_on_chain" | "total";
  wallet: string;
  /** Units of the class, decimal text. */
  register: string;
  chain: string;
}
type Contract = NonNullable<TokenWork["contract"]>;

export interface TokenChain {
  /** Sends an operation, sends it again, or says how deep it lies; safe to call from anywhere. Errors as the door's (packages/chain). */
  settle(work: TokenWork, keep: (attempt: Record<string, string>) => Promise<void>): Promise<ChainTurn>;
  /** Puts the contracts of a class onto the chain, with the limits of transfers: every call puts another set there. */
  deploy(work: TokenWork, limits: TransferLimits): Promise<Record<string, string>>;
  /** Newest final block; null while there is none since the contracts are there. */
  finalBlock(contract: Contract): Promise<number | null>;
  /** Holders at a block against what the register says of it (R50). */
  compare(contractId: string, contract: Contract, block: number, register: TokenRegister): Promise<ChainBreakFound[]>;
  /** Limits of transfers between holders at a block. */
  limits(contract: Contract, block: number): Promise<TransferLimits>;
}

/** A block of the stack's own node comes every second; one of a public chain every twelve. */
const OWN_BLOCK_MS = 1_000;
const BLOCK_MS = 12_000;
/** The id of chains that run for tests and demos alone. */
const LOCAL_CHAIN = 31_337;

/**
 * Opens nothing yet. `readVault` calls fn_read_chain_key as the room. Errors of its methods where they sign: EG404, EG403, EG400 of the key file, EG503 of Infisical,
 * EG404, EG428 of the Vault.
 */
export function openTokenChain(
  config: Pick<Config, "chain" | "home" | "infisical">,
  readVault: () => Promise<string>,
  blockMs?: number,
): TokenChain {
  const { chain } = config;
  if (chain === null) throw new EvergreenError("EG400", "CHAIN_URL is missing: no chain is configured.");
  const wait = blockMs ?? (chain.local || chain.chainId === LOCAL_CHAIN ? OWN_BLOCK_MS : BLOCK_MS);
  let key: `0x${string}` | undefined;
  const readKey = async (): Promise<`0x${string}`> => {
    if (chain.keys === "vault") return checkedKey(await readVault());
    if (chain.keys === "infisical") return checkedKey(await chainKeyFromInfisical(config));
    return chain.keyFile === null ? checkedKey(ownKey(config.home, "chain")) : keyFromFile(chain.keyFile);
  };
  const keyOf = async () => {
    key ??= await readKey();
    return key;
  };
  const books = new Map<string, HolderBook>();
  const ask = async <T>(method: string, params: unknown[] = []): Promise<T> => {
    const response = await fetch(chain.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    const body = (await response?.json().catch(() => undefined)) as { result?: T } | undefined;
    if (body?.result === undefined)
      throw new EvergreenError("EG503", "The node of the chain does not answer; it is asked again later.");
    return body.result;
  };
  const head = async () => Number(await ask<string>("eth_blockNumber"));
  const checkChain = async (id: number) => {
    const found = Number(await ask<string>("eth_chainId"));
    if (found !== id)
      throw new EvergreenError("EG400", `The node is of chain ${found}, not of ${id}; correct the address.`);
  };
  /** The holders up to a block, read on from where they were read before. */
  const bookAt = async (contractId: string, contract: Contract, block: number): Promise<HolderBook> => {
    const read = async (book: HolderBook, from: bigint) => {
      const STEP = 200n;
      for (let at = from; at <= BigInt(block); at += STEP) {
        const last = at + STEP - 1n < BigInt(block) ? at + STEP - 1n : BigInt(block);
        const node = { url: chain.url, share: contract.share as `0x${string}`, vault: contract.vault as `0x${string}` };
        for (const one of await readBlocks(node, at, last)) book.apply(one);
      }
      books.set(contractId, book);
      return book;
    };
    const known = books.get(contractId);
    const anew = () => read(openHolderBook(), BigInt(contract.deployed_block));
    if (known?.head === undefined || known.head.number > BigInt(block)) return anew();
    // the chain went back further than is kept, or is another one since: nothing of what was read holds
    return read(known, known.head.number + 1n).catch((error: unknown) => {
      if (!(error instanceof EvergreenError && ["EG425", "EG431"].includes(error.code))) throw error;
      return anew();
    });
  };
  return {
    async settle(work, keep) {
      const { contract } = work;
      if (contract === null) throw new EvergreenError("EG428", "The class is on no chain.");
      if (contract.chain_id !== chain.chainId)
        throw new EvergreenError(
          "EG400",
          `The class is on chain ${contract.chain_id}, and chain ${chain.chainId} is configured; set CHAIN_URL to a node of the former.`,
        );
      const operation = {
        actionId: work.action_id,
        kind: work.kind,
        contract,
        unitDecimals: contract.unit_decimals,
        requestNo: work.request_no,
        price: work.price,
        wallet: work.wallet,
        partyRef: work.party_ref,
        toWallet: work.to_wallet,
        units: work.units,
        claimUntil: work.claim_until,
        limits: work.limits,
        moves: work.moves,
        requests: work.requests,
      };
      const settings = {
        url: chain.url,
        chainId: chain.chainId,
        key: await keyOf(),
        ledger: ledgerOf(operation),
        confirmations: chain.finality,
      };
      let kept = work.attempt === null ? undefined : attemptFrom(work.attempt as Record<string, string>);
      const door = openChainDoor(settings, {
        latest: async () => kept,
        async keep(attempt) {
          await keep(textOf(attempt));
          kept = attempt;
        },
      });
      const now = await door
        .settle({ actionId: work.action_id, calls: callsOf(operation) })
        .catch(async (error: unknown) => {
          if (!(error instanceof EvergreenError && error.code === "EG428")) throw error;
          // another process was first: its transaction is in a block, or on its way into one
          const seen = await door.look(work.action_id);
          if (seen.state !== "absent") return seen;
          if (error.message.includes("AlreadyDone")) return { state: "absent" as const };
          throw error;
        });
      if (now.state === "absent" || now.state === "sent") return { state: "sent", waitMs: wait };
      const left = Math.max(1, chain.finality - now.confirmations);
      return {
        state: now.state,
        block: Number(now.block),
        waitMs: now.state === "final" ? 0 : Math.min(left, 5) * wait,
      };
    },
    async deploy(work, limits) {
      await checkChain(chain.chainId);
      const block = await head();
      const { privateKeyAddress, deployed } = await deployAs(await keyOf(), {
        url: chain.url,
        chainId: chain.chainId,
        name: work.name,
        symbol: work.symbol,
        unitDecimals: work.unit_decimals,
        limits: structOf(limits, work.unit_decimals),
      });
      return { ...deployed, chain_id: String(chain.chainId), block: String(block), sender: privateKeyAddress };
    },
    async finalBlock(contract) {
      await checkChain(contract.chain_id);
      const block = (await head()) - chain.finality + 1;
      return block < contract.deployed_block ? null : block;
    },
    limits: (contract, block) =>
      readLimits({ url: chain.url, share: contract.share as `0x${string}` }, BigInt(block), contract.unit_decimals),
    async compare(contractId, contract, block, register) {
      const scale = contract.unit_decimals;
      const { units } = await bookAt(contractId, contract, block);
      const lines = register.lines.map(({ wallet, units: text }) => ({ wallet, units: toBase(text, scale) }));
      const onChain = lines.reduce((sum, line) => sum + line.units, 0n);
      const outstanding = toBase(register.outstanding, scale);
      const result = reconcileUnits(
        [...lines, { wallet: undefined, units: outstanding - onChain }],
        units,
        outstanding,
      );
      return [
        ...result.breaks.map(({ kind, wallet, register: there, chain: here }) => ({
          kind,
          wallet,
          register: toText(there, scale),
          chain: toText(here, scale),
        })),
        // more on the chain than the register has of a holder: what was redeemed and not burnt
        ...register.over.map(({ wallet, units: here, held }) => ({
          kind: "total" as const,
          wallet,
          register: held,
          chain: here,
        })),
      ];
    },
  };
}

async function deployAs(
  key: `0x${string}`,
  wanted: {
    url: string;
    chainId: number;
    name: string;
    symbol: string;
    unitDecimals: number;
    limits: ReturnType<typeof structOf>;
  },
) {
  const { url, chainId, ...named } = wanted;
  const sender = openChainDoor(
    { url, chainId, key, ledger: "0x0000000000000000000000000000000000000001" },
    { latest: async () => undefined, keep: async () => undefined },
  ).sender;
  const deployed = await deployClass(
    { url, chainId, key },
    { ...named, cashDecimals: 18, registrar: sender, guardian: sender },
  ).catch((error: unknown) => {
    throw codedError(error);
  });
  return { privateKeyAddress: sender, deployed };
}

const textOf = ({ actionId, sender, nonce, hash, raw, maxFeePerGas, head }: Attempt): Record<string, string> => ({
  actionId,
  sender,
  nonce: String(nonce),
  hash,
  raw,
  maxFeePerGas: String(maxFeePerGas),
  head: String(head),
});
const attemptFrom = (text: Record<string, string>): Attempt => ({
  actionId: text.actionId!,
  sender: text.sender as Attempt["sender"],
  nonce: Number(text.nonce),
  hash: text.hash as Attempt["hash"],
  raw: text.raw as Attempt["raw"],
  maxFeePerGas: BigInt(text.maxFeePerGas!),
  head: BigInt(text.head!),
});

/** Decimal text → whole base units; what has more decimals than the class is refused by the database before. */
function toBase(text: string, decimals: number): bigint {
  const [whole = "0", part = ""] = text.replace(/^-/, "").split(".");
  const units = BigInt(whole + part.padEnd(decimals, "0").slice(0, decimals));
  return text.startsWith("-") ? -units : units;
}
function toText(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return units < 0n ? `-${text}` : text;
}
