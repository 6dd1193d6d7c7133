// The one door to HiGHS: loads the WASM once and keeps it (the first solves are several times slower than the later ones), hands it a
// model as arrays, gives back primal values, duals and a bound that does not depend on the solver's own word.
import { EvergreenError } from "@evergreen-fund/domain";
import highsModule, { type Highs, type Model as HighsModel, type Solution } from "highs";
import type { Model } from "./model.ts";

export type SolverStatus = "optimal" | "infeasible" | "limit" | "failed";
export type Solved = {
  readonly status: SolverStatus;
  readonly values: Float64Array;
  /** Objective of the model without the tie-break, in basis points of NAV. */
  readonly objective: number;
  /** Nothing feasible has a lower objective than this. */
  readonly bound: number;
  /** Reduced cost of each column at the optimum; empty after a search for whole trades. */
  readonly reduced: Float64Array;
  /** How often HiGHS ran. */
  readonly solves: number;
};

/** Nodes after which a search for whole trades stops; a count, not a time, so that the answer is the same on every machine. */
const NODE_LIMIT = 1_000;
/** Quadratic form: rounds of tangents at most, and what may be missing from the true price in the end. Whole trades are priced once more after. */
const CONTINUOUS = { rounds: 200, gapBps: 1e-7 } as const;
const WHOLE = { rounds: 30, gapBps: 5e-7 } as const;
/** Searches over more yes/no columns than these get fewer rounds; their bound stays true, only looser. */
const MANY_COLUMNS = 120;
const WHOLE_MANY = { rounds: 6, gapBps: 5e-7 } as const;
type Effort = { readonly rounds: number; readonly gapBps: number };
/** A dual above this is a price, below it noise of the solver's tolerance. */
const PRICED = 1e-8;
/** Price per unit of rank in the search for whole trades, where a second objective would need a second search. */
const TIE_BPS = 2e-7;
/** HiGHS's numbers for its simplex strategies. */
const CHOSEN_SIMPLEX = 0;
const PRIMAL_SIMPLEX = 4;
const OPTIONS = {
  output_flag: false,
  log_to_console: false,
  primal_feasibility_tolerance: 1e-9,
  dual_feasibility_tolerance: 1e-9,
  mip_feasibility_tolerance: 1e-9,
  mip_rel_gap: 0,
  mip_abs_gap: 1e-8,
  mip_max_nodes: NODE_LIMIT,
  random_seed: 0,
} as const;

// The package's types describe its CommonJS build, where the loader is one level deeper than in the ES module that Node takes here.
const loadHighs = highsModule as unknown as typeof highsModule.default;

let loading: Promise<Highs> | undefined;

/** The loaded solver; the first call loads the WASM from the npm package, later calls share it. Errors: EG503 when it cannot be loaded. */
export async function solver(): Promise<Highs> {
  loading ??= loadHighs();
  try {
    return await loading;
  } catch (cause) {
    loading = undefined;
    throw new EvergreenError("EG503", "The solver could not be loaded.", { cause });
  }
}

/** A HiGHS instance with our options and this model; the caller disposes it. `relaxed` lets the yes/no columns take any share. */
export function openModel(highs: Highs, model: Model, cost: Float64Array = model.cost, relaxed = false): HighsModel {
  const whole = isWholeTrades(model) && !relaxed;
  const instance = highs.createModel();
  // Presolve costs a continuous model of this shape more than it saves; without it a search
  // for whole trades that was run again after a tangent was added has been seen to miss the optimum.
  instance.options.set({ ...OPTIONS, presolve: whole ? "on" : "off" });
  instance.passModel({
    numCols: model.numCols,
    numRows: model.numRows,
    colCost: cost,
    colLower: model.colLower,
    colUpper: model.colUpper,
    rowLower: model.rowLower,
    rowUpper: model.rowUpper,
    matrix: {
      format: "csr",
      numRows: model.numRows,
      numCols: model.numCols,
      starts: model.starts,
      indices: model.indices,
      values: model.values,
    },
    ...(whole
      ? {
          integrality: Int32Array.from({ length: model.numCols }, (_, column) => (column >= model.firstBinary ? 1 : 0)),
        }
      : {}),
  });
  return instance;
}

/** Whether the model decides yes or no about trades (a mixed-integer program). */
export const isWholeTrades = (model: Model): boolean => model.firstBinary < model.numCols;

/**
 * Runs the instance. Where that ends with no verdict (a warm start, a defect of the presolve): once more from nothing, then once with other
 * means: the primal method, and for whole trades no presolve, whose optimum is then only taken for a solution (`limit`).
 */
