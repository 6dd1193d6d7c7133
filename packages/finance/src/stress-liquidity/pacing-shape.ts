// The shape of distributions that gives a commitment its multiple (Takahashi and Alexander; R36): the recursion, and the search for B. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Exact, ONE, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput, Share } from "../parse.ts";

/** A yearly rate above −1 as a decimal: "0.15", "-0.05". */
const Growth = z
  .string()
  .max(25)
  .regex(/^(-0(\.\d{1,18})?|\d{1,2}(\.\d{1,18})?)$/, "expected a rate above -1 such as 0.15");

export const PacingTerms = z.strictObject({
  /** Share of the commitment not yet called that is called in each period; the last one stays (RC). */
  calls: z.array(Share).min(1).max(60),
  /** Growth of the value per period (G). */
  growth: Growth,
  /** Least share of the grown value that is distributed in each period (Y). */
  yield: Share.default("0"),
  /** Periods until the end, at which everything is distributed (L). */
  lifetime: z.int().min(1).max(60),
});
export type PacingTerms = z.output<typeof PacingTerms>;

export const PacingShapeInput = PacingTerms.extend({
  /** Total value over paid-in capital that the commitment shall reach (M). */
  multiple: NonNegative,
  /** B, where it is given: checked instead of sought. */
  shape: NonNegative.optional(),
});
export const PacingShapeOutput = z.strictObject({
  /** d = ln M / (G·L) and B₀ = e^(π·d) / √2; null where G is 0. */
  d: z.string().nullable(),
  startShape: z.string().nullable(),
  /** B, 12 decimals. */
  shape: z.string(),
  /** What the recursion gives with it. */
  tvpi: z.string(),
});

/** |TVPI / M − 1| above this is refused. */
const TOLERANCE = new Exact("0.001");
/** B is sought between these; below the first one distributes at once, above the last one at the end. */
const LOWEST = 1e-9;
const HIGHEST = 1e5;
const SHAPE_DP = 12;
/** Digits for powers: more than any printed figure, fewer than sums carry. */
const Power = Exact.clone({ precision: 24 });

/** Share of the grown value that is distributed at the end of period t: max(Y, (t/L)^B), the power to 20 decimals. */
export function distributionRate(terms: Pick<PacingTerms, "yield" | "lifetime">, shape: string, t: number): Exact {
  if (t >= terms.lifetime) return ONE;
  const power = new Power(t).div(terms.lifetime).ln().times(shape).exp().toDecimalPlaces(20);
  return power.gt(terms.yield) ? new Exact(power.toFixed()) : new Exact(terms.yield);
}

/** TVPI of one unit of commitment over its lifetime, in exact decimals. */
function exactMultiple(terms: PacingTerms, shape: string): Exact {
  const grown = ONE.plus(terms.growth);
  let [nav, called, distributed] = [ZERO, ZERO, ZERO];
  for (let t = 1; t <= terms.lifetime; t += 1) {
    const call = ONE.minus(called).times(callShare(terms, t));
    const value = nav.times(grown);
    const out = value.times(distributionRate(terms, shape, t));
    nav = value.plus(call).minus(out);
    called = called.plus(call);
    distributed = distributed.plus(out);
  }
  if (called.isZero()) throw new EvergreenError("EG400", "calls: nothing is ever called.");
  return distributed.plus(nav).div(called);
}

/** RC of period t, the last one given where there is none. */
export function callShare(terms: Pick<PacingTerms, "calls">, t: number): string {
  return terms.calls[Math.min(t, terms.calls.length) - 1] ?? "0";
}

/** The same in floating point: the search takes some sixty of these. */
function nearMultiple(terms: PacingTerms, shape: number): number {
  const [growth, least] = [1 + Number(terms.growth), Number(terms.yield)];
  let [nav, called, distributed] = [0, 0, 0];
  for (let t = 1; t <= terms.lifetime; t += 1) {
    const call = (1 - called) * Number(callShare(terms, t));
    const value = nav * growth;
    const out = value * (t >= terms.lifetime ? 1 : Math.max(least, (t / terms.lifetime) ** shape));
    nav = value + call - out;
    called += call;
    distributed += out;
  }
  return (distributed + nav) / called;
}

/**
 * R36: B with which the recursion C_t = RC_t·(CC − PIC), D_t = max(Y, (t/L)^B)·NAV_{t−1}·(1 + G), NAV_t = NAV_{t−1}·(1 + G) + C_t − D_t gives TVPI = M with the
 * terms' own RC, Y and L. The multiple is monotone in B (later distributions grow longer), so bisection between the two ends finds the one root
 * there is; B is rounded HALF_UP to 12 decimals and the answer checked in exact decimals, HALF_UP at 18. B₀ is the published start value. Errors:
 * EG427 when no B gives M, or TVPI misses M by more than 0.1 % (a given B too); EG400.
 */
export function pacingShape(input: z.input<typeof PacingShapeInput>): z.infer<typeof PacingShapeOutput> {
  const facts = parseInput(PacingShapeInput, input);
  const multiple = new Exact(facts.multiple);
  if (multiple.isZero()) throw new EvergreenError("EG400", "multiple: must be above zero.");
  const shape = facts.shape ?? new Exact(solved(facts, Number(facts.multiple))).toFixed(SHAPE_DP);
  const tvpi = exactMultiple(facts, shape);
  if (tvpi.div(multiple).minus(1).abs().gt(TOLERANCE))
    throw new EvergreenError(
      "EG427",
      "The terms do not give the multiple: growth, calls and lifetime miss it by more than 0.1 %.",
    );
  const growth = Number(facts.growth);
  const d = growth === 0 ? null : Math.log(Number(facts.multiple)) / (growth * facts.lifetime);
  const start = d === null ? null : Math.exp(Math.PI * d) / Math.SQRT2;
  return {
    d: d === null ? null : ratioText(new Exact(d.toFixed(SHAPE_DP))),
    startShape:
      start === null || !Number.isFinite(start) || start > 1e15 ? null : ratioText(new Exact(start.toFixed(SHAPE_DP))),
    shape: ratioText(new Exact(shape)),
    tvpi: ratioText(tvpi),
  };
}

function solved(terms: PacingTerms, multiple: number): number {
  const miss = (shape: number): number => nearMultiple(terms, shape) / multiple - 1;
  const slack = Number(TOLERANCE) / 2;
  const [low, high] = [miss(LOWEST), miss(HIGHEST)];
  // an end of the range may itself be the answer: a multiple that only distributing at the very end, or at once, gives
  if (Math.sign(low) === Math.sign(high)) {
    if (Math.min(Math.abs(low), Math.abs(high)) > slack || !Number.isFinite(low))
      throw new EvergreenError(
        "EG427",
        "No shape of distributions gives the multiple with this growth, these calls and this lifetime.",
      );
    return Math.abs(low) < Math.abs(high) ? LOWEST : HIGHEST;
  }
  let [left, right] = [Math.log(LOWEST), Math.log(HIGHEST)];
  for (let step = 0; step < 100; step += 1) {
    const middle = (left + right) / 2;
    if (middle === left || middle === right) break;
    if (Math.sign(miss(Math.exp(middle))) === Math.sign(low)) left = middle;
    else right = middle;
  }
  return Math.exp((left + right) / 2);
}
