// Whole numbers that stand for decimals: units, prices, money and fractions of the dealing day, so that every rounding is one written division.
// Pure; bigint only.
import { EvergreenError } from "@evergreen-fund/domain";
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";

/** Decimals of a value (units × price) while a day is computed: units and price together never have more. */
export const VALUE_DP = 18;

export type Fraction = { readonly num: bigint; readonly den: bigint };

const POWERS = Array.from({ length: 80 }, (_, exponent) => 10n ** BigInt(exponent));

/** 10^n for 0 ≤ n < 80. */
export function pow10(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n);
}

/** Text → whole number of 10^-dp. Errors: EG400 naming `what` unless it is a plain decimal, or when it is finer than `dp` decimals. */
export function scaledOf(text: string, dp: number, what: string): bigint {
  const match = /^(-?)(\d{1,38})(?:\.(\d{1,18}))?$/.exec(text);
  if (!match) throw new EvergreenError("EG400", `${what}: expected a plain decimal such as 1234.56.`);
  const [, sign, whole = "0", decimals = ""] = match;
  const kept = decimals.slice(0, dp).padEnd(dp, "0");
  if (/[1-9]/.test(decimals.slice(dp))) throw new EvergreenError("EG400", `${what}: more than ${dp} decimals.`);
  const value = BigInt(whole + kept);
  return sign === "-" ? -value : value;
}

/** Whole number of 10^-dp → text with exactly `dp` decimals, never "-0". */
export function scaledText(value: bigint, dp: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(dp + 1, "0");
  const text = dp === 0 ? digits : `${digits.slice(0, -dp)}.${digits.slice(-dp)}`;
  return negative ? `-${text}` : text;
}

/** Toward minus infinity. `den` > 0. */
export function floorDiv(num: bigint, den: bigint): bigint {
  const quotient = num / den;
  return num < 0n && quotient * den !== num ? quotient - 1n : quotient;
}

/** Toward plus infinity. `den` > 0. */
export function ceilDiv(num: bigint, den: bigint): bigint {
  return -floorDiv(-num, den);
}

/** HALF_UP: to the nearest, a tie away from zero. `den` > 0. */
export function halfUpDiv(num: bigint, den: bigint): bigint {
  const magnitude = num < 0n ? -num : num;
  const rounded = (2n * magnitude + den) / (2n * den);
  return num < 0n ? -rounded : rounded;
}

/** The same number with other decimals; HALF_UP, floor or exact (EG500 when digits would be lost). */
export function rescale(
  value: bigint,
  from: number,
  to: number,
  rounding: "half_up" | "floor" | "ceil" | "exact",
): bigint {
  if (to >= from) return value * pow10(to - from);
  const den = pow10(from - to);
  if (rounding === "half_up") return halfUpDiv(value, den);
  if (rounding === "ceil") return ceilDiv(value, den);
  const down = floorDiv(value, den);
  if (rounding === "exact" && down * den !== value)
    throw new EvergreenError("EG500", "A number lost digits where none may be lost.");
  return down;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function gcd(a: bigint, b: bigint): bigint {
  let [left, right] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

/** num/den in lowest terms. Errors: EG500 for den ≤ 0. */
export function fraction(num: bigint, den: bigint): Fraction {
  if (den <= 0n) throw new EvergreenError("EG500", "A fraction needs a denominator above zero.");
  const common = gcd(num, den);
  return common <= 1n ? { num, den } : { num: num / common, den: den / common };
}

/** "0.05" or "1/3" → exact fraction. Errors: EG400. */
export function fractionOf(text: string, what: string): Fraction {
  if (!FractionString.safeParse(text).success)
    throw new EvergreenError("EG400", `${what}: expected a share such as 0.05 or 1/3.`);
  const [num = "0", den] = text.split("/");
  if (den !== undefined) return fraction(BigInt(num), BigInt(den));
  return fraction(scaledOf(num, 18, what), pow10(18));
}

/** A fraction as a decimal of at most `dp` decimals, HALF_UP, without trailing zeros. */
export function fractionText({ num, den }: Fraction, dp = 18): string {
  const text = scaledText(halfUpDiv(num * pow10(dp), den), dp);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A value of 10^-18 as text, as exact as it is, without trailing zeros. */
export function valueText(value: bigint): string {
  const text = scaledText(value, VALUE_DP);
  let end = text.length;
  while (text[end - 1] === "0") end -= 1;
  return text.slice(0, text[end - 1] === "." ? end - 1 : end);
}
