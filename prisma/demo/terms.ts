// What is fixed about the demo fund: code, currency, calendar, classes, fees. Everything else is drawn or follows by arithmetic.

/** Raise it with every change of what the generator makes; a database keeps the version with which it was seeded. */
export const DEMO_VERSION = "1";
export const DEMO_SEED = `evergreen demo fund ${DEMO_VERSION}`;
export const FUND_CODE = "DEMO";
export const FUND_NAME = "Evergreen Demo Private Markets Fund (synthetic)";
export const CURRENCY = "EUR";
/** Stands in funds.source, asset_snapshots.source and reported_flows.source. */
export const SOURCE = "synthetic";
/** Source of the marks that jump on purpose, so that a visitor sees DATA_DRIFT and the alert that follows. */
export const DRIFT_SOURCE = "synthetic: deliberate drift";

/** First dealing date: the founding investors subscribe at the issue price. Month 0; the last month is `MONTHS`. */
const FIRST = { year: 2023, month: 10 };
/** Month-ends with a net asset value, the last being 2026-10-31. */
export const MONTHS = 36;

const two = (value: number): string => String(value).padStart(2, "0");
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

function lastDayOf(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Month-end `month` months after the first dealing date, as YYYY-MM-DD. */
export function monthEnd(month: number): string {
  const index = FIRST.month - 1 + month;
  const year = FIRST.year + Math.floor(index / 12);
  const inYear = (index % 12) + 1;
  return `${year}-${two(inYear)}-${two(lastDayOf(year, inYear))}`;
}

/** First day of that month. */
export const monthStart = (month: number): string => `${monthEnd(month).slice(0, 8)}01`;
export const daysIn = (month: number): number => Number(monthEnd(month).slice(8));
/** Appraisals come with March, June, September and December. */
export const isQuarterEnd = (month: number): boolean => Number(monthEnd(month).slice(5, 7)) % 3 === 0;
/** 10:00 UTC of the day `days` after (or before) that month-end. */
export const momentAfter = (month: number, days: number): string =>
  new Date(Date.parse(`${monthEnd(month)}T10:00:00Z`) + days * 86_400_000).toISOString();

export const CLASSES = [
  { code: "I", name: "Class I, institutional (synthetic)", feeBps: 100 },
  { code: "W", name: "Class W, private wealth (synthetic)", feeBps: 165 },
] as const;
export type ClassCode = (typeof CLASSES)[number]["code"];

/** Issue price of both classes, in ten-thousandths. */
export const ISSUE_PRICE = 100_0000n;
/** Units older than this may be redeemed (hard lock, R3). */
export const LOCK_MONTHS = 12;
/** Most of the fund that may leave in one quarter, basis points (R6). */
export const GATE_BPS = 500n;