export function runStatus(highs: Highs, instance: HighsModel): SolverStatus {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const status = attemptRun(highs, instance);
    if (status !== "failed") return status;
    instance.clearSolver();
  }
  const whole = instance.options.get("presolve") === "on";
  instance.options.set({ simplex_strategy: PRIMAL_SIMPLEX, presolve: "off" });
  const status = attemptRun(highs, instance);
  instance.options.set({ simplex_strategy: CHOSEN_SIMPLEX, presolve: whole ? "on" : "off" });
  return whole && status === "optimal" ? "limit" : status;
}

function attemptRun(highs: Highs, instance: HighsModel): SolverStatus {
  try {
    return statusOf(highs, instance.run().modelStatus);
  } catch (error) {
    if (error instanceof highs.errors.HighsError) return "failed";
    throw error;
  }
}

/** Whether the instance holds values that keep every row. */
export const hasSolution = (instance: HighsModel): boolean => instance.info.get("primal_solution_status") === 2;

/** Builds an instance, solves, disposes it. */
export async function solveModel(model: Model): Promise<Solved> {
  const highs = await solver();
  return isWholeTrades(model)
    ? solveWhole(highs, model)
    : withInstance(openModel(highs, model), (instance) => solveContinuous(highs, instance, model));
}

function withInstance<Result>(instance: HighsModel, operation: (instance: HighsModel) => Result): Result {
  try {
    return operation(instance);
  } finally {
    instance.dispose();
  }
}

/** The optimum and its bound; then, among all optima, the one in which the smaller ids trade. */
function solveContinuous(highs: Highs, instance: HighsModel, model: Model): Solved {
  const cuts: Tangent[] = [];
  const { status, solves } = refine(highs, instance, model, cuts, CONTINUOUS);
  if (status !== "optimal") return nothing(status, solves);
  const first = instance.getSolution();
  const bound = lagrangianBound(model, cuts, first.rowDual);
  const tied = breakTies(highs, instance, model, first);
  const values = tied ?? first.colValue;
  return { status, values, objective: objectiveOf(model, values), bound, reduced: first.colDual, solves: solves + 1 };
}

/**
 * Stays on the face of optima (what has a price in the duals stays where it is; so do deviations with a curved price) and minimises the
 * ranks there. Undefined when the optimum is unique or the second run ends anywhere but at its optimum.
 */
function breakTies(highs: Highs, instance: HighsModel, model: Model, first: Solution): Float64Array | undefined {
  const fixed: number[] = [];
  let free = 0;
  for (let column = 0; column < model.numCols; column += 1) {
    const still = Math.abs(first.colDual[column]!) > PRICED || model.curvature.has(column);
    if (still) fixed.push(column);
    else if (model.tie[column]! > 0 && model.colUpper[column]! > model.colLower[column]!) free += 1;
  }
  const bound: number[] = [];
  first.rowDual.forEach((dual, row) => {
    if (Math.abs(dual) > PRICED) bound.push(row);
  });
  if (free === 0) return undefined;
  const at = Float64Array.from(fixed, (column) => first.colValue[column]!);
  instance.changeColsBounds({ kind: "set", indices: fixed }, at, at);
  const activity = Float64Array.from(bound, (row) => first.rowValue[row]!);
  instance.changeRowsBounds({ kind: "set", indices: bound }, activity, activity);
  instance.changeColsCost({ kind: "range", from: 0, to: model.numCols - 1 }, model.tie);
  return runStatus(highs, instance) === "optimal" ? instance.getSolution().colValue : undefined;
}

/** Tangents are collected on the continuous relaxation, where a round is cheap; then the search over yes and no. */
function solveWhole(highs: Highs, model: Model): Solved {
  const cuts: Tangent[] = [];
  let solves = 0;
  if (model.curvature.size > 0) {
    solves += withInstance(openModel(highs, model, model.cost, true), (relaxed) =>
      refine(highs, relaxed, model, cuts, CONTINUOUS),
    ).solves;
  }
  const tied = model.cost.map((cost, column) => cost + TIE_BPS * model.tie[column]!);
  const open = model.colUpper
    .subarray(0, 2 * model.layout.traded)
    .reduce((count, upper) => count + (upper > 0 ? 1 : 0), 0);
  const effort = open > MANY_COLUMNS ? WHOLE_MANY : WHOLE;
  return withInstance(openModel(highs, model, tied), (instance) => {
    for (const cut of cuts) addTangent(instance, cut);
    const { status, solves: rounds } = refine(highs, instance, model, cuts, effort);
    solves += rounds;
    if (status === "infeasible" || status === "failed") return nothing(status, solves);
    if (!hasSolution(instance)) return nothing("limit", solves);
    const values = instance.getSolution().colValue;
    const bound =
      status === "optimal"
        ? Number(instance.info.get("mip_dual_bound")) - 2 * TIE_BPS * model.reach
        : Number.NEGATIVE_INFINITY;
    return { status, values, objective: objectiveOf(model, values), bound, reduced: new Float64Array(), solves };
  });
}

