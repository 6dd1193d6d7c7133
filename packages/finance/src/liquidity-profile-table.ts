// Data: how fast a holding can be cash, by what a Form N-PORT says of it. Our own assumptions, to be edited by whoever knows better; the first
// row that matches wins. "*" matches anything, also a missing value. Categories are the form's asset categories and the five of private funds.
import type { Bucket } from "@evergreen-fund/domain";

export type ProfileRow = {
  readonly category: string;
  readonly issuer: string;
  readonly level: "1" | "2" | "3" | "*";
  readonly rating: "investment_grade" | "high_yield" | "unrated" | "*";
  readonly shares: Partial<Record<Bucket, string>>;
  readonly tradable: boolean;
  readonly words: string;
};

const one = (bucket: Bucket): Partial<Record<Bucket, string>> => ({ [bucket]: "1" });
const half = (first: Bucket, second: Bucket): Partial<Record<Bucket, string>> => ({ [first]: "0.5", [second]: "0.5" });
const row = (
  category: string,
  issuer: string,
  level: ProfileRow["level"],
  rating: ProfileRow["rating"],
  shares: ProfileRow["shares"],
  tradable: boolean,
  words: string,
): ProfileRow => ({ category, issuer, level, rating, shares, tradable, words });

/** A liquidity class that the fund itself reported comes before every other row. */
export const CLASS_ROWS: Readonly<
  Record<"HLI" | "MLI" | "LLI" | "ILI", Pick<ProfileRow, "shares" | "tradable" | "words">>
> = {
  HLI: { shares: one("7d"), tradable: true, words: "reported as highly liquid: cash within three business days" },
  MLI: { shares: one("7d"), tradable: true, words: "reported as moderately liquid: cash within seven calendar days" },
  LLI: { shares: one("30d"), tradable: true, words: "reported as less liquid: sold within seven days, settled later" },
  ILI: { shares: one("gt365d"), tradable: false, words: "reported as illiquid" },
};

export const PROFILE_ROWS: readonly ProfileRow[] = [
  row("*", "*", "3", "*", one("gt365d"), false, "valued with unobservable inputs (level 3)"),
  row("*", "PF", "*", "*", one("gt365d"), false, "interest in a private fund"),
  row("STIV", "*", "*", "*", one("1d"), true, "short-term investment vehicle"),
  row("RA", "*", "*", "*", one("1d"), false, "repurchase agreement: runs off, is not traded"),
  row("DBT", "UST", "*", "*", one("1d"), true, "US Treasury debt"),
  row("DBT", "USGA", "*", "*", one("7d"), true, "debt of a US government agency"),
  row("DBT", "USGSE", "*", "*", one("7d"), true, "debt of a US government-sponsored enterprise"),
  row("DBT", "NUSS", "*", "high_yield", half("7d", "30d"), true, "non-US sovereign debt below investment grade"),
  row("DBT", "NUSS", "*", "*", one("7d"), true, "non-US sovereign debt"),
  row("DBT", "*", "*", "high_yield", half("30d", "90d"), true, "debt below investment grade"),
  row("DBT", "MUN", "*", "*", half("7d", "30d"), true, "municipal debt with observable inputs"),
  row("DBT", "*", "*", "*", half("7d", "30d"), true, "corporate or other debt with observable inputs"),
  row("ABS-MBS", "*", "*", "high_yield", half("30d", "90d"), true, "mortgage-backed debt below investment grade"),
  row("ABS-MBS", "*", "*", "*", half("7d", "30d"), true, "mortgage-backed debt"),
  row("ABS-APCP", "*", "*", "*", one("30d"), true, "asset-backed commercial paper"),
  row("ABS-CBDO", "*", "*", "*", half("30d", "90d"), true, "collateralised bond or debt obligation"),
  row("ABS-O", "*", "*", "*", half("30d", "90d"), true, "other asset-backed debt"),
  row("LON", "*", "*", "*", half("30d", "90d"), true, "loan with observable inputs: slow settlement"),
  row("EC", "*", "1", "*", one("7d"), true, "listed common equity"),
  row("EP", "*", "1", "*", one("7d"), true, "listed preferred equity"),
  row("EC", "*", "2", "*", one("30d"), true, "common equity with observable inputs"),
  row("EP", "*", "2", "*", one("30d"), true, "preferred equity with observable inputs"),
  row("COMM", "*", "1", "*", one("7d"), true, "commodity with a quoted price"),
  row("private_equity", "*", "*", "*", one("gt365d"), false, "private equity"),
  row(
    "private_credit",
    "*",
    "*",
    "*",
    { "365d": "0.2", gt365d: "0.8" },
    false,
    "private credit: a fifth repays within a year",
  ),
  row("infrastructure", "*", "*", "*", one("gt365d"), false, "infrastructure"),
  row("real_estate", "*", "*", "*", one("gt365d"), false, "real estate"),
  row("RE", "*", "*", "*", one("gt365d"), false, "real property"),
  row("*", "*", "*", "*", one("gt365d"), false, "no row fits: taken as illiquid"),
];

/** Trading cost in basis points of the amount, first match wins; our own round figures for a normal market. */
export const COST_ROWS: readonly { category: string; issuerCategory: string; buyBps: string; sellBps: string }[] = [
  { category: "STIV", issuerCategory: "*", buyBps: "0", sellBps: "0" },
  { category: "DBT", issuerCategory: "UST", buyBps: "1", sellBps: "1" },
  { category: "DBT", issuerCategory: "USGA", buyBps: "3", sellBps: "3" },
  { category: "DBT", issuerCategory: "USGSE", buyBps: "3", sellBps: "3" },
  { category: "DBT", issuerCategory: "MUN", buyBps: "15", sellBps: "15" },
  { category: "DBT", issuerCategory: "*", buyBps: "20", sellBps: "20" },
  { category: "EC", issuerCategory: "*", buyBps: "6", sellBps: "6" },
  { category: "EP", issuerCategory: "*", buyBps: "10", sellBps: "10" },
  { category: "LON", issuerCategory: "*", buyBps: "50", sellBps: "50" },
  { category: "*", issuerCategory: "*", buyBps: "30", sellBps: "30" },
];
