// Days of the fund: dealing dates of a frequency, business days, notice days, and the instant of a cut-off in the fund's zone (R2, R3).
// Pure: civil dates are text ("2026-03-29"), instants are milliseconds since 1970; no clock is read.
import { EvergreenError } from "@evergreen-fund/domain";
import type { DealingPolicy, Notice, Roll } from "@evergreen-fund/domain/policies/index.ts";

/** Business days of one fund: every day but the weekend days (1 Monday … 7 Sunday) and the holidays. */
export type Calendar = { readonly weekend: readonly number[]; readonly holidays: ReadonlySet<string> };

const DAY_MS = 86_400_000;
/** A calendar without a business day in so long a stretch is a mistake. */
const LONGEST_CLOSURE = 60;
/** Days looked at in one go when a dealing date is searched. */
const WINDOW_DAYS = 92;

/** Days since 1970-01-01. Errors: EG400 unless it is a date that exists. */
export function dayNumber(date: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) / DAY_MS : Number.NaN;
  if (!Number.isInteger(day) || dateOf(day) !== date)
    throw new EvergreenError("EG400", "Expected a date that exists, such as 2026-02-28.");
  return day;
}

export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return dateOf(dayNumber(date) + days);
}

/** The same day of the month `months` later; the last day of that month where it has no such day (31 January + 1 month = 28 February). */
export function addMonths(date: string, months: number): string {
  // lots of a register were opened on few dates, and are asked about one by one
  const name = `${date} ${months}`;
  const known = added.get(name);
  if (known !== undefined) return known;
  const sum = sumOf(date, months);
  if (added.size < MOST_ADDED) added.set(name, sum);
  return sum;
}
const added = new Map<string, string>();
const MOST_ADDED = 20_000;

function sumOf(date: string, months: number): string {
  dayNumber(date);
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const first = new Date(Date.UTC(year, month - 1 + months, 1));
  return dateIn(first.getUTCFullYear(), first.getUTCMonth() + 1, day);
}

/** 1 Monday … 7 Sunday. */
export function weekdayOf(date: string): number {
  return ((((dayNumber(date) + 3) % 7) + 7) % 7) + 1;
}

export function isBusinessDay(calendar: Calendar, date: string): boolean {
  return !calendar.weekend.includes(weekdayOf(date)) && !calendar.holidays.has(date);
}

/** The date itself or the next business day of the calendar in the direction of the convention. Errors: EG400 when none is near. */
export function rollDate(calendar: Calendar, date: string, roll: Roll): string {
  if (roll === "preceding") return seek(calendar, date, -1);
  const after = seek(calendar, date, 1);
  const sameMonth = after.slice(0, 7) === date.slice(0, 7);
  return roll === "following" || sameMonth ? after : seek(calendar, date, -1);
}

function seek(calendar: Calendar, date: string, step: 1 | -1): string {
  let day = date;
  for (let tries = 0; tries < LONGEST_CLOSURE; tries++) {
    if (isBusinessDay(calendar, day)) return day;
    day = addDays(day, step);
  }
  throw new EvergreenError("EG400", "The calendar has no business day within 60 days: check its holidays.");
}

/** n business days before (n > 0) or after (n < 0) a date; the date itself does not count. */
export function businessDaysBefore(calendar: Calendar, date: string, n: number): string {
  const step = n < 0 ? 1 : -1;
  let day = date;
  for (let left = Math.abs(n); left > 0; left--) day = seek(calendar, addDays(day, step), step);
  return day;
}

/**
 * The day by whose cut-off an order must be in (R3). calendar: dealing date − n days, rolled to the preceding business day;
 * business: n business days back. n = 0 is the dealing date itself, rolled to the preceding business day.
 */
export function noticeDay(calendar: Calendar, dealingDate: string, notice: Notice): string {
  if (notice.basis === "business" && notice.n > 0) return businessDaysBefore(calendar, dealingDate, notice.n);
  return rollDate(calendar, addDays(dealingDate, notice.basis === "calendar" ? -notice.n : 0), "preceding");
}

/** Dealing dates of a policy with `from` ≤ date ≤ `to`, in order, each once. Errors: EG400 when the stretch is longer than 20 years. */
export function dealingDates(policy: DealingPolicy, calendar: Calendar, from: string, to: string): string[] {
  if (dayNumber(to) - dayNumber(from) > 7_306) throw new EvergreenError("EG400", "Ask for at most 20 years of dates.");
  // A rolled date may lie outside the period of the day it comes from: look a closure further on both sides.
  const days = nominalDays(policy, calendar, addDays(from, -LONGEST_CLOSURE), addDays(to, LONGEST_CLOSURE));
  const rolled = new Set(days.map((day) => rollDate(calendar, day, policy.roll)));
  return [...rolled].filter((date) => date >= from && date <= to).sort();
}

