// Time-weighted returns (R43): around every external flow, and of a unit price with distributions reinvested. Exact products; pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, Exact, ONE, ratioText } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { Day, dayNumber, MOST_FLOWS, rateText, Valuation, windowOf, YEAR_DAYS } from "./flows.ts";
import { Basis, Label, labelOf } from "./labels.ts";

export const TwrInput = z.strictObject({
  /** Value at the start, after any flow of that day. */
  opening: Valuation,
  /** One entry per day with external flows: the value just before, and what came in (positive) or went out (negative) in sum. */
  flows: z.array(z.strictObject({ date: Day, valueBefore: NonNegative, amount: DecimalString })).max(MOST_FLOWS),
  /** Value at the end, before any flow of that day. */
  closing: Valuation,
  basis: Basis,
});

const TwrResult = {
  /** Return of the whole window, HALF_UP at 18 decimals. */
  cumulative: z.string(),
  /** Yearly, 12 decimals HALF_UP; null for a window shorter than 365 days or a total loss. */
  yearly: z.string().nullable(),
};
export const TwrOutput = z.strictObject({
  label: Label,
  ...TwrResult,
  periods: z.array(z.strictObject({ from: Day, to: Day, return: z.string() })),
  /** Periods without any value at start and end: left out, no return is claimed for them. */
  empty: z.int(),
});

/** (1 + cumulative)^(365/days) − 1, as text; null below a year, or when nothing is left. */
function yearlyOf(growth: Exact, days: number): string | null {
  if (days < YEAR_DAYS || growth.lte(0)) return null;
  return rateText(Math.expm1((growth.ln().toNumber() * YEAR_DAYS) / days));
}

/**
 * Π (value before the next flow / value after the last flow) − 1 over the periods between external flows. A period without value at both ends is
 * left out and counted. Values in one unit; the cumulative return HALF_UP at 18 decimals, the yearly one at 12.
 * Source: R43, GIPS. Errors: EG400 when days do not rise from opening to closing, a value after a flow is negative, or a holding without value
 * earns; EG413 over 20,000 flows.
 */
export function timeWeightedReturn(input: z.input<typeof TwrInput>): z.infer<typeof TwrOutput> {
  const { opening, flows, closing, basis } = parseInput(TwrInput, input);
  const rows = [...flows].sort((a, b) => dayNumber(a.date) - dayNumber(b.date));
  const ends = [...rows.map(({ date, valueBefore }) => ({ date, value: valueBefore })), closing];
  refuseUnordered(
    [opening, ...rows].map(({ date }) => date),
    closing.date,
  );
  let growth = ONE;
  let from = opening.date;
  let opened = decimal(opening.value);
  const periods: z.infer<typeof TwrOutput>["periods"] = [];
  ends.forEach(({ date, value }, position) => {
    const closed = decimal(value);
    if (opened.isNeg() && !opened.isZero())
      throw new EvergreenError("EG400", `More went out on ${from} than there was; check the value before that flow.`);
    if (opened.isZero() && !closed.isZero())
      throw new EvergreenError(
        "EG400",
        `There is value on ${date} but none after the flows of ${from}; check that flow.`,
      );
    if (!opened.isZero()) {
      const ratio = closed.div(opened);
      growth = growth.times(ratio);
      periods.push({ from, to: date, return: ratioText(ratio.minus(1)) });
    }
    from = date;
    opened = closed.plus(rows[position]?.amount ?? 0);
  });
  const dates = [opening.date, closing.date];
  const { days } = windowOf(dates);
  return {
    label: labelOf("TWR, valued at every external flow", dates, basis, "period"),
    cumulative: ratioText(growth.minus(1)),
    yearly: yearlyOf(growth, days),
    periods,
    empty: ends.length - periods.length,
  };
}

/** Errors: EG400 unless days rise strictly and the last is not after `until`. */
function refuseUnordered(dates: readonly string[], until: string): void {
  dates.forEach((date, i) => {
    if (i > 1 && date === dates[i - 1])
      throw new EvergreenError("EG400", `There are two entries on ${date}; add the flows of one day into one.`);
  });
  const sorted = dates.map(dayNumber);
  if (sorted.some((day) => day < sorted[0]! || day > dayNumber(until)))
    throw new EvergreenError("EG400", "A flow lies outside the window from opening to closing.");
}

const Price = z
  .string()
  .max(60)
  .regex(/^(?!0+(\.0+)?$)\d{1,38}(\.\d{1,18})?$/, "expected a price above zero such as 12.3456");

export const UnitPriceTwrInput = z.strictObject({
  opening: z.strictObject({ date: Day, price: Price }),
  /** Per unit, reinvested at the price after the distribution has left the fund. */
  distributions: z.array(z.strictObject({ date: Day, perUnit: NonNegative, priceAfter: Price })).max(MOST_FLOWS),
  closing: z.strictObject({ date: Day, price: NonNegative }),
  basis: Basis,
});
export const UnitPriceTwrOutput = z.strictObject({ label: Label, ...TwrResult });

/**
 * Closing price / opening price · Π (1 + distribution / price after it) − 1: exact for a fund that deals in units, since flows do not move the
 * price. Prices per unit in one currency; the cumulative return HALF_UP at 18 decimals, the yearly one at 12.
 * Source: R43. Errors: EG400 when a distribution lies outside the window; EG413 over 20,000.
 */
export function unitPriceReturn(input: z.input<typeof UnitPriceTwrInput>): z.infer<typeof UnitPriceTwrOutput> {
  const { opening, distributions, closing, basis } = parseInput(UnitPriceTwrInput, input);
  const [start, end] = [dayNumber(opening.date), dayNumber(closing.date)];
  if (end < start || distributions.some(({ date }) => dayNumber(date) < start || dayNumber(date) > end))
    throw new EvergreenError("EG400", "A distribution lies outside the window from opening to closing.");
  const growth = distributions.reduce(
    (product, { perUnit, priceAfter }) => product.times(ONE.plus(new Exact(perUnit).div(priceAfter))),
    decimal(closing.price).div(opening.price),
  );
  return {
    label: labelOf("TWR, unit price, distributions reinvested", [opening.date, closing.date], basis, "period"),
    cumulative: ratioText(growth.minus(1)),
    yearly: yearlyOf(growth, end - start),
  };
}
