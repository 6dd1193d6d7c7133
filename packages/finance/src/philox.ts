// Philox4x32-10: random numbers as a function of a counter and a key, so that any cell of a simulation can be drawn again by itself. Pure.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011), and its published known-answer vectors.

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function high(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
}

export type Words = readonly [number, number, number, number];

/** Four unsigned 32-bit words of a counter of four words and a key of two. The same on every machine. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [high0, low0, high1, low1] = [high(M0, a), Math.imul(M0, a), high(M1, c), Math.imul(M1, c)];
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1 >>> 0, (high0 ^ d ^ k1) >>> 0, low0 >>> 0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** A uniform number strictly between 0 and 1 from the upper 26 bits of each of two words, in the middle of its cell. */
export const uniform = (upper: number, lower: number): number =>
  ((upper >>> 6) * 2 ** 26 + (lower >>> 6) + 0.5) / 2 ** 52;

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
const NEAR = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
] as const;
const MIDDLE = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
] as const;
const FAR = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
] as const;

/** The standard normal number that is exceeded with probability 1 − p. Source: Wichura, algorithm AS 241 (1988), PPND16: about 1e-16 relative. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * horner(NEAR[0], r)) / horner(NEAR[1], r);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const [over, under, from] = r <= 5 ? [...MIDDLE, 1.6] : [...FAR, 5];
  const x =
    horner(over as readonly number[], r - (from as number)) / horner(under as readonly number[], r - (from as number));
  return q < 0 ? -x : x;
}

/**
 * The standard normal number of one cell: which scenario, which factor, which period, under a seed. A cell is a function of these four and of nothing
 * else; two factors share one counter.
 */
export function normalOf(seed: bigint, scenario: number, factor: number, period = 0): number {
  const key = [Number(BigInt.asUintN(32, seed)), Number(BigInt.asUintN(32, seed >> 32n))] as const;
  const words = philox([scenario >>> 0, period >>> 0, factor >>> 1, 0], key);
  return normalQuantile((factor & 1) === 0 ? uniform(words[0], words[1]) : uniform(words[2], words[3]));
}
