// Which dealing days of a class are to be open at an instant: those whose cut-off is near, and those that were missed while nothing ran. Pure (R2, R3).
import { EvergreenError } from "@evergreen-fund/domain";
import { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import {
  addDays,
  type Calendar,
  civilDateAt,
  dealingDates,
  instantOf,
} from "@evergreen-fund/finance/dealing/calendar.ts";
import type { CalendarFacts } from "./facts.ts";

const HOUR = 3_600_000;
/** A day is opened this long before its cut-off. */
export const AHEAD_MS = 36 * HOUR;
/** Days missed for longer are no longer opened by themselves: people decide what becomes of their orders. */
export const LOOK_BACK_DAYS = 35;

const WEEKEND = [6, 7];

/** Dealing dates to open, oldest first. Errors: EG404 no such class, EG428 without a complete policy. */
export function dueDates(facts: CalendarFacts | null, at: number): string[] {
  if (facts === null) throw new EvergreenError("EG404", "No class with that id.");
  const policies = facts.policies.map((row) => ({ ...row, policy: complete(facts, row.body) }));
  const first = policies[0];
  if (first === undefined) throw new EvergreenError("EG428", `Class ${facts.code} has no dealing policy.`);
  const inForce = (date: string) => policies.filter(({ effectiveFrom }) => effectiveFrom <= date).at(-1);
  // before a class had terms nothing was missed
  const recorded = policies.map(({ recordedOn }) => recordedOn).sort()[0] as string;
  const since = addDays(civilDateAt(at, first.policy.timeZone), -LOOK_BACK_DAYS);
  const from = [since, recorded].sort().at(-1) as string;
  const to = addDays(civilDateAt(at + AHEAD_MS, first.policy.timeZone), 1);
  if (from > to) return [];
  const opened = new Set(facts.opened);
  const due = policies.flatMap((row) => {
    const calendar = calendarOf(facts, row.policy);
    return dealingDates(row.policy, calendar, from, to).filter(
      (date) =>
        inForce(date) === row &&
        instantOf(date, row.policy.cutOff, row.policy.timeZone) - AHEAD_MS <= at &&
        !opened.has(date),
    );
  });
  return [...new Set(due)].sort();
}

function complete(facts: CalendarFacts, body: unknown): DealingPolicy {
  const parsed = DealingPolicy.safeParse(body);
  if (!parsed.success) throw new EvergreenError("EG428", `A dealing policy of class ${facts.code} is not complete.`);
  return parsed.data;
}

const calendarOf = (facts: CalendarFacts, policy: DealingPolicy): Calendar => ({
  weekend: WEEKEND,
  holidays: new Set(facts.holidays.filter(({ calendar }) => calendar === policy.calendar).map(({ date }) => date)),
});
