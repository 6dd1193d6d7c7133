// Decimals of the form: xs:decimal without an exponent ("-.05", "41468995.880000000000", "+5."), kept as the filer wrote them.
// Arithmetic runs in decimal.js with 100 digits, so that no sum of a filing is ever rounded on the way.
import { Decimal } from "decimal.js";

const Exact = Decimal.clone({ precision: 100, rounding: Decimal.ROUND_HALF_EVEN, toExpNeg: -9e15, toExpPos: 9e15 });
export type Exact = Decimal;

/** The form's lexical rule for a number. No exponent, no NaN, no thousands separator. */
export const FORM_DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** Digits the form allows on either side of the point, leading and trailing zeros not counted. */
export const MAX_DIGITS = 24;

/** Longest spelling that is read, zeros included. */
export const MAX_SPELLING = 64;

/** True when `raw` is a number the form allows: plain, at most 24 digits before and 24 after the point. */
export function isFormDecimal(raw: string): boolean {
  if (raw.length > MAX_SPELLING || !FORM_DECIMAL.test(raw)) return false;
  const [whole = "", fraction = ""] = raw.replace(/^[+-]/, "").split(".");
  return whole.replace(/^0+/, "").length <= MAX_DIGITS && fraction.replace(/0+$/, "").length <= MAX_DIGITS;
}

/** True for "-0", "-0.00": legal in the form, read as zero and reported. */
export const isNegativeZero = (raw: string): boolean => /^-0*\.?0*$/.test(raw);

export const exact = (raw: string): Exact => new Exact(raw);
export const ZERO: Exact = new Exact(0);
export const HUNDRED: Exact = new Exact(100);

/**
 * The one spelling of a decimal on the wire: no plus sign, a digit before the point, no trailing zeros, "-0" is "0".
 * Rounds half to even to `scale` places (18, the database's numeric(38,18), unless told otherwise).
 */
export function plain(value: string | Exact, scale = 18): string {
  return new Exact(value).toDecimalPlaces(scale, Decimal.ROUND_HALF_EVEN).toFixed();
}

/** An amount in US dollars to the cent, half to even, always with two decimals: "894899.31", "0.00". */
export function cents(value: string | Exact): string {
  return new Exact(value).toDecimalPlaces(2, Decimal.ROUND_HALF_EVEN).toFixed(2);
}

/** An exact amount with at least two decimals and no rounding: "894899.31", "0.125". */
export function amount(value: Exact): string {
  return value.toFixed(Math.max(2, value.decimalPlaces()));
}
