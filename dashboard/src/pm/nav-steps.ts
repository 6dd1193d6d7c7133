// The change of a NAV as steps that begin where the one before ended, and the part of its history that a range shows.
import type { Morning } from "@evergreen-fund/domain/pages.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { RANGES, type Range } from "./ranges.ts";

/** The day so many months before, or the last one of its month where that month is shorter. */
function monthsBefore(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 - months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** The strikes of a range, its first day with them. */
export function within(history: Morning["history"], range: Range): Morning["history"] {
  const months = RANGES[range];
  const newest = history.at(-1);
  if (months === null || newest === undefined) return history;
  const since = monthsBefore(newest.date, months);
  return history.filter(({ date }) => date >= since);
}

export interface NavStep {
  reason: string;
  from: string | null;
  to: string;
  amount: string;
}

/** Opening, each reason that moved anything, closing; the last level of the reasons is the closing. */
export function navSteps(change: NonNullable<Morning["change"]>): NavStep[] {
  let level = decimal(change.opening);
  const moves = change.reasons
    .filter(({ amount }) => !decimal(amount).isZero())
    .map(({ reason, amount }): NavStep => {
      const from = level;
      level = level.plus(amount);
      return { reason, from: from.toFixed(), to: level.toFixed(), amount };
    });
  const whole = (reason: string, value: string): NavStep => ({ reason, from: null, to: value, amount: value });
  return [whole("opening", change.opening), ...moves, whole("closing", change.closing)];
}
