// Values of one asset along a path, in its own currency and unrounded: one pricer per kind. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { z } from "zod";
import { daysBetween } from "../fees/days.ts";
import { BPS, decimal, type Exact, ONE, ratioText, ZERO } from "../money.ts";
import type {
  Asset,
  BondAsset,
  InfrastructureAsset,
  ListedAsset,
  PrivateAsset,
  PropertyAsset,
  SensitivityAsset,
} from "./asset.ts";
import { exactYears, flowsAfter, presentValue, spreadOf } from "./bond.ts";
import { curvePoints, discount, interpolate } from "./curve.ts";
import type { Market } from "./figure.ts";
import type { Shocks } from "./moves.ts";

/** Where a path stands and what binds every asset of it. */
export interface Way {
  asOf: string;
  /** Day of each period, the first at position 0. */
  days: readonly string[];
  shocks: Shocks;
  /** Lag of private marks that the scenario sets instead of the asset's own. */
  lagPeriods: number | undefined;
  /** Marks older than this many days follow the index without lag. */
  catchUpDays: number | undefined;
}

export interface Priced {
  /** How the values were made. */
  method: string;
  /** Whether the method knows how a value bends: "full" revaluation, or "unknown". */
  convexity: "full" | "unknown" | "none";
  /** Value at the end of each period. */
  values: Exact[];
  /** Cash that the asset has paid out up to the end of each period. */
  paid: Exact[];
}

/** Values of an asset along the way. Errors: EG404 naming a missing series or factor; EG400 as each kind says. */
export function priceAlong(asset: Asset, market: Market, way: Way): Priced {
  market.note(`mark:${asset.id}`, asset.markedOn, asset.value);
  switch (asset.kind) {
    case "bond":
      return bond(asset, market, way);
    case "sensitivities":
      return sensitivities(asset, market, way);
    case "listed":
      return listed(asset, market, way);
    case "private":
      return privateMark(asset, market, way);
    case "property":
      return property(asset, market, way);
    case "infrastructure":
      return infrastructure(asset, market, way);
    case "cash":
      return { method: "cash", convexity: "none", values: each(way, () => decimal(asset.value)), paid: nothing(way) };
  }
}

const each = (way: Way, value: (period: number) => Exact): Exact[] => way.days.map((_, i) => value(i + 1));
const nothing = (way: Way): Exact[] => way.days.map(() => ZERO);

type Flows = readonly { date: string; amount: string }[];
const paidBy = (flows: Flows, asOf: string, day: string): Exact =>
  flows.filter(({ date }) => date > asOf && date <= day).reduce((sum, { amount }) => sum.plus(amount), ZERO);

/**
 * Each cash flow discounted at the zero rate plus the spread that explains today's mark; under shifts of the curve (parallel and key rates) and of the class
 * of spreads, at the day of each period. What falls due on the way is paid out as cash. Errors: EG400 when no spread explains the mark.
 */
function bond(asset: z.output<typeof BondAsset>, market: Market, way: Way): Priced {
  const { curve, compounding, dayCount, parallelFactor, keyRates } = asset.rates;
  const points = curvePoints(curve.map(({ years, series }) => ({ years: decimal(years), value: market.read(series) })));
  const rateAt = (years: Exact): Exact => interpolate(points, years);
  const spread = spreadOf(flowsAfter(way.asOf, asset.cashFlows, dayCount), rateAt, compounding, decimal(asset.value));
  const values = way.days.map((day, i) => {
    const moved = (factor: string | undefined): Exact =>
      factor === undefined ? ZERO : way.shocks.basisPoints(factor, i + 1);
    const common = moved(parallelFactor).plus(moved(asset.spreadFactor)).div(BPS).plus(spread);
    const keys = keyRates.map(({ years, factor }) => ({ years: decimal(years), value: moved(factor).div(BPS) }));
    const keyed = keys.length === 0 ? undefined : curvePoints(keys);
    const flows = flowsAfter(day, asset.cashFlows, dayCount);
    return presentValue(
      flows,
      (years) =>
        rateAt(years)
          .plus(common)
          .plus(keyed === undefined ? ZERO : interpolate(keyed, years)),
      compounding,
    ).value;
  });
  const paid = way.days.map((day) => paidBy(asset.cashFlows, way.asOf, day));
  return { method: "cash_flows_spread_matched", convexity: "full", values, paid };
}

/** Value minus Σ sensitivity · move: a straight line, because a filing says no more; how the value bends is not known and not guessed. */
function sensitivities(asset: z.output<typeof SensitivityAsset>, market: Market, way: Way): Priced {
  const { source } = asset;
  const reported = asset.sensitivities.reduce((sum, { amount }) => sum.plus(amount), ZERO);
  market.note(source.series, source.asOf, ratioText(reported));
  const measures = [...new Set(asset.sensitivities.map(({ measure }) => measure))].sort();
  const values = each(way, (period) =>
    asset.sensitivities.reduce((value, { measure, factor, amount }) => {
      const moved = way.shocks.basisPoints(factor, period);
      return value.minus(
        decimal(amount)
          .times(moved)
          .div(measure === "dv100" ? 100 : 1),
      );
    }, decimal(asset.value)),
  );
  return { method: `${measures.join("_")}_linear`, convexity: "unknown", values, paid: nothing(way) };
}

