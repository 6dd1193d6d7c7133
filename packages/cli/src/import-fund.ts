// From a filing as read to the argument of fn_import_fund: liquidity bucket per asset, ladder of both sides, default mandate and the targets that
// follow from it. Pure; amounts in the fund's currency as decimal strings. The tables behind it are documented in finance and nport.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain/buckets.ts";
import { defaultMandate } from "@evergreen-fund/finance/default-mandate.ts";
import { liquidityProfile, type ProfileInput, stressedLiabilities } from "@evergreen-fund/finance/liquidity-profile.ts";
import type { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { decimal, Exact, exactWeights, ratioText, ZERO } from "@evergreen-fund/finance/money.ts";
import { CASH_SLEEVE, type FundImport, type ImportedAsset } from "@evergreen-fund/nport";

/** Ladder rows as the table has them. */
export interface LadderRow {
  side: "asset" | "liability";
  bucket: Bucket;
  capacity: string;
  stress_delta: string;
}

const DECIMALS = 2;
const cash = (asset: ImportedAsset): boolean => asset.strategy === CASH_SLEEVE;

/** What the form says of a holding, as the liquidity table asks for it. */
export function profileOf(asset: ImportedAsset): ProfileInput {
  const payoff = asset.attributes.payoff_profile;
  const reported = reportedClass(asset.attributes.liquidity);
  return {
    category: asset.category ?? "OTHER",
    ...(asset.issuer_category === null ? {} : { issuerCategory: asset.issuer_category }),
    ...(asset.fair_value_level === null ? {} : { fairValueLevel: asset.fair_value_level }),
    ...(reported === undefined ? {} : { liquidityClass: reported }),
    // absent means the ordinary case; "N/A" (null) is what derivatives report, and they are not traded
    payoffProfile: payoff === undefined ? "Long" : typeof payoff === "string" ? payoff : "N/A",
  };
}

const CLASSES = ["HLI", "MLI", "LLI", "ILI"] as const;

/** The slowest class that the filing gives half or more of the position to, counted from the slowest. */
function reportedClass(liquidity: unknown): (typeof CLASSES)[number] | undefined {
  const rows =
    typeof liquidity === "object" && liquidity !== null && "classes" in liquidity && Array.isArray(liquidity.classes)
      ? (liquidity.classes as unknown[])
      : [];
  const shares = new Map<string, Exact>();
  for (const row of rows) {
    if (typeof row !== "object" || row === null || !("category" in row) || typeof row.category !== "string") continue;
    const share = "pct" in row && typeof row.pct === "string" ? new Exact(row.pct) : ZERO;
    shares.set(row.category, (shares.get(row.category) ?? ZERO).plus(share));
  }
  let sum = ZERO;
  for (const name of [...CLASSES].reverse()) {
    sum = sum.plus(shares.get(name) ?? 0);
    if (sum.gte(50)) return name;
  }
  return undefined;
}

/** The bucket by whose end the whole position can be cash. */
function bucketOf(shares: Partial<Record<Bucket, string>>): Bucket {
  return [...BUCKETS].reverse().find((bucket) => decimal(shares[bucket] ?? "0").gt(0)) ?? "gt365d";
}

/** Bucket and whether it is traded. Cash is cash within a day. */
export function placeOf(asset: ImportedAsset): { bucket: Bucket; liquid: boolean } {
  if (cash(asset)) return { bucket: "1d", liquid: true };
  const profile = liquidityProfile(profileOf(asset));
  // a short position cannot be sold, and the database books what is held
  return { bucket: bucketOf(profile.shares), liquid: profile.tradable && decimal(asset.market_value).gt(0) };
}

/**
 * Asset side: Σ market value per bucket; a bucket below zero (payables, short positions) takes from the next ones. Liability side: the largest
 * monthly redemption in the 30-day bucket, and what stress adds to it.
 */
export function ladderOf(fund: FundImport): LadderRow[] {
  const held = new Map<Bucket, Exact>(BUCKETS.map((bucket) => [bucket, ZERO]));
  for (const asset of fund.assets) {
    const { bucket } = placeOf(asset);
    held.set(bucket, held.get(bucket)!.plus(asset.market_value));
  }
  let owed = ZERO;
  const assets = BUCKETS.map((bucket): LadderRow => {
    const left = held.get(bucket)!.plus(owed);
    owed = left.lt(0) ? left : ZERO;
    return { side: "asset", bucket, capacity: (left.lt(0) ? ZERO : left).toFixed(DECIMALS), stress_delta: "0.00" };
  });
  const due = stressedLiabilities({
    currency: fund.currency,
    netAssets: fund.totals.net_assets,
    monthlyRedemptions: redemptionsOf(fund),
  });
  const stressed = decimal(due.stressed);
  const largest = decimal(due.largestMonth);
  const capacity = largest.lt(stressed) ? largest : stressed;
  const liabilities = BUCKETS.map(
    (bucket): LadderRow =>
      bucket === "30d"
        ? {
            side: "liability",
            bucket,
            capacity: capacity.toFixed(DECIMALS),
            stress_delta: stressed.minus(capacity.toFixed(DECIMALS)).toFixed(DECIMALS),
          }
        : { side: "liability", bucket, capacity: "0.00", stress_delta: "0.00" },
  );
  return [...assets, ...liabilities];
}

const redemptionsOf = (fund: FundImport): string[] =>
  fund.reported_flows.filter((flow) => flow.kind === "redemption").map((flow) => flow.amount);

/** The default mandate, or undefined where a fund has nothing to have one over (no holdings, or net assets not above zero). */
export function mandateOf(fund: FundImport): Mandate | undefined {
  const holdings = fund.assets.filter((asset) => !cash(asset));
  if (holdings.length === 0 || decimal(fund.totals.net_assets).lte(0)) return undefined;
  return defaultMandate({
    currency: fund.currency,
    asOf: fund.as_of,
    netAssets: fund.totals.net_assets,
    holdings: fund.assets.map((asset) => ({
      id: asset.key,
      sleeve: asset.strategy,
      value: asset.market_value,
      issuer: asset.issuer === null ? null : asset.issuer.slice(0, 200),
      ...(cash(asset) ? { category: "*", fairValueLevel: "1" } : profileOf(asset)),
    })),
    monthlyRedemptions: redemptionsOf(fund),
  }).mandate;
}

/** Target weight per asset key: that of its sleeve, divided as the sleeve is held; equally where it holds nothing above zero. They add up to 1. */
export function targetsOf(fund: FundImport, mandate: Mandate | undefined): Map<string, string> {
  const targets = new Map<string, string>();
  if (!mandate) return targets;
  const sleeves = new Map([
    ...mandate.sleeves.map((sleeve) => [sleeve.id, sleeve.target] as const),
    [CASH_SLEEVE, mandate.cash.target],
  ]);
  for (const [sleeve, target] of sleeves) {
    const held = fund.assets.filter((asset) => asset.strategy === sleeve);
    if (held.length === 0) continue;
    const values = held.map((asset) => (decimal(asset.market_value).gt(0) ? decimal(asset.market_value) : ZERO));
    const parts = exactWeights(values.some((value) => value.gt(0)) ? values : held.map(() => new Exact(1)));
    let left = decimal(target);
    held.forEach((asset, at) => {
      const part =
        at === held.length - 1
          ? left
          : decimal(target)
              .times(parts[at] ?? 0)
              .toDecimalPlaces(18, Exact.ROUND_DOWN);
      left = left.minus(part);
      targets.set(asset.key, ratioText(part));
    });
  }
  return targets;
}

const MEASURES = { investment_grade: "spread_ig", non_investment_grade: "spread_non_ig" } as const;

/** The argument `fund` of fn_import_fund. */
export function importArgument(fund: FundImport, code: string): Record<string, unknown> {
  const mandate = mandateOf(fund);
  const targets = targetsOf(fund, mandate);
  // A filing without holdings is a fund without assets: its net assets are not a position that could be traded.
  const assets = fund.reconciliation.holdings === 0 ? [] : fund.assets;
  return {
    code,
    name: fund.name.slice(0, 300),
    currency: fund.currency,
    as_of: fund.as_of,
    net_assets: fund.totals.net_assets,
    synthetic: /\bsynthetic\b/i.test(fund.name),
    source: fund.source,
    assets: assets.map((asset) => {
      const { bucket, liquid } = placeOf(asset);
      return {
        key: asset.key,
        name: asset.name,
        type: asset.type,
        sleeve: asset.strategy,
        issuer: asset.issuer,
        country: asset.country,
        currency: asset.currency,
        market_value: asset.market_value,
        liquid,
        bucket,
        target_pct: targets.get(asset.key) ?? "0",
        fair_value_level: asset.fair_value_level === null ? null : Number(asset.fair_value_level),
        maturity: asset.maturity,
        identifiers: asset.identifiers,
        attributes: {
          ...asset.attributes,
          category: asset.category,
          issuer_category: asset.issuer_category,
          balance: asset.balance,
          units: asset.units,
          coupon: asset.coupon,
        },
      };
    }),
    ladder: assets.length === 0 ? [] : ladderOf(fund),
    reported_flows: fund.reported_flows,
    sensitivities: fund.sensitivities.map((row) => ({
      measure: row.measure === "credit_spread" ? MEASURES[row.grade ?? "non_investment_grade"] : row.measure,
      currency: row.currency,
      tenor: row.tenor,
      value: row.value,
    })),
    ...(mandate === undefined ? {} : { mandate, mandate_label: mandate.label }),
  };
}
