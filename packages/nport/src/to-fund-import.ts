// Filing → FundImport: assets with keys, sleeves and cents, one line for other net assets, sensitivities, reported flows. Pure.
import { createHash } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain";
import { leverageOf } from "./borrowings.ts";
import { cents, exact, plain, ZERO } from "./decimals.ts";
import type { Filing } from "./filing.ts";
import type { Holding } from "./filing-holding.ts";
import { FundImport, type ImportedAsset } from "./fund-import.ts";
import { currencyOf, flowsOf, sensitivitiesOf } from "./import-rows.ts";
import type { Warning } from "./reading-notes.ts";
import { NO_CUSIP, reconcile } from "./reconcile.ts";
import { CASH_SLEEVE, countryOf, sleeveOf } from "./sleeves.ts";

export const CASH_KEY = "other-net-assets";
export const CASH_NAME = "Other net assets (cash, receivables less payables)";

export interface ImportOptions {
  /** Short name of the fund, e.g. "KY1". */
  code?: string;
  /** EDGAR accession number of the filing, 0000000000-00-000000. */
  accession?: string;
}

/** A CUSIP as filed, unless it is the zeros that filers write for none. */
const cusipOf = (holding: Holding): string | undefined =>
  holding.cusip && !NO_CUSIP.test(holding.cusip) ? holding.cusip : undefined;

