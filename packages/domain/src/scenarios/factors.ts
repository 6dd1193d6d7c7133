// The registry of factors: everything a scenario may move, with unit, effect, limits and what it applies to. What is not here does not exist.
import {
  type AddressPart,
  BUCKET,
  CAPITALISED_CLASS,
  CURRENCY,
  HISTORY,
  INVESTOR,
  ONE_CURRENCY,
  PRIVATE_CLASS,
  REGION,
  SECTOR,
  SPREAD_CLASS,
  TENOR,
  VOLATILITY,
} from "./address-parts.ts";

/** What a value is measured in. */
export const UNITS = {
  bps: "basis points: 100 is one percent",
  share: "a share of one: 0.05 is five percent",
  times: "a multiple: 1 changes nothing, 1.5 is half as much again",
  buckets: "whole steps on the ladder",
  days: "whole calendar days",
  periods: "whole periods of the scenario",
  investors: "a whole number of investors",
} as const;
export type Unit = keyof typeof UNITS;

export interface FactorKind {
  /** What it is, in one sentence. */
  about: string;
  unit: Unit;
  /**
   * What a value v does to the base b it applies to: `add` b + v, `relative` b · (1 + v), `times` b · v, `set` v in place of b.
   */
  effect: "add" | "relative" | "times" | "set";
  side: "market" | "assets" | "liabilities";
  /** The base: what it moves. */
  appliesTo: string;
  /** What follows the name in an address, dot by dot. */
  parts: readonly AddressPart[];
  /**
   * `level`: a state against the base date, not against the period before, and it stays until the next value; `flow`: an amount of each period
   * by itself; `term`: one value for the whole scenario, never a path.
   */
  timing: "level" | "flow" | "term";
  /** Limits of a value, both included. */
  least: number;
  most: number;
  whole?: true;
  /** The value that changes nothing; null: leaving the factor out is the only way to say that. */
  neutral: string | null;
}

const bps = { unit: "bps", effect: "add", neutral: "0" } as const;
const relative = { unit: "share", effect: "relative", neutral: "0", least: -1, most: 10 } as const;
const times = { unit: "times", effect: "times", neutral: "1", least: 0, most: 100 } as const;
const market = { side: "market", timing: "level" } as const;
const assets = { side: "assets", timing: "level" } as const;
const liabilities = { side: "liabilities" } as const;

/**
 * By name. An address is the name and its parts: `rates.key.USD.10y`. Of the addresses of one kind the most specific that fits an asset holds
 * alone (a part named before its broader class, that before `all`, the left part first); `rates.parallel` and `rates.key` add up, and the points of
 * a currency's own curve stand alone. Values are decimal texts.
 */
