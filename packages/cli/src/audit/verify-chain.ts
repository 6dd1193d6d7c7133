// Recomputes the hash chains over the audit trail from fetched rows. Pure, and shares no code with the sealer in the database:
// it trusts nothing that is stored, only what it recomputes and the heads that were noted elsewhere before (anchors).
import { createHash } from "node:crypto";
import {
  type Anchor,
  type AuditBlockRow,
  type AuditEntryRow,
  after,
  bytes,
  instant,
  type Position,
  saysItself,
  type Whole,
} from "./audit-rows.ts";
import { type Chain, DIGEST, readChain } from "./read-chain.ts";

export type { Anchor, AuditBlockRow, AuditEntryRow } from "./audit-rows.ts";

export interface FirstBad {
  /** Position of the entry at which the trail first differs from what was sealed; null when no entry is left there. */
  seq: string | null;
  chainId: string;
  /** Height of the block that does not hold; null for an entry that no block covers. */
  height: string | null;
  reason:
    | "edited" // the entry says something else than its sealed bytes
    | "out_of_place" // entries are missing, inserted or exchanged from here on
    | "missing" // what stood at the end of the chain is gone: entries, or blocks that lead to a head noted before
    | "unsealed" // an entry older than the sealer's time that no block covers
    | "block" // a block's hash, link, height or count does not hold
    | "anchor"; // the chain was rewritten: it leads to another head than was noted before
}

export interface AuditVerdict {
  /** Rows of the trail, sealed or not. */
  entries: number;
  ok: boolean;
  /** sha256 over the heads of all chains, one line `chain height hash` each, in the order of the chains; hex. */
  head: string;
  heads: { chainId: string; height: string; hash: string }[];
  /** Rows that no block covers yet. */
  unsealed: number;
  /** Those of them that are older than the sealer may take, by seq. */
  overdue: string[];
  firstBad?: FirstBad;
}

/** The sealer's time: an entry older than this must be sealed (milliseconds). */
export const SEALED_WITHIN_MS = 5000;
/** Chain of what belongs to no fund. */
const PLATFORM = "00000000-0000-0000-0000-000000000000";

const group = <T>(rows: Iterable<T>, key: (row: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const list = groups.get(key(row));
    if (list === undefined) groups.set(key(row), [row]);
    else list.push(row);
  }
  return groups;
};

interface Sorted {
  at: Position;
  row: AuditEntryRow;
}

/** Walks one chain beside its entries; what is wrong first, and which entries no block covers. */
function walk(
  chain: Chain,
  entries: readonly Sorted[],
): { bad: (FirstBad & { at: Position | null }) | null; unsealed: Sorted[] } {
  const sealed = Math.floor(chain.digests.length / DIGEST);
  const unsealed: Sorted[] = [];
  const last = chain.blocks.at(-1)?.to;
  let block = 0;
  let n = 0;
  for (const entry of entries) {
    const isCovered = last !== undefined && after(entry.at, last) <= 0;
    if (!isCovered) {
      if (!saysItself(entry.row)) return { bad: found("edited", entry, null), unsealed };
      unsealed.push(entry);
      continue;
    }
    while (block < chain.blocks.length && n >= (chain.blocks[block]?.upTo ?? 0)) block++;
    const within = chain.blocks[block];
    if (chain.broken !== null && block >= chain.broken.index)
      return { bad: found(chain.broken.reason, entry, block), unsealed };
    const expected = chain.digests.subarray(n * DIGEST, (n + 1) * DIGEST);
    const isInPlace = within !== undefined && after(entry.at, within.from) > 0 && after(entry.at, within.to) <= 0;
    if (!isInPlace || !bytes(entry.row.digest).equals(expected)) {
      // its own bytes decide whether the entry was altered or another stands in its place
      return { bad: found(saysItself(entry.row) ? "out_of_place" : "edited", entry, block), unsealed };
    }
    if (!saysItself(entry.row)) return { bad: found("edited", entry, block), unsealed };
    n++;
  }
  if (chain.broken !== null) return { bad: found(chain.broken.reason, null, chain.broken.index), unsealed };
  return n < sealed ? { bad: found("missing", null, block), unsealed } : { bad: null, unsealed };

  function found(reason: FirstBad["reason"], entry: Sorted | null, index: number | null) {
    const height = index === null ? null : String(chain.blocks[index]?.height ?? index + 1);
    return {
      reason,
      chainId: chain.id,
      height,
      seq: entry === null ? null : String(entry.at[1]),
      at: entry?.at ?? null,
    };
  }
}

