// A fund as one filing shows it. zod only. The import command adds liquidity, ladder and mandate and hands it to fn_import_fund.
// Amounts are US dollars to the cent, because the form reports in dollars and the database holds cash to the currency's exponent.
import { CurrencyCode, DecimalString, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { TENORS } from "./filing.ts";
import { UnknownPart, Warning } from "./reading-notes.ts";
import { ASSET_TYPES } from "./sleeves.ts";

const name = z.string().min(1).max(500);
const day = z.iso.date();

/** `cusip`, `isin`, `ticker`, `lei` (of the issuer), or `other:<what the filer calls it>`. */
export const AssetIdentifier = z.object({
  scheme: z.string().regex(/^(cusip|isin|ticker|lei|other(:[a-z0-9][a-z0-9 ._-]{0,48})?)$/),
  value: z.string().min(1).max(200),
});

export const ImportedAsset = z.object({
  /** Unique within the filing and the same for the same security in the next one: `cusip:…`, `isin:…` or `name:<hash>`, with `/2` for a second line. */
  key: z.string().min(1).max(120),
  name,
  type: z.enum(ASSET_TYPES),
  /** The sleeve, see sleeves.ts. */
  strategy: z.string().min(1).max(80),
  /** Null for the line of other net assets, which has no issuer. */
  issuer: name.nullable(),
  identifiers: z.array(AssetIdentifier).max(200),
  /** Codes of the form (C.4.a, C.4.b); null when not reported. */
  category: z.string().max(40).nullable(),
  issuer_category: z.string().max(40).nullable(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable(),
  /** Currency of denomination; null when the filer says N/A. `market_value` is in US dollars all the same. */
  currency: CurrencyCode.nullable(),
  balance: DecimalString.nullable(),
  units: z.string().max(40).nullable(),
  /** US dollars, rounded half to even to the cent; the filer's own spelling is `attributes.value_reported`. */
  market_value: MoneyString,
  fair_value_level: z.enum(["1", "2", "3"]).nullable(),
  maturity: day.nullable(),
  /** Percent per year. */
  coupon: DecimalString.nullable(),
  /** Only where the filing classifies liquidity: half or more of the position highly or moderately liquid. */
  liquid_flag: z.boolean().optional(),
  attributes: z.record(z.string(), z.json()),
});
export type ImportedAsset = z.infer<typeof ImportedAsset>;

export const ImportedSensitivity = z.object({
  measure: z.enum(["dv01", "dv100", "credit_spread"]),
  grade: z.enum(["investment_grade", "non_investment_grade"]).optional(),
  currency: CurrencyCode,
  tenor: z.enum(TENORS),
  /** US dollars, signed as the filer signs it. */
  value: DecimalString,
});
export type ImportedSensitivity = z.infer<typeof ImportedSensitivity>;

export const ImportedFlow = z.object({
  /** First day of the month. */
  month: day,
  kind: z.enum(["sale", "redemption", "reinvestment"]),
  amount: MoneyString,
});
export type ImportedFlow = z.infer<typeof ImportedFlow>;

export const FundImport = z
  .object({
    code: z
      .string()
      .regex(/^[A-Z0-9][A-Z0-9_-]{0,19}$/, "a code is up to 20 capital letters, digits, - or _")
      .optional(),
    name,
    currency: z.literal("USD"),
    as_of: day,
    source: z.object({
      kind: z.literal("nport"),
      submission_type: z.string().max(20),
      cik: z.string().regex(/^\d{10}$/),
      series_id: z.string().max(40).nullable(),
      accession: z
        .string()
        .regex(/^\d{10}-\d{2}-\d{6}$/)
        .nullable(),
      file_sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** EDGAR's period of report, the day of the holdings; `fiscal_year_end` is the form's repPdEnd. */
      period: day,
      fiscal_year_end: day.nullable(),
    }),
    totals: z.object({ total_assets: MoneyString, total_liabilities: MoneyString, net_assets: MoneyString }),
    assets: z.array(ImportedAsset).min(1),
    sensitivities: z.array(ImportedSensitivity),
    reported_flows: z.array(ImportedFlow),
    reconciliation: z.object({
      holdings: z.int().nonnegative(),
      holdings_total: z.string(),
      difference: z.string(),
      warnings: z.array(Warning),
      unknown: z.array(UnknownPart),
    }),
  })
  .refine(
    (fund) => new Set(fund.assets.map((asset) => asset.key)).size === fund.assets.length,
    "asset keys must be unique",
  );
export type FundImport = z.infer<typeof FundImport>;
