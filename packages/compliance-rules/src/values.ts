// Comparing exactly and fast: two doubles decide when they are far enough apart, exact decimals when they are not.
import { Exact } from "@evergreen-fund/finance/money.ts";

/** A number as it was given, with its double; the exact one is made when it is needed. */
export interface Figure {
  text: string | undefined;
  near: number;
  exact: Exact | undefined;
}

export const figureOf = (text: string): Figure => ({ text, near: Number(text), exact: undefined });
export const figureOfExact = (exact: Exact): Figure => ({ text: undefined, near: exact.toNumber(), exact });
export const figureOfCount = (count: number): Figure => ({ text: String(count), near: count, exact: undefined });
export const exactOf = (figure: Figure): Exact => {
  figure.exact ??= new Exact(figure.text as string);
  return figure.exact;
};

/** A double is within 2^-53 of the decimal it came from: beyond this distance the doubles are in the order of the decimals. */
const DOUBT = 1e-14;

/** Negative, zero or positive, as exact decimals compare. */
export function compareFigures(a: Figure, b: Figure): number {
  const apart = a.near - b.near;
  const size = Math.max(Math.abs(a.near), Math.abs(b.near));
  if (Math.abs(apart) > size * DOUBT) return apart;
  return exactOf(a).cmp(exactOf(b));
}

/** For an explanation: at most 18 decimals, no exponent. */
export const figureText = (figure: Figure): string => figure.text ?? exactOf(figure).toDecimalPlaces(18).toFixed();

/** Days of the proleptic Gregorian calendar since 1970-01-01. */
export function dayNumber(date: string): number {
  // civil to days by whole numbers (March-based years): no parsing of a date per rule
  const month = Number(date.slice(5, 7));
  const year = Number(date.slice(0, 4)) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const ofEra = year - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(date.slice(8, 10)) - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

/** Whole years from one date to another: the birthday counts as the year, and 29 February is had on 1 March. */
export function wholeYears(from: string, to: string): number {
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  return to.slice(5) >= from.slice(5) ? years : years - 1;
}
