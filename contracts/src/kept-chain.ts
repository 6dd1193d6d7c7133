// A local chain that outlives its process: what changes it is written down, with the time of its block, and done again at the next start.
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { type Address, type Hex, toHex } from "viem";
import { LOCAL_ACCOUNTS, type LocalChain, openLocalChain } from "./local-chain.ts";

/** One line of the journal: a signed transaction, or an empty block, and the second its block bears. */
interface Entry {
  at: number;
  raw?: Hex;
}

export interface KeptChain extends LocalChain {
  /** Mines an empty block where a transaction is not `deep` blocks deep yet, so that it becomes final; answers whether it did. */
  settle(deep: number): Promise<boolean>;
}

/** What changes a chain other than by a signed transaction would be lost at the next start: a kept chain refuses it. */
const REFUSED = /^(evm_|hardhat_|debug_|personal_|eth_sendTransaction$|eth_sign)/;

/** Opens the chain of a journal file, or a new one. `funded` get ether at the beginning: the same ones at every start. */
export async function openKeptChain(file: string, funded: readonly Address[] = LOCAL_ACCOUNTS): Promise<KeptChain> {
  const [first, ...rest] = existsSync(file) ? entriesOf(wholeLines(file)) : [];
  const write = (entry: Entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  const startsAt = first?.at ?? Math.floor(Date.now() / 1000);
  if (first === undefined) write({ at: startsAt });
  const chain = await openLocalChain({ startsAt, funded });
  /** Empty blocks since the last transaction. */
  let empty = 0;
  const act = async (raw: Hex | undefined) => {
    if (raw === undefined) await chain.request("evm_mine");
    else await chain.request("eth_sendRawTransaction", [raw]);
    empty = raw === undefined ? empty + 1 : 0;
  };
  for (const { at, raw } of rest) {
    await chain.request("evm_setNextBlockTimestamp", [toHex(at)]);
    await act(raw);
  }
  // one change after the other: their order is what the journal keeps
  let last: Promise<unknown> = Promise.resolve();
  const change = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  };
  const blockTime = async () => {
    const { timestamp } = await chain.request<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false]);
    return Number(timestamp);
  };
  const answer: LocalChain["answer"] = async (asked) => {
    if (REFUSED.test(asked.method))
      return { jsonrpc: "2.0", id: asked.id ?? null, error: { code: -32601, message: "not on this node" } };
    if (asked.method !== "eth_sendRawTransaction") return chain.answer(asked);
    return change(async () => {
      const answered = await chain.answer(asked);
      if (!("error" in answered)) {
        empty = 0;
        write({ at: await blockTime(), raw: asked.params?.[0] as Hex });
      }
      return answered;
    });
  };
  return {
    request: chain.request,
    answer,
    settle: (deep) =>
      change(async () => {
        const head = Number(await chain.request<Hex>("eth_blockNumber"));
        if (head === 0 || empty >= deep) return false;
        await act(undefined);
        write({ at: await blockTime() });
        return true;
      }),
  };
}

/** A line that a crash cut short is the last one: what it would have said was answered to nobody. It goes, so that the next one begins a line of its own. */
function wholeLines(file: string): string {
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
  return whole;
}

const entriesOf = (text: string): Entry[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
