// The normal distribution: its quantile (what a uniform number becomes) and its cumulative probability (the way back). Pure.
import { uniformAt } from "./philox.ts";

/** Σ c[i]·x^i. */
const polynomial = (c: readonly number[], x: number): number => c.reduceRight((sum, factor) => sum * x + factor, 0);

/** Coefficients of algorithm AS 241 (Wichura, Applied Statistics 37, 1988), PPND16: numerators and denominators of three rational functions. */
const CENTRE = {
  num: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  den: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};
const SHOULDER = {
  num: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  den: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};
const TAIL = {
  num: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  den: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

/** z with P(Z ≤ z) = p, for 0 < p < 1; relative error about 1e-16. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE.num, r)) / polynomial(CENTRE.den, r);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const [part, x] = r <= 5 ? [SHOULDER, r - 1.6] : [TAIL, r - 5];
  const z = polynomial(part.num, x) / polynomial(part.den, x);
  return q < 0 ? -z : z;
}

/** Standard normal number `column` of row `row` in period `period` of the seed's stream: a function of these four and of nothing else. */
export const normalAt = (seed: number, row: number, period: number, column: number): number =>
  normalQuantile(uniformAt(seed, row, period, column));

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/** P(Z ≤ z), absolute error below 1e-15: the series of Marsaglia (Journal of Statistical Software 11(4), 2004), symmetric, clamped beyond |z| = 8.5. */
export function normalProbability(z: number): number {
  const x = Math.abs(z);
  if (x > 8.5) return z < 0 ? 0 : 1;
  let [term, sum] = [x, x];
  for (let k = 3; sum + term !== sum || k === 3; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  const above = (Math.exp(-0.5 * x * x) / ROOT_TWO_PI) * sum;
  return z < 0 ? 0.5 - above : 0.5 + above;
}
