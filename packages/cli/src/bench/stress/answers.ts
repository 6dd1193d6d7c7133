// What must be right before a time of `bench stress` counts: our figures beside the pure doubles, numpy's and DuckDB's.
import {
  bucketValues,
  type ExposureBook,
  type TailLoss,
  tailLoss,
  timeToGate,
} from "@evergreen-fund/finance/valuation/exposure.ts";
import { type InvestorBook, stepOf } from "@evergreen-fund/finance/valuation/waterfall.ts";
import type { Check } from "../frame/report.ts";
import { CONFIDENCE, GATE } from "./book.ts";
import type { Outcome } from "./peers.ts";

/** NAV losses of all scenarios. */
export function lossesOf(book: ExposureBook, out: Float64Array): Float64Array {
  const width = book.buckets + 1;
  const before = book.values.reduce((sum, value) => sum + value, 0);
  const losses = new Float64Array(out.length / width);
  for (let s = 0; s < losses.length; s += 1) losses[s] = before - out[s * width + book.buckets]!;
  return losses;
}

export interface Reduced extends TailLoss {
  periods: Int32Array;
}

/** VaR, ES and the time to gate of every scenario. */
export function reduce(book: ExposureBook, out: Float64Array): Reduced {
  const before = book.values.reduce((sum, value) => sum + value, 0);
  const losses = lossesOf(book, out);
  const periods = new Int32Array(losses.length);
  for (let s = 0; s < losses.length; s += 1) periods[s] = timeToGate(1 - losses[s]! / before, GATE);
  return { ...tailLoss(losses, CONFIDENCE), periods };
}

/** Largest difference, as a share of the value at the start of what is compared: bucket by bucket and NAV. */
export function farthest(book: ExposureBook, found: Float64Array, wanted: Float64Array): number {
  const start = bucketValues(book, new Float64Array(book.factors));
  const width = book.buckets + 1;
  if (found.length !== wanted.length) return Number.NaN;
  let worst = 0;
  for (let i = 0; i < wanted.length; i += 1) {
    const miss = Math.abs(found[i]! - wanted[i]!) / Math.max(Math.abs(start[i % width]!), Math.abs(wanted[i]!), 1);
    if (!(miss <= worst)) worst = miss;
  }
  return worst;
}

const within = (what: string, worst: number, most: number): Check => ({
  what,
  ok: worst <= most,
  seen: `largest difference ${worst.toExponential(1)} of the value, ${most} allowed`,
});

/** The kernel beside the pure formula, on all or the first scenarios. */
export function ownCheck(book: ExposureBook, moves: Float32Array, out: Float64Array, first: number): Check {
  const some = Math.min(first, moves.length / book.factors);
  const pure = bucketValues(book, Float64Array.from(moves.subarray(0, some * book.factors)));
  return within(
    "the kernel gives what the pure doubles give",
    farthest(book, out.subarray(0, pure.length), pure),
    1e-6,
  );
}

export function peerChecks(book: ExposureBook, ours: Float64Array, reduced: Reduced, numpy: Outcome): Check[] {
  const nav = book.values.reduce((sum, value) => sum + value, 0);
  const apart = Math.max(
    Math.abs(reduced.valueAtRisk - numpy.valueAtRisk),
    Math.abs(reduced.expectedShortfall - numpy.expectedShortfall),
  );
  const other = reduced.periods.reduce((count, period, s) => count + (period === numpy.periods[s] ? 0 : 1), 0);
  return [
    within("numpy in double precision gives the same buckets and NAV", farthest(book, ours, numpy.out), 1e-6),
    within("numpy gives the same VaR and ES", apart / nav, 1e-6),
    {
      what: "numpy gives the same times to gate, but where the gate is met to the sixth digit",
      ok: other <= reduced.periods.length / 1_000,
      seen: `${other} of ${reduced.periods.length} differ`,
    },
  ];
}

export const duckCheck = (book: ExposureBook, pure: Float64Array, duck: Float64Array): Check =>
  within("DuckDB gives what the pure doubles give", farthest(book, duck.subarray(0, pure.length), pure), 1e-9);

/** Two runs of other numbers of threads, byte by byte. */
export const sameBytes = (one: Float64Array, two: Float64Array): Check => ({
  what: "one thread and two give the same bytes",
  ok: Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(
    Buffer.from(two.buffer, two.byteOffset, two.byteLength),
  ),
  seen: `${one.byteLength} bytes compared`,
});

/** What each scenario of a sample asks for in each bucket, looking at every investor; whole cents, so that sums must be equal. */
export function plainAsks(investors: InvestorBook, losses: Float64Array): Float64Array {
  const asks = new Float64Array(losses.length * investors.buckets);
  losses.forEach((loss, s) => {
    const step = stepOf(loss);
    investors.amounts.forEach((amount, i) => {
      if (investors.thresholds[i]! <= step) asks[s * investors.buckets + investors.bucketOf[i]!]! += amount;
    });
  });
  return asks;
}

/** The waterfall written anew from what is asked for. */
export function plainWaterfall(asks: Float64Array, cash: Float64Array, buckets: number): Float64Array {
  const out: number[] = [];
  for (let s = 0; s * buckets < asks.length; s += 1) {
    let [owed, held] = [0, 0];
    for (let b = 0; b < buckets; b += 1) {
      owed += asks[s * buckets + b]!;
      held += cash[s * buckets + b]!;
      const paid = Math.min(owed, held);
      out.push(paid);
      [owed, held] = [owed - paid, held - paid];
    }
    out.push(owed);
  }
  return Float64Array.from(out);
}

export const waterfallCheck = (who: string, found: Float64Array, wanted: Float64Array): Check => ({
  what: `the waterfall pays what ${who} finds by looking at every investor, to the cent`,
  ok: wanted.length > 0 && wanted.every((value, i) => value === found[i]),
  seen: `${wanted.length} amounts compared`,
});
