// e^x for sums over many flows: inlined by the compiler, no call out of the loop. Pure.

const PARTS = 32;
const LOWEST = -1_074;
/** Arguments beyond this are left to Math.exp. */
export const EXP_LIMIT = 690;

/** 2^(j/32). */
const ROOTS = Float64Array.from({ length: PARTS }, (_, j) => 2 ** (j / PARTS));
/** 2^k for every k a double can hold. */
const POWERS = Float64Array.from({ length: 2 * -LOWEST + 1 }, (_, k) => 2 ** (k + LOWEST));
const SCALE = PARTS / Math.LN2;
/** ln 2 / 32 in two parts; the first ends in zero bits, so that its product with a whole number is exact. */
const STEP_HIGH = 0.6931471803691238 / PARTS;
const STEP_LOW = 1.9082149292705877e-10 / PARTS;
/** Adding and taking away 1.5 · 2^52 rounds to a whole number. */
const ROUNDER = 6755399441055744;

/**
 * e^x for |x| ≤ 690; relative error below 4e-16 (two units in the last place). Method: x = k·ln2/32 + r, |r| ≤ 0.0109, and the Taylor sum
 * of degree 6, whose remainder is below 4e-18. Beyond the limit the answer is meaningless.
 */
export function exponential(x: number): number {
  const k = x * SCALE + ROUNDER - ROUNDER;
  const r = x - k * STEP_HIGH - k * STEP_LOW;
  const whole = k | 0;
  const q = r * r;
  const tail = r + q * (0.5 + r * (1 / 6) + q * (1 / 24 + r * (1 / 120) + q * (1 / 720)));
  const root = ROOTS[whole & 31]!;
  return (root + root * tail) * POWERS[(whole >> 5) - LOWEST]!;
}
