// Holding number `i` of a synthetic filing, a pure function of (options, i): made up, named "Synthetic …", deterministic on every machine.
// Identifiers come from ranges that no issuer has (CUSIP issuers 99xxxx are for private use).
import { z } from "zod";

export const SYNTHETIC_KINDS = [
  "bond",
  "corporate",
  "equity",
  "private_fund",
  "loan",
  "mortgage",
  "repurchase",
  "money_market",
] as const;
export type SyntheticKind = (typeof SYNTHETIC_KINDS)[number];

/** What to make up. Shares are basis points (1/10,000). */
export const SyntheticOptions = z.object({
  seed: z.int().min(0).max(0xffffffff).default(1),
  holdings: z.int().min(0).max(200_000).default(40),
  /** Weights of the kinds; a kind with weight 0 or none does not occur. */
  mix: z
    .partialRecord(z.enum(SYNTHETIC_KINDS), z.int().min(0).max(1000))
    .default({ bond: 6, corporate: 2, equity: 1, loan: 1 }),
  /** Net assets that no holding covers. */
  cashShareBps: z.int().min(0).max(9000).default(300),
  /** Share of optional values that the filer answers with "N/A" or leaves out. */
  missingBps: z.int().min(0).max(10_000).default(0),
  /** The last holdings of the filing are derivatives: an option on an index with a swap beneath, and a currency forward, in turn. */
  derivatives: z.int().min(0).max(1000).default(0),
  /** Liquidity classes per holding, as filings that are not public have them. */
  liquidityClasses: z.boolean().default(false),
  /** The first month's flows are "N/A". */
  flowsNotAvailable: z.boolean().default(false),
  reportDate: z.iso.date().default("2025-12-31"),
  submissionType: z.enum(["NPORT-P", "NPORT-P/A", "NPORT-NP", "NPORT-NP/A"]).default("NPORT-P"),
});
export type SyntheticOptions = z.infer<typeof SyntheticOptions>;

export interface SyntheticHolding {
  kind: SyntheticKind | "option" | "forward";
  name: string;
  title: string;
  lei: string | null;
  cusip: string | null;
  isin: string | null;
  internalId: string;
  /** Null is "N/A". */
  balance: string | null;
  units: "PA" | "NS" | "NC" | "OU";
  currency: string;
  exchangeRate: string | null;
  valueCents: bigint;
  assetCat: string;
  issuerCat: string;
  country: string;
  restricted: boolean;
  level: "1" | "2" | "3" | null;
  maturity: string | null;
  /** Percent per year; null is "N/A". */
  rate: string | null;
  coupon: "Fixed" | "Floating" | null;
  liquidity: { category: string; pct: string }[];
}

