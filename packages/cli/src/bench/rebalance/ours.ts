// Our side of `bench rebalance`: the same functions the Rebalancing worker calls, with a clock around them.
import { performance } from "node:perf_hooks";
import { benchmarkProblem } from "@evergreen-fund/finance/rebalancing/benchmark.ts";
import { solveModel } from "@evergreen-fund/finance/rebalancing/highs.ts";
import { lpText } from "@evergreen-fund/finance/rebalancing/lp-text.ts";
import { buildModel, type Model } from "@evergreen-fund/finance/rebalancing/model.ts";
import { preparePortfolio } from "@evergreen-fund/finance/rebalancing/portfolio.ts";
import { type RebalanceInput, RebalanceProblem } from "@evergreen-fund/finance/rebalancing/problem.ts";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import { startScript } from "../frame/child.ts";

export interface Prepared {
  input: RebalanceInput;
  model: Model;
  /** The model as LP text, for a peer. */
  text: string;
}

/** A synthetic problem of `n` assets, ready to solve. */
export function prepare(n: number, seed: number): Prepared {
  const { label: _label, ...input } = benchmarkProblem(n, seed);
  const model = buildModel(preparePortfolio(RebalanceProblem.parse(input)));
  return { input, model, text: lpText(model) };
}

/** Arrays in, optimum and its proof out, the choice among equal optima included. */
export async function solveOnce({ model }: Prepared) {
  const start = performance.now();
  const { status, objective, bound, values } = await solveModel(model);
  const seconds = (performance.now() - start) / 1_000;
  if (status !== "optimal") throw new Error(`The solver answered ${status}.`);
  return { seconds, objective, bound, values };
}

/** The whole public function: parsing, solving, rounding to cents, checking every limit exactly, reasons. */
export async function exactOutcome({ input }: Prepared) {
  const start = performance.now();
  const solution = await rebalance(input);
  const seconds = (performance.now() - start) / 1_000;
  return "objective" in solution
    ? { seconds, status: solution.status, objective: Number(solution.objective.value), trades: solution.trades.length }
    : { seconds, status: solution.status, objective: Number.NaN, trades: 0 };
}

/** Largest amount by which a column or a row lies outside its bounds, computed here from the model. */
export function violationOf(model: Model, x: Float64Array): number {
  let worst = 0;
  const beyond = (value: number, lower: number, upper: number): void => {
    worst = Math.max(worst, lower - value, value - upper);
  };
  for (let column = 0; column < model.numCols; column += 1)
    beyond(x[column] ?? Number.NaN, model.colLower[column]!, model.colUpper[column]!);
  for (let row = 0; row < model.numRows; row += 1) {
    let activity = 0;
    for (let k = model.starts[row]!; k < model.starts[row + 1]!; k += 1)
      activity += model.values[k]! * x[model.indices[k]!]!;
    beyond(activity, model.rowLower[row]!, model.rowUpper[row]!);
  }
  return worst;
}

/** Seconds of the first solve in a new process, loading the WASM included. */
export async function coldSolve(n: number, seed: number): Promise<number> {
  const child = startScript(new URL("cold.ts", import.meta.url), [String(n), String(seed)]);
  try {
    return (await child.next<{ seconds: number }>(60_000)).seconds;
  } finally {
    await child.kill();
  }
}
