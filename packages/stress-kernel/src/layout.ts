// Where a run lies in the kernel's shared memory, and what is checked before: assets sorted by bucket in blocks of 8, scenarios in groups of 4.
import { EvergreenError } from "@evergreen-fund/domain";
import { checkBook, type ExposureBook, MOST_EXPONENT } from "@evergreen-fund/finance/valuation/exposure.ts";
import { machine, type SharedMemory } from "./web-assembly.ts";

const BLOCK = 8;
const GROUP = 4;
const PAGE = 65_536;
/** 4 GiB, what 32 bits can address. */
const MOST_BYTES = 65_536 * PAGE;
/** The kernel's tables lie below this; `freeFrom` is checked against it when the module starts. */
export const FREE_FROM = PAGE;

/** Byte offsets of each part. */
export interface Layout {
  factors: number;
  buckets: number;
  /** Scenarios asked for, and rounded up to whole groups. */
  scenarios: number;
  rounded: number;
  moves: number;
  exposures: number;
  values: number;
  ends: number;
  out: number;
  mean: number;
  lower: number;
  /** `factors` doubles for each of `threads`. */
  scratch: number;
  /** The first scenario that no thread has taken. */
  next: number;
  pages: number;
}

const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Assets of each bucket in order, in whole blocks; −1 is an empty place. */
function places(book: ExposureBook): { order: number[]; ends: number[] } {
  const order: number[] = [];
  const ends: number[] = [];
  for (let b = 0; b < book.buckets; b += 1) {
    for (let a = 0; a < book.values.length; a += 1) if (book.bucketOf[a] === b) order.push(a);
    while (order.length % BLOCK !== 0) order.push(-1);
    ends.push(order.length / BLOCK);
  }
  return { order, ends };
}

/** Errors: EG400 for a book of another form than exponential or one that contradicts itself, EG413 when it does not fit 4 GiB. */
export function layOut(
  book: ExposureBook,
  scenarios: number,
  threads: number,
): { layout: Layout; memory: SharedMemory } {
  checkBook(book);
  if (book.form !== "exponential")
    throw new EvergreenError("EG400", "The kernel is for the exponential form; a linear book is added up by buckets.");
  if (!Number.isInteger(scenarios) || scenarios < 1) throw new EvergreenError("EG400", "A run needs scenarios.");
  const { order, ends } = places(book);
  const { factors, buckets } = book;
  const rounded = Math.ceil(scenarios / GROUP) * GROUP;
  let free = FREE_FROM;
  const take = (bytes: number): number => {
    const at = free;
    free += aligned(bytes);
    return at;
  };
  const layout = {
    factors,
    buckets,
    scenarios,
    rounded,
    next: take(64),
    exposures: take(order.length * factors * 4),
    values: take(order.length * 4),
    ends: take(buckets * 4),
    mean: take(factors * 8),
    lower: take(factors * factors * 8),
    scratch: take(factors * 8 * threads),
    moves: take(rounded * factors * 4),
    out: take(rounded * (buckets + 1) * 8),
  };
  const pages = Math.ceil(free / PAGE);
  if (free > MOST_BYTES)
    throw new EvergreenError("EG413", "The run does not fit the kernel's memory: take fewer scenarios at a time.");
  const memory = new machine.Memory({ initial: pages, maximum: pages, shared: true });
  const single = new Float32Array(memory.buffer);
  const log2e = Math.LOG2E;
  order.forEach((asset, place) => {
    const [block, lane] = [Math.floor(place / BLOCK), place % BLOCK];
    single[layout.values / 4 + place] = asset < 0 ? 0 : book.values[asset]!;
    for (let k = 0; k < factors; k += 1)
      single[layout.exposures / 4 + (block * factors + k) * BLOCK + lane] =
        asset < 0 ? 0 : book.exposures[asset * factors + k]! * log2e;
  });
  new Int32Array(memory.buffer).set(ends, layout.ends / 4);
  return { layout: { ...layout, pages }, memory };
}

/** The largest exposure of any asset to each factor. */
export function largestExposures({ factors, exposures }: ExposureBook): Float64Array {
  const largest = new Float64Array(factors);
  exposures.forEach((exposure, i) => {
    largest[i % factors] = Math.max(largest[i % factors]!, Math.abs(exposure));
  });
  return largest;
}

/** Errors: EG400 when a move is not finite, or some asset's exponent could be beyond 80, where single precision ends. */
export function checkMoves(moves: Float32Array, factors: number, largest: Float64Array): void {
  for (let at = 0; at < moves.length; at += factors) {
    let bound = 0;
    for (let k = 0; k < factors; k += 1) bound += Math.abs(moves[at + k]!) * largest[k]!;
    if (!(bound <= MOST_EXPONENT))
      throw new EvergreenError("EG400", "A move times an exposure is beyond what a price can do.");
  }
}
