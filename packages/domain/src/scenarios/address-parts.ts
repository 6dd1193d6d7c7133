// The closed lists from which the address of a factor is made: currencies, tenors, classes, regions, sectors. Data only.
import { BUCKETS } from "../buckets.ts";

/** Currencies of ISO 4217 in use. */
export const CURRENCIES =
  "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split(
    " ",
  );

/** Points of a yield curve; between two of them a shift is interpolated on a straight line, beyond the ends it stays. */
export const TENORS = ["3m", "6m", "1y", "2y", "3y", "5y", "7y", "10y", "20y", "30y"] as const;

/** A tenor in years. */
export const TENOR_YEARS: Readonly<Record<(typeof TENORS)[number], number>> = {
  "3m": 0.25,
  "6m": 0.5,
  "1y": 1,
  "2y": 2,
  "3y": 3,
  "5y": 5,
  "7y": 7,
  "10y": 10,
  "20y": 20,
  "30y": 30,
};

/** Whose debt it is: what a spread is paid for. `mortgage` and `securitised` are pools, `private_credit` loans that are not traded. */
export const SPREAD_CLASSES = [
  "sovereign",
  "municipal",
  "investment_grade",
  "high_yield",
  "unrated",
  "mortgage",
  "securitised",
  "private_credit",
] as const;

export const REGIONS = ["us", "canada", "europe", "uk", "japan", "asia_pacific", "emerging"] as const;

/** The eleven sectors by which listed companies are grouped. */
export const SECTORS = [
  "energy",
  "materials",
  "industrials",
  "consumer_discretionary",
  "consumer_staples",
  "health_care",
  "financials",
  "information_technology",
  "communication_services",
  "utilities",
  "real_estate",
] as const;

/** Assets without a market price. */
export const PRIVATE_CLASSES = [
  "private_equity",
  "private_credit",
  "infrastructure",
  "real_estate",
  "real_estate_commercial",
  "real_estate_residential",
] as const;

/** A class without an address of its own follows this one, before it follows `all`. */
export const BROADER: Readonly<Record<string, string>> = {
  real_estate_commercial: "real_estate",
  real_estate_residential: "real_estate",
};

/** Private classes valued by capitalising an income. */
export const CAPITALISED_CLASSES = [
  "infrastructure",
  "real_estate",
  "real_estate_commercial",
  "real_estate_residential",
] as const;

export const VOLATILITIES = ["equity", "rates", "fx", "credit"] as const;

/** What past redemptions are measured by, over the twelve months before the run. */
export const HISTORIES = ["median_12m", "peak_month_12m"] as const;

/** Code of an investor in the register: opaque, never a name. */
const INVESTOR_CODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$/;

export interface AddressPart {
  /** What the part says. */
  name: string;
  /** The words it may be, or a pattern where there is no list. */
  words: readonly string[] | RegExp;
  /** "all" may stand here: it holds for whatever has no address of its own. */
  all: boolean;
}

const part = (name: string, words: AddressPart["words"], all = true): AddressPart => ({ name, words, all });

export const CURRENCY = part("currency", CURRENCIES);
export const ONE_CURRENCY = part("currency", CURRENCIES, false);
export const TENOR = part("tenor", TENORS, false);
export const SPREAD_CLASS = part("class", SPREAD_CLASSES);
export const REGION = part("region", REGIONS);
export const SECTOR = part("sector", SECTORS);
export const PRIVATE_CLASS = part("class", PRIVATE_CLASSES);
export const CAPITALISED_CLASS = part("class", CAPITALISED_CLASSES);
export const VOLATILITY = part("market", VOLATILITIES);
export const BUCKET = part("bucket", BUCKETS);
export const HISTORY = part("history", HISTORIES, false);
export const INVESTOR = part("investor code", INVESTOR_CODE, false);

/** The words a part may be, for people. */
export function partWords({ words, all, name }: AddressPart): string {
  if (words instanceof RegExp) return `the ${name} of the register`;
  const shown = words.length > 40 ? [`${name} codes of ISO 4217 such as EUR, GBP, USD`] : words;
  return [...(all ? ["all"] : []), ...shown].join(", ");
}

export const fitsPart = ({ words, all }: AddressPart, word: string): boolean =>
  (all && word === "all") || (words instanceof RegExp ? words.test(word) : words.includes(word));
