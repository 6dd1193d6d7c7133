// A problem made ready to solve: sorted by id, checked for contradictions in its shape, its limits split into those that trades can
// influence and those that only holdings outside the trade set decide (steered).
import { EvergreenError } from "@evergreen-fund/domain";
import { byId, currencyExponent, decimal, type Exact, ONE, ratioText, toMinor, ZERO } from "../money.ts";
import { refuseRepeats } from "../repeats.ts";
import { type Limit, limitsOf, type Measure, type Target, targetsOf } from "./limits.ts";
import { CASH, type RebalanceProblem } from "./problem.ts";

export type Portfolio = {
  readonly problem: RebalanceProblem;
  /** NAV before: Σ values + cash. */
  readonly nav: Exact;
  readonly values: readonly Exact[];
  readonly cash: Exact;
  /** Positions that may trade, ascending. */
  readonly tradable: readonly number[];
  /** Positions that may be sold but not bought, because something fixed already fills a limit they count toward. */
  readonly noBuy: ReadonlySet<number>;
  readonly targets: readonly Target[];
  /** Limits the trades must keep. */
  readonly limits: readonly Limit[];
  /** Limits no trade can bring back (or touch): reported, not enforced. */
  readonly fixedLimits: readonly Limit[];
  /** Smallest amount of one trade in minor units, at least 1. */
  readonly ticketMinor: bigint;
};

/** Errors: EG400 for repeated ids, unknown sleeves, liquidity shares or targets that do not add up, a negative tradable value. */
export function preparePortfolio(input: RebalanceProblem): Portfolio {
  const problem = sorted(input);
  refuseContradictions(problem);
  const values = problem.assets.map((asset) => decimal(asset.value));
  const cash = decimal(problem.cash.value);
  const illiquid = new Set(problem.sleeves.filter((sleeve) => sleeve.illiquid).map((sleeve) => sleeve.id));
  const tradable = problem.assets.flatMap((asset, position) =>
    asset.tradable && !illiquid.has(asset.sleeve) ? [position] : [],
  );
  if (tradable.some((position) => values[position]!.isNegative() && !values[position]!.isZero())) {
    throw new EvergreenError("EG400", "assets: a tradable asset must not have a negative value.");
  }
  const nav = values.reduce((acc, value) => acc.plus(value), cash);
  const targets = targetsOf(problem);
  const all = limitsOf(problem, targets);
  const split = nav.gt(0)
    ? splitLimits(all, values, nav, new Set(tradable))
    : { limits: all, fixedLimits: [], noBuy: new Set<number>() };
  const ticket = toMinor(problem.limits.minimumTicket, problem.currency);
  return { problem, nav, values, cash, tradable, targets, ...split, ticketMinor: ticket > 1n ? ticket : 1n };
}

function sorted(input: RebalanceProblem): RebalanceProblem {
  const ordered = <Row extends { id: string }>(rows: readonly Row[]) => [...rows].sort((a, b) => byId(a.id, b.id));
  return {
    ...input,
    assets: ordered(input.assets),
    sleeves: ordered(input.sleeves),
    factors: ordered(input.factors),
    liquidity: [...input.liquidity].sort((a, b) => byId(a.horizon, b.horizon)),
  };
}

