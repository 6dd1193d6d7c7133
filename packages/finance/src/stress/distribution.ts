// Losses over the cells of a grid or of draws: mean, value at risk, expected shortfall. Simulated amounts: doubles by factor exposures; what is booked is never
// taken from here. Pure; the numbers follow from scenario and book alone, whoever evaluates them.
import { currencyExponent, Exact, fixed } from "../money.ts";
import { type ResolvedScenario, scenarioCells } from "../scenarios/index.ts";
import { bucketValues, type ExposureBook, MOST_EXPONENT, tailLoss } from "../valuation/exposure.ts";
import type { ExposureRow } from "./exposures.ts";
import type { StressOutcome } from "./outcome.ts";
import { levelsOf } from "./paths.ts";

/** Values of a block of scenarios: `bucketValues`, or a form of it that gives the same. */
export type Evaluate = (book: ExposureBook, moves: Float64Array) => Float64Array;
type Distribution = NonNullable<StressOutcome["cells"]>;

/** Scenarios that are evaluated together: memory does not follow the number of cells. */
const BLOCK = 4_096;
const IN_BPS = /^(rates|spread|cap_rate)\./;

/** Of losses that were computed one by one. Errors: EG400 without any. */
export function distributionOf(losses: Float64Array, currency: string, method: string): Distribution {
  const dp = currencyExponent(currency);
  const money = (amount: number): string => fixed(new Exact(amount), dp);
  const [at95, at99] = [tailLoss(losses, 0.95), tailLoss(losses, 0.99)];
  let [sum, worst] = [0, Number.NEGATIVE_INFINITY];
  for (const loss of losses) {
    sum += loss;
    if (loss > worst) worst = loss;
  }
  return {
    count: losses.length,
    mean: money(sum / losses.length),
    var95: money(at95.valueAtRisk),
    es95: money(at95.expectedShortfall),
    var99: money(at99.valueAtRisk),
    es99: money(at99.expectedShortfall),
    worst: money(worst),
    method,
  };
}

/** The loss of every cell at the end of the last period: value · exp(Σ exposure · move), marks without their lag. */
export function cellLosses(
  scenario: ResolvedScenario,
  rows: readonly ExposureRow[],
  evaluate: Evaluate = bucketValues,
): Float64Array {
  const losses = new Float64Array(scenario.cells);
  const names = [...new Set(rows.flatMap(({ exposures }) => exposures.map(({ factor }) => factor)))].sort();
  if (rows.length === 0 || names.length === 0) return losses;
  const place = new Map(names.map((name, at) => [name, at]));
  const exposures = new Float64Array(rows.length * names.length);
  rows.forEach((row, a) => {
    for (const { factor, exposure } of row.exposures)
      exposures[a * names.length + place.get(factor)!] = Number(exposure);
  });
  const columns: ExposureBook = {
    form: "exponential",
    values: Float64Array.from(rows, ({ value }) => Number(value)),
    bucketOf: new Uint8Array(rows.length),
    buckets: 1,
    factors: names.length,
    exposures,
  };
  const start = evaluate(columns, new Float64Array(names.length))[1]!;
  const count = scenario.periods?.count ?? 1;
  const block = new Float64Array(BLOCK * names.length);
  let [filled, done] = [0, 0];
  const flush = (): void => {
    const values = evaluate(columns, block.slice(0, filled * names.length));
    for (let i = 0; i < filled; i += 1) losses[done + i] = start - values[i * 2 + 1]!;
    done += filled;
    filled = 0;
  };
  for (const { factors } of scenarioCells(scenario)) {
    const levels = levelsOf(factors, count);
    names.forEach((name, k) => {
      block[filled * names.length + k] = moveOf(name, levels.of(name)?.[count - 1]?.toNumber() ?? 0);
    });
    filled += 1;
    if (filled === BLOCK) flush();
  }
  if (filled > 0) flush();
  return losses;
}

/** As the exposures have it: basis points as a ratio, prices as their logarithm; a price of nothing as far down as an exponent goes. */
const moveOf = (name: string, level: number): number =>
  IN_BPS.test(name) ? level / 10_000 : Math.max(Math.log(Math.max(0, 1 + level)), -MOST_EXPONENT / 10);