/** Whether some block ends where the sealer stands; it moves only together with a block. */
function reaches(blocks: Iterable<AuditBlockRow>, cursor: Position): boolean {
  if (after(cursor, [0n, 0n]) === 0) return true;
  for (const block of blocks) if (after([BigInt(block.to_tx), BigInt(block.to_seq)], cursor) >= 0) return true;
  return false;
}

/**
 * Checks every chain of the trail. `ok` is true when each sealed entry stands where it was sealed and says what it said, each block
 * follows from the one before, each anchor is met, and nothing older than five seconds is unsealed. The first wrong entry is named.
 * Blocks must have been read before entries. `now` is the database's clock; by default this machine's.
 */
export function verifyChain(trail: {
  blocks: Iterable<AuditBlockRow>;
  entries: Iterable<AuditEntryRow>;
  anchors?: Iterable<Anchor>;
  /** Row of audit_cursor, read before the blocks: how far the sealer had come. Only with the blocks of every chain. */
  cursor?: { tx: Whole; seq: Whole };
  now?: Date;
}): AuditVerdict {
  const sorted = [...trail.entries]
    .map((row): Sorted => ({ at: [BigInt(row.tx), BigInt(row.seq)], row }))
    .sort((a, b) => after(a.at, b.at));
  const blocks = group(trail.blocks, (block) => block.chain_id);
  const anchors = group(trail.anchors ?? [], (anchor) => anchor.chainId);
  const entries = group(sorted, (entry) => entry.row.fund_id ?? PLATFORM);
  const ids = [...new Set([...blocks.keys(), ...entries.keys(), ...anchors.keys()])].sort();
  const limit = (trail.now ?? new Date()).getTime() - SEALED_WITHIN_MS;

  const heads: AuditVerdict["heads"] = [];
  const bad: (FirstBad & { at: Position | null })[] = [];
  const overdue: Sorted[] = [];
  let unsealed = 0;
  for (const id of ids) {
    const chain = readChain(id, blocks.get(id) ?? [], anchors.get(id) ?? []);
    const result = walk(chain, entries.get(id) ?? []);
    if (result.bad !== null) bad.push(result.bad);
    unsealed += result.unsealed.length;
    for (const entry of result.unsealed) {
      if (instant(entry.row.created_at).ms >= limit) continue; // an unreadable time is overdue
      overdue.push(entry);
      bad.push({ reason: "unsealed", chainId: id, height: null, seq: String(entry.at[1]), at: entry.at });
    }
    const head = chain.blocks.at(-1);
    if (head !== undefined) heads.push({ chainId: id, height: String(head.height), hash: head.hash });
  }
  if (trail.cursor !== undefined && !reaches(trail.blocks, [BigInt(trail.cursor.tx), BigInt(trail.cursor.seq)])) {
    bad.push({ reason: "missing", chainId: PLATFORM, height: null, seq: null, at: null });
  }
  // an entry comes before a gap without one
  const [first] = bad.sort((a, b) =>
    a.at === null ? (b.at === null ? 0 : 1) : b.at === null ? -1 : after(a.at, b.at),
  );
  const lines = heads.map((head) => `${head.chainId} ${head.height} ${head.hash}\n`).join("");
  return {
    entries: sorted.length,
    ok: first === undefined,
    head: createHash("sha256").update(lines).digest("hex"),
    heads,
    unsealed,
    overdue: overdue.sort((a, b) => after(a.at, b.at)).map((entry) => String(entry.at[1])),
    ...(first === undefined
      ? {}
      : { firstBad: { seq: first.seq, chainId: first.chainId, height: first.height, reason: first.reason } }),
  };
}
