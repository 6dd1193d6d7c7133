// Words and codes for a solution: why each trade, which constraints were checked and how they stand, before and after. Explains an outcome;
// changes nothing.
import { BUCKETS } from "@evergreen-fund/domain";
import { bandEdges } from "../bands.ts";
import { shareWithin } from "../liquidity.ts";
import {
  currencyExponent,
  decimal,
  type Exact,
  exactWeights,
  fixed,
  fromMinor,
  ONE,
  ratioText,
  ZERO,
} from "../money.ts";
import { type Limit, percent } from "./limits.ts";
import { TICKET, TURNOVER } from "./model.ts";
import type { Outcome } from "./outcome.ts";
import { activity, holds, type Portfolio } from "./portfolio.ts";
import { CASH, type Check, type Coded, type RebalancedPortfolio, type Trade } from "./problem.ts";

type State = Pick<Outcome, "values" | "cash" | "nav">;
type Weights = RebalancedPortfolio["weights"];

/** Weights of all assets and cash, printed so that they add up to 1. */
export function weightsOf(portfolio: Portfolio, before: State, after: State): Weights {
  const { assets, sleeves, cash } = portfolio.problem;
  const both = (values: (state: State) => Exact[]) => {
    const [first, second] = [exactWeights(values(before)), exactWeights(values(after))];
    return (position: number) => ({ before: ratioText(first[position]!), after: ratioText(second[position]!) });
  };
  const assetWeight = both((state) => [...state.values, state.cash]);
  const sleeveWeight = both((state) => [
    ...sleeves.map((_, position) => activity(portfolio.targets[position]!.measure, state.values, ZERO)),
    state.cash,
  ]);
  const rows = [
    ...sleeves.map(({ id, target, band }) => ({ id, target, band })),
    { id: CASH, target: cash.target, band: cash.band },
  ];
  return {
    assets: [
      ...assets.map(({ id, sleeve }, position) => ({ id, sleeve, ...assetWeight(position) })),
      { id: cash.id, sleeve: CASH, ...assetWeight(assets.length) },
    ],
    sleeves: rows.map(({ id, target, band }, position) => {
      const edges = band ? bandEdges(decimal(target), band) : { low: ZERO, high: ONE };
      const weight = id === CASH ? after.cash : activity(portfolio.targets[position]!.measure, after.values, ZERO);
      const inside = weight.gte(edges.low.times(after.nav)) && weight.lte(edges.high.times(after.nav));
      return {
        id,
        target: ratioText(decimal(target)),
        low: ratioText(edges.low),
        high: ratioText(edges.high),
        ...sleeveWeight(position),
        verdict: inside ? "inside" : "outside",
      } as const;
    }),
  };
}

/** What can be cash by each bucket, before and after, beside what the mandate requires. */
export function liquidityOf(portfolio: Portfolio, before: State, after: State): RebalancedPortfolio["liquidity"] {
  const { assets, liquidity, currency } = portfolio.problem;
  const digits = currencyExponent(currency);
  return BUCKETS.map((horizon) => {
    const within = assets.map((asset) => shareWithin(asset.liquidity, horizon));
    const available = (state: State) =>
      within.reduce((acc, share, i) => acc.plus(share.times(state.values[i]!)), state.cash);
    const rule = liquidity.find((row) => row.horizon === horizon);
    const liabilities = rule && decimal(rule.stressedLiabilities);
    return {
      horizon,
      before: fixed(available(before), digits),
      after: fixed(available(after), digits),
      required: rule && liabilities ? fixed(liabilities.times(rule.cover), digits) : null,
      ratioAfter: liabilities && !liabilities.isZero() ? ratioText(available(after).div(liabilities)) : null,
    };
  });
}

const STEERED = "only holdings outside the trade set decide this; pacing and subscriptions must steer it";