/** Months between two dealing dates of a monthly or rarer frequency. */
const MONTHS = { monthly: 1, quarterly: 3, semiannual: 6, annual: 12 } as const;

function nominalDays(policy: DealingPolicy, calendar: Calendar, from: string, to: string): string[] {
  const [first, last] = [dayNumber(from), dayNumber(to)];
  const { frequency, on } = policy;
  if (frequency === "daily") return every(first, last, 1).filter((day) => isBusinessDay(calendar, day));
  if (on === undefined) throw new EvergreenError("EG400", "The policy names no dealing day.");
  if ("weekday" in on) {
    const start = first + ((on.weekday - weekdayOf(from) + 7) % 7);
    const skip = policy.anchorDate === undefined ? 0 : Math.abs(weekOf(dateOf(start)) - weekOf(policy.anchorDate)) % 2;
    return every(start + 7 * skip, last, frequency === "biweekly" ? 14 : 7);
  }
  if (frequency === "weekly" || frequency === "biweekly")
    throw new EvergreenError("EG400", "Weekly dealing names a weekday.");
  const step = MONTHS[frequency];
  const months: number[] = [];
  for (let month = monthOf(from); month <= monthOf(to); month++)
    if ((month + 1 - policy.anchorMonth) % step === 0) months.push(month);
  return months.map((month) => {
    const [year, inYear] = [Math.floor(month / 12), (month % 12) + 1];
    if ("dayOfMonth" in on) return dateIn(year, inYear, on.dayOfMonth === "last" ? 31 : on.dayOfMonth);
    if (on.businessDayOfMonth === "last") return rollDate(calendar, dateIn(year, inYear, 31), "preceding");
    return businessDaysBefore(calendar, addDays(dateIn(year, inYear, 1), -1), -on.businessDayOfMonth);
  });
}

function every(first: number, last: number, step: number): string[] {
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => dateOf(first + i * step));
}

/** Months since the year 0. */
const monthOf = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;

/** Weeks since the Monday of 1970-01-05. */
const weekOf = (date: string): number => Math.floor((dayNumber(date) - 4) / 7);

function dateIn(year: number, month: number, day: number): string {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return dateOf(Date.UTC(year, month - 1, Math.min(day, last)) / DAY_MS);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that local wall time in `zone` is ahead of UTC at an instant. */
function offsetAt(instant: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value);
  const wall = Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second);
  return wall - Math.floor(instant / 1000) * 1000;
}

/**
 * The instant of a local wall time. A time the clocks skip is read with the offset before the change (02:30 becomes 03:30); a time that happens
 * twice is its first occurrence (RFC 5545, 3.3.5).
 */
export function instantOf(date: string, time: string, zone: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const wall = dayNumber(date) * DAY_MS + hour * 3_600_000 + minute * 60_000;
  // The offset is one of those a day before and a day after: no zone changes twice in two days.
  const [before, after] = [offsetAt(wall - DAY_MS, zone), offsetAt(wall + DAY_MS, zone)];
  const fits = [wall - before, wall - after].filter((instant) => instant + offsetAt(instant, zone) === wall);
  return fits.length > 0 ? Math.min(...fits) : wall - before;
}

/** Civil date in `zone` at an instant. */
export function civilDateAt(instant: number, zone: string): string {
  return dateOf(Math.floor((instant + offsetAt(instant, zone)) / DAY_MS));
}

/** The last instant at which an order of this kind for the dealing date is in time (inclusive). */
export function cutOffInstant(
  policy: DealingPolicy,
  calendar: Calendar,
  dealingDate: string,
  direction: "subscription" | "redemption",
): number {
  return instantOf(noticeDay(calendar, dealingDate, policy.notice[direction]), policy.cutOff, policy.timeZone);
}

/**
 * The first dealing date whose cut-off an order submitted at `submittedAt` still meets (R2: at the cut-off is in time, 1 ms later rolls).
 * Errors: EG400 when there is none within five years.
 */
export function dealingDateFor(
  policy: DealingPolicy,
  calendar: Calendar,
  submittedAt: number,
  direction: "subscription" | "redemption",
): { dealingDate: string; cutOffAt: number } {
  // a cut-off is never after its dealing date, so earlier dates are out of the question
  const from = civilDateAt(submittedAt, policy.timeZone);
  for (let ahead = 0; ahead < 5 * 366; ahead += WINDOW_DAYS) {
    const dates = dealingDates(policy, calendar, addDays(from, ahead), addDays(from, ahead + WINDOW_DAYS - 1));
    for (const dealingDate of dates) {
      const cutOffAt = cutOffInstant(policy, calendar, dealingDate, direction);
      if (submittedAt <= cutOffAt) return { dealingDate, cutOffAt };
    }
  }
  throw new EvergreenError("EG400", "No dealing date within five years: check frequency, notice and calendar.");
}