function refuseContradictions(problem: RebalanceProblem): void {
  const refuse = (words: string): never => {
    throw new EvergreenError("EG400", words);
  };
  refuseRepeats("assets", [...problem.assets, problem.cash]);
  refuseRepeats("sleeves", problem.sleeves);
  refuseRepeats("factors", problem.factors);
  refuseRepeats(
    "liquidity",
    problem.liquidity.map((row) => ({ id: row.horizon })),
  );
  const sleeves = new Set(problem.sleeves.map((sleeve) => sleeve.id));
  if (sleeves.has(CASH)) refuse(`sleeves: "${CASH}" is the name of the cash itself.`);
  const factors = new Set(problem.factors.map((factor) => factor.id));
  problem.assets.forEach((asset, position) => {
    if (!sleeves.has(asset.sleeve)) refuse(`assets.${position}.sleeve: no such sleeve in the problem.`);
    const total = Object.values(asset.liquidity).reduce((acc, share) => acc.plus(share), ZERO);
    if (!total.eq(1)) refuse(`assets.${position}.liquidity: the shares add up to ${ratioText(total)}, not 1.`);
    for (const factor of Object.keys(asset.exposures)) {
      if (!factors.has(factor)) refuse(`assets.${position}.exposures: no such factor in the problem.`);
    }
  });
  const targets = problem.sleeves.reduce((acc, sleeve) => acc.plus(sleeve.target), decimal(problem.cash.target));
  if (!targets.eq(1)) refuse(`sleeves: the targets with cash add up to ${ratioText(targets)}, not 1.`);
  if (currencyExponent(problem.currency) < decimal(problem.limits.minimumTicket).decimalPlaces()) {
    refuse("limits.minimumTicket: finer than the currency's minor unit.");
  }
}

/** Σ coefficient·value + cashCoefficient·cash. */
export function activity(measure: Measure, values: readonly Exact[], cash: Exact): Exact {
  return measure.assets.reduce(
    (acc, position, k) => acc.plus(values[position]!.times(measure.coefficients[k]!)),
    measure.cash.times(cash),
  );
}

/** Whether a limit holds, compared exactly. */
export function holds(limit: Limit, values: readonly Exact[], cash: Exact, nav: Exact): boolean {
  const left = activity(limit.measure, values, cash);
  const right = limit.ratio.times(nav).plus(limit.amount);
  return limit.sense === "min" ? left.gte(right) : left.lte(right);
}

function splitLimits(
  all: readonly Limit[],
  values: readonly Exact[],
  nav: Exact,
  tradable: ReadonlySet<number>,
): Pick<Portfolio, "limits" | "fixedLimits" | "noBuy"> {
  const limits: Limit[] = [];
  const fixedLimits: Limit[] = [];
  const noBuy = new Set<number>();
  for (const limit of all) {
    const { assets, coefficients, cash } = limit.measure;
    const movable = assets.filter((position) => tradable.has(position));
    if (movable.length === 0 && cash.isZero()) {
      fixedLimits.push(limit);
      continue;
    }
    if (limit.sense === "max" && cash.gte(0) && coefficients.every((coefficient) => coefficient.gt(0))) {
      const fixed = assets.reduce(
        (acc, position, k) => (tradable.has(position) ? acc : acc.plus(values[position]!.times(coefficients[k]!))),
        ZERO,
      );
      if (fixed.gt(limit.ratio.times(nav).plus(limit.amount))) {
        fixedLimits.push(limit);
        for (const position of movable) noBuy.add(position);
        continue;
      }
    }
    limits.push(limit);
  }
  return { limits, fixedLimits, noBuy };
}

/**
 * For the sleeves that holdings outside the trade set keep out of their band: the range of value (share of NAV) that pacing would have to
 * move out of them into cash (negative: out of cash into them) to bring each inside.
 */
export function steeredShift(portfolio: Portfolio): { low: Exact; high: Exact } {
  const tradable = new Set(portfolio.tradable);
  let low = ZERO;
  let high = ZERO;
  portfolio.targets.forEach(({ measure }, position) => {
    const edges = portfolio.fixedLimits.filter((limit) => limit.code === "sleeve_band" && limit.target === position);
    if (edges.length === 0) return;
    const fixed = measure.assets.reduce(
      (acc, asset) => (tradable.has(asset) ? acc : acc.plus(portfolio.values[asset]!)),
      ZERO,
    );
    const weight = fixed.div(portfolio.nav);
    const floor = edges.find((edge) => edge.sense === "min")?.ratio ?? ZERO;
    const cap = edges.find((edge) => edge.sense === "max")?.ratio ?? ONE;
    if (weight.gte(floor) && weight.lte(cap)) return;
    low = low.plus(weight.minus(cap));
    high = high.plus(weight.minus(floor));
  });
  return { low, high };
}