/** Value · Π over periods of (1 + Σ beta · move); a period cannot take more than everything. */
function listed(asset: z.output<typeof ListedAsset>, market: Market, way: Way): Priced {
  for (const { factor, beta } of asset.exposures) market.note(`beta:${asset.id}:${factor}`, asset.estimatedOn, beta);
  let value = decimal(asset.value);
  const values = each(way, (period) => {
    const moved = asset.exposures.reduce(
      (sum, { factor, beta }) => sum.plus(way.shocks.ratio(factor, period).times(beta)),
      ZERO,
    );
    value = value.times(moved.lt(-1) ? ZERO : moved.plus(1));
    return value;
  });
  return { method: "factor_beta", convexity: "none", values, paid: nothing(way) };
}

/**
 * R5 with a lag of L periods: at period k the mark follows the index as it stood at k − L; while k − L is not after today, the mark stands. So with lag 0,
 * or for a mark older than `catchUpDays`, it takes at once what the index did since the mark. The value does not fall below zero.
 */
function privateMark(asset: z.output<typeof PrivateAsset>, market: Market, way: Way): Priced {
  const beta = decimal(asset.beta);
  market.note(`beta:${asset.id}:${asset.indexFactor}`, asset.estimatedOn, asset.beta);
  const since = asset.index === undefined ? ONE : market.read(asset.index.series).div(positive(asset.index.atMark));
  const aged = daysBetween(asset.markedOn, way.asOf);
  const catchesUp = way.catchUpDays !== undefined && aged > way.catchUpDays;
  const lag = catchesUp ? 0 : (way.lagPeriods ?? asset.lagPeriods);
  // asked for even where the lag hides it, so that a factor the scenario forgot is always named
  way.shocks.level(asset.indexFactor, 1);
  const values = each(way, (period) => {
    const known = period - lag;
    if (known < 1) return decimal(asset.value);
    const growth = since.times(way.shocks.level(asset.indexFactor, known)).minus(1).times(beta).plus(1);
    return decimal(asset.value).times(growth.lt(0) ? ZERO : growth);
  });
  return {
    method: lag === 0 ? "roll_forward" : `roll_forward_lag_${lag}`,
    convexity: "none",
    values,
    paid: nothing(way),
  };
}

function positive(text: string): Exact {
  const value = decimal(text);
  if (value.isZero()) throw new EvergreenError("EG400", "The index at a mark must be above zero.");
  return value;
}

/** (Value + debt) · (1 + income move) · cap rate / (cap rate + move) − debt, not below zero. Errors: EG400 when the cap rate falls to zero or below. */
function property(asset: z.output<typeof PropertyAsset>, market: Market, way: Way): Priced {
  const cap = market.read(asset.capRate);
  const debt = decimal(asset.debt);
  const gross = decimal(asset.value).plus(debt);
  const values = each(way, (period) => {
    const moved = cap.plus(way.shocks.basisPoints(asset.capRateFactor, period).div(BPS));
    if (cap.lte(0) || moved.lte(0))
      throw new EvergreenError("EG400", `The capitalisation rate ${asset.capRate} must stay above zero.`);
    const left = gross.times(way.shocks.level(asset.incomeFactor, period)).times(cap).div(moved).minus(debt);
    return left.lt(0) ? ZERO : left;
  });
  return { method: "cap_rate", convexity: "full", values, paid: nothing(way) };
}

/**
 * Value · PV(shocked) / PV(today), both of the cash flows by yearly discounting in act/365: the model gives the move, the mark gives the level. Shocked cash
 * flows that fall due on the way are paid out as cash, in the same proportion to the mark. Errors: EG400 without cash flows ahead.
 */
function infrastructure(asset: z.output<typeof InfrastructureAsset>, market: Market, way: Way): Priced {
  const rate = market.read(asset.discountRate);
  const worth = (day: string, at: Exact): Exact =>
    asset.cashFlows
      .filter(({ date }) => date > day)
      .reduce((sum, { date, amount }) => {
        return sum.plus(discount(at, exactYears(day, date, "act/365"), "annual").factor.times(amount));
      }, ZERO);
  const today = worth(way.asOf, rate);
  if (today.lte(0)) throw new EvergreenError("EG400", `The asset ${asset.id} has no cash flows ahead.`);
  const scale = decimal(asset.value).div(today);
  const values = way.days.map((day, i) => {
    const at = rate.plus(way.shocks.basisPoints(asset.discountFactor, i + 1).div(BPS));
    return worth(day, at)
      .times(way.shocks.level(asset.cashFlowFactor, i + 1))
      .times(scale);
  });
  let [paid, from] = [ZERO, way.asOf];
  const out = way.days.map((day, i) => {
    paid = paid.plus(
      paidBy(asset.cashFlows, from, day)
        .times(way.shocks.level(asset.cashFlowFactor, i + 1))
        .times(scale),
    );
    from = day;
    return paid;
  });
  return { method: "cash_flows_discounted", convexity: "full", values, paid: out };
}
