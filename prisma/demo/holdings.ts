// The holdings of the demo fund: 42 invented assets of invented issuers. Data only; what they are worth is in valuation.ts.
import type { Bucket } from "@evergreen-fund/domain";

export const SLEEVES = [
  "private-equity",
  "private-credit",
  "infrastructure",
  "real-estate",
  "liquid/money-market",
  "liquid/government-euro",
  "liquid/government-us",
  "liquid/corporate",
  "liquid/equity-world",
  "liquid/equity-europe",
  "cash",
] as const;
export type Sleeve = (typeof SLEEVES)[number];

export interface Holding {
  key: string;
  name: string;
  issuer: string;
  sleeve: Sleeve;
  type: string;
  category: string;
  issuerCategory: string | null;
  country: string;
  /** Currency of denomination; values are in the fund's. */
  currency: string;
  bucket: Bucket;
  fairValueLevel: 1 | 2 | 3;
  lpVisible: boolean;
  maturity?: string;
  /** Net debt to enterprise value, hundredths; private assets only. */
  leverage?: number;
  /** 0 to 100. */
  esg: number;
  /** Weight in the first portfolio; 0 for what was bought later. */
  share: number;
  /** Month in which it was bought; 1 is the portfolio the fund began with. */
  bought: number;
}

interface Shape {
  type: string;
  bucket: Bucket;
  level: 1 | 2 | 3;
  category: string;
  issuerCategory: string | null;
}
const privately = (type: string, bucket: Bucket): Shape => ({
  type,
  bucket,
  level: 3,
  category: type,
  issuerCategory: null,
});
const publicly = (type: string, bucket: Bucket, level: 1 | 2, category: string, issuerCategory: string): Shape => ({
  type,
  bucket,
  level,
  category,
  issuerCategory,
});

/** What a sleeve's assets have in common. The type chooses the drift threshold, the categories (those of Form N-PORT) the trading cost. */
const SHAPES: Record<Sleeve, Shape> = {
  "private-equity": privately("private_equity", "gt365d"),
  "private-credit": privately("private_credit", "365d"),
  infrastructure: privately("infrastructure", "gt365d"),
  "real-estate": privately("real_estate", "365d"),
  "liquid/money-market": publicly("money_market", "1d", 1, "STIV", "RF"),
  "liquid/government-euro": publicly("debt", "7d", 1, "DBT", "NUSS"),
  "liquid/government-us": publicly("debt", "7d", 1, "DBT", "UST"),
  "liquid/corporate": publicly("debt", "30d", 2, "DBT", "CORP"),
  "liquid/equity-world": publicly("equity", "7d", 1, "EC", "RF"),
  "liquid/equity-europe": publicly("equity", "7d", 1, "EC", "RF"),
  cash: { type: "cash", bucket: "1d", level: 1, category: "*", issuerCategory: null },
};

type More = Partial<Pick<Holding, "currency" | "bucket" | "maturity" | "leverage" | "bought">> & { lp?: true };

function hold(
  sleeve: Sleeve,
  key: string,
  what: string,
  country: string,
  share: number,
  esg: number,
  more: More = {},
): Holding {
  const { type, bucket, level, category, issuerCategory } = SHAPES[sleeve];
  const { lp, ...rest } = more;
  return {
    key,
    name: `${what}, ${country} (synthetic)`,
    issuer: `Issuer of ${key} (synthetic)`,
    sleeve,
    type,
    category,
    issuerCategory,
    country,
    currency: "EUR",
    bucket,
    fairValueLevel: level,
    lpVisible: lp ?? false,
    esg,
    share,
    bought: 1,
    ...rest,
  };
}

const PE = "private-equity";
const PC = "private-credit";
const INFRA = "infrastructure";
const RE = "real-estate";

