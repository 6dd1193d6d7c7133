// What a rebalancing is asked and what it answers: the zod schemas of the problem and of the solution. No arithmetic here.
import { BUCKETS, CurrencyCode, DecimalString, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Band } from "../bands.ts";
import { BucketShares } from "../liquidity.ts";
import { Bps, Name, NonNegative, Share } from "../parse.ts";

/** The sleeve of cash, and its name in constraints; no other sleeve may take it. */
export const CASH = "cash";

export const RebalanceAsset = z.strictObject({
  id: Name,
  sleeve: Name,
  issuer: Name.optional(),
  /** Fair value in the fund's currency; below zero only where it is not tradable (a liability, a short). */
  value: MoneyString,
  /** False: outside the trade set, its value stays as it is. */
  tradable: z.boolean().default(true),
  /** Share of the value that is cash by the end of each bucket; adds up to 1. */
  liquidity: BucketShares,
  buyBps: Bps.default("0"),
  sellBps: Bps.default("0"),
  minWeight: Share.optional(),
  maxWeight: Share.optional(),
  /** Loading on each factor of the problem; missing is 0. */
  exposures: z.record(z.string(), DecimalString).default({}),
});
export type RebalanceAsset = z.output<typeof RebalanceAsset>;

export const RebalanceProblem = z.strictObject({
  currency: CurrencyCode,
  /** `lp`: price per weight point of deviation. `qp`: squared deviation. */
  form: z.enum(["lp", "qp"]).default("lp"),
  assets: z.array(RebalanceAsset).max(20_000),
  cash: z.strictObject({
    /** The asset that stands for cash, where the fund has one. */
    id: Name.default(CASH),
    value: MoneyString,
    target: Share,
    band: Band.optional(),
    min: Share.default("0"),
    max: Share.optional(),
  }),
  /** Every sleeve an asset names. Sleeve targets and the cash target add up to 1. `illiquid` takes all its assets out of the trade set. */
  sleeves: z
    .array(z.strictObject({ id: Name, target: Share, band: Band.optional(), illiquid: z.boolean().default(false) }))
    .max(1_000),
  /** Linear exposures of the portfolio (duration, a risk factor): Σ exposure·weight, priced like a sleeve, with optional hard limits. */
  factors: z
    .array(
      z.strictObject({
        id: Name,
        target: DecimalString,
        min: DecimalString.optional(),
        max: DecimalString.optional(),
        /** Multiplies the price of deviation; default 1. */
        weight: NonNegative.default("1"),
      }),
    )
    .max(200)
    .default([]),
  limits: z
    .strictObject({
      issuerMax: Share.optional(),
      exemptIssuers: z.array(Name).max(10_000).default([]),
      /** For every tradable asset without its own `maxWeight`. */
      assetMax: Share.optional(),
      /** (buys + sells) / 2 as a share of NAV before. */
      turnoverMax: Share.optional(),
      /** A trade is at least this much or does not happen. */
      minimumTicket: MoneyString.refine((text) => !text.startsWith("-"), "must not be negative").default("0"),
      /** Share of NAV that cannot be cash within `horizon`. */
      illiquid: z.strictObject({ max: Share, horizon: z.enum(BUCKETS).default("7d") }).optional(),
    })
    .prefault({}),
  /** Hard: what can be cash within `horizon` after the trades ≥ cover × stressed liabilities (R38). */
  liquidity: z
    .array(
      z.strictObject({ horizon: z.enum(BUCKETS), stressedLiabilities: NonNegative, cover: NonNegative.default("1.2") }),
    )
    .max(7)
    .default([]),
  objective: z
    .strictObject({
      /** lp: what a weight of 1 away from target costs, in basis points of NAV. Below half a round trip's cost nothing inside a band is traded. */
      deviationPriceBps: Bps.default("5"),
      /** qp: the objective is ½·trackingWeight·Σ deviation² + costAversion·cost. */
      trackingWeight: NonNegative.default("0.05"),
      costAversion: NonNegative.default("1"),
    })
    .prefault({}),
});
export type RebalanceProblem = z.output<typeof RebalanceProblem>;
export type RebalanceInput = z.input<typeof RebalanceProblem>;

