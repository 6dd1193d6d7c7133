// From the form's categories to our asset types and sleeves: one table. A sleeve is a category by maturity band or by country; the
// default mandate sets one target per sleeve. Pure.
import type { Holding } from "./filing-holding.ts";

export const ASSET_TYPES = [
  "bond",
  "loan",
  "structured_note",
  "asset_backed",
  "equity",
  "preferred_equity",
  "private_fund",
  "registered_fund",
  "real_estate",
  "commodity",
  "repurchase",
  "short_term_vehicle",
  "derivative",
  "other",
  "cash",
] as const;
export type AssetType = (typeof ASSET_TYPES)[number];

/** How a category is cut into sleeves. */
type Cut = "maturity" | "country" | "none";

interface Row {
  type: AssetType;
  sleeve: string;
  by: Cut;
}

/** Item C.4.a → asset type, sleeve and cut. The README prints this table; a test holds the two together. */
export const SLEEVES: Readonly<Record<string, Row>> = {
  DBT: { type: "bond", sleeve: "debt", by: "maturity" },
  LON: { type: "loan", sleeve: "loans", by: "maturity" },
  SN: { type: "structured_note", sleeve: "structured-notes", by: "maturity" },
  "ABS-MBS": { type: "asset_backed", sleeve: "mortgage-backed", by: "maturity" },
  "ABS-APCP": { type: "asset_backed", sleeve: "asset-backed", by: "maturity" },
  "ABS-CBDO": { type: "asset_backed", sleeve: "asset-backed", by: "maturity" },
  "ABS-O": { type: "asset_backed", sleeve: "asset-backed", by: "maturity" },
  EC: { type: "equity", sleeve: "equity", by: "country" },
  EP: { type: "preferred_equity", sleeve: "preferred-equity", by: "country" },
  RE: { type: "real_estate", sleeve: "real-estate", by: "country" },
  COMM: { type: "commodity", sleeve: "commodities", by: "none" },
  RA: { type: "repurchase", sleeve: "repurchase", by: "none" },
  STIV: { type: "short_term_vehicle", sleeve: "short-term", by: "none" },
  DCO: { type: "derivative", sleeve: "derivatives", by: "none" },
  DCR: { type: "derivative", sleeve: "derivatives", by: "none" },
  DE: { type: "derivative", sleeve: "derivatives", by: "none" },
  DFE: { type: "derivative", sleeve: "derivatives", by: "none" },
  DIR: { type: "derivative", sleeve: "derivatives", by: "none" },
  DO: { type: "derivative", sleeve: "derivatives", by: "none" },
  OTHER: { type: "other", sleeve: "other", by: "none" },
};

/** A stake in a fund is a stake in a fund, whatever the filer called it: item C.4.b decides over EC, EP, RE and OTHER. */
export const FUND_SLEEVES: Readonly<Record<string, Row>> = {
  PF: { type: "private_fund", sleeve: "private-funds", by: "country" },
  RF: { type: "registered_fund", sleeve: "registered-funds", by: "country" },
};
const STAKES = new Set(["EC", "EP", "RE", "OTHER"]);

/** Sleeve of the line that stands for everything the schedule does not list. */
export const CASH_SLEEVE = "cash";

/** Bands of remaining maturity; a band holds its lower end and not its upper. */
export const MATURITY_BANDS = [
  { band: "0-1y", years: 1 },
  { band: "1-3y", years: 3 },
  { band: "3-5y", years: 5 },
  { band: "5-10y", years: 10 },
] as const;

/** The day `years` later; 29 February becomes 28 February in a common year. */
function yearsLater(day: string, years: number): string {
  const year = Number(day.slice(0, 4)) + years;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const monthDay = day.slice(5) === "02-29" && !leap ? "02-28" : day.slice(5);
  return `${String(year).padStart(4, "0")}-${monthDay}`;
}

/** Band of a maturity seen from `asOf`: "0-1y" … "10y+", "past-due" before `asOf`, "undated" without a date. Days as YYYY-MM-DD. */
export function maturityBand(asOf: string, maturity: string | null | undefined): string {
  if (!maturity) return "undated";
  if (maturity < asOf) return "past-due";
  return MATURITY_BANDS.find(({ years }) => maturity < yearsLater(asOf, years))?.band ?? "10y+";
}

/** Codes come from the file: "constructor" is not a row. */
const rowOf = (table: Readonly<Record<string, Row>>, code: string): Row | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined;

/** ISO 3166-1 alpha-2 code of the investment's country, where the filer gave one. */
export function countryOf(holding: Holding): string | null {
  const country = holding.invCountry ?? "";
  return /^[A-Z]{2}$/.test(country) ? country : null;
}

/** Type and sleeve of a holding: "debt/3-5y", "equity/US", "derivatives". A category the form does not list is "other". */
export function sleeveOf(holding: Holding, asOf: string): { type: AssetType; sleeve: string } {
  const category = holding.assetCat ?? "OTHER";
  const stake = STAKES.has(category) ? rowOf(FUND_SLEEVES, holding.issuerCat ?? "") : undefined;
  const row = stake ?? rowOf(SLEEVES, category) ?? { type: "other" as const, sleeve: "other", by: "none" as const };
  if (row.by === "maturity")
    return { type: row.type, sleeve: `${row.sleeve}/${maturityBand(asOf, holding.debt?.maturityDt)}` };
  if (row.by === "country") return { type: row.type, sleeve: `${row.sleeve}/${countryOf(holding) ?? "unknown"}` };
  return { type: row.type, sleeve: row.sleeve };
}