/** Every constraint as it stands; single assets only where broken before or binding after. */
export function checksOf(portfolio: Portfolio, before: State, after: Outcome): { checks: Check[]; checked: number } {
  const check = (limit: Limit): Check => {
    const share = (state: State) => ratioText(activity(limit.measure, state.values, state.cash).div(state.nav));
    const held = holds(limit, after.values, after.cash, after.nav);
    return {
      name: limit.name,
      code: limit.code,
      words: held ? limit.words : `${limit.words}: ${STEERED}`,
      before: share(before),
      after: share(after),
      bound: ratioText(limit.ratio.plus(limit.amount.div(after.nav))),
      sense: limit.sense,
      verdict: held ? "held" : "steered",
      heldBefore: holds(limit, before.values, before.cash, before.nav),
    };
  };
  const { turnoverMax, minimumTicket } = portfolio.problem.limits;
  const all = [...portfolio.limits, ...portfolio.fixedLimits].map(check);
  const smallest = [...after.trades.values()]
    .map((minor) => (minor < 0n ? -minor : minor))
    .sort((a, b) => (a < b ? -1 : 1))[0];
  const held = { verdict: "held", heldBefore: true } as const;
  const extra: Check[] = [
    ...(turnoverMax === undefined
      ? []
      : [
          {
            name: TURNOVER,
            code: "turnover_limit",
            words: `turnover at most ${percent(decimal(turnoverMax))} of NAV`,
            before: "0",
            after: ratioText(after.turnover),
            bound: turnoverMax,
            sense: "max" as const,
            ...held,
          },
        ]),
    ...(decimal(minimumTicket).isZero() || smallest === undefined
      ? []
      : [
          {
            name: TICKET,
            code: "minimum_ticket",
            words: "no trade below the minimum ticket",
            before: "0",
            after: fromMinor(smallest, portfolio.problem.currency),
            bound: minimumTicket,
            sense: "min" as const,
            ...held,
          },
        ]),
  ];
  const interesting = all.filter(
    (row) => row.code !== "asset_limit" || !row.heldBefore || row.verdict === "steered" || binds(row),
  );
  return { checks: [...interesting, ...extra], checked: all.length + extra.length };
}

const binds = (row: Check): boolean => decimal(row.after).minus(decimal(row.bound)).abs().lte("0.000001");

/** Steered constraints by name: broken before or after, and out of reach of any trade. */
export function steeredOf(portfolio: Portfolio, state: State): (Coded & { name: string })[] {
  return portfolio.fixedLimits
    .filter((limit) => !holds(limit, state.values, state.cash, state.nav))
    .map((limit) => ({ name: limit.name, code: limit.code, words: `${limit.words}: ${STEERED}` }));
}

/** Trades sorted by asset id, each with the reasons it is there. */
export function tradesOf(portfolio: Portfolio, before: State, after: Outcome, weights: Weights): Trade[] {
  const { assets, currency } = portfolio.problem;
  const broken = portfolio.limits.filter((limit) => !holds(limit, before.values, before.cash, before.nav));
  return [...after.trades]
    .sort(([a], [b]) => a - b)
    .map(([position, minor]) => {
      const asset = assets[position]!;
      const weight = weights.assets[position]!;
      return {
        assetId: asset.id,
        sleeve: asset.sleeve,
        side: minor > 0n ? "buy" : "sell",
        amount: fromMinor(minor < 0n ? -minor : minor, currency),
        cost: fromMinor(after.costs.get(position)!, currency),
        weightBefore: weight.before,
        weightAfter: weight.after,
        reasons: reasonsOf(portfolio, before, position, minor > 0n, broken),
      } as const;
    });
}

function reasonsOf(
  portfolio: Portfolio,
  before: State,
  position: number,
  buys: boolean,
  broken: readonly Limit[],
): Coded[] {
  const cures = broken.filter((limit) => {
    const k = limit.measure.assets.indexOf(position);
    const loading = (k < 0 ? ZERO : limit.measure.coefficients[k]!).minus(limit.measure.cash);
    const pushes = buys ? loading : loading.neg();
    return limit.sense === "min" ? pushes.gt(0) : pushes.lt(0);
  });
  if (cures.length > 0) return cures.map((limit) => ({ code: limit.code, words: `limit broken: ${limit.words}` }));
  const sleeve = portfolio.problem.sleeves.findIndex(({ id }) => id === portfolio.problem.assets[position]!.sleeve);
  const { measure, target } = portfolio.targets[sleeve]!;
  const deviation = activity(measure, before.values, before.cash).minus(target.times(before.nav));
  const id = portfolio.problem.sleeves[sleeve]!.id;
  if (buys ? deviation.lt(0) : deviation.gt(0)) {
    return [
      {
        code: "toward_target",
        words: `sleeve ${id} is ${buys ? "below" : "above"} its target and the gain exceeds the cost`,
      },
    ];
  }
  return buys
    ? [
        {
          code: "reinvests_proceeds",
          words: `takes up proceeds of sales at the least cost within the limits of sleeve ${id}`,
        },
      ]
    : [
        {
          code: "funds_purchases",
          words: `pays for purchases and costs at the least cost within the limits of sleeve ${id}`,
        },
      ];
}
