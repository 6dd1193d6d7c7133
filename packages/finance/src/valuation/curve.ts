// Zero curves: rates between their points, shifts in parallel and by key rate, discount factors with their first two derivatives. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { BPS, decimal, Exact, ONE, ZERO } from "../money.ts";
import { NonNegative } from "../parse.ts";

/** Powers and exponentials are taken to 34 digits, as many as IEEE decimal128 has: 60 would be three times slower and tell nobody more. */
const Power = Exact.clone({ precision: 34 });

/** Times a year that interest is added; "continuous" is the limit. */
export const Compounding = z.enum(["continuous", "annual", "semiannual", "quarterly"]);
export type Compounding = z.infer<typeof Compounding>;
const TIMES: Record<Exclude<Compounding, "continuous">, number> = { annual: 1, semiannual: 2, quarterly: 4 };

/** Values at points of time; in between on straight lines, flat before the first and beyond the last. */
export interface Point {
  years: Exact;
  value: Exact;
}

export const KeyShift = z.strictObject({ years: NonNegative, bps: DecimalString });

/** Points in order of time. Errors: EG400 when two points have the same time, or there is none. */
export function curvePoints(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.years.cmp(b.years));
  if (sorted.length === 0) throw new EvergreenError("EG400", "A curve needs at least one point.");
  for (let i = 1; i < sorted.length; i += 1)
    if (sorted[i]!.years.eq(sorted[i - 1]!.years))
      throw new EvergreenError("EG400", "A curve has two values for one point of time.");
  return sorted;
}

/** Linear between neighbours, flat at both ends. */
export function interpolate(points: readonly Point[], years: Exact): Exact {
  const after = points.findIndex((point) => point.years.gte(years));
  if (after === -1) return points.at(-1)!.value;
  const right = points[after]!;
  if (after === 0 || right.years.eq(years)) return right.value;
  const left = points[after - 1]!;
  const share = years.minus(left.years).div(right.years.minus(left.years));
  return left.value.plus(right.value.minus(left.value).times(share));
}

/**
 * The shift at a time, as a ratio: the parallel shift plus the key-rate shifts, each of which falls on a straight line to nothing at the neighbouring
 * key rates and is flat beyond the ends. So equal shifts of all key rates are a parallel shift.
 */
export function shiftAt(parallelBps: Exact, keys: readonly z.infer<typeof KeyShift>[], years: Exact): Exact {
  const key =
    keys.length === 0
      ? ZERO
      : interpolate(curvePoints(keys.map((one) => ({ years: decimal(one.years), value: decimal(one.bps) }))), years);
  return parallelBps.plus(key).div(BPS);
}

export interface Discount {
  factor: Exact;
  /** First and second derivative by the rate. */
  slope: Exact;
  curvature: Exact;
}

/** The same factor in doubles, to start a search from. */
export function roughDiscount(rate: number, years: number, compounding: Compounding): number {
  if (compounding === "continuous") return Math.exp(-rate * years);
  return (1 + rate / TIMES[compounding]) ** (-years * TIMES[compounding]);
}

/** Discount factor of a zero rate over `years`, to 34 digits. Errors: EG400 when the rate is so low that a period would lose everything. */
export function discount(rate: Exact, years: Exact, compounding: Compounding): Discount {
  if (compounding === "continuous") {
    const factor = new Exact(new Power(rate.times(years).neg()).exp());
    return { factor, slope: factor.times(years).neg(), curvature: factor.times(years).times(years) };
  }
  const times = TIMES[compounding];
  const base = ONE.plus(rate.div(times));
  if (base.lte(0)) throw new EvergreenError("EG400", "A rate is below minus all of it: nothing can be discounted.");
  const factor = new Exact(new Power(base).pow(years.times(times).neg()));
  const slope = factor.times(years).neg().div(base);
  return {
    factor,
    slope,
    curvature: slope
      .neg()
      .times(years.plus(ONE.div(times)))
      .div(base),
  };
}
