// What an asset may say of itself so that it is revalued by more than its class: the object `valuation` among its attributes; and the names of the series
// that its pricers read. zod only.
import { DecimalString } from "@evergreen-fund/domain";
import {
  CAPITALISED_CLASSES,
  PRIVATE_CLASSES,
  REGIONS,
  SECTORS,
  SPREAD_CLASSES,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { z } from "zod";
import { Day, DayCount } from "../fees/days.ts";
import { Name, NonNegative, Share } from "../parse.ts";
import { PacingTerms } from "../stress-liquidity/pacing-shape.ts";
import { Compounding } from "../valuation/curve.ts";

/** Every part may be left out; what is missing is replaced by the rule of the asset's class, and the outcome says so. */
export const ValuationTerms = z.strictObject({
  /** Payments of a bond or of an infrastructure asset, in its currency, as held. */
  cashFlows: z
    .array(z.strictObject({ date: Day, amount: NonNegative }))
    .min(1)
    .max(500)
    .optional(),
  compounding: Compounding.optional(),
  dayCount: DayCount.optional(),
  /** Years; where there are no cash flows. */
  duration: NonNegative.optional(),
  spreadClass: z.enum(SPREAD_CLASSES).optional(),
  region: z.enum(REGIONS).optional(),
  sector: z.enum(SECTORS).optional(),
  privateClass: z.enum(PRIVATE_CLASSES).optional(),
  capitalisedClass: z.enum(CAPITALISED_CLASSES).optional(),
  /** Beta to the index of its region and sector, or of its private class, and the day of which it is. */
  beta: DecimalString.optional(),
  estimatedOn: Day.optional(),
  lagPeriods: z.int().min(0).max(40).optional(),
  /** Series of the capitalisation rate of a property, of the discount rate of infrastructure. */
  capRate: Name.optional(),
  discountRate: Name.optional(),
  /** Debt without recourse, in the asset's currency. */
  debt: NonNegative.optional(),
  /** Share sold forward against the fund's currency. */
  hedgeRatio: Share.optional(),
  /** Commitment to a private fund and how it paces (R36); periods are quarters. */
  commitment: PacingTerms.extend({
    commitment: NonNegative,
    paidIn: NonNegative.default("0"),
    age: z.int().min(0).max(60).default(0),
    shape: NonNegative.optional(),
    multiple: NonNegative.optional(),
  }).optional(),
});
export type ValuationTerms = z.output<typeof ValuationTerms>;

/** Zero rate of a currency at a tenor, a ratio: `curve.USD.10y`. */
export const curveSeries = (currency: string, tenor: string): string => `curve.${currency}.${tenor}`;
/** What one unit of a currency is worth in another: `fx.EUR.USD`. */
export const fxSeries = (of: string, inCurrency: string): string => `fx.${of}.${inCurrency}`;
