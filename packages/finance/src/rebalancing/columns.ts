// Columns of the solver's model: which column means what, its bounds and its price. Everything is a share of NAV before, but the cost, which is in percent of it.
import { BPS, currencyExponent, Exact as Decimal60, type Exact } from "../money.ts";
import type { ModelOptions } from "./model.ts";
import type { Portfolio } from "./portfolio.ts";

/** Where each quantity stands: buy of the i-th tradable asset in column 2i, its sale in 2i + 1, then the rest in this order. */
export type Layout = {
  readonly traded: number;
  readonly cost: number;
  readonly cash: number;
  /** Linear form: deviation above target k in `target + 2k`, below it in the next column. Quadratic: the signed deviation, then its price. */
  readonly target: number;
  readonly widen: number;
  readonly shift: number;
  /** First of the yes/no columns of whole trades, in the order of the trades. */
  readonly binary: number;
  readonly numCols: number;
};

export type Columns = {
  readonly layout: Layout;
  readonly quadratic: boolean;
  readonly cost: Float64Array;
  /** What tells otherwise equal trades apart: the rank of the asset's id, above 0 up to 1. */
  readonly tie: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Quadratic form: column of a deviation → curvature h of its price ½·h·deviation². */
  readonly curvature: ReadonlyMap<number, number>;
  /** Value of each asset (all of them) and the largest sum that could be invested. */
  readonly held: readonly number[];
  readonly reach: number;
};

/**
 * The cost column counts so many units in NAV: percent. As a share of NAV the solver's tolerance would be worth a hundred-thousandth of a basis
 * point of objective; in basis points its coefficients would be smaller than what the solver keeps.
 */
export const COST_UNITS = 100;

/** Money as a share of NAV before. */
export const shareOf = (portfolio: Portfolio, money: Exact): number => money.div(portfolio.nav).toNumber();

/** One minor unit of the currency as a share of NAV before. */
export const minorUnit = (portfolio: Portfolio): number =>
  shareOf(portfolio, new Decimal60(10).pow(-currencyExponent(portfolio.problem.currency)));

function layoutOf(portfolio: Portfolio, options: ModelOptions): Layout {
  const traded = portfolio.tradable.length;
  const cost = 2 * traded;
  const target = cost + 2;
  const widen = target + 2 * portfolio.targets.length;
  const shift = widen + (options.widen ? 1 : 0);
  const binary = shift + (options.shift ? 1 : 0);
  return {
    traded,
    cost,
    cash: cost + 1,
    target,
    widen,
    shift,
    binary,
    numCols: binary + (options.whole ? 2 * traded : 0),
  };
}

/** Bounds and prices of all columns. */
export function layColumns(portfolio: Portfolio, options: ModelOptions): Columns {
  const { problem, tradable, noBuy } = portfolio;
  const layout = layoutOf(portfolio, options);
  const purpose = options.purpose ?? "optimise";
  const quadratic = problem.form === "qp" && purpose === "optimise";
  const [cost, tie, lower, upper] = Array.from({ length: 4 }, () => new Float64Array(layout.numCols)) as Quartet;
  const held = portfolio.values.map((value) => shareOf(portfolio, value));
  const reach = tradable.reduce(
    (acc, position) => acc + held[position]!,
    Math.max(0, shareOf(portfolio, portfolio.cash)),
  );

  tradable.forEach((position, index) => {
    const [buy, sell] = [2 * index, 2 * index + 1];
    const allowed = options.pattern?.get(position);
    const idle = options.pattern !== undefined && allowed === undefined;
    upper[buy] = idle || noBuy.has(position) || allowed?.side === "sell" ? 0 : reach;
    upper[sell] = idle || allowed?.side === "buy" ? 0 : held[position]!;
    if (allowed && allowed.side !== "either") {
      const column = allowed.side === "buy" ? buy : sell;
      lower[column] = Math.min(allowed.least, upper[column]!);
    }
    if (purpose === "optimise") tie[buy] = tie[sell] = (index + 1) / layout.traded;
  });
  upper[layout.cost] = Math.min(COST_UNITS, (reach * dearest(portfolio) * COST_UNITS) / BPS.toNumber());
  lower[layout.cash] = -4 * (1 + reach);
  upper[layout.cash] = 4 * (1 + reach);
  if (purpose === "optimise")
    cost[layout.cost] = (Number(problem.objective.costAversion) * BPS.toNumber()) / COST_UNITS;
  if (options.widen) {
    upper[layout.widen] = 1e6;
    cost[layout.widen] = 1;
  }
  if (options.shift) {
    lower[layout.shift] = options.shift.low;
    upper[layout.shift] = options.shift.high;
  }
  const curvature = new Map<number, number>();
  portfolio.targets.forEach(({ measure, target, weight }, k) => {
    const first = layout.target + 2 * k;
    const largest = measure.numbers.reduce((acc, c) => Math.max(acc, Math.abs(c)), 1);
    const fixed = measure.assets.reduce((acc, position, i) => acc + Math.abs(held[position]! * measure.numbers[i]!), 0);
    const span = 8 * largest * (1 + reach) + Math.abs(target.toNumber()) + fixed;
    upper[first] = span;
    upper[first + 1] = span;
    if (quadratic) {
      const bend = Number(problem.objective.trackingWeight) * BPS.toNumber() * weight.toNumber();
      curvature.set(first, bend);
      lower[first] = -span;
      upper[first + 1] = bend * span * span;
      cost[first + 1] = 1;
    } else if (purpose === "optimise") {
      cost[first] = cost[first + 1] = Number(problem.objective.deviationPriceBps) * weight.toNumber();
    }
  });
  if (options.whole) upper.fill(1, layout.binary);
  return { layout, quadratic, cost, tie, lower, upper, curvature, held, reach };
}

/** The dearest purchase and the dearest sale, in basis points: nothing that can be bought and sold costs more. */
function dearest({ problem, tradable }: Portfolio): number {
  const most = (bps: (position: number) => string) =>
    tradable.reduce((acc, position) => Math.max(acc, Number(bps(position))), 0);
  return most((position) => problem.assets[position]!.buyBps) + most((position) => problem.assets[position]!.sellBps);
}

type Quartet = [Float64Array, Float64Array, Float64Array, Float64Array];
