// Turns a prepared portfolio into the numbers HiGHS solves. Everything is a share of NAV before (never money), the objective is in basis
// points of NAV, every column is bounded on both sides. Weights are shares of NAV after costs, written exactly:
//   x = v + buy − sell,  NAV = 1 − K,  cash = c₀ + Σ sell − Σ buy − K,  K = Σ buyCost·buy + Σ sellCost·sell (its column in percent),
//   limit: Σ a·x + a_c·cash {≥, ≤} ratio·(1 − K) + amount,   target: Σ a·x + a_c·cash − t·(1 − K) = deviation.
import { BPS } from "../money.ts";
import { COST_UNITS, type Columns, layColumns, minorUnit, shareOf } from "./columns.ts";
import type { Limit, Measure } from "./limits.ts";
import type { Portfolio } from "./portfolio.ts";

/** Trades that are allowed, by position of the asset: its side and the least amount (share of NAV). A missing asset does not trade. */
export type Pattern = ReadonlyMap<number, { side: "buy" | "sell" | "either"; least: number }>;

export type Margin = { readonly count: number; readonly solver: number; readonly names: ReadonlySet<string> };

export type ModelOptions = {
  /** `optimise` (default): the objective of the mandate. `feasibility`: none. */
  readonly purpose?: "optimise" | "feasibility";
  readonly pattern?: Pattern | undefined;
  /** Tightens the named limits so that rounding `count` trades to minor units, and the solver's own tolerance, cannot break them. */
  readonly margin?: Margin | undefined;
  /** Whole trades: an asset is bought or sold or neither, and not below the ticket. Adds yes/no columns. */
  readonly whole?: boolean;
  /** Value moved out of steered sleeves into cash, as if pacing had done it already. */
  readonly shift?: { readonly low: number; readonly high: number };
  /** Finds the least share of target by which the sleeve bands and the cash cap must widen; goes with `feasibility`. */
  readonly widen?: boolean;
};

export type Model = {
  readonly numCols: number;
  readonly numRows: number;
  readonly cost: Float64Array;
  /** Second objective, where the first leaves a choice: ranks of the ids, so that the smaller id trades. */
  readonly tie: Float64Array;
  /** Most that can be bought, as a share of NAV. */
  readonly reach: number;
  readonly colLower: Float64Array;
  readonly colUpper: Float64Array;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  /** Rows compressed one after the other. */
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
  /** Columns from here on are yes/no. */
  readonly firstBinary: number;
  /** Quadratic form: column of a deviation → h of its price ½·h·deviation², which the next column stands for. */
  readonly curvature: ReadonlyMap<number, number>;
  readonly rowNames: readonly string[];
  /** Row → the limit it stands for; undefined for rows that only define a quantity. */
  readonly rowLimit: readonly (string | undefined)[];
  readonly layout: Columns["layout"];
};

export const TURNOVER = "turnover:max";
export const TICKET = "minimum-ticket";
const INFINITE = Number.POSITIVE_INFINITY;

/** Builds the model; the same portfolio and options give the same arrays, bit by bit. */
export function buildModel(portfolio: Portfolio, options: ModelOptions = {}): Model {
  const columns = layColumns(portfolio, options);
  const { layout } = columns;
  const rows = new Rows(portfolio, columns);
  definitionRows(rows, portfolio, columns, options);
  targetRows(rows, portfolio, columns);
  limitRows(rows, portfolio, columns, options);
  turnoverRow(rows, portfolio, columns, options);
  if (options.whole) wholeRows(rows, portfolio, columns);
  return {
    numCols: layout.numCols,
    numRows: rows.lower.length,
    cost: columns.cost,
    tie: columns.tie,
    colLower: columns.lower,
    colUpper: columns.upper,
    rowLower: Float64Array.from(rows.lower),
    rowUpper: Float64Array.from(rows.upper),
    starts: Int32Array.from(rows.starts),
    indices: Int32Array.from(rows.indices),
    values: Float64Array.from(rows.values),
    firstBinary: layout.binary,
    curvature: columns.curvature,
    reach: columns.reach,
    rowNames: rows.names,
    rowLimit: rows.limits,
    layout,
  };
}

class Rows {
  readonly lower: number[] = [];
  readonly upper: number[] = [];
  readonly starts: number[] = [0];
  readonly indices: number[] = [];
  readonly values: number[] = [];
  readonly names: string[] = [];
  readonly limits: (string | undefined)[] = [];
  readonly #slot: Int32Array;
  readonly #columns: Columns;

  constructor(portfolio: Portfolio, columns: Columns) {
    this.#columns = columns;
    this.#slot = new Int32Array(portfolio.values.length).fill(-1);
    portfolio.tradable.forEach((position, index) => {
      this.#slot[position] = index;
    });
  }

  put(column: number, value: number): void {
    if (value === 0) return;
    this.indices.push(column);
    this.values.push(value);
  }

