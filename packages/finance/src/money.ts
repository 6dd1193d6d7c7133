// Exact decimal arithmetic for the whole package: one Decimal configuration, parsing and printing, currency exponents,
// and division of money by largest remainder in bigint minor units. Pure; imports only domain and decimal.js.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { Decimal } from "decimal.js";

/** 60 significant digits hold any product of a numeric(38,4) amount and a ratio with 18 decimals without rounding. */
export const Exact = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -200, toExpPos: 200 });
export type Exact = Decimal;

export const ZERO = new Exact(0);
export const ONE = new Exact(1);
/** Basis points in one. */
export const BPS = new Exact(10_000);
/** Decimal places of a ratio or price, as numeric(38,18). */
export const RATIO_SCALE = 18;

/** Text → exact decimal. Errors: EG400 unless it is a plain decimal of at most 38 + 18 digits (no exponent, no NaN). */
export function decimal(text: string): Exact {
  if (!DecimalString.safeParse(text).success)
    throw new EvergreenError("EG400", "Expected a plain decimal such as 1234.56.");
  return new Exact(text);
}

/** Exactly `scale` decimals, HALF_UP (away from zero on a tie), never an exponent, never "-0". */
export function fixed(value: Exact, scale: number): string {
  const text = value.toFixed(scale, Decimal.ROUND_HALF_UP);
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
}

/** A ratio or price as text: HALF_UP at 18 decimals, trailing zeros removed ("0.05"). */
export function ratioText(value: Exact): string {
  const text = fixed(value, RATIO_SCALE);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** An amount for people: "1234567.80" → "1,234,567.80". Nothing is rounded. */
export function groupedText(amount: string): string {
  const [whole = "0", fraction] = amount.split(".");
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}

const ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ");
const THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split(" ");
const FOUR_DECIMALS = "CLF UYW".split(" ");
const EXPONENTS = new Map<string, number>([
  ...ZERO_DECIMALS.map((code) => [code, 0] as const),
  ...THREE_DECIMALS.map((code) => [code, 3] as const),
  ...FOUR_DECIMALS.map((code) => [code, 4] as const),
]);

/** Decimal places of a currency's minor unit (ISO 4217): USD 2, JPY 0, KWD 3; 2 where the list has no exception. */
export function currencyExponent(currency: string): number {
  return EXPONENTS.get(currency) ?? 2;
}

/** Amount in the major unit → whole minor units. Errors: EG400 when the amount is finer than the currency's minor unit. */
export function toMinor(amount: string, currency: string): bigint {
  const shifted = decimal(amount).times(new Exact(10).pow(currencyExponent(currency)));
  if (!shifted.isInteger()) throw new EvergreenError("EG400", `An amount is finer than the minor unit of ${currency}.`);
  return BigInt(shifted.toFixed(0));
}

/** Amount → whole minor units with a stated rounding. */
export function roundToMinor(
  amount: Exact,
  currency: string,
  rounding: "half_up" | "floor" | "ceil" = "half_up",
): bigint {
  const modes = { half_up: Decimal.ROUND_HALF_UP, floor: Decimal.ROUND_FLOOR, ceil: Decimal.ROUND_CEIL } as const;
  return BigInt(amount.times(new Exact(10).pow(currencyExponent(currency))).toFixed(0, modes[rounding]));
}

/** Whole minor units → exact amount in the major unit. */
export function minorToExact(minor: bigint, currency: string): Exact {
  return new Exact(minor.toString()).div(new Exact(10).pow(currencyExponent(currency)));
}

/** Whole minor units → text in the major unit with the currency's decimals: 123456n USD → "1234.56". */
export function fromMinor(minor: bigint, currency: string): string {
  return fixed(minorToExact(minor, currency), currencyExponent(currency));
}

/** Order of ids everywhere in this package: by code point, the same on every machine and locale. */
export function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Splits `total` into whole parts in proportion to `weights` (≥ 0, Σ > 0): every part is rounded toward minus infinity, the units left over
 * go one each to the largest remainders, ties to the earlier position. Σ parts = total, always; |part − exact share| < 1.
 * Errors: EG400 for a negative weight or Σ = 0.
 */
export function largestRemainder(total: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((left, right) => left + right, 0n);
  if (sum <= 0n || weights.some((weight) => weight < 0n)) {
    throw new EvergreenError("EG400", "Weights must not be negative and must not all be zero.");
  }
  const shares = weights.map((weight, position) => {
    const product = total * weight;
    const remainder = ((product % sum) + sum) % sum;
    return { position, part: (product - remainder) / sum, remainder };
  });
  const left = Number(total - shares.reduce((acc, share) => acc + share.part, 0n));
  const ranked = [...shares].sort((a, b) =>
    a.remainder === b.remainder ? a.position - b.position : a.remainder > b.remainder ? -1 : 1,
  );
  for (const share of ranked.slice(0, left)) share.part += 1n;
  return shares.map((share) => share.part);
}

/**
 * Weights of `values` in their own sum, printed with 18 decimals so that the printed weights add up to exactly 1 (largest remainder at
 * 1e-18, ties to the earlier position). Negative values are allowed, Σ must be positive. Errors: EG400 when Σ ≤ 0.
 */
export function exactWeights(values: readonly Exact[]): Exact[] {
  const total = values.reduce((acc, value) => acc.plus(value), ZERO);
  if (total.lte(0)) throw new EvergreenError("EG400", "The values must add up to more than zero.");
  const unit = new Exact(10).pow(RATIO_SCALE);
  const scaled = values.map((value) => value.times(unit).div(total));
  const parts = scaled.map((value) => value.floor());
  const left = unit.minus(parts.reduce((acc, part) => acc.plus(part), ZERO)).toNumber();
  const ranked = scaled
    .map((value, position) => ({ position, remainder: value.minus(parts[position]!) }))
    .sort((a, b) => b.remainder.cmp(a.remainder) || a.position - b.position);
  for (const { position } of ranked.slice(0, left)) parts[position] = parts[position]!.plus(1);
  return parts.map((part) => part.div(unit));
}