/** 32-bit generator (mulberry32): same numbers on every machine, no state shared between holdings. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const digitOf = (character: string): number => ALPHABET.indexOf(character);

/** CUSIP of the private-use range with its check digit. */
export function syntheticCusip(index: number): string {
  const body = `99${index.toString(36).toUpperCase().padStart(6, "0")}`;
  let sum = 0;
  for (const [at, character] of [...body].entries()) {
    const value = digitOf(character) * (at % 2 === 0 ? 1 : 2);
    sum += Math.floor(value / 10) + (value % 10);
  }
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** ISIN over a CUSIP, check digit by Luhn. */
export function isinOf(cusip: string): string {
  const digits = [...`US${cusip}`].map((character) => String(digitOf(character))).join("");
  let sum = 0;
  for (const [at, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return `US${cusip}${(10 - (sum % 10)) % 10}`;
}

/** LEI-shaped identifier with ISO 7064 check digits; the text says what it is. */
export function syntheticLei(index: number): string {
  const body = `SYNTHETIC${String(index).padStart(9, "0")}`;
  let remainder = 0;
  for (const digit of [...`${body}00`].map((character) => String(digitOf(character))).join(""))
    remainder = (remainder * 10 + Number(digit)) % 97;
  return `${body}${String(98 - remainder).padStart(2, "0")}`;
}

const LABELS: Record<SyntheticKind, { title: string; issuer: string; assetCat: string; issuerCat: string }> = {
  bond: {
    title: "Synthetic Municipal Bond",
    issuer: "Synthetic Water & Sewer District",
    assetCat: "DBT",
    issuerCat: "MUN",
  },
  corporate: {
    title: "Synthetic Corporate Note",
    issuer: "Synthetic Manufacturing Inc",
    assetCat: "DBT",
    issuerCat: "CORP",
  },
  equity: { title: "Synthetic Common Stock", issuer: "Synthetic Retail Corp", assetCat: "EC", issuerCat: "CORP" },
  private_fund: {
    title: "Synthetic Private Fund Interest",
    issuer: "Synthetic Infrastructure Partners LP",
    assetCat: "EC",
    issuerCat: "PF",
  },
  loan: { title: "Synthetic Term Loan", issuer: "Synthetic Software LLC", assetCat: "LON", issuerCat: "CORP" },
  mortgage: {
    title: "Synthetic Mortgage Pool",
    issuer: "Synthetic Housing Agency",
    assetCat: "ABS-MBS",
    issuerCat: "USGSE",
  },
  repurchase: {
    title: "Synthetic Repurchase Agreement",
    issuer: "Synthetic Dealer Bank",
    assetCat: "RA",
    issuerCat: "CORP",
  },
  money_market: {
    title: "Synthetic Money Market Fund",
    issuer: "Synthetic Cash Trust",
    assetCat: "STIV",
    issuerCat: "RF",
  },
};

/** Holdings per issuer: several lines of one issuer, as in real schedules. */
const LINES_PER_ISSUER = 5;

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function kindAt(options: SyntheticOptions, roll: number): SyntheticKind {
  const weights = SYNTHETIC_KINDS.map((kind) => ({ kind, weight: options.mix[kind] ?? 0 }));
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  let left = total === 0 ? 0 : roll % total;
  for (const { kind, weight } of weights) {
    if (left < weight) return kind;
    left -= weight;
  }
  return "bond";
}

/** Listed and short-dated things are highly liquid, funds and loans are not, bonds are split. */
function liquidityOf(kind: SyntheticKind, percent: number): SyntheticHolding["liquidity"] {
  if (kind === "private_fund" || kind === "loan") return [{ category: "ILI", pct: "100" }];
  if (kind === "equity" || kind === "money_market" || kind === "repurchase") return [{ category: "HLI", pct: "100" }];
  return [
    { category: "MLI", pct: `${percent}.00` },
    { category: "LLI", pct: `${100 - percent}.00` },
  ];
}

/** Makes holding `index` (from 0). The same options and index give the same holding. */
export function syntheticHolding(options: SyntheticOptions, index: number): SyntheticHolding {
  const next = random(Math.imul(options.seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const below = (limit: number): number => next() % limit;
  const missing = (): boolean => below(10_000) < options.missingBps;
  const number = String(index + 1).padStart(4, "0");
  const derivativeAt = index - (options.holdings - options.derivatives);
  if (derivativeAt >= 0) return syntheticDerivative(options, derivativeAt, number, below);
  const kind = kindAt(options, next());
  const label = LABELS[kind];
  const cusip = syntheticCusip(index);
  const debt = kind === "bond" || kind === "corporate" || kind === "loan" || kind === "mortgage";
  const foreign = (kind === "equity" || kind === "corporate") && below(4) === 0;
  // Par or shares in thousands; a price between 90 and 112 percent of par, or 5 to 405 dollars a share.
  const units = 5 + below(1996);
  const valueCents =
    debt || kind === "repurchase" || kind === "money_market"
      ? BigInt(units) * BigInt(90_000 + below(22_000))
      : BigInt(units) * BigInt(500 + below(40_000)) * 10n;
  const liquid = 20 + below(61);
  return {
    kind,
    name: `${label.issuer} ${String(Math.floor(index / LINES_PER_ISSUER) + 1).padStart(4, "0")}`,
    title: `${label.title} ${number}`,
    lei: missing() ? null : syntheticLei(Math.floor(index / LINES_PER_ISSUER)),
    cusip: missing() ? null : cusip,
    isin: missing() ? null : isinOf(cusip),
    internalId: `SYN-${number}`,
    balance: missing() ? null : `${units}000`,
    units: debt || kind === "repurchase" ? "PA" : kind === "private_fund" ? "OU" : "NS",
    currency: foreign ? "EUR" : "USD",
    exchangeRate: foreign ? `0.9${String(below(1_000_000)).padStart(6, "0")}` : null,
    valueCents,
    assetCat: label.assetCat,
    issuerCat: label.issuerCat,
    country: foreign ? "DE" : "US",
    restricted: kind === "private_fund",
    level: missing()
      ? null
      : kind === "equity" || kind === "money_market"
        ? "1"
        : kind === "private_fund" || kind === "loan"
          ? "3"
          : "2",
    maturity:
      !debt && kind !== "repurchase"
        ? null
        : kind === "repurchase"
          ? dayAfter(options.reportDate, 1 + below(14))
          : missing()
            ? null
            : dayAfter(options.reportDate, 1 + below(365 * 20)),
    rate: debt && !missing() ? `${1 + below(7)}.${String(below(1000)).padStart(3, "0")}000000000` : null,
    coupon: debt ? (kind === "loan" ? "Floating" : "Fixed") : null,
    liquidity: options.liquidityClasses ? liquidityOf(kind, liquid) : [],
  };
}

function syntheticDerivative(
  options: SyntheticOptions,
  at: number,
  number: string,
  below: (limit: number) => number,
): SyntheticHolding {
  const option = at % 2 === 0;
  return {
    kind: option ? "option" : "forward",
    name: "Synthetic Dealer Bank 0001",
    title: option ? `Synthetic Index Option ${number}` : `Synthetic Currency Forward ${number}`,
    lei: null,
    cusip: null,
    isin: null,
    internalId: `SYN-${number}`,
    balance: option ? String(1 + below(50)) : null,
    units: option ? "NC" : "OU",
    currency: "USD",
    exchangeRate: null,
    valueCents: option ? BigInt(100 + below(100_000)) : -BigInt(100 + below(100_000)),
    assetCat: option ? "DE" : "DFE",
    issuerCat: "CORP",
    country: "US",
    restricted: false,
    level: "2",
    maturity: null,
    rate: null,
    coupon: null,
    liquidity: options.liquidityClasses ? [{ category: "MLI", pct: "100" }] : [],
  };
}
