// What is rounded when a fee rule posts or publishes a figure: units, prices, cash. The exact form rounds nothing and serves the proofs. Pure.
import { CurrencyCode } from "@evergreen-fund/domain";
import { z } from "zod";
import { currencyExponent, largestRemainder } from "../money.ts";
import { Fraction } from "./fraction.ts";

export const Precision = z.strictObject({
  currency: CurrencyCode,
  /** Decimals of a unit. */
  unitsDp: z.int().min(0).max(18).default(4),
  /** Decimals of a published price. */
  priceDp: z.int().min(0).max(18).default(4),
});
export type Precision = z.output<typeof Precision>;

export type Rounding = {
  /** Units posted: toward zero units, so that nobody gets more than the money is worth (R5b). */
  readonly units: (value: Fraction) => Fraction;
  /** A published price, at which orders deal: HALF_UP. */
  readonly price: (value: Fraction) => Fraction;
  /** Cash paid to an investor: floor to the minor unit (R5b). */
  readonly payout: (value: Fraction) => Fraction;
  /** A fee taken: HALF_UP to the minor unit. */
  readonly fee: (value: Fraction) => Fraction;
  /** Money that stays noted on a lot: 18 decimals HALF_UP, as the ledger stores it. */
  readonly note: (value: Fraction) => Fraction;
  /** Money divided in proportion to weights, nothing lost; in whole minor units by largest remainder, ties to the earlier. */
  readonly split: (total: Fraction, weights: readonly Fraction[]) => Fraction[];
};

const same = (value: Fraction): Fraction => value;

function inProportion(total: Fraction, weights: readonly Fraction[]): Fraction[] {
  const each = total.over(Fraction.sum(weights));
  return weights.map((weight) => weight.times(each));
}

/** Nothing is rounded: the rules as mathematics. */
export const EXACT: Rounding = { units: same, price: same, payout: same, fee: same, note: same, split: inProportion };

/** The rounding of the books of a class. */
export function bookRounding({ currency, unitsDp, priceDp }: Precision): Rounding {
  const minor = currencyExponent(currency);
  return {
    units: (value) => value.rounded(unitsDp, "floor"),
    price: (value) => value.rounded(priceDp, "half_up"),
    payout: (value) => value.rounded(minor, "floor"),
    fee: (value) => value.rounded(minor, "half_up"),
    note: (value) => value.rounded(18, "half_up"),
    split: (total, weights) => {
      const scale = 10n ** BigInt(minor);
      const fine = weights.map((weight) => weight.scaled(10n ** 18n, "floor"));
      return largestRemainder(total.scaled(scale, "half_up"), fine).map((part) => Fraction.of(part, scale));
    },
  };
}
