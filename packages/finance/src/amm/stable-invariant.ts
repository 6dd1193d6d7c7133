// The invariant of stable pools in whole numbers, each root proved by the polynomial itself: D rounded up, a reserve rounded up. Pure.
import { EvergreenError } from "@evergreen-fund/domain";

/** Steps that Newton's method may take; deployed pools give up at the same number. */
export const MOST_STEPS = 255;

const product = (values: readonly bigint[]): bigint => values.reduce((all, value) => all * value, 1n);
const total = (values: readonly bigint[]): bigint => values.reduce((all, value) => all + value, 0n);

/** n^n · Π balances. */
export function spread(balances: readonly bigint[]): bigint {
  return product(balances) * BigInt(balances.length) ** BigInt(balances.length);
}

/** ⌊√value⌋ for value ≥ 0. */
export function rootOf(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/**
 * The smallest whole D with  D^(n+1)/(n^n Π x) + (Ann − 1)·D − Ann·Σx ≥ 0,  Ann = amplification · n: the invariant of "StableSwap – efficient mechanism
 * for Stablecoin liquidity" (Egorov, 2019), rounded up, in the units of the balances (all > 0, of one scale).
 * Newton's method from Σx, which is never below the root, on a convex rising function, so that it comes down to the root from above.
 * Errors: EG428 when it has not arrived after 255 steps: the pool is too far out of balance.
 */
export function invariantOf(balances: readonly bigint[], amplification: bigint): bigint {
  const n = BigInt(balances.length);
  const ann = amplification * n;
  const q = spread(balances);
  const sum = total(balances);
  const f = (d: bigint): bigint => d ** (n + 1n) + (ann - 1n) * d * q - ann * sum * q;
  let d = sum;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const down = f(d) / ((n + 1n) * d ** n + (ann - 1n) * q);
    if (down <= 0n) {
      while (d > 1n && f(d - 1n) >= 0n) d -= 1n;
      return d;
    }
    d -= down;
  }
  throw new EvergreenError(
    "EG428",
    "The invariant of the pool does not converge; it is too far out of balance to be quoted.",
  );
}

/**
 * The smallest whole balance of token `at` that, with the other balances, holds the invariant D; rounded up, so that what is paid out is rounded down.
 * The invariant is a quadratic in one balance: Ann·R·y² + (Ann·S + D − Ann·D)·R·y = D^(n+1), S and R the sum and n^n · product of the others.
 */
export function balanceAt(balances: readonly bigint[], at: number, d: bigint, amplification: bigint): bigint {
  const n = BigInt(balances.length);
  const ann = amplification * n;
  const others = balances.filter((_, place) => place !== at);
  const r = product(others) * n ** n;
  const a = ann * r;
  const b = (ann * total(others) + d - ann * d) * r;
  const c = d ** (n + 1n);
  const enough = (y: bigint): boolean => (a * y + b) * y >= c;
  let y = (rootOf(b * b + 4n * a * c) - b) / (2n * a);
  while (!enough(y)) y += 1n;
  while (y > 1n && enough(y - 1n)) y -= 1n;
  return y;
}
