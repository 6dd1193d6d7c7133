// Philox4x32-10, a counter-based generator: any number of any stream is computed by itself, in any order, on any thread. Pure.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), section 4.3 and table 2.

/** Multipliers of the two halves and the two steps of the key schedule (the golden ratio and √3 − 1, in 32 bits). */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;
export const PHILOX_ROUNDS = 10;

/** Upper 32 bits of a product of two 32-bit numbers, by halves of 16 bits: no step leaves what a double holds exactly. */
function upperHalf(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/**
 * Four 32-bit numbers for a counter of four and a key of two 32-bit numbers, written to `out`. The same counter and key give the same numbers
 * everywhere; different ones give numbers that no test in use tells from independent ones.
 */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array,
  rounds = PHILOX_ROUNDS,
): void {
  let [c0, c1, c2, c3] = [counter[0]! >>> 0, counter[1]! >>> 0, counter[2]! >>> 0, counter[3]! >>> 0];
  let [k0, k1] = [key[0]! >>> 0, key[1]! >>> 0];
  for (let round = 0; round < rounds; round++) {
    const [high0, low0] = [upperHalf(MULTIPLIERS[0], c0), Math.imul(MULTIPLIERS[0], c0)];
    const [high1, low1] = [upperHalf(MULTIPLIERS[1], c2), Math.imul(MULTIPLIERS[1], c2)];
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + KEY_STEPS[0]) >>> 0;
    k1 = (k1 + KEY_STEPS[1]) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A seed below 2^53 as a key: lower and upper 32 bits. */
export const keyOfSeed = (seed: number): [number, number] => [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0];

const words = new Uint32Array(4);

/**
 * Uniform number in (0, 1), both ends excluded, with 52 random bits: number `column` of row `row` in period `period` of the seed's stream.
 * The counter is (row, period, column / 2, 0): a block of four words serves two columns. Row, period and column below 2^32.
 */
export function uniformAt(seed: number, row: number, period: number, column: number): number {
  philox4x32([row, period, column >>> 1, 0], keyOfSeed(seed), words);
  const at = (column & 1) * 2;
  // 26 bits and 26 bits, and half a step, so that neither 0 nor 1 can come out and the sum is exact in a double
  return ((words[at]! >>> 6) * 0x400_0000 + (words[at + 1]! >>> 6) + 0.5) / 0x10_0000_0000_0000;
}
