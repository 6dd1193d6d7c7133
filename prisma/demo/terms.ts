// What is fixed about the demo fund: code, currency, calendar, classes, terms of dealing. Everything else is drawn or follows by arithmetic.
import type { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { addDays, addMonths, dealingDates } from "@evergreen-fund/finance/dealing/calendar.ts";
import { HOLIDAYS } from "./holidays.ts";

/** Raise it with every change of what the generator makes; a database keeps the version with which it was seeded. */
export const DEMO_VERSION = "2";
export const DEMO_SEED = `evergreen demo fund ${DEMO_VERSION}`;
export const FUND_CODE = "DEMO";
export const FUND_NAME = "Evergreen Demo Private Markets Fund (synthetic)";
export const CURRENCY = "EUR";
/** Stands in funds.source, asset_snapshots.source and reported_flows.source. */
export const SOURCE = "synthetic";
/** Source of the marks that jump on purpose, so that a visitor sees DATA_DRIFT and the alert that follows. */
export const DRIFT_SOURCE = "synthetic: deliberate drift";

/** Month-ends that were dealt, 0 to 35; the orders of the next one, at which the fund stands, wait for whoever looks at the demo. */
export const MONTHS = 36;
/** First month whose end deals: the founding investors subscribe at the issue price. Month 0. */
const FIRST_DAY = "2023-10-01";

export const CLASSES = [
  { code: "I", name: "Class I, institutional (synthetic)", feeBps: 100 },
  { code: "W", name: "Class W, private wealth (synthetic)", feeBps: 165 },
] as const;
export type ClassCode = (typeof CLASSES)[number]["code"];
export const CODES: readonly ClassCode[] = CLASSES.map(({ code }) => code);
export const classOf = (code: ClassCode) => CLASSES.find((row) => row.code === code)!;

/** Issue price of both classes, in ten-thousandths. */
export const ISSUE_PRICE = 100_0000n;
/** Units older than this may be redeemed (hard lock, R3). */
export const LOCK_MONTHS = 12;
/** Most of the fund that may leave in one quarter, basis points (R6). */
export const GATE_BPS = 500n;

export const CALENDAR = "LU";
export const TIME_ZONE = "Europe/Luxembourg";
/** From when the terms are in force: before the first order. */
export const TERMS_FROM = "2023-09-01";

const bps = (value: number | bigint): string => (Number(value) / 10_000).toString();

/** Terms of dealing of a class: monthly on the last business day, notice, a year's lock-up, a management fee and no performance fee. */
export const dealingPolicy = (feeBps: number): DealingPolicy => ({
  frequency: "monthly",
  on: { businessDayOfMonth: "last" },
  anchorMonth: 12,
  roll: "preceding",
  calendar: CALENDAR,
  timeZone: TIME_ZONE,
  cutOff: "12:00",
  notice: { subscription: { n: 2, basis: "business" }, redemption: { n: 30, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: LOCK_MONTHS, softFees: [] },
  minimums: { initial: "10000", additional: "1000", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "100",
  fees: {
    management: { rate: bps(feeBps), basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 20,
});

/** Liquidity tools: 5 % of the fund a quarter, longer notice where even that cannot be paid, a levy on who leaves. */
export const LMT_POLICY: LmtPolicy = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "notice_extension", "anti_dilution_levy"],
  gate: { basis: "gross", quarterShare: bps(GATE_BPS), threshold: { kind: "nav_share", share: "0.005" } },
  carry: "auto_pari_passu",
  carryMaxDealings: 8,
  levy: { rate: "0.002", on: "redemptions" },
  noticeExtension: { upTo: { n: 180, basis: "calendar" } },
};

/** A synthetic credit line that nothing is drawn of: what was drawn would be a debt in every NAV of the fund's past. */
export const CREDIT_LINE = {
  line: "RCF-1",
  lender: "BANK-1",
  committed: "30000000.00",
  drawn: "0",
  currency: CURRENCY,
  expires_on: "2029-09-30",
  due_days: 30,
};

const DATES = dealingDates(
  dealingPolicy(0),
  { weekend: [6, 7], holidays: new Set(HOLIDAYS.map(({ date }) => date)) },
  FIRST_DAY,
  addDays(addMonths(FIRST_DAY, MONTHS + 1), -1),
);
/** Dealing date of a month, as YYYY-MM-DD: its last business day. */
export const monthEnd = (month: number): string => DATES[month]!;
/** First day of that month. */
export const monthStart = (month: number): string => `${monthEnd(month).slice(0, 8)}01`;
/** Appraisals come with March, June, September and December. */
export const isQuarterEnd = (month: number): boolean => Number(monthEnd(month).slice(5, 7)) % 3 === 0;
/** First day of the quarter of that month. */
export const quarterStart = (month: number): string => {
  const start = monthStart(month);
  return addMonths(start, -((Number(start.slice(5, 7)) - 1) % 3));
};
/** A time of the day `days` after (or before) that month-end, UTC. */
export const momentAfter = (month: number, days: number, time = "10:00"): string =>
  `${addDays(monthEnd(month), days)}T${time}:00.000Z`;
/** First day on which units of a lot may leave (R3). */
export const freeFrom = (openedOn: string): string => addMonths(openedOn, LOCK_MONTHS);
