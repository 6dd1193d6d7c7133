// Performance fee of a class with one price (R21): what the gain above the high-water mark costs, and the units that pay it. Pure.
import { EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { NonNegative, parseInput, Share } from "../parse.ts";
import { Fraction } from "./fraction.ts";
import { bookRounding, Precision } from "./rounding.ts";

export const PerformanceFeeInput = z.strictObject({
  ...Precision.shape,
  /** Net asset value before the performance fee (the GAV of R21), after the management fee, unswung. */
  gnav: MoneyString,
  /** Units outstanding before the fee. */
  units: NonNegative,
  /** The mark, in money per unit. */
  highWater: NonNegative,
  rate: Share,
  /** The price before performance fee as published: a check that the figures are of one strike and not swung. */
  gavPerUnit: NonNegative.optional(),
});
export const PerformanceFeeOutput = z.strictObject({
  gavPerUnit: z.string(),
  /** The fee in money, HALF_UP to the minor unit. */
  fee: z.string(),
  /** Units minted to the manager: floor. */
  units: z.string(),
  /** Price after the fee, HALF_UP. */
  navPerUnit: z.string(),
  /** The mark after crystallisation: never below the one before. */
  highWater: z.string(),
});

/**
 * R21: raw = (P − H)⁺ · S · r with P the unswung price before performance fee; units = raw · S / (GAV − raw), floor. The price after is that of
 * the same assets over more units. Errors: EG400 for malformed input, no units, a rate of one (nothing would be left), or a `gavPerUnit` that is
 * not gnav / units at the price's decimals (a dealing price that was swung, or a figure of another strike).
 */
export function performanceFee(input: z.input<typeof PerformanceFeeInput>): z.infer<typeof PerformanceFeeOutput> {
  const facts = parseInput(PerformanceFeeInput, input);
  const round = bookRounding(facts);
  const gnav = Fraction.of(facts.gnav);
  const units = Fraction.of(facts.units);
  const mark = Fraction.of(facts.highWater);
  if (!units.isPositive || !gnav.isPositive) throw new EvergreenError("EG400", "gnav and units must be above zero.");
  const gav = gnav.over(units);
  refuseAnotherPrice(facts.gavPerUnit, round.price(gav), facts.priceDp);
  const raw = gav.minus(mark).positive().times(units).times(Fraction.of(facts.rate));
  if (raw.gte(gnav)) throw new EvergreenError("EG400", "rate: the fee would take all there is.");
  const minted = round.units(raw.times(units).over(gnav.minus(raw)));
  const nav = round.price(gnav.over(units.plus(minted)));
  return {
    gavPerUnit: round.price(gav).text(facts.priceDp),
    fee: round.fee(raw).ratioText(),
    units: minted.text(facts.unitsDp),
    navPerUnit: nav.text(facts.priceDp),
    highWater: Fraction.max(mark, nav).ratioText(),
  };
}

/** Errors: EG400 when a price is given and is not the unswung one. */
function refuseAnotherPrice(given: string | undefined, unswung: Fraction, priceDp: number): void {
  if (given === undefined || Fraction.of(given).rounded(priceDp, "half_up").eq(unswung)) return;
  throw new EvergreenError(
    "EG400",
    "gavPerUnit: not gnav / units; performance fees are taken on the unswung price of the same strike.",
  );
}
