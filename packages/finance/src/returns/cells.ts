// All roots of a net present value with many sign changes: the range of log rates is halved until each cell has no root or exactly one, by
// bounds on the curvature. Effort grows with the flows, not with the square of the sign changes as in roots.ts. Floating point; pure.

const EPSILON = 2 ** -52;
/** Cells narrower than this hide roots that floating point would blur. */
const NARROWEST = 1e-6;
const MOST_CELLS = 20_000;

interface Cell {
  value: number;
  slope: number;
  /** Bound on the second derivative anywhere in the cell, and on the rounding error of value and slope. */
  bend: number;
  blur: number;
}

/** e^(s·τ)·V around `centre`, τ being the weighted mean time there, which keeps slope and curvature small. */
function look(amounts: Float64Array, times: Float64Array, centre: number, half: number): Cell {
  let size = 0;
  let moment = 0;
  const terms = amounts.map((amount, i) => {
    const term = amount * Math.exp(-centre * times[i]!);
    size += Math.abs(term);
    moment += Math.abs(term) * times[i]!;
    return term;
  });
  const pivot = moment / size;
  let value = 0;
  let slope = 0;
  let bend = 0;
  let reach = 0;
  for (let i = 0; i < terms.length; i += 1) {
    const t = times[i]! - pivot;
    value += terms[i]!;
    slope -= t * terms[i]!;
    bend += t * t * Math.abs(terms[i]!) * Math.exp(half * Math.abs(t));
    reach = Math.max(reach, Math.abs(t), Math.abs(centre * times[i]!));
  }
  return { value, slope, bend, blur: EPSILON * (6 * terms.length + 8 * reach + 8) * size * Math.max(1, reach) };
}

/**
 * All roots in [low, high] of flows with any number of sign changes, rising, each within 1e-11; undefined where a cell stays open (roots that
 * touch zero or lie within about 1e-6 of each other) or a root lies on the edge of a cell. Amounts by rising time in years, no zeros.
 */
export function rootsByCells(
  amounts: Float64Array,
  times: Float64Array,
  low: number,
  high: number,
): number[] | undefined {
  const roots: number[] = [];
  const open: [number, number][] = [[low, high]];
  for (let cells = 0; open.length > 0; cells += 1) {
    const [from, to] = open.pop()!;
    const centre = (from + to) / 2;
    const half = (to - from) / 2;
    const { value, slope, bend, blur } = look(amounts, times, centre, half);
    if (!Number.isFinite(bend) || cells > MOST_CELLS) return undefined;
    if (Math.abs(value) > Math.abs(slope) * half + (bend * half * half) / 2 + blur) continue;
    if (Math.abs(slope) > bend * half + blur) {
      const left = look(amounts, times, from, 0);
      const right = look(amounts, times, to, 0);
      if (Math.abs(left.value) <= left.blur || Math.abs(right.value) <= right.blur) return undefined;
      if (left.value > 0 !== right.value > 0) roots.push(settle(amounts, times, from, to, right.value > 0));
      continue;
    }
    if (half < NARROWEST) return undefined;
    open.push([centre, to], [from, centre]);
  }
  return roots;
}

/** The one root between two points of opposite sign: Newton, and bisection where it would leave or on every third step. */
function settle(amounts: Float64Array, times: Float64Array, from: number, to: number, rising: boolean): number {
  let [low, high] = [from, to];
  let s = (low + high) / 2;
  for (let step = 0; step < 200 && high - low > EPSILON; step += 1) {
    const { value, slope } = look(amounts, times, s, 0);
    if (value === 0) return s;
    if (value > 0 === rising) high = s;
    else low = s;
    const newton = s - value / slope;
    const inside = newton > low && newton < high;
    if (inside && Math.abs(newton - s) <= 2 * EPSILON * Math.max(1, Math.abs(s))) return newton;
    s = inside && step % 3 !== 2 ? newton : (low + high) / 2;
  }
  return s;
}
