// What an asset must say about itself so that it can be revalued: one shape per kind. Factors and series are named; the scenario moves factors, the market
// gives series.
import { CurrencyCode, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day, DayCount } from "../fees/days.ts";
import { Name, NonNegative, Share } from "../parse.ts";
import { Compounding } from "./curve.ts";

const Common = {
  id: Name,
  /** Currency of the value; a currency other than the fund's needs `fx`. */
  currency: CurrencyCode,
  /** Fair value as it stands, in `currency`, and the day of that mark. */
  value: DecimalString,
  markedOn: Day,
  fx: z
    .strictObject({
      /** Series of the fund's currency per unit of the asset's, and the factor that moves it. */
      series: Name,
      factor: Name,
      /** Share of the value that is sold forward at the start; the hedge is not adjusted on the way. */
      hedgeRatio: Share.default("0"),
    })
    .optional(),
};
const Rates = z.strictObject({
  /** Zero rates as series by time in years; linear between them, flat beyond. */
  curve: z
    .array(z.strictObject({ years: NonNegative, series: Name }))
    .min(1)
    .max(50),
  compounding: Compounding.default("annual"),
  dayCount: DayCount.default("act/365"),
  /** Factors in basis points: one for all rates, one per key rate. */
  parallelFactor: Name.optional(),
  keyRates: z
    .array(z.strictObject({ years: NonNegative, factor: Name }))
    .max(20)
    .default([]),
});
const Flow = z.strictObject({ date: Day, amount: NonNegative });

export const BondAsset = z.strictObject({
  ...Common,
  kind: z.literal("bond"),
  cashFlows: z.array(Flow).min(1).max(500),
  rates: Rates,
  /** Factor of the class of spreads it belongs to, in basis points. */
  spreadFactor: Name.optional(),
});
export const SensitivityAsset = z.strictObject({
  ...Common,
  kind: z.literal("sensitivities"),
  /** Who reported them, for example a filing, and of which day they are. */
  source: z.strictObject({ series: Name, asOf: Day }),
  /** Value lost when the factor rises: by one basis point (dv01) or by 100 (dv100). Rates by tenor, spreads by class. */
  sensitivities: z
    .array(z.strictObject({ measure: z.enum(["dv01", "dv100"]), factor: Name, amount: DecimalString }))
    .min(1)
    .max(2_000),
});
export const ListedAsset = z.strictObject({
  ...Common,
  kind: z.literal("listed"),
  /** Day of which the betas are. */
  estimatedOn: Day,
  /** Index with its beta, sector with its loading, and so on: the return of a period is the sum of beta · move. */
  exposures: z
    .array(z.strictObject({ factor: Name, beta: DecimalString }))
    .min(1)
    .max(50),
});
export const PrivateAsset = z.strictObject({
  ...Common,
  kind: z.literal("private"),
  indexFactor: Name,
  beta: DecimalString,
  /** Day of which the beta is. */
  estimatedOn: Day,
  /** Index at the mark and today; without them the index is taken not to have moved since the mark. */
  index: z.strictObject({ series: Name, atMark: NonNegative }).optional(),
  /** Periods by which its marks follow the index. */
  lagPeriods: z.int().min(0).max(40).default(0),
});
export const PropertyAsset = z.strictObject({
  ...Common,
  kind: z.literal("property"),
  /** Series of the capitalisation rate (income over value); factors for it (basis points) and for the income (ratio). */
  capRate: Name,
  capRateFactor: Name,
  incomeFactor: Name,
  /** Debt on the property, without recourse to the fund: the value given is what is left after it. */
  debt: NonNegative.default("0"),
});
export const InfrastructureAsset = z.strictObject({
  ...Common,
  kind: z.literal("infrastructure"),
  cashFlows: z.array(Flow).min(1).max(500),
  /** Series of the yearly discount rate; factors for it (basis points) and for the cash flows (ratio). */
  discountRate: Name,
  discountFactor: Name,
  cashFlowFactor: Name,
});
export const CashAsset = z.strictObject({ ...Common, kind: z.literal("cash") });

export const Asset = z.discriminatedUnion("kind", [
  BondAsset,
  SensitivityAsset,
  ListedAsset,
  PrivateAsset,
  PropertyAsset,
  InfrastructureAsset,
  CashAsset,
]);
export type Asset = z.output<typeof Asset>;
export const ASSET_KINDS = [
  "bond",
  "sensitivities",
  "listed",
  "private",
  "property",
  "infrastructure",
  "cash",
] as const;