const Coded = z.strictObject({ code: z.string(), words: z.string() });
export type Coded = z.infer<typeof Coded>;
const Named = Coded.extend({ name: z.string() });

export const Trade = z.strictObject({
  assetId: z.string(),
  sleeve: z.string(),
  side: z.enum(["buy", "sell"]),
  amount: z.string(),
  cost: z.string(),
  weightBefore: z.string(),
  weightAfter: z.string(),
  reasons: z.array(Coded).min(1),
});
export type Trade = z.infer<typeof Trade>;

const BeforeAfter = { before: z.string(), after: z.string() };

export const Check = Named.extend({
  ...BeforeAfter,
  /** The bound that applied after the trades, in the unit of before and after (share of NAV, or factor exposure). */
  bound: z.string(),
  sense: z.enum(["min", "max"]),
  /** `steered`: only holdings outside the trade set decide it; pacing and subscriptions must. */
  verdict: z.enum(["held", "steered"]),
  heldBefore: z.boolean(),
});
export type Check = z.infer<typeof Check>;

const Portfolio = {
  currency: z.string(),
  nav: z.strictObject(BeforeAfter),
  cash: z.strictObject(BeforeAfter),
  trades: z.array(Trade),
  costs: z.string(),
  /** (buys + sells) / 2 / NAV before. */
  turnover: z.string(),
  weights: z.strictObject({
    assets: z.array(z.strictObject({ id: z.string(), sleeve: z.string(), ...BeforeAfter })),
    sleeves: z.array(
      z.strictObject({
        id: z.string(),
        target: z.string(),
        low: z.string(),
        high: z.string(),
        ...BeforeAfter,
        verdict: z.enum(["inside", "outside"]),
      }),
    ),
  }),
  liquidity: z.array(
    z.strictObject({
      horizon: z.enum(BUCKETS),
      ...BeforeAfter,
      /** cover × stressed liabilities where the mandate asks for it, else null. */
      required: z.string().nullable(),
      ratioAfter: z.string().nullable(),
    }),
  ),
  /** Every constraint that is not of a single asset, and those of single assets that were broken before or bind after. */
  checks: z.array(Check),
  /** Constraints checked exactly after rounding. */
  checked: z.int(),
  steered: z.array(Named),
  /** Bands of liquid sleeves that steered sleeves push out of reach, and the band used instead; never anything else. */
  widened: z.array(z.strictObject({ name: z.string(), words: z.string(), from: z.string(), to: z.string() })),
  objective: z.strictObject({
    form: z.enum(["lp", "qp"]),
    value: z.string(),
    /** Objective of zero trades; `doNothingFeasible` says whether that was allowed at all. */
    doNothing: z.string(),
    doNothingFeasible: z.boolean(),
    /** No portfolio within the constraints can have a lower objective (Lagrangian bound from the solver's duals). */
    dualBound: z.string(),
    gap: z.string(),
    /** True when the gap is explained by rounding to minor units alone. */
    proven: z.boolean(),
  }),
  reason: Coded,
  solver: z.strictObject({ name: z.literal("highs"), version: z.string(), solves: z.int() }),
};

export const RebalanceSolution = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("optimal"), ...Portfolio }),
  z.strictObject({ status: z.literal("nothing_to_trade"), ...Portfolio }),
  z.strictObject({
    status: z.literal("infeasible"),
    reason: Coded,
    /** Each group cannot hold together and loses the contradiction when any one member goes; dropping all named ones makes it feasible. */
    conflicts: z.array(z.array(Named).min(1)),
    steered: z.array(Named),
    /** False when the search ended at its node limit, so that infeasibility is likely but not proven. */
    proven: z.boolean(),
  }),
  z.strictObject({ status: z.literal("refused"), reason: Coded }),
]);
export type RebalanceSolution = z.infer<typeof RebalanceSolution>;
export type RebalancedPortfolio = Extract<RebalanceSolution, { status: "optimal" | "nothing_to_trade" }>;
