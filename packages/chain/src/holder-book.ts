// Who holds how many units on a chain, block by block, with the way back when the chain takes blocks back. Pure.
import { EvergreenError } from "@evergreen-fund/domain";

/** What a block did to wallets: units added or taken, allocated ones included. */
export interface BlockOfUnits {
  number: bigint;
  hash: string;
  parentHash: string;
  changes: readonly (readonly [wallet: string, units: bigint])[];
}

export interface HolderBook {
  readonly head: { number: bigint; hash: string } | undefined;
  readonly units: ReadonlyMap<string, bigint>;
  readonly total: bigint;
  /** Adds a block on top. A block whose parent is a kept, older one undoes those above it first. @returns how many blocks were undone. */
  apply(block: BlockOfUnits): number;
}

/** `depth`: blocks that can be undone. Errors of apply: EG425 the block fits onto none that is kept, EG431 a wallet would hold less than nothing. */
export function openHolderBook(depth = 64): HolderBook {
  const units = new Map<string, bigint>();
  const kept: BlockOfUnits[] = [];
  let total = 0n;
  const move = (wallet: string, by: bigint) => {
    const now = (units.get(wallet) ?? 0n) + by;
    if (now === 0n) units.delete(wallet);
    else units.set(wallet, now);
    total += by;
  };
  const undo = ({ changes }: BlockOfUnits) => {
    for (const [wallet, by] of changes) move(wallet, -by);
  };
  return {
    get head() {
      return kept.at(-1);
    },
    units,
    get total() {
      return total;
    },
    apply: (block) => {
      const parent = kept.findLastIndex(
        ({ hash, number }) => hash === block.parentHash && number === block.number - 1n,
      );
      if (kept.length > 0 && parent < 0)
        throw new EvergreenError("EG425", "The chain went back further than is kept; read the holders anew.");
      const undone = kept.splice(parent + 1).reverse();
      undone.forEach(undo);
      for (const [wallet, by] of block.changes) move(wallet, by);
      if (block.changes.some(([wallet]) => (units.get(wallet) ?? 0n) < 0n)) {
        undo(block);
        throw new EvergreenError("EG431", "A wallet would hold less than nothing; the blocks were not read in full.");
      }
      kept.push(block);
      if (kept.length > depth) kept.shift();
      return undone.length;
    },
  };
}