  /** So many times K, whose column has units of its own. */
  putCost(times: number): void {
    this.put(this.#columns.layout.cost, times / COST_UNITS);
  }

  /** The trades' part of a measure; returns what the holdings contribute as they stand. */
  putMeasure(measure: Measure): number {
    let standing = 0;
    for (let k = 0; k < measure.assets.length; k += 1) {
      const coefficient = measure.numbers[k]!;
      const index = this.#slot[measure.assets[k]!]!;
      standing += coefficient * this.#columns.held[measure.assets[k]!]!;
      if (index < 0) continue;
      this.put(2 * index, coefficient);
      this.put(2 * index + 1, -coefficient);
    }
    this.put(this.#columns.layout.cash, measure.cash.toNumber());
    return standing;
  }

  close(name: string, lower: number, upper: number, limit?: string): void {
    this.starts.push(this.indices.length);
    this.lower.push(lower);
    this.upper.push(upper);
    this.names.push(name);
    this.limits.push(limit);
  }
}

/** K is what the trades cost; cash is what they leave over. */
function definitionRows(rows: Rows, portfolio: Portfolio, { layout }: Columns, options: ModelOptions): void {
  const { assets } = portfolio.problem;
  const unit = COST_UNITS / BPS.toNumber();
  portfolio.tradable.forEach((position, index) => {
    rows.put(2 * index, Number(assets[position]!.buyBps) * unit);
    rows.put(2 * index + 1, Number(assets[position]!.sellBps) * unit);
  });
  rows.put(layout.cost, -1);
  rows.close("cost", 0, 0);
  for (let index = 0; index < layout.traded; index += 1) {
    rows.put(2 * index, 1);
    rows.put(2 * index + 1, -1);
  }
  rows.putCost(1);
  rows.put(layout.cash, 1);
  if (options.shift) rows.put(layout.shift, -1);
  const before = shareOf(portfolio, portfolio.cash);
  rows.close("cash", before, before);
}

function targetRows(rows: Rows, portfolio: Portfolio, { layout, quadratic }: Columns): void {
  portfolio.targets.forEach((target, k) => {
    const goal = target.target.toNumber();
    const standing = rows.putMeasure(target.measure);
    rows.putCost(goal);
    rows.put(layout.target + 2 * k, -1);
    if (!quadratic) rows.put(layout.target + 2 * k + 1, 1);
    rows.close(`target:${target.name}`, goal - standing, goal - standing);
  });
}

/** The limits that may be widened when steered sleeves leave no room: bands of sleeves, and the caps on cash. */
export const mayWiden = (limit: Limit): boolean =>
  limit.code === "sleeve_band" ||
  (limit.sense === "max" && (limit.code === "cash_band" || limit.code === "cash_limit"));

function limitRows(rows: Rows, portfolio: Portfolio, columns: Columns, options: ModelOptions): void {
  const { layout, quadratic } = columns;
  for (const limit of portfolio.limits) {
    const ratio = limit.ratio.toNumber();
    const position = limit.target;
    let standing: number;
    if (position === undefined) {
      standing = rows.putMeasure(limit.measure);
      rows.putCost(ratio);
    } else {
      // A target has the same measure: three entries through its deviation instead of a copy of the measure.
      standing = portfolio.targets[position]!.target.toNumber();
      rows.put(layout.target + 2 * position, 1);
      if (!quadratic) rows.put(layout.target + 2 * position + 1, -1);
      rows.putCost(ratio - standing);
      if (options.widen && mayWiden(limit)) {
        rows.put(layout.widen, standing * (limit.sense === "min" ? 1 : -1));
      }
    }
    const bound = ratio + shareOf(portfolio, limit.amount) - standing;
    const slack = options.margin?.names.has(limit.name) ? slackOf(limit, options.margin, minorUnit(portfolio)) : 0;
    const [lower, upper] = limit.sense === "min" ? [bound + slack, INFINITE] : [-INFINITE, bound - slack];
    rows.close(limit.name, lower, upper, limit.name);
  }
}

/** What rounding can move a limit by: each trade and each cost by half a minor unit, cash by all of them, plus the solver's tolerance. */
function slackOf(limit: Limit, margin: Margin, unit: number): number {
  const largest = limit.measure.numbers.reduce((acc, c) => Math.max(acc, Math.abs(c)), 0);
  const scale = largest + Math.abs(limit.measure.cash.toNumber()) + Math.abs(limit.ratio.toNumber());
  return scale * (margin.count * unit + margin.solver);
}

function turnoverRow(rows: Rows, portfolio: Portfolio, { layout }: Columns, options: ModelOptions): void {
  const { turnoverMax } = portfolio.problem.limits;
  if (turnoverMax === undefined) return;
  for (let column = 0; column < 2 * layout.traded; column += 1) rows.put(column, 0.5);
  const { margin } = options;
  const slack = margin?.names.has(TURNOVER) ? margin.count * minorUnit(portfolio) + margin.solver : 0;
  rows.close(TURNOVER, -INFINITE, Number(turnoverMax) - slack, TURNOVER);
}

/** trade ≤ most·yes, not both a purchase and a sale of the same asset, and where there is a ticket trade ≥ ticket·yes. */
function wholeRows(rows: Rows, portfolio: Portfolio, columns: Columns): void {
  const { layout, upper } = columns;
  for (let column = 0; column < 2 * layout.traded; column += 1) {
    rows.put(column, 1);
    rows.put(layout.binary + column, -upper[column]!);
    rows.close(`most:${column}`, -INFINITE, 0);
  }
  for (let index = 0; index < layout.traded; index += 1) {
    rows.put(layout.binary + 2 * index, 1);
    rows.put(layout.binary + 2 * index + 1, 1);
    rows.close(`side:${index}`, -INFINITE, 1);
  }
  if (portfolio.ticketMinor <= 1n) return;
  const ticket = Number(portfolio.ticketMinor) * minorUnit(portfolio);
  for (let column = 0; column < 2 * layout.traded; column += 1) {
    rows.put(column, 1);
    rows.put(layout.binary + column, -ticket);
    rows.close(`${TICKET}:${column}`, 0, INFINITE, TICKET);
  }
}
