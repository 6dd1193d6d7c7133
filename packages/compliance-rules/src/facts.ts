// What a rule may look at: every fact with its type, per place. A rule that names another one is refused when its pack is read.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";

/** What is judged: an order, a proposal of trades, an investor (or applicant), a fund as it stands. */
export const SUBJECTS = ["order", "proposal", "investor", "fund"] as const;
export type Subject = (typeof SUBJECTS)[number];

export type FactType = "number" | "date" | "text" | "country" | "flag" | "texts";
export interface Fact {
  type: FactType;
  words: string;
  /** The only values it may have. */
  values?: readonly string[];
  /** Personal data: its value is never written into an explanation. */
  personal?: true;
}

const SCREENING = ["clear", "open", "refused", "unscreened"] as const;
const number = (words: string): Fact => ({ type: "number", words });
const date = (words: string): Fact => ({ type: "date", words });
const text = (words: string, values?: readonly string[]): Fact =>
  values === undefined ? { type: "text", words } : { type: "text", words, values };
const flag = (words: string): Fact => ({ type: "flag", words });
const country = (words: string): Fact => ({ type: "country", words, personal: true });

/** Facts that stand alone, by their path. Numbers are decimal text, dates YYYY-MM-DD, countries ISO 3166 two letters. */
export const FACTS: Readonly<Record<string, Fact>> = {
  "investor.classification": text("how the investor is classified", [
    "retail",
    "semi_professional",
    "professional",
    "qualified",
  ]),
  "investor.kind": text("what the investor is", ["natural_person", "company", "trust"]),
  "investor.residence": country("country of residence or seat"),
  "investor.nationality": country("nationality"),
  "investor.born": { type: "date", words: "date of birth", personal: true },
  "investor.risk": text("risk of the relationship", ["low", "medium", "high"]),
  "investor.pep": flag("a politically exposed person, or close to one"),
  "investor.screening": text("where the screening against lists stands", SCREENING),
  "investor.kycStatus": text("where KYC stands", ["pending", "approved", "expired", "blocked"]),
  "investor.kycValidUntil": date("last day on which the checks count"),
  "investor.sourceOfFunds": flag("the source of the funds is evidenced"),
  "investor.suitability": flag("a suitability test was passed"),
  "investor.advised": flag("was advised on this investment"),
  "investor.tags": { type: "texts", words: "eligibility tags" },
  "order.direction": text("which way the order goes", ["subscription", "redemption"]),
  "order.kind": text("kind of the order", ["plain", "switch", "transfer"]),
  "order.amount": number("amount in the fund's currency; units at the last price"),
  "order.channel": text("how the order came in"),
  "order.requestedOn": date("day the order was asked for"),
  "order.noticeDays": number("calendar days from the request to the dealing date"),
  "order.selfHosted": flag("paid from or to a self-hosted wallet"),
  "order.walletOwnership": flag("ownership of the wallet is proven"),
  "transfer.units": number("units that a transfer between holders moves"),
  "transfer.heldAfter": number("units that the recipient holds after it"),
  "transfer.leastHolding": number(
    "the smaller of what the recipient holds after it and what the sender keeps, unless that is nothing",
  ),
  "transfer.daysHeld": number("whole days since the sender last received units"),
  "fund.regime": text("regime of the fund", [
    "aif",
    "ucits",
    "mmf",
    "eltif",
    "ltaf",
    "us_interval",
    "us_nav_reit",
    "other",
  ]),
  "fund.nav": number("net asset value, fund currency"),
  "fund.capital": number("capital: contributions and commitments that can be drawn, less costs; fund currency"),
  "fund.borrowing": number("cash borrowed, fund currency"),
  "fund.borrowingRatio": number("what is borrowed as a share of the value of the fund"),
  "fund.soldTo": text("whom the fund is sold to", ["retail", "professional"]),
  "fund.firstClosed": date("day on which money was first taken"),
  "fund.age": number("whole months since money was first taken"),
  "terms.frequency": text("how often the fund deals", [
    "daily",
    "weekly",
    "biweekly",
    "monthly",
    "quarterly",
    "semiannual",
    "annual",
  ]),
  "terms.noticeDays": number("least calendar days of notice for redemptions"),
  "terms.pricing": text("when the price of an order is known", ["forward", "prior_nav"]),
  "terms.tools": { type: "texts", words: "liquidity tools the fund has selected" },
  "terms.toolsCount": number("how many tools the fund has selected"),
  "terms.gateShare": number("share of NAV a dealing date pays at most"),
  "terms.redemptionFee": number("fee on a redemption, as a share"),
  "terms.valuationsPerMonth": number("valuations in a month"),
  "terms.minimumHoldingMonths": number("months before a unit can be redeemed"),
  "offer.share": number("share of the units the repurchase offer is for"),
  "offer.notificationDays": number("days from the notification to the request deadline"),
  "offer.pricingDays": number("days from the request deadline to the pricing date"),
  "offer.paymentDays": number("days from the pricing date to the payment"),
  "offer.liquidShare": number("liquid assets as a share of what the offer is for"),
};

