// What a regime says of the holdings of a fund, as data: the least it must hold of one kind, the most of another, the most it may borrow. zod only.
import { z } from "zod";
import { FractionString } from "./shapes.ts";

/** What is measured; each as a share of the limit's base. */
export const PORTFOLIO_MEASURES = [
  /** Value of the assets that the regime calls eligible. */
  "eligible_share",
  /** Value of the assets that cannot be sold in time, as the regime counts it. */
  "illiquid_share",
  /** Value of the largest single asset, all positions in it together. */
  "largest_asset_share",
  /** Cash borrowed. */
  "borrowing_share",
] as const;

export const InvestorKind = z.enum(["retail", "professional"]);
export type InvestorKind = z.infer<typeof InvestorKind>;

export const PortfolioLimit = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  words: z.string().min(10).max(300),
  measure: z.enum(PORTFOLIO_MEASURES),
  op: z.enum(["gte", "lte"]),
  value: FractionString,
  /** Net asset value, or the capital that the investors have paid in and still owe, as the regime has it. */
  base: z.enum(["nav", "capital"]),
  /** Funds for these investors only; left out, all. */
  investors: InvestorKind.optional(),
  /** limit: above or below it is a breach. expected: what the regulator expects; missing it is said and is no breach. */
  strength: z.enum(["limit", "expected"]),
  source: z.string().min(5).max(200),
  /** verified: read in the source; practice: customary, check before relying on it. */
  evidence: z.enum(["verified", "practice"]),
});
export type PortfolioLimit = z.infer<typeof PortfolioLimit>;
