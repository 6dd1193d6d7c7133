// Investors made to mislead a solver, for `bench returns`: flows are the coefficients of polynomials with roots chosen beforehand, whole numbers that
// floating point holds exactly, then split within their days, shuffled and scaled. What must come out is known by construction.
import { type FlowColumns, xirrBatch } from "@evergreen-fund/finance/returns/batch.ts";
import { VERDICTS } from "@evergreen-fund/finance/returns/internal-rate.ts";
import { shared, sharedRates } from "@evergreen-fund/finance/returns/threads.ts";
import type { Check } from "../frame/report.ts";
import { chance } from "./investors.ts";

export interface Adversary {
  flows: readonly { day: number; amount: number }[];
  /** Every yearly rate in (−99 %, 1000 %) that solves the flows, rising; a rate that only touches stands once. */
  rates: readonly number[];
}

/** Days between two coefficients: windows that are not a whole number of years, and ones that are. */
const STEPS = [182, 365, 730];
/** Flows after netting: what 60 digits decide in a fraction of a second. */
const MOST_DAYS = 5;
const LARGEST = 2 ** 53;
const SAME = 1e-9;

/** Coefficients by falling power of the growth per step. */
type Polynomial = readonly bigint[];
const times = (a: Polynomial, b: Polynomial): bigint[] => {
  const product = Array<bigint>(a.length + b.length - 1).fill(0n);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) product[i + j]! += x * y;
  return product;
};

export function adversaries(count: number, seed: number): Adversary[] {
  const random = chance(seed);
  const made: Adversary[] = [];
  while (made.length < count) {
    const adversary = draw(random);
    if (adversary) made.push(adversary);
  }
  return made;
}

function draw(random: () => number): Adversary | undefined {
  const pick = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const step = STEPS[pick(0, STEPS.length - 1)]!;
  const tenths = new Set<number>();
  let polynomial: Polynomial = [1n];
  for (let roots = pick(0, 3); roots > 0; roots -= 1) {
    const tenth = pick(2, 30);
    if (tenths.has(tenth)) continue;
    tenths.add(tenth);
    const factor = [10n, BigInt(-tenth)];
    // now and then the rate only touches zero
    polynomial = times(polynomial, random() < 0.2 ? times(factor, factor) : factor);
  }
  // near misses: 100·(g − a)² + k has no rate, however close it comes
  if (random() < 0.4) {
    const near = BigInt(pick(5, 20));
    polynomial = times(polynomial, [100n, -20n * near, near * near + BigInt(pick(1, 3))]);
  }
  for (let more = pick(0, 2); more > 0; more -= 1) polynomial = times(polynomial, [1n, BigInt(pick(1, 5))]);
  const window = (polynomial.length - 1) * step;
  const numbers = polynomial.map(Number);
  if (window < 365 || numbers.length > MOST_DAYS || numbers.some((amount) => Math.abs(amount) >= LARGEST / 2 ** 12))
    return undefined;
  const rates = [...tenths].map((tenth) => (tenth / 10) ** (365 / step) - 1).sort((a, b) => a - b);
  const inRange = rates.filter((rate) => rate > -0.99 && rate < 10);
  const changes = numbers
    .filter((amount) => amount !== 0)
    .filter((amount, i, all) => i > 0 && amount < 0 !== all[i - 1]! < 0).length;
  // one sign change has its rate wherever it is, and two that are as near to 10 % are nobody's to choose between
  if (changes === 1 && inRange.length === 0) return undefined;
  const near = inRange.map((rate) => Math.abs(rate - 0.1)).sort((a, b) => a - b);
  if (near.length > 1 && near[1]! - near[0]! < 1e-6) return undefined;
  return { flows: disguised(numbers, step, random), rates: inRange };
}

/** Each amount in up to three parts on its day, a pair that cancels here and there, all out of order and turned or a power of two larger. */
function disguised(amounts: readonly number[], step: number, random: () => number): Adversary["flows"] {
  const scale = (random() < 0.5 ? -1 : 1) * 2 ** Math.floor(random() * 12);
  const first = 10_000 + Math.floor(random() * 9_000);
  const flows = amounts.flatMap((amount, k) => {
    const day = first + k * step;
    const part = Math.floor(amount * random());
    const extra = Math.floor(random() * 1_000);
    return [part, amount - part, ...(random() < 0.3 ? [extra, -extra] : [])].map((each) => ({
      day,
      amount: each * scale,
    }));
  });
  for (let i = flows.length - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1));
    [flows[i], flows[other]] = [flows[other]!, flows[i]!];
  }
  return flows;
}

/** Whether any of them was misled: a rate that is none, one that is missed, a wrong count, or a choice that is not the one nearest to 10 %. */
export function adversarialCheck(made: readonly Adversary[], solve = xirrBatch): Check {
  const columns: FlowColumns = {
    offsets: shared.offsets(made.length + 1),
    days: shared.days(made.reduce((sum, { flows }) => sum + flows.length, 0)),
    amounts: shared.doubles(made.reduce((sum, { flows }) => sum + flows.length, 0)),
  };
  let at = 0;
  made.forEach(({ flows }, i) => {
    for (const { day, amount } of flows) {
      columns.days[at] = day;
      columns.amounts[at] = amount;
      at += 1;
    }
    columns.offsets[i + 1] = at;
  });
  const results = sharedRates(made.length);
  solve(columns, results, 0, made.length);
  let wrong = 0;
  let worst = 0;
  const counts = { none: 0, one: 0, several: 0 };
  made.forEach(({ rates }, i) => {
    const nearest = [...rates].sort((a, b) => Math.abs(a - 0.1) - Math.abs(b - 0.1))[0];
    const verdict = VERDICTS[results.verdicts[i]!]!;
    const expected =
      rates.length === 0 ? ["no_root"] : rates.length > 1 ? ["ambiguous"] : ["unique", "non_conventional"];
    counts[rates.length === 0 ? "none" : rates.length > 1 ? "several" : "one"] += 1;
    const apart = nearest === undefined ? 0 : Math.abs(results.rates[i]! - nearest) / (1 + nearest);
    if (!expected.includes(verdict) || results.roots[i] !== rates.length || !(apart <= SAME)) wrong += 1;
    else worst = Math.max(worst, apart);
  });
  return {
    what: "no rate is wrong on the adversarial set",
    ok: wrong === 0 && made.length > 0,
    seen: `${wrong} wrong of ${counts.none} without a rate, ${counts.one} with one and ${counts.several} with several; apart by at most ${worst.toExponential(1)}`,
  };
}
