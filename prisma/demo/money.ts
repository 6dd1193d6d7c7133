// Whole-number money of the generator: cents, units and prices in ten-thousandths, all bigint; text only at the edge.
import { scaledOf } from "@evergreen-fund/finance/dealing/scaled.ts";

function text(value: bigint, digits: number): string {
  const sign = value < 0n ? "-" : "";
  const whole = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  return `${sign}${whole.slice(0, -digits)}.${whole.slice(-digits)}`;
}

/** Cents as an amount in the major unit: 123456n → "1234.56". */
export const amountText = (cents: bigint): string => text(cents, 2);
/** Units or a price in ten-thousandths: 1234567n → "123.4567". */
export const fourDecimals = (value: bigint): string => text(value, 4);

/** The way back. Errors: EG400 for a text with more decimals. */
export const cents = (text: string): bigint => scaledOf(text, 2, "amount");
export const tenThousandths = (text: string): bigint => scaledOf(text, 4, "units");

/** Quotient rounded half away from zero; the divisor is positive. */
export function divideHalfUp(value: bigint, by: bigint): bigint {
  const half = by / 2n;
  return value < 0n ? -((-value + half) / by) : (value + half) / by;
}

/** `value` times `ppm` millionths, to the cent. */
export const partsPerMillion = (value: bigint, ppm: number): bigint => divideHalfUp(value * BigInt(ppm), 1_000_000n);

/** Units (ten-thousandths) that an amount buys, rounded down (R5b). */
export const unitsFor = (cents: bigint, price: bigint): bigint => (cents * 1_000_000n) / price;
/** Cash for units, rounded down to the cent (R5b). */
export const cashFor = (units: bigint, price: bigint): bigint => (units * price) / 1_000_000n;
/** Net asset value per unit in ten-thousandths, HALF_UP: the published price at which orders deal. */
export const priceOf = (netAssets: bigint, units: bigint): bigint => divideHalfUp(netAssets * 1_000_000n, units);

export const sum = (values: Iterable<bigint>): bigint => {
  let total = 0n;
  for (const value of values) total += value;
  return total;
};
