// Real roots of a net present value as a function of the log rate s = ln(1 + r): V(s) = Σ amount·e^(−s·t), all of them, in floating point.
// A sign that rounding could have turned is never used: the answer is then undefined, and exact-roots.ts decides. Pure.
import { signChanges } from "./flows.ts";

const EPSILON = 2 ** -52;
const MOST_STEPS = 400;

interface Value {
  /** e^(s·τ)·V(s), and its slope in s. */
  value: number;
  slope: number;
  /** Sum of the absolute terms. */
  size: number;
  /** Bound on the rounding error of `value`. */
  bound: number;
}

function evaluate(amounts: Float64Array, times: Float64Array, pivot: number, s: number): Value {
  let value = 0;
  let slope = 0;
  let size = 0;
  let reach = 0;
  for (let i = 0; i < amounts.length; i += 1) {
    const t = times[i]! - pivot;
    const term = amounts[i]! * Math.exp(-s * t);
    value += term;
    slope -= t * term;
    size += Math.abs(term);
    reach = Math.max(reach, Math.abs(s * t));
  }
  return { value, slope, size, bound: EPSILON * (6 * amounts.length + 4 * reach + 8) * size };
}

/** Position of the middle one of the sign changes, before which the pivot lies. */
function middleChange(amounts: Float64Array, changes: number): number {
  let left = changes >> 1;
  for (let i = 1; i < amounts.length; i += 1) if (amounts[i - 1]! < 0 !== amounts[i]! < 0 && left-- === 0) return i;
  return amounts.length;
}

/**
 * The one root of flows whose sign changes exactly once (Descartes): bracketed, bisected and ended by Newton steps. Amounts by rising time
 * in years, no zeros. Error of s: a few units in the last place of max(|s|, 1/shortest gap). Times at most 10,000 years.
 */
export function onlyRoot(amounts: Float64Array, times: Float64Array): number {
  const at = middleChange(amounts, 1);
  const pivot = (times[at - 1]! + times[at]!) / 2;
  // e^(s·pivot)·V is monotone; each side of the pivot tends to infinity, so a bracket exists
  const start = Math.sign(evaluate(amounts, times, pivot, 0).value);
  if (start === 0) return 0;
  const direction = start * Math.sign(amounts[amounts.length - 1]!);
  let near = 0;
  let far = direction;
  while (Math.sign(evaluate(amounts, times, pivot, far).value) === start) {
    near = far;
    far *= 2;
  }
  return bracketedRoot(amounts, times, pivot, Math.min(near, far), Math.max(near, far));
}

/** Root of a monotone e^(s·pivot)·V between two points of opposite sign: Newton inside the bracket, bisection whenever it would leave. */
function bracketedRoot(amounts: Float64Array, times: Float64Array, pivot: number, from: number, to: number): number {
  let low = from;
  let high = to;
  const rising = evaluate(amounts, times, pivot, high).value > 0;
  let s = (low + high) / 2;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { value, slope } = evaluate(amounts, times, pivot, s);
    if (value === 0) return s;
    if (value > 0 === rising) high = s;
    else low = s;
    const newton = s - value / slope;
    const inside = newton > low && newton < high;
    // every third step halves the bracket, so that slow Newton steps cannot last
    const next = inside && step % 3 !== 2 ? newton : (low + high) / 2;
    if (Math.abs(next - s) <= EPSILON * Math.max(Math.abs(s), EPSILON) || next <= low || next >= high)
      return inside ? newton : s;
    if (inside && Math.abs(newton - s) <= 2 * EPSILON * Math.max(1, Math.abs(s))) return newton;
    s = next;
  }
  return s;
}

/** A turn nearer to zero than this share of its terms has two roots beside it that floating point would blur: undefined instead. */
const CLEAR = 1e-7;

/**
 * All roots of V in [low, high], rising, each within 1e-11; undefined when rounding leaves that open. Method: between two zeros of the slope of e^(s·τ)·V there
 * is at most one root (Rolle), and with τ inside a sign change that slope is again such a sum, with one sign change fewer (Descartes' rule as
 * a recursion). Amounts by rising time in years, no zeros.
 */
export function rootsBetween(
  amounts: Float64Array,
  times: Float64Array,
  low: number,
  high: number,
  clear = CLEAR,
): number[] | undefined {
  const changes = signChanges(amounts);
  if (changes === 0) return [];
  const at = middleChange(amounts, changes);
  const pivot = (times[at - 1]! + times[at]!) / 2;
  const turns =
    changes === 1
      ? []
      : rootsBetween(
          amounts.map((amount, i) => amount * (pivot - times[i]!)),
          times,
          low,
          high,
          0, // where a turn lies need not be known that well
        );
  if (turns === undefined) return undefined;
  const points = [low, ...turns, high];
  const signs: number[] = [];
  for (const s of points) {
    const { value, size, bound } = evaluate(amounts, times, pivot, s);
    if (!(Math.abs(value) > Math.max(bound, clear * size)) || !Number.isFinite(value)) return undefined;
    signs.push(Math.sign(value));
  }
  const roots: number[] = [];
  for (let i = 1; i < points.length; i += 1)
    if (signs[i] !== signs[i - 1]) roots.push(bracketedRoot(amounts, times, pivot, points[i - 1]!, points[i]!));
  return roots;
}