export const FACTORS = {
  "rates.parallel": {
    ...bps,
    ...market,
    about: "Parallel shift of the yield curve of a currency.",
    appliesTo: "the yield of every cash flow in the currency",
    parts: [CURRENCY],
    least: -2_000,
    most: 5_000,
  },
  "rates.key": {
    ...bps,
    ...market,
    about: "Shift of one point of the yield curve of a currency, on top of the parallel shift.",
    appliesTo:
      "the yield of a cash flow at the tenor; on a straight line between two tenors given, flat beyond the ends",
    parts: [CURRENCY, TENOR],
    least: -2_000,
    most: 5_000,
  },
  spread: {
    ...bps,
    ...market,
    about: "Change of the credit spread of a class of debt.",
    appliesTo: "the yield of debt of the class, beside its currency's curve",
    parts: [SPREAD_CLASS],
    least: -2_000,
    most: 10_000,
  },
  fx: {
    ...relative,
    ...market,
    about: "Change of what one unit of a currency is worth; a currency without an address stays where it is.",
    appliesTo: "the rate of currency A in fund currency B, which moves by (1 + fx.A) / (1 + fx.B) − 1",
    parts: [ONE_CURRENCY],
    least: -0.99,
  },
  equity: {
    ...relative,
    ...market,
    about: "Change of the market price of listed shares of a region and sector.",
    appliesTo: "the index of the region and sector, in its own currency; an asset follows by its beta",
    parts: [REGION, SECTOR],
  },
  price: {
    ...relative,
    ...market,
    about: "Change of the fair value of a class without a market price.",
    appliesTo: "the mark of every asset of the class, in its own currency, before its currency moves",
    parts: [PRIVATE_CLASS],
  },
  cap_rate: {
    ...bps,
    ...market,
    about: "Change of the rate at which the income of an asset is capitalised.",
    appliesTo: "the capitalisation rate of assets of the class; income divided by it is the value",
    parts: [CAPITALISED_CLASS],
    least: -1_000,
    most: 2_000,
  },
  cash_flow: {
    ...relative,
    ...market,
    about: "Change of the running income of a private asset.",
    appliesTo: "rents, tolls, coupons and dividends of assets of the class",
    parts: [PRIVATE_CLASS],
  },
  volatility: {
    ...relative,
    ...market,
    about: "Change of implied volatility, as a share of what it is.",
    appliesTo: "the volatility by which options, margins and liquidation costs of the market are computed",
    parts: [VOLATILITY],
  },
  haircut: {
    ...assets,
    about: "Share of the fair value that is lost when an asset is sold at once.",
    unit: "share",
    effect: "set",
    appliesTo: "what the bucket held before it slipped; cash loses nothing",
    parts: [BUCKET],
    least: 0,
    most: 1,
    neutral: "0",
  },
  slippage: {
    ...assets,
    about: "By how many buckets an asset turns into cash later than planned.",
    unit: "buckets",
    effect: "add",
    appliesTo: "the place on the ladder of what the bucket holds; cash does not slip, the last bucket takes the rest",
    parts: [BUCKET],
    least: 0,
    most: 6,
    whole: true,
    neutral: "0",
  },
  sellable: {
    ...times,
    ...assets,
    about: "Share of a bucket that finds a buyer at all.",
    appliesTo: "the fair value in the bucket; what is not sellable counts in no bucket",
    parts: [BUCKET],
    most: 1,
  },
  bid_ask: {
    ...times,
    ...assets,
    about: "By how much the distance between bid and ask grows.",
    appliesTo: "the dealing cost of what the bucket holds",
    parts: [BUCKET],
  },
  pool_depth: {
    ...times,
    ...assets,
    about: "Share of the reserves of on-chain pools that is still there.",
    appliesTo:
      "both reserves of every pool of the fund's units: what a trade is expected to slip follows from what is left",
    parts: [],
    most: 1,
  },
  "marks.catch_up_days": {
    side: "assets",
    timing: "term",
    about: "Marks older than this are rolled forward to the index at once (R5).",
    unit: "days",
    effect: "set",
    appliesTo: "every asset whose last mark is older",
    parts: [],
    least: 0,
    most: 3_650,
    whole: true,
    neutral: null,
  },
  "redemptions.times": {
    ...times,
    ...liabilities,
    about: "Redemptions as a multiple of what the liability ladder expects.",
    appliesTo: "the redemptions of every bucket of the liability ladder",
    parts: [],
    timing: "flow",
  },
  "redemptions.history": {
    ...times,
    ...liabilities,
    about: "Net redemptions as a multiple of what the last twelve months had, in place of the liability ladder's.",
    appliesTo: "the redemptions of a month: the median of the twelve, or the largest",
    parts: [HISTORY],
    timing: "flow",
    neutral: null,
  },
  "redemptions.share_of_nav": {
    ...liabilities,
    about: "Redemptions on top of the others, as a share of the net asset value.",
    unit: "share",
    effect: "add",
    appliesTo: "the net asset value at the start of the period",
    parts: [],
    timing: "flow",
    least: 0,
    most: 1,
    neutral: "0",
  },
  "redemptions.within_days": {
    ...liabilities,
    about: "In how many days the redemptions as a share of the net asset value are asked for.",
    unit: "days",
    effect: "set",
    appliesTo: "redemptions.share_of_nav; left out: at the fund's own notice",
    parts: [],
    timing: "term",
    least: 1,
    most: 3_650,
    whole: true,
    neutral: null,
  },
  "redemptions.filled": {
    ...liabilities,
    about: "What share of the requests of a period is paid: the requests are as large as that makes them.",
    unit: "share",
    effect: "set",
    appliesTo: "the requests of the period: the gate's cap divided by this",
    parts: [],
    timing: "flow",
    least: 0.001,
    most: 1,
    neutral: null,
  },
  "redemptions.repeated": {
    ...liabilities,
    about: "What share of the requests that were not paid is asked for again in the next period.",
    unit: "share",
    effect: "set",
    appliesTo: "unpaid requests of the period before",
    parts: [],
    timing: "term",
    least: 0,
    most: 1,
    neutral: "0",
  },
  "gate.at_maximum_periods": {
    ...liabilities,
    about: "For how many periods from the first on the gate pays the most it may.",
    unit: "periods",
    effect: "set",
    appliesTo: "the fund's own gate; redemptions are as large as that takes",
    parts: [],
    timing: "term",
    least: 0,
    most: 480,
    whole: true,
    neutral: "0",
  },
  "exits.largest": {
    ...liabilities,
    about: "The largest investors redeem everything on the next dealing date.",
    unit: "investors",
    effect: "set",
    appliesTo: "that many beneficial owners with the largest holdings, accounts of one owner together",
    parts: [],
    timing: "term",
    least: 0,
    most: 10_000,
    whole: true,
    neutral: "0",
  },
  "exits.named": {
    ...liabilities,
    about: "One investor redeems on the next dealing date.",
    unit: "share",
    effect: "set",
    appliesTo: "the share of the investor's holding that is redeemed",
    parts: [INVESTOR],
    timing: "term",
    least: 0,
    most: 1,
    neutral: "0",
  },
  "subscriptions.times": {
    ...times,
    ...liabilities,
    about: "Subscriptions as a multiple of what is expected; 0 is none.",
    appliesTo: "expected subscriptions of the period",
    parts: [],
    timing: "flow",
  },
  "calls.times": {
    ...times,
    ...liabilities,
    about: "Capital calls as a multiple of what is expected.",
    appliesTo: "calls on the fund's unfunded commitments in the period",
    parts: [PRIVATE_CLASS],
    timing: "flow",
  },
  "distributions.times": {
    ...times,
    ...assets,
    about: "Distributions from private assets as a multiple of what is expected.",
    appliesTo: "what assets of the class pay the fund in the period",
    parts: [PRIVATE_CLASS],
    timing: "flow",
  },
  "facility.available": {
    ...times,
    ...liabilities,
    about: "Share of the credit facility that still stands; 0 is withdrawn.",
    appliesTo: "the fund's credit line: nothing above it can be drawn, and what is drawn above it falls due",
    parts: [],
    timing: "level",
    most: 1,
  },
  "facility.due_days": {
    ...liabilities,
    about: "In how many days what is drawn above the facility must be paid back.",
    unit: "days",
    effect: "set",
    appliesTo: "the drawn part of the facility that was withdrawn",
    parts: [],
    timing: "term",
    least: 0,
    most: 3_650,
    whole: true,
    neutral: null,
  },
  "margin.hedge_loss": {
    ...liabilities,
    about: "Share of the loss on currency hedges that is called as margin.",
    unit: "share",
    effect: "set",
    appliesTo: "max(0, loss on the hedge); a gain calls nothing",
    parts: [],
    timing: "level",
    least: 0,
    most: 1,
    neutral: "0",
  },
  "margin.due_days": {
    ...liabilities,
    about: "In how many days called margin is paid.",
    unit: "days",
    effect: "set",
    appliesTo: "margin that the scenario calls",
    parts: [],
    timing: "term",
    least: 0,
    most: 30,
    whole: true,
    neutral: null,
  },
} as const satisfies Record<string, FactorKind>;
export type FactorName = keyof typeof FACTORS;
export const FACTOR_NAMES = Object.keys(FACTORS) as FactorName[];
