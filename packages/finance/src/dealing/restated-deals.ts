// What a deal at a NAV that was wrong came to and should have come to, in a class with a performance fee: by equalisation (R24) at the price before fee, with the
// credit and the charge that went along; by series (R25) piece by piece at the price of its series. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { duesOf } from "../fees/equalisation-step.ts";
import { Fraction } from "../fees/fraction.ts";

/** How a class dealt at the NAV that is restated (evergreen.fee_compared): value before fee of the class, fund currency. */
export interface FeeCompared {
  method: "equalisation" | "series";
  /** Under equalisation: the fee had not been taken on that NAV, so that one entered before it. */
  open: boolean;
  rate: string;
  mark: string;
  /** The price at which one subscribed, unswung. */
  entry: string;
  units: string;
  value: string;
  correct_value: string | null;
  /** By series: the fee was taken on that very NAV, before its orders dealt. */
  taken: boolean;
  series: { series: string; units: string; published: string; correct: string | null; correct_fee: string | null }[];
}

export interface RestatedOrder {
  direction: "subscription" | "redemption";
  units: string;
  /** Fee that a redemption took along. */
  performance_fee?: string | undefined;
  /** Under equalisation: what a redemption was paid of the credit, below zero what it was charged. */
  credit?: string | undefined;
  /** Under equalisation: the lots it took, with the credit on them. */
  lots?: { units: string; reference: string; credit: string }[] | undefined;
  /** By series: the pieces it took. */
  pieces?: { series: string; units: string }[] | undefined;
}

export interface DealValue {
  /** Per unit of this order; over several series an average. */
  published: string;
  correct: string;
  /** Exact but for the twelfth decimal. */
  was: string;
  due: string;
  /** Performance fee that was taken too much, below zero too little; in minor units. */
  fee: string;
}

const exact = (value: Fraction): string => value.text(12);
const unitPrice = (value: Fraction, units: Fraction): string => value.over(units).text(18);

/**
 * Of one order. A subscription by equalisation paid the price before fee, HALF_UP; where the fee had been taken, the NAV per unit; by series the issue
 * price, which no NAV moves. A redemption had units × price after fee + Σ lots (refund of the credit in reach − depreciation charge), by series Σ pieces
 * units × price of the series. Errors: EG500 where a corrected figure is missing.
 */
export function dealValue(
  order: RestatedOrder,
  fee: FeeCompared,
  price: { published: string; correct: string; price_dp: number },
  currencyDp: number,
): DealValue {
  const units = Fraction.of(order.units);
  const at = (published: Fraction, correct: Fraction): DealValue => ({
    published: published.text(18),
    correct: correct.text(18),
    was: exact(units.times(published)),
    due: exact(units.times(correct)),
    fee: "0",
  });
  const [published, correct] = [Fraction.of(price.published), Fraction.of(price.correct)];
  if (fee.method === "series") {
    if (order.direction === "subscription") return at(Fraction.of(fee.entry), Fraction.of(fee.entry));
    return seriesValue(order, fee, currencyDp);
  }
  if (!fee.open) return at(published, correct);
  const [gav, gavDue] = gavs(fee);
  if (order.direction === "subscription")
    return at(gav.rounded(price.price_dp, "half_up"), gavDue.rounded(price.price_dp, "half_up"));
  const [rate, mark] = [Fraction.of(fee.rate), Fraction.of(fee.mark)];
  // what it was paid is a fact, whatever the mark is now
  const was = units.times(published).plus(Fraction.of(order.credit ?? "0"));
  let [due, owed] = [units.times(correct), Fraction.ZERO];
  for (const row of order.lots ?? []) {
    const lot = {
      units: Fraction.of(row.units),
      reference: Fraction.of(row.reference),
      credit: Fraction.of(row.credit),
    };
    const now = duesOf(lot, gavDue, mark, rate);
    due = due.plus(now.refund).minus(now.depreciation);
    owed = owed.plus(now.gross).minus(now.refund).plus(now.depreciation);
  }
  return {
    published: published.text(18),
    correct: correct.text(18),
    was: exact(was),
    due: exact(due),
    fee: feeGap(order, owed.rounded(currencyDp, "half_up"), currencyDp),
  };
}

function gavs({ value, correct_value, units }: FeeCompared): [Fraction, Fraction] {
  if (correct_value === null) throw missing();
  const over = Fraction.of(units);
  return [Fraction.of(value).over(over), Fraction.of(correct_value).over(over)];
}

function seriesValue(order: RestatedOrder, fee: FeeCompared, currencyDp: number): DealValue {
  let [was, due, owed] = [Fraction.ZERO, Fraction.ZERO, Fraction.ZERO];
  for (const piece of order.pieces ?? []) {
    const series = fee.series.find((row) => row.series === piece.series);
    if (series === undefined || series.correct === null || series.correct_fee === null) throw missing();
    const units = Fraction.of(piece.units);
    was = was.plus(units.times(Fraction.of(series.published)));
    due = due.plus(units.times(Fraction.of(series.correct)));
    const part = Fraction.of(series.correct_fee).times(units).over(Fraction.of(series.units));
    if (!fee.taken) owed = owed.plus(part.rounded(currencyDp, "half_up"));
  }
  const units = Fraction.of(order.units);
  return {
    published: unitPrice(was, units),
    correct: unitPrice(due, units),
    was: exact(was),
    due: exact(due),
    fee: feeGap(order, owed, currencyDp),
  };
}

const feeGap = (order: RestatedOrder, owed: Fraction, currencyDp: number): string =>
  Fraction.of(order.performance_fee ?? "0")
    .minus(owed)
    .text(currencyDp);

const missing = (): EvergreenError =>
  new EvergreenError("EG500", "A class has no corrected figures in the strike that restates its own.");
