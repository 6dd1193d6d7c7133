// The vectors of a store's memories, kept in this process, so that an exact search costs microseconds per memory where SQL takes a tenth of a
// millisecond. Every search first asks the store, as the caller, what changed and whether the nearest are still there: what it answers was visible then.
import type { FundId } from "@evergreen-fund/domain/ids.ts";
import type { MemoryHit, MemoryPort } from "./memory-port.ts";

/** A memory as the store lists it: one that changed, with the transaction (a number as text) and, unless it is superseded, its vector; or one asked for by id. */
export type ListedMemory = Omit<MemoryHit, "score"> & {
  tx: string;
  changed: boolean;
  embedding: number[] | null;
  superseded: boolean;
};

export type MemoryListing = {
  /** Every transaction below it has ended before this answer: what it wrote is in the answers so far. */
  horizon: string;
  memories: ListedMemory[];
};

export type ShelfOptions = {
  /** The memories of a fund that changed at or after `since`, the oldest `maxRows` of them (and all of the last one's transaction), and those with the given ids. */
  list(query: { fundId: FundId; since: string; memoryIds: string[]; maxRows: number }): Promise<MemoryListing>;
  /** The search of the store itself: for funds with too many memories, and whenever the shelf cannot say for sure. */
  search: MemoryPort["search"];
  /** Memories kept in all; a fund with more is searched in the store. Default 20000, about 80 MB with the offline model's 512 numbers. */
  maxKept?: number;
  /** Memories per question to the store. Default 250. */
  pageRows?: number;
};

/** Memories may change while they are asked about; after so many answers that did not suffice, the store searches. */
const TURNS = 4;

type Near = { id: string; score: number | null };

/** A vector of length one, or undefined when it has no direction. */
function unitOf(vector: readonly number[]): Float64Array | undefined {
  const most = vector.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
  if (!(most > 0) || !vector.every(Number.isFinite)) return undefined;
  const scaled = Float64Array.from(vector, (value) => value / most);
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return scaled.map((value) => value / length);
}

/** Whether `a` stands before `b`: the higher score, no score last, then the lower id. */
const before = (a: Near, b: Near): boolean =>
  a.score === b.score ? a.id < b.id : (a.score ?? Number.NEGATIVE_INFINITY) > (b.score ?? Number.NEGATIVE_INFINITY);

class Shelf {
  /** Ask from here: what was written before it is known. */
  horizon = 0n;
  readonly vectors = new Map<string, Float64Array>();

  /** The nearest, best first. */
  nearest(asked: Float64Array, limit: number): Near[] {
    const best: Near[] = [];
    for (const [id, vector] of this.vectors) {
      if (vector.length !== asked.length) continue;
      let sum = 0;
      for (let at = 0; at < vector.length; at += 1) sum += vector[at]! * asked[at]!;
      const near = { id, score: sum === 0 ? null : sum };
      const last = best[limit - 1];
      if (last !== undefined && !before(near, last)) continue;
      let place = Math.min(best.length, limit - 1);
      while (place > 0 && before(near, best[place - 1]!)) {
        best[place] = best[place - 1]!;
        place -= 1;
      }
      best[place] = near;
    }
    return best;
  }

  /** Takes in what the store listed; answers whether there may be more. */
  take({ horizon, memories }: MemoryListing, pageRows: number): boolean {
    const changed = memories.filter((memory) => memory.changed);
    const full = changed.length >= pageRows;
    const ended = BigInt(horizon);
    const read = changed.reduce((last, { tx }) => (BigInt(tx) > last ? BigInt(tx) : last), 0n) + 1n;
    for (const { memory_id, embedding, superseded } of changed) {
      if (superseded || embedding === null) this.vectors.delete(memory_id);
      else this.vectors.set(memory_id, Float64Array.from(embedding));
    }
    // an answer that others overtook sets it back, and what it told too late is asked for again
    this.horizon = full && read < ended ? read : ended;
    return full;
  }
}

/** A search that answers what `search` would, from vectors kept here. For one caller: what it keeps is what its role may read. */
export function shelvedSearch({ list, search, maxKept = 20_000, pageRows = 250 }: ShelfOptions): MemoryPort["search"] {
  // a Map keeps the order of insertion: the first fund is the one not asked for longest
  const shelves = new Map<FundId, Shelf>();
  const tooLarge = new Set<FundId>();

  const shelfOf = (fundId: FundId): Shelf => {
    const shelf = shelves.get(fundId) ?? new Shelf();
    shelves.delete(fundId);
    shelves.set(fundId, shelf);
    return shelf;
  };

  /** Gives room by forgetting other funds; answers whether this one fits. */
  const fits = (fundId: FundId): boolean => {
    let kept = [...shelves.values()].reduce((sum, { vectors }) => sum + vectors.size, 0);
    for (const [other, { vectors }] of shelves) {
      if (kept <= maxKept || other === fundId) continue;
      shelves.delete(other);
      kept -= vectors.size;
    }
    if (kept <= maxKept) return true;
    shelves.delete(fundId);
    tooLarge.add(fundId);
    return false;
  };

  return async (query) => {
    const { embedding, fundId, limit } = query;
    const asked = unitOf(embedding);
    if (asked === undefined || limit < 1 || tooLarge.has(fundId)) return search(query);
    for (let turns = TURNS; turns > 0; ) {
      const shelf = shelfOf(fundId);
      const since = shelf.horizon;
      const memoryIds = shelf.nearest(asked, limit).map(({ id }) => id);
      const listing = await list({ fundId, since: String(since), memoryIds, maxRows: pageRows });
      const found = new Map(listing.memories.map((memory) => [memory.memory_id, memory]));
      if (memoryIds.some((id) => !found.has(id))) {
        // it was visible and is not any more, and no change says why: begin anew
        shelves.delete(fundId);
        turns -= 1;
        continue;
      }
      const more = shelf.take(listing, pageRows);
      if (!fits(fundId)) break;
      const best = shelf.nearest(asked, limit);
      if (!more && best.every(({ id }) => found.has(id)))
        return best.map(({ id, score }) => {
          const { tx: _tx, changed: _changed, embedding: _vector, superseded: _no, ...memory } = found.get(id)!;
          return { ...memory, score };
        });
      // the next page of a first reading is no failure; a page that leads nowhere is, as when a long transaction holds the horizon
      if (!more || shelf.horizon === since) turns -= 1;
    }
    return search(query);
  };
}
