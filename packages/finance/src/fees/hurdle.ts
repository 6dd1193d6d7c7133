// Performance fee with a hurdle (R23): none, hard, soft, partial catch-up, cliff; and what the hurdle amounts to over a time. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Exact, ONE } from "../money.ts";
import { NonNegative, parseInput, Share } from "../parse.ts";
import { Day, DayCount, yearFraction } from "./days.ts";
import { Fraction } from "./fraction.ts";

/**
 * How profit above a hurdle is shared. `hard`: the rate on what exceeds the hurdle. `soft`: all of it to the manager until they have the rate on
 * everything. `partial`: the same at the share `catchUp`. `cliff`: the rate on everything as soon as the hurdle is passed. `none`: no hurdle.
 */
export const PerformanceTerms = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none"), rate: Share }),
  z.strictObject({ kind: z.literal("hard"), rate: Share }),
  z.strictObject({ kind: z.literal("soft"), rate: Share }),
  z.strictObject({ kind: z.literal("partial"), rate: Share, catchUp: Share }),
  z.strictObject({ kind: z.literal("cliff"), rate: Share }),
]);
export type PerformanceTerms = z.infer<typeof PerformanceTerms>;

/** What the hurdle is measured on and how it grows; `annual` compounds by (1 + rate) to the power of the years, `simple` by their number. */
export const HurdleRate = z.strictObject({
  rate: Share,
  compounding: z.enum(["simple", "annual"]).default("annual"),
  dayCount: DayCount.default("act/365"),
});
export type HurdleRate = z.output<typeof HurdleRate>;

export const HurdleFeeInput = z.strictObject({
  terms: PerformanceTerms,
  /** Profit over the base (the high-water mark in money, or the capital), before the fee; negative for a loss. */
  profit: DecimalString,
  /** The hurdle in money, or what it is made of. */
  hurdle: z.union([NonNegative, HurdleRate.extend({ base: NonNegative, from: Day, to: Day })]),
});
export const HurdleFeeOutput = z.strictObject({
  hurdle: z.string(),
  /** 18 decimals HALF_UP; posting rounds to the minor unit. */
  fee: z.string(),
  /** Profit at which the manager has caught up, null where there is no catch-up. */
  caughtUpAt: z.string().nullable(),
  stage: z.enum(["below_hurdle", "catch_up", "full_share"]),
});

/**
 * R23: with x = profit − H and W = H·p/(c − p), the fee is 0 below the hurdle, else c·min(x, W) + p·max(0, x − W). `soft` is c = 1, `hard` is p·x,
 * `cliff` p·profit once x > 0, `none` p·profit. Errors: EG400 for malformed input, a catch-up that is not above the rate, or a hurdle that ends
 * before it begins.
 */
export function hurdleFee(input: z.input<typeof HurdleFeeInput>): z.infer<typeof HurdleFeeOutput> {
  const { terms, profit, hurdle } = parseInput(HurdleFeeInput, input);
  const gained = Fraction.of(profit);
  const height =
    typeof hurdle === "string"
      ? Fraction.of(hurdle)
      : hurdleAmount(hurdle, Fraction.of(hurdle.base), hurdle.from, hurdle.to);
  const width = catchUpWidth(terms, height);
  const full = width === null ? height : height.plus(width);
  const floor = terms.kind === "none" ? Fraction.ZERO : height;
  return {
    hurdle: height.ratioText(),
    fee: feeOnProfit(terms, gained, height).ratioText(),
    caughtUpAt: width === null ? null : full.ratioText(),
    stage: gained.lte(floor) ? "below_hurdle" : width !== null && gained.lt(full) ? "catch_up" : "full_share",
  };
}

/** The fee of R23, exact. Errors: EG400 for a catch-up that is not above the rate. */
export function feeOnProfit(terms: PerformanceTerms, profit: Fraction, hurdle: Fraction): Fraction {
  const rate = Fraction.of(terms.rate);
  if (terms.kind === "none") return rate.times(profit.positive());
  const above = profit.minus(hurdle);
  if (!above.isPositive) return Fraction.ZERO;
  if (terms.kind === "cliff") return rate.times(profit);
  const width = catchUpWidth(terms, hurdle);
  if (width === null) return rate.times(above);
  return catchUpOf(terms)
    .times(Fraction.min(above, width))
    .plus(rate.times(above.minus(width).positive()));
}

/** W of R23, or null where nothing is caught up. Errors: EG400 for a catch-up that is not above the rate. */
function catchUpWidth(terms: PerformanceTerms, hurdle: Fraction): Fraction | null {
  if (terms.kind !== "soft" && terms.kind !== "partial") return null;
  const rate = Fraction.of(terms.rate);
  const catchUp = catchUpOf(terms);
  if (catchUp.lte(rate))
    throw new EvergreenError("EG400", "catchUp: expected more than the rate; a hard hurdle has none.");
  return hurdle.times(rate).over(catchUp.minus(rate));
}

function catchUpOf(terms: PerformanceTerms): Fraction {
  return terms.kind === "partial" ? Fraction.of(terms.catchUp) : Fraction.ONE;
}

/** The hurdle in money on `base` between two days: exact when simple, 40 digits when compounding. Errors: EG400 for a period that ends early. */
export function hurdleAmount(hurdle: HurdleRate, base: Fraction, from: string, to: string): Fraction {
  const years = yearFraction(from, to, hurdle.dayCount);
  if (hurdle.compounding === "simple") return base.times(Fraction.of(hurdle.rate)).times(years);
  return base.times(growth(hurdle.rate, years)).rounded(40, "half_up");
}

/** (1 + rate)^years − 1 with 40 decimals. */
function growth(rate: string, years: Fraction): Fraction {
  const exponent = new Exact(years.n.toString()).div(years.d.toString());
  const grown = ONE.plus(rate).pow(exponent).minus(ONE).times(new Exact(10).pow(40));
  return Fraction.of(BigInt(grown.toFixed(0)), 10n ** 40n);
}
