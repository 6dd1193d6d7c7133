// The node of a stack as a process: `node-process.ts PORT JOURNAL KEY_FILE DEPTH`. The account of the key has ether from the beginning.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { openKeptChain } from "./kept-chain.ts";
import { serveLocalChain } from "./local-node.ts";

/** As often as a real chain of this kind would at its fastest; nothing waits for it but finality. */
const BLOCK_MS = 1_000;

const [port = "", journal = "", keyFile = "", depth = ""] = process.argv.slice(2);
mkdirSync(dirname(journal), { recursive: true, mode: 0o700 });
const key = `0x${readFileSync(keyFile, "utf8").trim().replace(/^0x/, "")}` as Hex;
const chain = await openKeptChain(journal, [privateKeyToAccount(key).address]);
const node = await serveLocalChain(chain, Number(port));
const beat = setInterval(() => void chain.settle(Number(depth)).catch(() => undefined), BLOCK_MS);
const stop = (): void => {
  clearInterval(beat);
  void node.stop().then(() => process.exit(0));
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
process.stdout.write(`ready: a local chain at ${node.url}\n`);
