// A local chain behind HTTP for tests of the tokenization room: blocks come when a test asks for them, and nothing of it is shared with another file.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOCAL_CHAIN_ID, LOCAL_KEYS, openLocalChain, serveLocalChain } from "@evergreen-fund/contracts";
import { openTokenChain, type TokenChain } from "../token-chain.ts";

export type TestChain = Awaited<ReturnType<typeof openTestChain>>;

/** `finality` 2: an effect is final with the block after its own. */
export async function openTestChain() {
  const chain = await openLocalChain();
  let node = await serveLocalChain(chain);
  const port = Number(new URL(node.url).port);
  const dir = await mkdtemp(join(tmpdir(), "evergreen-chain-"));
  const keyFile = join(dir, "key");
  await writeFile(keyFile, `${LOCAL_KEYS[0]}\n`, { mode: 0o600 });
  const settings = {
    local: false,
    url: node.url,
    chainId: LOCAL_CHAIN_ID,
    keyFile,
    keys: "file" as "file" | "vault",
    finality: 2,
  };
  let beat: NodeJS.Timeout | undefined;
  return {
    chain,
    settings,
    /** What a worker is given to use it. */
    environment: {
      CHAIN_URL: settings.url,
      CHAIN_ID: String(settings.chainId),
      CHAIN_KEY_FILE: keyFile,
      CHAIN_FINALITY: String(settings.finality),
    },
    /** Blocks come by themselves from now on. */
    mineEvery(ms: number) {
      beat = setInterval(() => void chain.request("evm_mine").catch(() => undefined), ms);
    },
    /** `vault`: the key there, where `keys` says so. */
    door: (change: Partial<typeof settings> = {}, vault: string = LOCAL_KEYS[0]!): TokenChain =>
      openTokenChain({ home: dir, infisical: null, chain: { ...settings, ...change } }, async () => vault, 20),
    mine: async (blocks = 1) => {
      for (let block = 0; block < blocks; block++) await chain.request("evm_mine");
    },
    /** The node goes away, and comes back with the chain as it was. */
    stopNode: () => node.stop(),
    startNode: async () => {
      node = await serveLocalChain(chain, port);
    },
    /** A file with another key. */
    async keyFile(key: string) {
      const path = join(dir, `key-${key.slice(2, 10)}`);
      await writeFile(path, key, { mode: 0o600 });
      return path;
    },
    async close() {
      clearInterval(beat);
      await node.stop().catch(() => undefined);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
