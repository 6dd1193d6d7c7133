// Real roots of a net present value in decimals of 60 digits, for the flows on which floating point cannot tell a sign: roots that touch
// zero without crossing it, and roots very close to each other. Slower than roots.ts by a thousand times. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { Exact, ONE, ZERO } from "../money.ts";
import { type DayFlow, YEAR_DAYS } from "./flows.ts";

/** A value below this share of the sum of its absolute terms is zero. Two roots closer than about 1e-19 in 1 + r count as one. */
const ZERO_SHARE = new Exact("1e-38");
const NARROW = new Exact("1e-52");
const MOST_STEPS = 600;

interface Term {
  days: number;
  amount: Exact;
}

interface Value {
  value: Exact;
  slope: Exact;
  zero: boolean;
}

/** V(u) = Σ amount·u^days and its slope in u. */
function evaluate(terms: readonly Term[], u: Exact): Value {
  let value = ZERO;
  let slope = ZERO;
  let size = ZERO;
  let power = ONE;
  let days = 0;
  for (const term of terms) {
    power = power.times(u.pow(term.days - days));
    days = term.days;
    const part = term.amount.times(power);
    value = value.plus(part);
    slope = slope.plus(part.times(days));
    size = size.plus(part.abs());
  }
  return { value, slope: slope.div(u), zero: value.abs().lte(size.times(ZERO_SHARE)) };
}

const changesOf = (terms: readonly Term[]): number[] =>
  terms.flatMap((term, i) => (i > 0 && terms[i - 1]!.amount.isNeg() !== term.amount.isNeg() ? [i] : []));

/**
 * Roots r of the net present value with low ≤ ln(1 + r) ≤ high as log rates, rising, each once however often it counts. The same recursion as
 * in roots.ts over the daily discount factor u = (1 + r)^(−1/365), in which V is a polynomial with whole exponents.
 * Rounding: 60 digits inside, the log rate to the nearest double. Errors: EG500 when a root does not settle, which no input is known to do.
 */
export function exactRoots(flows: readonly DayFlow[], low: number, high: number): number[] {
  const start = flows[0]?.day ?? 0;
  const terms = flows.map(({ day, amount }) => ({ days: day - start, amount }));
  const factor = (logRate: number): Exact => new Exact(logRate).neg().div(YEAR_DAYS).exp();
  return rootsOf(terms, factor(high), factor(low))
    .map((u) => u.ln().times(-YEAR_DAYS).toNumber())
    .reverse();
}

function rootsOf(terms: readonly Term[], low: Exact, high: Exact): Exact[] {
  const changes = changesOf(terms);
  if (changes.length === 0) return [];
  const at = changes[changes.length >> 1]!;
  // twice the pivot, a whole number that is not twice a day with a flow: no term vanishes, no sign is lost
  const pivot = terms[at - 1]!.days * 2 + 1;
  const turns =
    changes.length === 1
      ? []
      : rootsOf(
          terms.map(({ days, amount }) => ({ days, amount: amount.times(2 * days - pivot) })),
          low,
          high,
        );
  const points = [low, ...turns, high];
  const values = points.map((u) => evaluate(terms, u));
  const roots: Exact[] = [];
  points.forEach((u, i) => {
    const [before, here] = [values[i - 1], values[i]!];
    if (before && !before.zero && !here.zero && before.value.isNeg() !== here.value.isNeg())
      roots.push(between(terms, points[i - 1]!, u));
    if (here.zero && !roots.at(-1)?.minus(u).abs().lte("1e-19")) roots.push(u);
  });
  return roots;
}

function between(terms: readonly Term[], from: Exact, to: Exact): Exact {
  let [low, high] = [from, to];
  const rising = !evaluate(terms, high).value.isNeg();
  let u = low.plus(high).div(2);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { value, slope } = evaluate(terms, u);
    if (value.isZero()) return u;
    if (value.isNeg() === rising) low = u;
    else high = u;
    const newton = slope.isZero() ? low : u.minus(value.div(slope));
    const inside = newton.gt(low) && newton.lt(high);
    if (high.minus(low).lt(NARROW) || (inside && newton.minus(u).abs().lt(NARROW))) return inside ? newton : u;
    u = inside && step % 3 !== 2 ? newton : low.plus(high).div(2);
  }
  throw new EvergreenError("EG500", "A root of the net present value did not settle.");
}
