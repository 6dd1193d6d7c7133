// Every hard constraint of a rebalancing in one linear form, exact: Σ coefficient·value + cashCoefficient·cash {≥, ≤} ratio·NAV + amount,
// all measured after the trades. The solver's rows and the exact check after rounding are both made from this one list.
import { bandEdges } from "../bands.ts";
import { shareWithin } from "../liquidity.ts";
import { byId, Exact as Decimal60, decimal, type Exact, ONE, ratioText, ZERO } from "../money.ts";
import { CASH, type Coded, type RebalanceAsset, type RebalanceProblem } from "./problem.ts";

/** A linear measure of the portfolio: a sleeve's value, a factor's exposure, what is liquid by a horizon. */
export type Measure = {
  /** Positions in the asset list, ascending, with a coefficient that is not zero. */
  readonly assets: readonly number[];
  readonly coefficients: readonly Exact[];
  /** The same coefficients as the solver sees them. */
  readonly numbers: readonly number[];
  readonly cash: Exact;
};

export type LimitCode =
  | "sleeve_band"
  | "asset_limit"
  | "issuer_limit"
  | "cash_limit"
  | "cash_band"
  | "liquidity_cover"
  | "illiquid_share"
  | "factor_limit";

export type Limit = Coded & {
  readonly name: string;
  readonly code: LimitCode;
  readonly measure: Measure;
  readonly sense: "min" | "max";
  readonly ratio: Exact;
  readonly amount: Exact;
  /** Position in the target list of the target with the same measure, so that the row can be written through its deviation. */
  readonly target?: number;
};

/** What the objective pulls toward: measure = target · NAV. */
export type Target = {
  readonly name: string;
  readonly measure: Measure;
  readonly target: Exact;
  readonly weight: Exact;
};

function measureOf(
  assets: readonly RebalanceAsset[],
  coefficient: (asset: RebalanceAsset) => Exact | undefined,
  cash = ZERO,
): Measure {
  const positions: number[] = [];
  const coefficients: Exact[] = [];
  assets.forEach((asset, position) => {
    const value = coefficient(asset);
    if (value === undefined || value.isZero()) return;
    positions.push(position);
    coefficients.push(value);
  });
  return {
    assets: positions,
    coefficients,
    numbers: coefficients.map((value) => (value === ONE ? 1 : value.toNumber())),
    cash,
  };
}

const members = (assets: readonly RebalanceAsset[], belongs: (asset: RebalanceAsset) => boolean): Measure =>
  measureOf(assets, (asset) => (belongs(asset) ? ONE : undefined));

const CASH_ALONE: Measure = { assets: [], coefficients: [], numbers: [], cash: ONE };
const plain = (positions: readonly number[]): Measure => ({
  assets: positions,
  coefficients: positions.map(() => ONE),
  numbers: positions.map(() => 1),
  cash: ZERO,
});

/** Targets of the sleeves (by id), of cash, then of the factors (by id). */
export function targetsOf(problem: RebalanceProblem): Target[] {
  const { assets } = problem;
  return [
    ...problem.sleeves.map((sleeve) => ({
      name: `sleeve:${sleeve.id}`,
      measure: members(assets, (asset) => asset.sleeve === sleeve.id),
      target: decimal(sleeve.target),
      weight: ONE,
    })),
    { name: CASH, measure: CASH_ALONE, target: decimal(problem.cash.target), weight: ONE },
    ...problem.factors.map((factor) => ({
      name: `factor:${factor.id}`,
      measure: measureOf(assets, ({ exposures }) => {
        const loading = exposures[factor.id];
        return loading === undefined ? undefined : new Decimal60(loading);
      }),
      target: decimal(factor.target),
      weight: decimal(factor.weight),
    })),
  ];
}

/** All limits of a problem whose assets, sleeves and factors are sorted by id. The order is fixed, so the same problem gives the same rows. */
export function limitsOf(problem: RebalanceProblem, targets: readonly Target[]): Limit[] {
  return [
    ...sleeveLimits(problem, targets),
    ...cashLimits(problem, targets),
    ...factorLimits(problem, targets),
    ...liquidityLimits(problem),
    ...issuerLimits(problem),
    ...assetLimits(problem),
  ];
}

function sleeveLimits(problem: RebalanceProblem, targets: readonly Target[]): Limit[] {
  return problem.sleeves.flatMap((sleeve, position) => {
    if (!sleeve.band) return [];
    const { measure, target } = targets[position]!;
    const edges = bandEdges(target, sleeve.band);
    const shared = { code: "sleeve_band", measure, amount: ZERO, target: position } as const;
    return [
      limit(
        shared,
        `sleeve:${sleeve.id}:min`,
        "min",
        edges.low,
        `sleeve ${sleeve.id} at least ${percent(edges.low)} of NAV`,
      ),
      limit(
        shared,
        `sleeve:${sleeve.id}:max`,
        "max",
        edges.high,
        `sleeve ${sleeve.id} at most ${percent(edges.high)} of NAV`,
      ),
    ];
  });
}