const nothing = (status: SolverStatus, solves: number): Solved => ({
  status,
  values: new Float64Array(),
  objective: Number.POSITIVE_INFINITY,
  bound: Number.NEGATIVE_INFINITY,
  reduced: new Float64Array(),
  solves,
});

/** price ≥ slope·deviation − slope²/2h: a tangent of the price parabola ½·h·deviation². */
type Tangent = { readonly column: number; readonly slope: number; readonly offset: number };

function addTangent(instance: HighsModel, { column, slope, offset }: Tangent): void {
  instance.addRow(offset, Number.POSITIVE_INFINITY, { indices: [column, column + 1], values: [-slope, 1] });
}

/**
 * Solves; in the quadratic form again and again, each time with a tangent added wherever the linear price lies below the parabola, until
 * what is missing is negligible. (HiGHS has a quadratic solver of its own; on these models it fails or is a hundred times slower.)
 */
function refine(
  highs: Highs,
  instance: HighsModel,
  model: Model,
  cuts: Tangent[],
  effort: Effort,
): { status: SolverStatus; solves: number } {
  let status = runStatus(highs, instance);
  let solves = 1;
  while (model.curvature.size > 0 && (status === "optimal" || status === "limit") && solves < effort.rounds) {
    if (!hasSolution(instance)) break;
    const x = instance.getSolution().colValue;
    const missing = [...model.curvature].map(([column, bend]) => ({
      column,
      bend,
      gap: 0.5 * bend * x[column]! ** 2 - x[column + 1]!,
    }));
    if (missing.reduce((acc, row) => acc + Math.max(0, row.gap), 0) <= effort.gapBps) break;
    for (const { column, bend, gap } of missing) {
      if (gap <= effort.gapBps / (2 * missing.length)) continue;
      const slope = bend * x[column]!;
      const cut = { column, slope, offset: (-slope * slope) / (2 * bend) };
      cuts.push(cut);
      addTangent(instance, cut);
    }
    status = runStatus(highs, instance);
    solves += 1;
  }
  return { status, solves };
}

function statusOf(highs: Highs, code: number): SolverStatus {
  const known = highs.constants.modelStatus;
  if (code === known.optimal || code === known.empty) return "optimal";
  if (code === known.infeasible || code === known.unboundedOrInfeasible) return "infeasible";
  if (code === known.solutionLimit || code === known.iterationLimit || code === known.timeLimit) return "limit";
  return "failed";
}

/** The objective with the true prices, the parabolas themselves instead of their tangents. */
export function objectiveOf(model: Model, x: Float64Array): number {
  let total = 0;
  for (let j = 0; j < model.numCols; j += 1) {
    const bend = model.curvature.get(j - 1);
    total += bend === undefined ? model.cost[j]! * x[j]! : 0.5 * bend * x[j - 1]! ** 2;
  }
  return total;
}

/**
 * Lower bound of the objective from any row duals (they need not be feasible): the rows relaxed with them, the rest minimised over the box
 * of column bounds. Recomputed here from the model, not taken from the solver; the tangents only ever lower the objective.
 */
function lagrangianBound(model: Model, cuts: readonly Tangent[], rowDual: Float64Array): number {
  const reduced = Float64Array.from(model.cost);
  let bound = 0;
  for (let i = 0; i < model.numRows; i += 1) {
    const side = rowDual[i]! > 0 ? model.rowLower[i]! : model.rowUpper[i]!;
    // A dual toward an open side is rounding noise; zero is always valid.
    const dual = Number.isFinite(side) ? rowDual[i]! : 0;
    if (dual === 0) continue;
    bound += dual * side;
    for (let k = model.starts[i]!; k < model.starts[i + 1]!; k += 1)
      reduced[model.indices[k]!]! -= dual * model.values[k]!;
  }
  // The duals of a price's tangents are shares of it: cut to at most 1, so that the price column's own bound never matters.
  const sums = new Map<number, number>();
  cuts.forEach((cut, position) => {
    sums.set(cut.column, (sums.get(cut.column) ?? 0) + Math.max(0, rowDual[model.numRows + position]!));
  });
  cuts.forEach((cut, position) => {
    const dual = Math.max(0, rowDual[model.numRows + position]!) / Math.max(1, sums.get(cut.column)!);
    bound += dual * cut.offset;
    reduced[cut.column]! += dual * cut.slope;
    reduced[cut.column + 1]! -= dual;
  });
  for (const column of sums.keys()) reduced[column + 1] = Math.max(0, reduced[column + 1]!);
  for (let j = 0; j < model.numCols; j += 1) {
    bound += Math.min(reduced[j]! * model.colLower[j]!, reduced[j]! * model.colUpper[j]!);
  }
  return bound;
}