export const HOLDINGS: readonly Holding[] = [
  hold(PE, "PE01", "Dental clinic group", "DE", 330, 61, { leverage: 38, lp: true }),
  hold(PE, "PE02", "Accounting software maker", "NL", 360, 70, { leverage: 31, lp: true }),
  hold(PE, "PE03", "Industrial filter maker", "IT", 300, 55, { leverage: 42 }),
  hold(PE, "PE04", "Veterinary practices", "FR", 310, 64, { leverage: 40 }),
  hold(PE, "PE05", "Logistics automation", "SE", 280, 66, { currency: "SEK", leverage: 35 }),
  hold(PE, "PE06", "Specialty food brand", "ES", 260, 58, { leverage: 44 }),
  hold(PE, "PE07", "Secondary stake in buyout funds", "LU", 320, 52, { bucket: "365d" }),
  hold(PE, "PE08", "Laboratory services", "BE", 290, 63, { leverage: 39, lp: true }),
  hold(PE, "PE09", "Payment terminals", "PL", 0, 60, { currency: "PLN", leverage: 33, bought: 10 }),
  hold(PE, "PE10", "Fire safety services", "GB", 0, 57, { currency: "GBP", leverage: 41, bought: 28 }),
  hold(PC, "PC01", "Unitranche loan, care homes", "FR", 300, 59, { maturity: "2029-06-30", leverage: 52 }),
  hold(PC, "PC02", "Senior loan, packaging", "DE", 290, 48, { maturity: "2028-12-31", leverage: 47, bucket: "180d" }),
  hold(PC, "PC03", "Unitranche loan, cloud hosting", "IE", 280, 62, { maturity: "2030-03-31", leverage: 50, lp: true }),
  hold(PC, "PC04", "Asset-backed loan, car leases", "ES", 260, 50, { maturity: "2028-09-30", bucket: "180d" }),
  hold(PC, "PC05", "Senior loan, machine tools", "AT", 270, 54, { maturity: "2029-12-31", leverage: 45 }),
  hold(PC, "PC06", "Mezzanine loan, travel retail", "IT", 180, 45, { maturity: "2030-12-31", leverage: 61 }),
  hold(PC, "PC07", "Trade receivables programme", "NL", 0, 51, { bucket: "90d", bought: 6, lp: true }),
  hold(PC, "PC08", "Unitranche loan, diagnostics", "DK", 0, 60, {
    currency: "DKK",
    maturity: "2031-06-30",
    leverage: 49,
    bought: 23,
  }),
  hold(INFRA, "IN01", "Onshore wind farms", "FI", 310, 84, { leverage: 55, lp: true }),
  hold(INFRA, "IN02", "Fibre network", "DE", 300, 73, { leverage: 51 }),
  hold(INFRA, "IN03", "District heating", "DK", 290, 78, { currency: "DKK", leverage: 53 }),
  hold(INFRA, "IN04", "Solar and storage", "PT", 220, 86, { leverage: 57, lp: true }),
  hold(INFRA, "IN05", "Port terminal", "NL", 0, 56, { leverage: 48, bought: 30 }),
  hold(RE, "RE01", "Logistics parks", "PL", 260, 58, { leverage: 46, lp: true }),
  hold(RE, "RE02", "Rental housing", "DE", 270, 67, { leverage: 43, lp: true }),
  hold(RE, "RE03", "Student housing", "GB", 210, 65, { currency: "GBP", leverage: 45 }),
  hold(RE, "RE04", "Medical offices", "FR", 220, 62, { leverage: 40 }),
  hold(RE, "RE05", "Data centre shell", "IE", 0, 49, { leverage: 47, bought: 12 }),
  hold("liquid/money-market", "MM01", "Government money-market fund", "LU", 240, 72, { lp: true }),
  hold("liquid/money-market", "MM02", "Short-term money-market fund", "IE", 230, 71, { lp: true }),
  hold("liquid/money-market", "MM03", "Standard money-market fund", "LU", 220, 69),
  hold("liquid/government-euro", "GV01", "Government bond due 2028", "DE", 190, 80, {
    maturity: "2028-02-15",
    lp: true,
  }),
  hold("liquid/government-euro", "GV02", "Government bond due 2029", "FR", 180, 76, { maturity: "2029-05-25" }),
  hold("liquid/government-euro", "GV03", "Government bond due 2030", "NL", 170, 81, { maturity: "2030-07-15" }),
  hold("liquid/government-us", "GV04", "Treasury note due 2029", "US", 150, 70, {
    currency: "USD",
    maturity: "2029-11-15",
  }),
  hold("liquid/corporate", "IG01", "Utility bond due 2029", "ES", 130, 66, { maturity: "2029-03-10" }),
  hold("liquid/corporate", "IG02", "Bank covered bond due 2028", "AT", 130, 63, {
    maturity: "2028-10-04",
    bucket: "7d",
  }),
  hold("liquid/corporate", "IG03", "Telecom bond due 2030", "SE", 120, 61, { maturity: "2030-01-22" }),
  hold("liquid/corporate", "IG04", "Consumer goods bond due 2031", "CH", 120, 68, { maturity: "2031-06-12" }),
  hold("liquid/equity-world", "EQ01", "World equity index fund", "IE", 230, 64, { lp: true }),
  hold("liquid/equity-europe", "EQ02", "European equity index fund", "LU", 190, 67, { lp: true }),
  // A swept account: its balance stays, what is above it lies in the money-market funds.
  { ...hold("cash", "CASH", "Bank account", "LU", 0, 60, { lp: true }), issuer: "Depositary bank (synthetic)" },
];

export const CASH_KEY = "CASH";
/** Balance of the swept account, cents. */
export const CASH_BALANCE = 8_000_000_00n;

export const isLiquid = (holding: Holding): boolean =>
  holding.sleeve.startsWith("liquid/") || holding.sleeve === "cash";