function cashLimits(problem: RebalanceProblem, targets: readonly Target[]): Limit[] {
  const { cash } = problem;
  const target = targets.findIndex((row) => row.name === CASH);
  const { measure } = targets[target]!;
  const shared = { measure, amount: ZERO, target } as const;
  const edges = cash.band && bandEdges(decimal(cash.target), cash.band);
  return [
    limit(
      { ...shared, code: "cash_limit" },
      "cash:min",
      "min",
      decimal(cash.min),
      `cash at least ${percent(decimal(cash.min))} of NAV`,
    ),
    ...(cash.max === undefined
      ? []
      : [
          limit(
            { ...shared, code: "cash_limit" },
            "cash:max",
            "max",
            decimal(cash.max),
            `cash at most ${percent(decimal(cash.max))} of NAV`,
          ),
        ]),
    ...(edges
      ? [
          limit(
            { ...shared, code: "cash_band" },
            "cash-band:min",
            "min",
            edges.low,
            `cash at least ${percent(edges.low)} of NAV (its band)`,
          ),
          limit(
            { ...shared, code: "cash_band" },
            "cash-band:max",
            "max",
            edges.high,
            `cash at most ${percent(edges.high)} of NAV (its band)`,
          ),
        ]
      : []),
  ];
}

function factorLimits(problem: RebalanceProblem, targets: readonly Target[]): Limit[] {
  const first = problem.sleeves.length + 1;
  return problem.factors.flatMap((factor, position) => {
    const target = first + position;
    const shared = { code: "factor_limit", measure: targets[target]!.measure, amount: ZERO, target } as const;
    const { min, max } = factor;
    return [
      ...(min === undefined
        ? []
        : [limit(shared, `factor:${factor.id}:min`, "min", decimal(min), `factor ${factor.id} at least ${min}`)]),
      ...(max === undefined
        ? []
        : [limit(shared, `factor:${factor.id}:max`, "max", decimal(max), `factor ${factor.id} at most ${max}`)]),
    ];
  });
}

function liquidityLimits(problem: RebalanceProblem): Limit[] {
  const { illiquid } = problem.limits;
  const cover = problem.liquidity.map((row): Limit => {
    const required = decimal(row.stressedLiabilities).times(row.cover);
    return {
      name: `liquidity:${row.horizon}`,
      code: "liquidity_cover",
      words: `assets within ${row.horizon} at least ${row.cover} times the stressed liabilities`,
      measure: measureOf(problem.assets, (asset) => shareWithin(asset.liquidity, row.horizon), ONE),
      sense: "min",
      ratio: ZERO,
      amount: required,
    };
  });
  if (!illiquid) return cover;
  const shared = {
    code: "illiquid_share",
    amount: ZERO,
    measure: measureOf(problem.assets, (asset) => ONE.minus(shareWithin(asset.liquidity, illiquid.horizon))),
  } as const;
  const max = decimal(illiquid.max);
  return [
    ...cover,
    limit(
      shared,
      "illiquid:max",
      "max",
      max,
      `at most ${percent(max)} of NAV that cannot be cash within ${illiquid.horizon}`,
    ),
  ];
}

function issuerLimits(problem: RebalanceProblem): Limit[] {
  const { issuerMax, exemptIssuers } = problem.limits;
  if (issuerMax === undefined) return [];
  const exempt = new Set(exemptIssuers);
  const byIssuer = new Map<string, number[]>();
  problem.assets.forEach(({ issuer }, position) => {
    if (issuer === undefined || exempt.has(issuer)) return;
    const positions = byIssuer.get(issuer);
    if (positions) positions.push(position);
    else byIssuer.set(issuer, [position]);
  });
  const max = decimal(issuerMax);
  return [...byIssuer]
    .sort(([a], [b]) => byId(a, b))
    .map(([issuer, positions]) => {
      const words = `issuer ${issuer} at most ${percent(max)} of NAV`;
      return limit(
        { code: "issuer_limit", measure: plain(positions), amount: ZERO },
        `issuer:${issuer}:max`,
        "max",
        max,
        words,
      );
    });
}

function assetLimits(problem: RebalanceProblem): Limit[] {
  return problem.assets.flatMap((asset, position) => {
    const max = asset.maxWeight ?? problem.limits.assetMax;
    const { minWeight } = asset;
    const shared = { code: "asset_limit", measure: plain([position]), amount: ZERO } as const;
    return [
      ...(minWeight === undefined
        ? []
        : [
            limit(
              shared,
              `asset:${asset.id}:min`,
              "min",
              decimal(minWeight),
              `asset ${asset.id} at least ${percent(decimal(minWeight))} of NAV`,
            ),
          ]),
      ...(max === undefined
        ? []
        : [
            limit(
              shared,
              `asset:${asset.id}:max`,
              "max",
              decimal(max),
              `asset ${asset.id} at most ${percent(decimal(max))} of NAV`,
            ),
          ]),
    ];
  });
}

function limit(
  shared: Pick<Limit, "code" | "measure" | "amount" | "target">,
  name: string,
  sense: Limit["sense"],
  ratio: Exact,
  words: string,
): Limit {
  return { ...shared, name, sense, ratio, words };
}

/** "4.8 %" for people; never used in arithmetic. */
export function percent(ratio: Exact): string {
  return `${ratioText(ratio.times(100).toDecimalPlaces(4))} %`;
}
