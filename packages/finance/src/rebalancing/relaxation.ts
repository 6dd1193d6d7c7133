// The continuous problem behind a rebalancing, for benchmarks and comparisons: the same model as text for another solver, and solved here.
// No rounding, no minimum ticket, no clock.
import { parseInput } from "../parse.ts";
import { solveModel } from "./highs.ts";
import { lpText } from "./lp-text.ts";
import { buildModel, type Model } from "./model.ts";
import { preparePortfolio } from "./portfolio.ts";
import { type RebalanceInput, RebalanceProblem } from "./problem.ts";

export type RelaxationResult = {
  status: "optimal" | "infeasible" | "limit" | "failed";
  /** Basis points of NAV. */
  objective: number;
  dualBound: number;
  /** Largest violation of a row or column bound, in shares of NAV. */
  violation: number;
  solves: number;
};

export type Relaxation = {
  columns: number;
  rows: number;
  nonzeros: number;
  /** CPLEX LP text of exactly this model. */
  lpText(): string;
  solve(): Promise<RelaxationResult>;
};

/** Checks the problem and builds its model once; `solve` may be called again and again. Errors: EG400, EG413, EG503. */
export function relaxation(input: RebalanceInput): Relaxation {
  const model = buildModel(preparePortfolio(parseInput(RebalanceProblem, input)));
  return {
    columns: model.numCols,
    rows: model.numRows,
    nonzeros: model.indices.length,
    lpText: () => lpText(model),
    solve: async () => {
      const { status, objective, bound, values, solves } = await solveModel(model);
      return {
        status,
        objective,
        dualBound: bound,
        violation: status === "optimal" ? violationOf(model, values) : Number.NaN,
        solves,
      };
    },
  };
}

function violationOf(model: Model, x: Float64Array): number {
  let worst = 0;
  for (let j = 0; j < model.numCols; j += 1)
    worst = Math.max(worst, model.colLower[j]! - x[j]!, x[j]! - model.colUpper[j]!);
  for (let i = 0; i < model.numRows; i += 1) {
    let activity = 0;
    for (let k = model.starts[i]!; k < model.starts[i + 1]!; k += 1)
      activity += model.values[k]! * x[model.indices[k]!]!;
    worst = Math.max(worst, model.rowLower[i]! - activity, activity - model.rowUpper[i]!);
  }
  return worst;
}
