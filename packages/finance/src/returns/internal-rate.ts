// The internal rate of one investor's flows (R42) in floating point: a fast path that finds and proves the usual single root, and complete
// isolation where there may be several. Works on log rates s = ln(1 + r) and years of 365 days. Pure.
import { Exact } from "../money.ts";
import { rootsByCells } from "./cells.ts";
import { exactRoots } from "./exact-roots.ts";
import { EXP_LIMIT, exponential } from "./exponential.ts";
import { type DayFlow, YEAR_DAYS } from "./flows.ts";
import { onlyRoot, rootsBetween } from "./roots.ts";

/**
 * unique: one sign change, hence one root anywhere · non_conventional: more sign changes, exactly one root in the range ·
 * ambiguous: several roots in the range · no_root: none in the range · outside_range: one sign change, its root not in the range ·
 * undecided: touching or nearly equal roots among too many flows to count them with 60 digits; no rate is claimed.
 */
export const VERDICTS = ["unique", "non_conventional", "ambiguous", "no_root", "outside_range", "undecided"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The range of R42 for the reported rate, both ends excluded, and the rate the choice among several roots goes by. */
export const RANGE = { above: -0.99, below: 10, near: 0.1 } as const;
/** Decimals at which a rate is compared with the ends of the range. */
const COMPARED = 1e12;
const WIDER = 1e-9;

export interface InternalRate {
  verdict: Verdict;
  /** ln(1 + yearly rate) of the root that counts; NaN for no_root and undecided. */
  logRate: number;
  signChanges: number;
  /** All roots in the range as log rates, rising; one for outside_range, which lies outside. */
  roots: readonly number[];
}

/** Flows of one investor, netted by day: rising, no zeros. Longer arrays than `length` are allowed. */
export interface Netted {
  /** Years since the first flow, ACT/365F. */
  times: Float64Array;
  amounts: Float64Array;
  length: number;
  signChanges: number;
}

export const netted = (capacity: number): Netted => ({
  times: new Float64Array(capacity),
  amounts: new Float64Array(capacity),
  length: 0,
  signChanges: 0,
});

/** Factor from a log rate a year to the log of the reported figure: below one year the rate is not annualised (R42). */
export const reportedShare = (windowDays: number): number => Math.min(1, windowDays / YEAR_DAYS);

/** The reported figure of a log rate: yearly, or that of the whole window when it is shorter than a year. */
export const reportedRate = (logRate: number, windowDays: number): number =>
  Math.expm1(logRate * reportedShare(windowDays));

/** Whether a reported rate, rounded at 12 decimals, lies in (−99 %, 1000 %). */
export function inRange(rate: number): boolean {
  const rounded = Math.round(rate * COMPARED) / COMPARED;
  return rounded > RANGE.above && rounded < RANGE.below;
}

/**
 * The internal rate of netted flows over a window of `windowDays` ≥ 0 days. Error of a log rate below 1e-12, below 1e-11 with several sign changes.
 * Every number of roots is proven: by Descartes' rule, by a balance that never changes its sign at the root (Teichroew, Robichek and
 * Montalbano 1965), or by isolation. `exact` gives the flows to as many digits as there are, for the cases floating point cannot decide.
 */
export function internalRate(
  flows: Netted,
  windowDays: number,
  exact: () => DayFlow[] = () => fromDoubles(flows),
): InternalRate {
  const { signChanges } = flows;
  if (signChanges === 0 || windowDays === 0) return { verdict: "no_root", logRate: Number.NaN, signChanges, roots: [] };
  const quick = quickRoot(flows);
  if (signChanges === 1) {
    const logRate = Number.isNaN(quick) ? onlyRoot(amountsOf(flows), timesOf(flows)) : quick;
    const inside = inRange(reportedRate(logRate, windowDays));
    return { verdict: inside ? "unique" : "outside_range", logRate, signChanges, roots: [logRate] };
  }
  const roots = !Number.isNaN(quick) && balanceKeepsSign(flows, quick) ? [quick] : allRoots(flows, windowDays, exact);
  if (roots === undefined) return { verdict: "undecided", logRate: Number.NaN, signChanges, roots: [] };
  const inside = roots.filter((s) => inRange(reportedRate(s, windowDays)));
  if (inside.length === 0) return { verdict: "no_root", logRate: Number.NaN, signChanges, roots: [] };
  const logRate = nearest(inside);
  return { verdict: inside.length > 1 ? "ambiguous" : "non_conventional", logRate, signChanges, roots: inside };
}

const amountsOf = ({ amounts, length }: Netted): Float64Array => amounts.slice(0, length);
const timesOf = ({ times, length }: Netted): Float64Array => times.slice(0, length);

/** The root whose yearly rate is nearest to 10 %; of two as near, the lower. */
function nearest(roots: readonly number[]): number {
  let best = roots[0]!;
  for (const s of roots) if (Math.abs(Math.expm1(s) - RANGE.near) < Math.abs(Math.expm1(best) - RANGE.near)) best = s;
  return best;
}

/** Sign changes up to which the recursion of roots.ts is used. */
const FEW_CHANGES = 16;
/** Sign changes squared times flows up to which 60 digits answer within seconds. */
const EXACT_EFFORT = 3_000;

function allRoots(flows: Netted, windowDays: number, exact: () => DayFlow[]): number[] | undefined {
  const share = reportedShare(windowDays);
  const low = Math.log1p(RANGE.above) / share - WIDER;
  const high = Math.log1p(RANGE.below) / share + WIDER;
  const { length, signChanges } = flows;
  const method = signChanges <= FEW_CHANGES ? rootsBetween : rootsByCells;
  const found = method(amountsOf(flows), timesOf(flows), low, high);
  if (found !== undefined) return found;
  return signChanges * signChanges * length <= EXACT_EFFORT ? exactRoots(exact(), low, high) : undefined;
}

const fromDoubles = ({ times, amounts, length }: Netted): DayFlow[] =>
  Array.from({ length }, (_, i) => ({ day: Math.round(times[i]! * YEAR_DAYS), amount: new Exact(amounts[i]!) }));

const MOST_STEPS = 10;
/** A first guess stays within these log rates; where the root lies beyond, later steps go there. */
const GUESS = 4;
/** A step on the polynomial, in shares of half the window, after which the next moves less than rounding (it is squared). */
const SETTLED = 1e-8;
/** Least slope in years, as a share of the absolute terms. With one sign change it is never below half a day, 0.0014. */
const LEVEL = 1e-4;
/** What may be left out, as a log rate. */
const EXACT_ENOUGH = 1e-15;

/**
 * A root without a proof that there is no other; NaN when it does not settle quickly. Starts where flows collapsed to their two mean dates would
 * have it (no exponential needed), then takes the Taylor polynomial of degree 6 of the value around the guess and goes to its root.
 */
function quickRoot(flows: Netted): number {
  const { times, amounts, length } = flows;
  const middle = times[length - 1]! / 2;
  let s = firstGuess(flows);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (!(Math.abs(s) * middle < EXP_LIMIT)) return Number.NaN;
    // sums of amount · t^k · e^(−s·t), t counted from the middle of the window
    let m0 = 0;
    let m1 = 0;
    let m2 = 0;
    let m3 = 0;
    let m4 = 0;
    let m5 = 0;
    let m6 = 0;
    let size = 0;
    for (let i = 0; i < length; i += 1) {
      const t = times[i]! - middle;
      const t2 = t * t;
      const w = amounts[i]! * exponential(-s * t);
      const wt = w * t;
      const w2 = w * t2;
      const w3 = wt * t2;
      size += Math.abs(w);
      m0 += w;
      m1 += wt;
      m2 += w2;
      m3 += w3;
      m4 += w2 * t2;
      m5 += w3 * t2;
      m6 += w3 * t2 * t;
    }
    const [c2, c3, c4, c5, c6] = [m2 / 2, m3 / 6, m4 / 24, m5 / 120, m6 / 720];
    let x = m0 / m1;
    x += (c2 * x * x) / m1;
    let move = 0;
    for (let turn = 0; turn < 2; turn += 1) {
      const value = m0 - x * (m1 - x * (c2 - x * (c3 - x * (c4 - x * (c5 - x * c6)))));
      const slope = -m1 + x * (2 * c2 - x * (3 * c3 - x * (4 * c4 - x * (5 * c5 - x * 6 * c6))));
      move = value / slope;
      x -= move;
    }
    s += x;
    // a nearly level value has a root that floating point would blur
    if (!(Math.abs(m1) > LEVEL * size)) return Number.NaN;
    // what the polynomial leaves out, terms of degree 7 and above, and what a further step on it would move
    const reach = Math.abs(x) * middle;
    const squared = reach * reach;
    const rest = (size * squared * squared * squared * reach) / 5_040;
    if (reach < 1 && Math.abs(move) * middle < SETTLED && rest < EXACT_ENOUGH * Math.abs(m1)) return s;
  }
  return Number.NaN;
}

