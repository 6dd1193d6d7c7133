// Management fee (R20): daily accrual on the net asset value of the strike before, and the continuous form that mints units. Pure.
import { EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { currencyExponent, Exact, ONE } from "../money.ts";
import { NonNegative, parseInput, Share } from "../parse.ts";
import { Day, DayCount, daysBetween, yearFraction } from "./days.ts";
import { Fraction } from "./fraction.ts";
import { bookRounding, Precision } from "./rounding.ts";

export const ManagementFeeInput = z.strictObject({
  currency: Precision.shape.currency,
  /** Rate a year, "0.0125" is 1.25 %. */
  rate: Share,
  basis: DayCount.default("act/365"),
  /** Strikes in the order of their days. The fee from one strike to the next runs on the value of the first: unswung, never a dealing price. */
  strikes: z
    .array(z.strictObject({ date: Day, nav: MoneyString }))
    .min(1)
    .max(100_000),
  /** Day up to which the fee runs (not included in the last period's days). */
  until: Day,
});
export const ManagementFeeOutput = z.strictObject({
  fee: z.string(),
  accruals: z.array(
    z.strictObject({
      from: z.string(),
      to: z.string(),
      days: z.int(),
      nav: z.string(),
      /** What is posted for the period; the posted amounts add up to `fee`. */
      posted: z.string(),
      /** The fee so far, unrounded, 18 decimals. */
      accrued: z.string(),
    }),
  ),
});

/**
 * R20: fee += NAV of the strike before · rate · days / basis, period by period. What is posted is the difference of the rounded running
 * total (HALF_UP to the minor unit), so that any number of periods posts the same total as one. A strike that is not positive accrues nothing.
 * Errors: EG400 for malformed input, strikes out of order, or `until` before the last of them.
 */
export function accrueManagementFee(input: z.input<typeof ManagementFeeInput>): z.infer<typeof ManagementFeeOutput> {
  const { rate, basis, strikes, until, currency } = parseInput(ManagementFeeInput, input);
  const { fee: toMinor } = bookRounding({ currency, unitsDp: 0, priceDp: 0 });
  const scale = currencyExponent(currency);
  let accrued = Fraction.ZERO;
  const accruals = strikes.map((strike, position) => {
    const to = strikes[position + 1]?.date ?? until;
    const last = position === strikes.length - 1;
    if (last ? to < strike.date : to <= strike.date) {
      throw new EvergreenError("EG400", `strikes.${position}: the days must rise and end by the day in until.`);
    }
    const before = toMinor(accrued);
    const share = yearFraction(strike.date, to, basis);
    accrued = accrued.plus(Fraction.of(strike.nav).positive().times(Fraction.of(rate)).times(share));
    return {
      from: strike.date,
      to,
      days: daysBetween(strike.date, to),
      nav: strike.nav,
      posted: toMinor(accrued).minus(before).text(scale),
      accrued: accrued.ratioText(),
    };
  });
  return { fee: toMinor(accrued).text(scale), accruals };
}

/** Decimals of the per-second rate, as on-chain fee contracts hold it. */
const RAY = 10n ** 27n;
const SECONDS_PER_YEAR = 31_536_000;

export const ContinuousFeeInput = z.strictObject({
  /** Units outstanding at the last settlement. */
  units: NonNegative,
  unitsDp: z.int().min(0).max(18).default(4),
  /** Either the rate a year, of the holders' units after minting, or the per-second factor itself with 27 decimals. */
  rate: Share.optional(),
  perSecond: z
    .string()
    .regex(/^1(\.\d{1,27})?$/, "expected a factor from 1 with at most 27 decimals")
    .optional(),
  /** Seconds since the last settlement. */
  seconds: z.int().min(0).max(3_153_600_000),
});
export const ContinuousFeeOutput = z.strictObject({
  perSecond: z.string(),
  units: z.string(),
  unitsAfter: z.string(),
});

/**
 * R20 in the form that mints units: units = S·(ρ^Δt − 1), floor to the decimals of a unit; ρ is a per-second factor with 27 decimals and every
 * multiplication of the power is rounded HALF_UP at 27 decimals, as fee contracts on a chain do it. From a yearly rate r,
 * ρ = (1/(1−r))^(1/31,536,000) HALF_UP: after 365 days the manager holds the share r of all units, whatever the settlements between.
 * Source: R20; Enzyme Finance, management fee. Errors: EG400 unless exactly one of `rate` (below 1) and `perSecond` is given.
 */
export function continuousManagementFee(
  input: z.input<typeof ContinuousFeeInput>,
): z.infer<typeof ContinuousFeeOutput> {
  const { units, unitsDp, rate, perSecond, seconds } = parseInput(ContinuousFeeInput, input);
  if ((rate === undefined) === (perSecond === undefined)) {
    throw new EvergreenError("EG400", "Give either rate or perSecond.");
  }
  const factor = perSecond === undefined ? perSecondFactor(rate ?? "") : rayOf(perSecond);
  const supply = Fraction.of(units);
  const grown = Fraction.of(power(factor, seconds) - RAY, RAY);
  const minted = supply.times(grown).rounded(unitsDp, "floor");
  return {
    perSecond: Fraction.of(factor, RAY).text(27),
    units: minted.text(unitsDp),
    unitsAfter: supply.plus(minted).text(18).replace(/0+$/, "").replace(/\.$/, ""),
  };
}

function rayOf(text: string): bigint {
  const [whole = "", part = ""] = text.split(".");
  return BigInt(whole + part.padEnd(27, "0"));
}

function perSecondFactor(rate: string): bigint {
  const share = new Exact(rate);
  if (share.gte(1)) throw new EvergreenError("EG400", "rate: expected less than 1.");
  const factor = ONE.div(ONE.minus(share)).pow(ONE.div(SECONDS_PER_YEAR));
  return BigInt(factor.times(RAY.toString()).toFixed(0));
}

/** base^exponent at 27 decimals by squaring, each product rounded HALF_UP. */
function power(base: bigint, exponent: number): bigint {
  let result = RAY;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = (result * square + RAY / 2n) / RAY;
    square = (square * square + RAY / 2n) / RAY;
  }
  return result;
}
