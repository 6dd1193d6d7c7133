// Exact numbers of the verifier's own: fractions of whole numbers, made from decimal text and rounded only where a rule says so.

/** n / d in lowest terms, d above zero. */
export interface Exact {
  readonly n: bigint;
  readonly d: bigint;
}

const made = (n: bigint, d: bigint): Exact => {
  let [a, b] = [n < 0n ? -n : n, d < 0n ? -d : d];
  while (b !== 0n) [a, b] = [b, a % b];
  const sign = d < 0n ? -1n : 1n;
  return a === 0n ? { n: 0n, d: 1n } : { n: (sign * n) / a, d: (sign * d) / a };
};

export const ZERO: Exact = { n: 0n, d: 1n };
export const ONE: Exact = { n: 1n, d: 1n };

/** "12.50", "-3" or "1/3". Errors: anything else. */
export function exact(text: string): Exact {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:\/(\d+))?$/.exec(text);
  if (match === null) throw new Error(`"${text.slice(0, 40)}" is not a number`);
  const [, sign, whole = "0", decimals = "", over = "1"] = match;
  const n = BigInt(whole + decimals) * (sign === "-" ? -1n : 1n);
  const d = 10n ** BigInt(decimals.length) * BigInt(over);
  if (d === 0n) throw new Error(`"${text.slice(0, 40)}" divides by zero`);
  return made(n, d);
}

export const plus = (a: Exact, b: Exact): Exact => made(a.n * b.d + b.n * a.d, a.d * b.d);
export const minus = (a: Exact, b: Exact): Exact => made(a.n * b.d - b.n * a.d, a.d * b.d);
export const times = (a: Exact, b: Exact): Exact => made(a.n * b.n, a.d * b.d);
/** Errors: division by zero. */
export const over = (a: Exact, b: Exact): Exact => {
  if (b.n === 0n) throw new Error("a number is divided by zero");
  return made(a.n * b.d, a.d * b.n);
};
export const sum = (parts: Iterable<Exact>): Exact => [...parts].reduce(plus, ZERO);
/** Below zero, zero or above it, as a sort wants. */
export const order = (a: Exact, b: Exact): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
export const same = (a: Exact, b: Exact): boolean => order(a, b) === 0;
export const least = (a: Exact, b: Exact): Exact => (order(a, b) <= 0 ? a : b);
export const most = (a: Exact, b: Exact): Exact => (order(a, b) >= 0 ? a : b);
export const size = (a: Exact): Exact => (a.n < 0n ? { n: -a.n, d: a.d } : a);

/** Toward zero at `places` decimals; the numbers that are rounded down here are never below zero. */
export const down = (a: Exact, places: number): Exact => {
  const scale = 10n ** BigInt(places);
  return made((a.n * scale) / a.d, scale);
};

/** To the nearest at `places` decimals, a tie away from zero. */
export const nearest = (a: Exact, places: number): Exact => {
  const scale = 10n ** BigInt(places);
  const twice = 2n * (a.n < 0n ? -a.n : a.n) * scale + a.d;
  const rounded = twice / (2n * a.d);
  return made(a.n < 0n ? -rounded : rounded, scale);
};

/** Whole number of 10^-places, or null when the number is finer. */
export const whole = (a: Exact, places: number): bigint | null => {
  const scaled = a.n * 10n ** BigInt(places);
  return scaled % a.d === 0n ? scaled / a.d : null;
};

/** As decimal text with at least `places` decimals; what never ends is cut after 18. */
export function shown(a: Exact, places = 0): string {
  const scale = 10n ** 18n;
  const scaled = ((a.n < 0n ? -a.n : a.n) * scale) / a.d;
  const digits = scaled.toString().padStart(19, "0");
  const decimals = digits.slice(-18).replace(/0+$/, "").padEnd(places, "0");
  const front = digits.slice(0, -18).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${a.n < 0n ? "-" : ""}${front}${decimals === "" ? "" : `.${decimals}`}`;
}

/** The shortest decimal text of a number that a database wrote: "50.0000" → "50", "-0.10" → "-0.1". Text only, no arithmetic. */
export function shortest(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}
