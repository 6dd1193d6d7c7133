// How fast one holding can be cash, from the table beside this file, and what the fund must expect to pay within 30 days. Pure.
import { BUCKETS, CurrencyCode, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { CLASS_ROWS, PROFILE_ROWS } from "./liquidity-profile-table.ts";
import { currencyExponent, decimal, Exact, minorToExact, ratioText, roundToMinor } from "./money.ts";
import { NonNegative, parseInput, Share } from "./parse.ts";

export const ProfileInput = z.strictObject({
  /** Asset category of Form N-PORT (EC, DBT, ABS-MBS …) or private_equity, private_credit, infrastructure, real_estate. */
  category: z.string().max(50).nullish(),
  issuerCategory: z.string().max(50).nullish(),
  fairValueLevel: z.enum(["1", "2", "3"]).nullish(),
  rating: z.enum(["investment_grade", "high_yield", "unrated"]).nullish(),
  /** Class the fund reported for the holding, where the filing has one. */
  liquidityClass: z.enum(["HLI", "MLI", "LLI", "ILI"]).nullish(),
  /** Anything but "Long" (short, derivative) is left out of the trade set. */
  payoffProfile: z.string().max(50).default("Long"),
});
export type ProfileInput = z.input<typeof ProfileInput>;
export const ProfileOutput = z.strictObject({
  /** Share that is cash by the end of each bucket; adds up to 1. */
  shares: z.partialRecord(z.enum(BUCKETS), z.string()),
  tradable: z.boolean(),
  /** Which row of the table spoke: "class:HLI" or "row:7". */
  rule: z.string(),
  words: z.string(),
});
export type ProfileOutput = z.infer<typeof ProfileOutput>;

/** Buckets of one holding by the documented table (R31): a reported class first, else category, issuer, fair-value level, rating. Errors: EG400. */
export function liquidityProfile(input: ProfileInput): ProfileOutput {
  const facts = parseInput(ProfileInput, input);
  const long = facts.payoffProfile === "Long";
  if (facts.liquidityClass) {
    const row = CLASS_ROWS[facts.liquidityClass];
    return {
      shares: { ...row.shares },
      tradable: row.tradable && long,
      rule: `class:${facts.liquidityClass}`,
      words: row.words,
    };
  }
  const fits = (pattern: string, value: string | null | undefined) => pattern === "*" || pattern === value;
  const position = PROFILE_ROWS.findIndex(
    (row) =>
      fits(row.category, facts.category) &&
      fits(row.issuer, facts.issuerCategory) &&
      fits(row.level, facts.fairValueLevel) &&
      fits(row.rating, facts.rating),
  );
  const row = PROFILE_ROWS[position]!;
  return { shares: { ...row.shares }, tradable: row.tradable && long, rule: `row:${position}`, words: row.words };
}

export const StressedLiabilitiesInput = z.strictObject({
  currency: CurrencyCode,
  /** Redemptions of each reported month, at least one figure or none at all. */
  monthlyRedemptions: z.array(MoneyString).max(1_200),
  netAssets: MoneyString,
  factor: NonNegative.default("1.5"),
  /** Least share of net assets that is assumed to leave within 30 days, whatever was reported. */
  floorShare: Share.default("0.01"),
});
export const StressedLiabilitiesOutput = z.strictObject({
  stressed: z.string(),
  largestMonth: z.string(),
  floor: z.string(),
  basis: z.enum(["largest_month", "floor"]),
});

/**
 * Stressed liabilities of 30 days: factor × the largest monthly redemption of the filing, not below floorShare of net assets. Rounded up to
 * the currency's minor unit. Errors: EG400.
 */
export function stressedLiabilities(
  input: z.input<typeof StressedLiabilitiesInput>,
): z.infer<typeof StressedLiabilitiesOutput> {
  const facts = parseInput(StressedLiabilitiesInput, input);
  const largest = facts.monthlyRedemptions.map(decimal).reduce((a, b) => (a.gt(b) ? a : b), new Exact(0));
  const up = (amount: Exact) => minorToExact(roundToMinor(amount, facts.currency, "ceil"), facts.currency);
  const fromFlows = up(largest.times(facts.factor));
  const netAssets = decimal(facts.netAssets);
  const floor = netAssets.gt(0) ? up(netAssets.times(facts.floorShare)) : new Exact(0);
  const digits = currencyExponent(facts.currency);
  const basis = fromFlows.gte(floor) ? "largest_month" : "floor";
  return {
    stressed: (basis === "floor" ? floor : fromFlows).toFixed(digits),
    largestMonth: ratioText(largest),
    floor: floor.toFixed(digits),
    basis,
  };
}
