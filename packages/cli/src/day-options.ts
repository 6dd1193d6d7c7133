// Days and times of the command line, and which days a statement can be made for: it begins and ends where there is a price. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "./output.ts";

const Day = z.iso.date();
const Instant = z.iso.datetime({ offset: true });

/** The day an option gives, or undefined. Errors: EG400 naming the option. */
export function dayOption(flag: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!Day.safeParse(value).success)
    throw new EvergreenError("EG400", `${flag} is a day such as 2026-01-30, not ${plain(value)}.`);
  return value;
}

/** A day means all of it, in UTC; a time is taken as it is. Errors: EG400. */
export function knownOnOption(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (Day.safeParse(value).success) return `${value}T23:59:59.999999Z`;
  if (Instant.safeParse(value).success) return value;
  throw new EvergreenError(
    "EG400",
    `--known-on is a day such as 2026-01-30 or a time such as 2026-01-30T17:00:00Z, not ${plain(value)}.`,
  );
}

export interface Window {
  from: string;
  to: string;
}

/** The day before a calendar day. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/**
 * First and last day of a statement: the last prices on or before `from` and `asOf`; without `from` the day before anything was held, without
 * `asOf` the newest price. Errors: EG404 when nothing was held or priced by then, EG400 when the window has no day.
 */
export function statementWindow(
  books: { entries: readonly { effectiveOn: string }[]; strikes: readonly { date: string }[] },
  { from, asOf }: { from: string | undefined; asOf: string | undefined },
): Window {
  const until = asOf ?? "9999-12-31";
  const first = books.entries.map(({ effectiveOn }) => effectiveOn).sort()[0];
  const priced = books.strikes.map(({ date }) => date).sort();
  const to = priced.filter((day) => day <= until).at(-1);
  if (first === undefined || to === undefined || first > to)
    throw new EvergreenError("EG404", "Nothing was held in that class by then, as known on that time.");
  const start =
    from === undefined ? dayBefore(first) : (priced.filter((day) => day <= from).at(-1) ?? dayBefore(first));
  if (start >= to)
    throw new EvergreenError("EG400", `--from must be before the last price of the statement, which is of ${to}.`);
  return { from: start, to };
}
