// For each word of a query the words of an index that are like it, to be looked up by their number. One query at a time.
import type { Neighbours } from "./words.ts";

/** Words of one name that are looked at. */
export const SLOTS = 24;
/** No word has so many that are like it; their places fit into two bytes, so that they stay at hand. */
const MOST_LIKE = 65_535;

export class QueryWords {
  /** By word of the query, then by the number of a word of the index: one more than its place in the list, 0 when it is not like it. */
  places: Uint16Array[] = [];
  lists: readonly Neighbours[] = [];

  /** @param size words of the index. */
  enter(lists: readonly Neighbours[], size: number): void {
    if (this.places.length === 0 || this.places[0]!.length < size) {
      const room = Math.ceil(size * 1.25) + 16;
      this.places = Array.from({ length: SLOTS }, () => new Uint16Array(room));
    }
    this.lists = lists;
    lists.forEach(({ ids, likes }, slot) => {
      const places = this.places[slot]!;
      for (let at = 0; at < ids.length && at < MOST_LIKE; at += 1) if (likes[at]! > 0) places[ids[at]!] = at + 1;
    });
  }

  leave(): void {
    this.lists.forEach(({ ids }, slot) => {
      const places = this.places[slot]!;
      for (let at = 0; at < ids.length; at += 1) places[ids[at]!] = 0;
    });
    this.lists = [];
  }
}
