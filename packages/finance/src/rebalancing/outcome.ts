// What a list of trades does, exactly: values, costs, cash, NAV, which limits break and what the objective is. No floating point here;
// nothing is proposed that has not passed this file.
import { BPS, currencyExponent, Exact, minorToExact, roundToMinor, ZERO } from "../money.ts";
import { TICKET, TURNOVER } from "./model.ts";
import { activity, holds, type Portfolio } from "./portfolio.ts";

/** Position of the asset → minor units, positive bought, negative sold; no zeros. */
export type Trades = ReadonlyMap<number, bigint>;

export type Outcome = {
  readonly trades: Trades;
  /** Cost per traded position in minor units: amount × basis points, HALF_UP. */
  readonly costs: ReadonlyMap<number, bigint>;
  readonly totalCost: Exact;
  readonly values: readonly Exact[];
  readonly cash: Exact;
  readonly nav: Exact;
  /** (buys + sells) / 2 as a share of NAV before. */
  readonly turnover: Exact;
};

export const NO_TRADES: Trades = new Map();

/** Self-financing: cash after = cash before + sells − buys − costs; NAV after = NAV before − costs. */
export function outcomeOf(portfolio: Portfolio, trades: Trades): Outcome {
  const { currency } = portfolio.problem;
  const values = [...portfolio.values];
  const costs = new Map<number, bigint>();
  let cash = portfolio.cash;
  let totalCost = ZERO;
  let gross = ZERO;
  for (const [position, minor] of trades) {
    const asset = portfolio.problem.assets[position]!;
    const amount = minorToExact(minor, currency);
    const bps = minor > 0n ? asset.buyBps : asset.sellBps;
    const cost = roundToMinor(amount.abs().times(bps).div(BPS), currency, "half_up");
    const costMoney = minorToExact(cost, currency);
    costs.set(position, cost);
    values[position] = values[position]!.plus(amount);
    cash = cash.minus(amount).minus(costMoney);
    totalCost = totalCost.plus(costMoney);
    gross = gross.plus(amount.abs());
  }
  return {
    trades,
    costs,
    totalCost,
    values,
    cash,
    nav: portfolio.nav.minus(totalCost),
    turnover: gross.div(2).div(portfolio.nav),
  };
}

/** Names of the constraints the outcome breaks, in the fixed order of the limits; empty when it may be proposed. */
export function brokenLimits(portfolio: Portfolio, outcome: Outcome): string[] {
  const broken = portfolio.limits
    .filter((limit) => !holds(limit, outcome.values, outcome.cash, outcome.nav))
    .map((limit) => limit.name);
  const { turnoverMax } = portfolio.problem.limits;
  if (turnoverMax !== undefined && outcome.turnover.gt(turnoverMax)) broken.push(TURNOVER);
  const tradable = new Set(portfolio.tradable);
  for (const [position, minor] of outcome.trades) {
    const size = minor < 0n ? -minor : minor;
    const allowed = tradable.has(position) && !(minor > 0n && portfolio.noBuy.has(position));
    if (size < portfolio.ticketMinor) broken.push(TICKET);
    if (!allowed || outcome.values[position]!.isNegative())
      broken.push(`trade-set:${portfolio.problem.assets[position]!.id}`);
  }
  return [...new Set(broken)];
}

/** The objective in basis points of NAV before, exact: price of the deviations from target + cost aversion × costs. */
export function objectiveBps(portfolio: Portfolio, outcome: Outcome): Exact {
  const { form, objective } = portfolio.problem;
  const deviations = portfolio.targets.reduce((acc, target) => {
    const reached = activity(target.measure, outcome.values, outcome.cash);
    const deviation = reached.minus(target.target.times(outcome.nav)).div(portfolio.nav);
    const size = form === "lp" ? deviation.abs() : deviation.times(deviation);
    return acc.plus(size.times(target.weight));
  }, ZERO);
  const price =
    form === "lp" ? new Exact(objective.deviationPriceBps) : new Exact(objective.trackingWeight).times(BPS).div(2);
  const cost = outcome.totalCost.div(portfolio.nav).times(BPS).times(objective.costAversion);
  return deviations.times(price).plus(cost);
}

/** A solver's trade (share of NAV) in whole minor units, to the nearest; a sale never exceeds what is held. */
export function wholeTrade(portfolio: Portfolio, position: number, share: number): bigint {
  if (!Number.isFinite(share) || share === 0) return 0n;
  const { currency } = portfolio.problem;
  const minor = roundToMinor(portfolio.nav.times(new Exact(share)), currency, "half_up");
  const most = BigInt(
    portfolio.values[position]!.times(new Exact(10).pow(currencyExponent(currency)))
      .floor()
      .toFixed(0),
  );
  return minor < -most ? -most : minor;
}