/** Spellings that may stand in a key; "/" is in none of them, so that "/2" can tell lines apart. */
const CUSIP = /^[0-9A-Z*@#&]{9}$/;
const ISIN = /^[A-Z]{2}[0-9A-Z*@#&]{9}\d$/;

/** The key before lines are told apart: by CUSIP, else ISIN, else a hash of what names the position. */
function baseKey(holding: Holding): string {
  const cusip = cusipOf(holding);
  if (cusip && CUSIP.test(cusip)) return `cusip:${cusip}`;
  const isin = holding.identifiers.find((identifier) => identifier.scheme === "isin")?.value;
  if (isin && ISIN.test(isin)) return `isin:${isin}`;
  const other = holding.identifiers.map((identifier) => `${identifier.scheme}=${identifier.value}`);
  const parts = [
    holding.name,
    holding.title,
    holding.assetCat,
    holding.curCd,
    holding.payoffProfile,
    holding.debt?.maturityDt,
    ...other,
  ];
  return `name:${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 20)}`;
}

function identifiersOf(holding: Holding): ImportedAsset["identifiers"] {
  const found: ImportedAsset["identifiers"] = [];
  const add = (scheme: string, value: string | null | undefined): void => {
    if (value) found.push({ scheme, value: value.slice(0, 200) });
  };
  add("cusip", cusipOf(holding));
  for (const { scheme, value, description } of holding.identifiers) {
    // "Internal", "Bloomberg ID": the filer's word becomes part of the scheme, in the characters a scheme may have.
    const word =
      scheme === "other"
        ? (description ?? "")
            .toLowerCase()
            .replace(/[^a-z0-9 ._-]/g, "")
            .trim()
            .replace(/^[^a-z0-9]+/, "")
            .slice(0, 48)
        : "";
    add(word ? `other:${word}` : scheme, value);
  }
  add("lei", holding.lei);
  return found;
}

/** Highly and moderately liquid make half or more of the position; undefined where the filing does not say. */
function liquidFlag(holding: Holding): boolean | undefined {
  const classes = holding.liquidity?.classes ?? [];
  if (classes.length === 0) return undefined;
  const liquid = classes.filter((item) => item.category === "HLI" || item.category === "MLI");
  return liquid.reduce((sum, item) => sum.plus(exact(item.pct ?? "0")), ZERO).greaterThanOrEqualTo(50);
}

const label = (text: string): string => text.slice(0, 500);

function toAsset(holding: Holding, key: string, asOf: string, borrowed: ReturnType<typeof leverageOf>): ImportedAsset {
  const { type, sleeve } = sleeveOf(holding, asOf);
  const level = holding.fairValLevel;
  const liquid = liquidFlag(holding);
  const { debt, repurchase, derivative, lending, liquidity } = holding;
  const attributes = {
    line: holding.line,
    value_reported: holding.valUSD,
    percent_reported: holding.pctVal,
    title: holding.title,
    payoff_profile: holding.payoffProfile,
    restricted: holding.isRestrictedSec,
    miscellaneous: holding.notDissem,
    exchange_rate: holding.exchangeRt,
    other_units: holding.descOthUnits,
    category_described: holding.assetDesc,
    issuer_category_described: holding.issuerDesc,
    other_country: holding.invOthCountry,
    names_rule_basket: holding.isIncludedFunds80PercentBasket,
    liquidity,
    debt,
    repurchase,
    derivative,
    lending,
    ...borrowed,
  };
  return {
    key,
    name: label(holding.title ?? holding.name),
    type,
    strategy: sleeve,
    issuer: label(holding.name),
    identifiers: identifiersOf(holding),
    category: holding.assetCat ?? null,
    issuer_category: holding.issuerCat ?? null,
    country: countryOf(holding),
    currency: currencyOf(holding.curCd),
    balance: holding.balance ? plain(holding.balance) : null,
    units: holding.units ?? null,
    market_value: cents(holding.valUSD ?? "0"),
    fair_value_level: level === "1" || level === "2" || level === "3" ? level : null,
    maturity: debt?.maturityDt ?? repurchase?.maturityDt ?? null,
    coupon: debt?.annualizedRt ? plain(debt.annualizedRt) : null,
    ...(liquid === undefined ? {} : { liquid_flag: liquid }),
    // Through JSON: absent fields disappear, and what the RPC gets is what is checked here.
    attributes: JSON.parse(JSON.stringify(attributes)) as ImportedAsset["attributes"],
  };
}

function cashLine(filing: Filing, marketValue: string, difference: string): ImportedAsset {
  return {
    key: CASH_KEY,
    name: CASH_NAME,
    type: "cash",
    strategy: CASH_SLEEVE,
    issuer: null,
    identifiers: [],
    category: null,
    issuer_category: null,
    country: null,
    currency: "USD",
    balance: null,
    units: null,
    market_value: marketValue,
    fair_value_level: null,
    maturity: null,
    coupon: null,
    attributes: {
      derived: "net assets less the holdings listed",
      difference_exact: difference,
      cash_not_in_schedule: filing.totals.cshNotRptdInCorD ?? null,
      ...leverageOf(filing),
    },
  };
}

/**
 * The fund a filing describes. Amounts are rounded half to even to the cent; the line of other net assets takes
 * what is left, so that Σ market_value is net assets to the cent. Errors: EG400 when a code or accession number is malformed or when the
 * filing's holdings were not collected (`onHolding`).
 */
export function toFundImport(filing: Filing, options: ImportOptions = {}): FundImport {
  if (filing.holdings.length !== filing.holdingCount)
    throw new EvergreenError("EG400", "The filing was read without keeping its holdings.");
  const asOf = filing.period.reportDate;
  const reconciliation = reconcile(filing);
  const warnings: Warning[] = [...filing.warnings, ...reconciliation.warnings];
  const times = new Map<string, number>();
  const borrowed = leverageOf(filing);
  const assets = filing.holdings.map((holding) => {
    const base = baseKey(holding);
    const time = (times.get(base) ?? 0) + 1;
    times.set(base, time);
    return toAsset(holding, time === 1 ? base : `${base}/${time}`, asOf, borrowed);
  });
  const netAssets = cents(filing.totals.netAssets);
  const listed = assets.reduce((sum, asset) => sum.plus(exact(asset.market_value)), ZERO);
  assets.push(cashLine(filing, cents(exact(netAssets).minus(listed)), reconciliation.difference));
  const checked = FundImport.safeParse({
    ...(options.code === undefined ? {} : { code: options.code }),
    name: label(filing.series.name ?? filing.registrant.name),
    currency: "USD",
    as_of: asOf,
    source: {
      kind: "nport",
      submission_type: filing.submissionType,
      cik: filing.registrant.cik,
      series_id: filing.series.id?.slice(0, 40) ?? null,
      accession: options.accession ?? null,
      file_sha256: filing.source.sha256,
      period: asOf,
      fiscal_year_end: filing.period.fiscalYearEnd ?? null,
    },
    totals: {
      total_assets: cents(filing.totals.totAssets),
      total_liabilities: cents(filing.totals.totLiabs),
      net_assets: netAssets,
    },
    assets,
    sensitivities: sensitivitiesOf(filing, warnings),
    reported_flows: flowsOf(filing, warnings),
    reconciliation: {
      holdings: reconciliation.holdings,
      holdings_total: reconciliation.holdingsTotal,
      difference: reconciliation.difference,
      warnings,
      unknown: filing.unknown,
    },
  });
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new EvergreenError(
      "EG400",
      `The fund cannot be imported: ${issue?.path.join(".") || "input"}: ${issue?.message ?? "invalid"}.`,
      { cause: checked.error },
    );
  }
  return checked.data;
}
