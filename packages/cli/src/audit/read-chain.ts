// One chain of blocks, recomputed from its rows: which digests it seals, in which order, and the first block that does not hold. Pure.
import { type Anchor, type AuditBlockRow, after, bytes, compare, type Position, sha256 } from "./audit-rows.ts";

export const DIGEST = 32;

export interface Chain {
  id: string;
  /** All sealed digests, one after another. */
  digests: Buffer;
  /** Per block: its height, how many digests there are up to its end, where it begins and ends, its hash. */
  blocks: { height: bigint; upTo: number; from: Position; to: Position; hash: string }[];
  /** First block that does not hold, and why. */
  broken: { index: number; reason: "block" | "anchor" | "missing" } | null;
}

/** Blocks in the order of their heights; a chain begins with the sha256 of its id. */
export function readChain(id: string, rows: readonly AuditBlockRow[], anchors: readonly Anchor[]): Chain {
  const chain: Chain = { id, digests: Buffer.alloc(0), blocks: [], broken: null };
  const parts: Buffer[] = [];
  let previous = sha256(Buffer.from(id, "utf8"));
  let upTo = 0;
  let end: Position = [-1n, -1n];
  for (const row of [...rows].sort((a, b) => compare(BigInt(a.height), BigInt(b.height)))) {
    const index = chain.blocks.length;
    const height = BigInt(row.height);
    const digests = bytes(row.digests);
    const from: Position = [BigInt(row.from_tx), BigInt(row.from_seq)];
    const to: Position = [BigInt(row.to_tx), BigInt(row.to_seq)];
    const counters = Buffer.alloc(12);
    counters.writeBigInt64BE(BigInt(index + 1), 0);
    counters.writeInt32BE(row.entries, 8);
    const hash = sha256(previous, counters, digests);
    const holds =
      height === BigInt(index + 1) &&
      row.entries > 0 &&
      digests.length === row.entries * DIGEST &&
      bytes(row.prev_hash).equals(previous) &&
      bytes(row.hash).equals(hash) &&
      after(from, end) >= 0 &&
      after(to, from) > 0;
    if (!holds && chain.broken === null) chain.broken = { index, reason: "block" };
    parts.push(digests);
    upTo += Math.floor(digests.length / DIGEST);
    end = to;
    chain.blocks.push({ height, upTo, from, to, hash: hash.toString("hex") });
    previous = hash;
  }
  chain.digests = Buffer.concat(parts);
  noteAnchors(chain, anchors);
  return chain;
}

/** A chain that leads to another head than an anchor's was rewritten after the last anchor that it meets; a shorter one was cut. */
function noteAnchors(chain: Chain, anchors: readonly Anchor[]): void {
  let good = 0;
  for (const anchor of [...anchors].sort((a, b) => compare(BigInt(a.height), BigInt(b.height)))) {
    const index = Number(BigInt(anchor.height)) - 1;
    if (chain.blocks[index]?.hash === bytes(anchor.hash).toString("hex")) {
      good = index + 1;
      continue;
    }
    const isGone = index >= chain.blocks.length;
    const broken = isGone
      ? ({ index: chain.blocks.length, reason: "missing" } as const)
      : ({ index: good, reason: "anchor" } as const);
    if (chain.broken === null || broken.index < chain.broken.index) chain.broken = broken;
    return;
  }
}