/** Facts that come as lists, by the path of the list; a field of an element is `item.<field>`. */
export const LISTS: Readonly<Record<string, Readonly<Record<string, Fact>>>> = {
  positions: {
    id: text("the asset"),
    issuer: text("who issued it"),
    type: text("type of the asset"),
    country: text("country of the asset"),
    liquid: flag("can be sold within days"),
    eligible: flag("an eligible investment asset of the regime"),
    value: number("value, fund currency"),
    daysHeld: number("days since it was bought"),
  },
  owners: {
    share: number("effective share, all chains together"),
    control: flag("controls by other means"),
    trust: flag("a party to a trust"),
    residence: country("country of residence"),
    pep: flag("a politically exposed person, or close to one"),
    screening: text("where the screening against lists stands", SCREENING),
    verified: flag("identity is verified"),
  },
  history: {
    on: date("day of the order"),
    direction: text("which way it went", ["subscription", "redemption"]),
    amount: number("amount, fund currency"),
    channel: text("how it came in"),
  },
  ladder: {
    side: text("side of the ladder", ["asset", "liability"]),
    bucket: text("days to cash", BUCKETS),
    amount: number("amount, fund currency"),
  },
};

/** What is known of a subject, by group; null or absent is not known, which is never taken for no. */
export interface Facts {
  [group: string]:
    | { readonly [name: string]: unknown }
    | readonly { readonly [name: string]: unknown }[]
    | null
    | undefined;
}

const PLAIN_DECIMAL = /^-?\d{1,38}(\.\d{1,18})?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Days that were looked at already: the same few thousand come again and again. */
const KNOWN_DAYS = new Set<string>();
function isDay(text: string): boolean {
  if (KNOWN_DAYS.has(text)) return true;
  if (!DAY.test(text) || Number.isNaN(Date.parse(text)) || new Date(text).toISOString().slice(0, 10) !== text)
    return false;
  if (KNOWN_DAYS.size < 20_000) KNOWN_DAYS.add(text);
  return true;
}

/** Whether a value is one of a fact's type; what is not counts as not known. */
export function isOfType(fact: Fact, value: unknown): boolean {
  switch (fact.type) {
    case "number":
      return typeof value === "string" && PLAIN_DECIMAL.test(value);
    case "date":
      return typeof value === "string" && isDay(value);
    case "flag":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "country":
      return typeof value === "string" && /^[A-Z]{2}$/.test(value);
    default:
      return typeof value === "string" && (fact.values === undefined || fact.values.includes(value));
  }
}

/** A value of a type in words, for a message. */
export const TYPE_WORDS: Readonly<Record<FactType, string>> = {
  number: 'a decimal as text, such as "0.25"',
  date: "a date as text, such as 2026-01-30",
  text: "text",
  country: "a country of two capitals, such as LU",
  flag: "true or false",
  texts: "a list of texts",
};