/**
 * The root of flows collapsed to the amount-weighted mean dates of what was paid in and what was received, with a term for their spread: the
 * first step from s = 0 on ln(received / paid in), which is nearly a straight line in s.
 */
function firstGuess({ times, amounts, length }: Netted): number {
  let n0 = 0;
  let n1 = 0;
  let n2 = 0;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  for (let i = 0; i < length; i += 1) {
    const t = times[i]!;
    const w = amounts[i]!;
    const size = Math.abs(w);
    const wt = w * t;
    const sizeT = size * t;
    n0 += w;
    n1 += wt;
    n2 += wt * t;
    a0 += size;
    a1 += sizeT;
    a2 += sizeT * t;
  }
  const plus = a0 + n0;
  const minus = a0 - n0;
  const plusMean = (a1 + n1) / plus;
  const minusMean = (a1 - n1) / minus;
  const gap = plusMean - minusMean;
  const spread = (a2 + n2) / plus - plusMean * plusMean - (a2 - n2) / minus + minusMean * minusMean;
  const newton = Math.log(plus / minus) / gap;
  const bend = (0.5 * spread * newton) / gap;
  const guess = Math.abs(bend) < 0.5 ? newton * (1 + bend) : newton;
  return Math.max(-GUESS, Math.min(GUESS, guess));
}

/** Shares of what has moved so far below which the sign of a balance counts as unknown. */
const UNSURE = 1e-10;

/**
 * Whether the balance, compounded at the root, keeps one sign until the last flow. Then the root is the only one on the whole line: the number
 * of roots above (below) s is at most the number of sign changes of the partial sums of amount·e^(−s·t) from the front (from the back), and at a
 * root the two are the same sums with the sign turned. False also when rounding leaves it open.
 */
function balanceKeepsSign({ times, amounts, length }: Netted, s: number): boolean {
  let balance = 0;
  let moved = 0;
  const negative = amounts[0]! < 0;
  for (let i = 0; i < length - 1; i += 1) {
    const term = amounts[i]! * exponential(-s * times[i]!);
    balance += term;
    moved += Math.abs(term);
    if (!(negative ? -balance > UNSURE * moved : balance > UNSURE * moved)) return false;
  }
  return true;
}
