// Test oracle, synthetic: how many rates solve a net present value, counted exactly with Sturm chains in whole numbers. Shares no code with the
// kernel. Only for flows on days that are multiples of one step.

type Polynomial = bigint[]; // coefficient of x^i at position i, the last one not zero

const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? abs(a) : gcd(b, a % b));

function trimmed(p: Polynomial): Polynomial {
  const end = p.findLastIndex((c) => c !== 0n) + 1;
  return p.slice(0, end);
}

/** Divided by the common factor of its coefficients; the sign stays. */
function primitive(p: Polynomial): Polynomial {
  const factor = p.reduce((acc, c) => gcd(acc, c), 0n);
  return factor > 1n ? p.map((c) => c / factor) : p;
}

const derivative = (p: Polynomial): Polynomial => trimmed(p.slice(1).map((c, i) => c * BigInt(i + 1)));

/** −(a mod b) times a positive number. */
function negatedRemainder(a: Polynomial, b: Polynomial): Polynomial {
  const lead = b.at(-1)!;
  let rest = [...a];
  while (rest.length >= b.length && rest.length > 0) {
    const top = rest.at(-1)!;
    const shift = rest.length - b.length;
    // times |lead|, so that the sign of what is left stays
    const scale = abs(lead);
    const factor = lead > 0n ? top : -top;
    rest = rest.map((c, i) => c * scale - (i >= shift ? factor * b[i - shift]! : 0n));
    rest = trimmed(rest.slice(0, -1));
  }
  return primitive(rest.map((c) => -c));
}

/** Sturm chain of a polynomial; the last member is a greatest common divisor with the derivative, so multiple roots count once. */
export function sturmChain(coefficients: readonly bigint[]): Polynomial[] {
  const chain = [primitive(trimmed([...coefficients]))];
  let next = derivative(chain[0]!);
  while (next.length > 0) {
    chain.push(next);
    next = negatedRemainder(chain.at(-2)!, next);
  }
  return chain;
}

/** A point with 2^-BITS as unit. */
export const BITS = 60n;
export const pointOf = (x: number): bigint => BigInt(Math.round(x * 2 ** 40)) << (BITS - 40n);

/** Sign of p at point / 2^BITS. */
function signAt(p: Polynomial, point: bigint): number {
  let value = 0n;
  for (let i = p.length - 1; i >= 0; i -= 1) value = value * point + (p[i]! << (BITS * BigInt(p.length - 1 - i)));
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}

function variations(chain: readonly Polynomial[], point: bigint): number {
  let count = 0;
  let before = 0;
  for (const p of chain) {
    const sign = signAt(p, point);
    if (sign !== 0 && before !== 0 && sign !== before) count += 1;
    if (sign !== 0) before = sign;
  }
  return count;
}

/** Distinct roots in (low, high], points in units of 2^-BITS. */
export const rootsIn = (chain: readonly Polynomial[], low: bigint, high: bigint): number =>
  variations(chain, low) - variations(chain, high);

/** Every distinct root in (low, high] as the upper end of an interval of `width`, rising. */
export function locate(chain: readonly Polynomial[], low: bigint, high: bigint, width: bigint): bigint[] {
  const count = rootsIn(chain, low, high);
  if (count === 0) return [];
  if (high - low <= width) return [high];
  const middle = (low + high) / 2n;
  return [...locate(chain, low, middle, width), ...locate(chain, middle, high, width)];
}
