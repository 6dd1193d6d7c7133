// The regulatory calendar as data: what a fund owes, by which article, how long after what; and the first day of it that is never late.
import { FundRegime } from "@evergreen-fund/domain/policies/index.ts";
import { inLines, type LocatedProblem, readLocated } from "@evergreen-fund/interchange/located-text.ts";
import { z } from "zod";
import { issueWords } from "./condition.ts";
import { LONGEST_PACK } from "./pack-text.ts";

/** What a term runs from: the end of a period of the fund's financial year, or a day that the fund names. */
export const PERIODS = { month: 1, quarter: 3, "half-year": 6, year: 12 } as const;
export const NAMED_DAYS = ["repurchase-deadline", "kid-published"] as const;
export type NamedDay = (typeof NAMED_DAYS)[number];

const words = (most: number) => z.string().min(1).max(most);
const month = z.int().min(1).max(12);

const Entry = z
  .strictObject({
    code: z
      .string()
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "takes lower-case words joined by -")
      .max(60),
    title: words(200),
    /** Act and article. */
    source: words(500),
    /** Only for funds of these regimes; left out, for every fund. */
    regimes: z.array(FundRegime).min(1).optional(),
    from: z.enum(["month", "quarter", "half-year", "year", ...NAMED_DAYS]),
    /** The law's term: days or months after `from`, or days before it. */
    term: z.union([
      z.strictObject({ days: z.int().min(0).max(366) }),
      z.strictObject({ months: z.int().min(1).max(24) }),
      z.strictObject({ daysBefore: z.int().min(1).max(180) }),
    ]),
    /** Last month of the period where the law names it, whatever the fund's financial year is. */
    yearEndsIn: month.optional(),
    /** Of a named day: how often it comes back. */
    everyMonths: z.int().min(1).max(120).optional(),
    leadDays: z.int().min(0).max(366).default(14),
    note: words(500).optional(),
  })
  .superRefine((entry, context) => {
    const named = !(entry.from in PERIODS);
    if (named !== (entry.everyMonths !== undefined))
      context.addIssue({
        code: "custom",
        path: ["everyMonths"],
        message: named
          ? "is missing: says how often the named day comes back"
          : "follows from the period; leave it out",
      });
    if ("daysBefore" in entry.term && !named)
      context.addIssue({ code: "custom", path: ["term"], message: "before the end of a period nothing is owed of it" });
    if (named && entry.yearEndsIn !== undefined)
      context.addIssue({ code: "custom", path: ["yearEndsIn"], message: "is about periods; leave it out" });
  });
export type CalendarEntry = z.output<typeof Entry>;

const Calendar = z
  .strictObject({
    calendar: words(200),
    asOf: z.iso.date("takes a date, such as 2026-01-30"),
    note: words(2_000).optional(),
    obligations: z.array(Entry).min(1).max(500),
  })
  .superRefine(({ obligations }, context) => {
    const seen = new Set<string>();
    for (const [i, { code }] of obligations.entries()) {
      if (seen.has(code))
        context.addIssue({ code: "custom", path: ["obligations", i, "code"], message: "is there already" });
      seen.add(code);
    }
  });
export type Calendar = z.output<typeof Calendar>;

/** The calendar of a text, or every problem with its line and field. Nothing is thrown. */
export function readCalendar(text: string, file: string): { calendar?: Calendar; problems: LocatedProblem[] } {
  const read = readLocated(text, file, LONGEST_PACK);
  if ("problem" in read) return { problems: [read.problem] };
  const parsed = Calendar.safeParse(read.body, { reportInput: true });
  if (parsed.success) return { calendar: parsed.data, problems: [] };
  return {
    problems: inLines(parsed.error.issues.map((issue) => read.locate({ path: issue.path, words: issueWords(issue) }))),
  };
}

const DAY = 86_400_000;
const iso = (time: number): string => new Date(time).toISOString().slice(0, 10);
const addDays = (day: string, days: number): string => iso(Date.parse(day) + days * DAY);
/** As the database adds months: the same day, or the last one of a shorter month. */
export function addMonths(day: string, months: number): string {
  const [year = 0, of = 1, at = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, of - 1 + months + 1, 0)).getUTCDate();
  return iso(Date.UTC(year, of - 1 + months, Math.min(at, last)));
}
const monthEnd = (day: string, months: number): string => {
  const [year = 0, of = 1] = day.split("-").map(Number);
  return iso(Date.UTC(year, of + months, 0));
};

/** Last day on which it is in time. */
const lastDay = (from: string, { term }: Pick<CalendarEntry, "term">): string =>
  "days" in term
    ? addDays(from, term.days)
    : "months" in term
      ? addMonths(from, term.months)
      : addDays(from, -term.daysBefore);

export interface FundDays {
  /** Month the fund's financial year ends with. */
  yearEndsIn: number;
  named: Partial<Record<NamedDay, string>>;
}

export const everyMonthsOf = ({ from, everyMonths }: Pick<CalendarEntry, "from" | "everyMonths">): number =>
  everyMonths ?? PERIODS[from as keyof typeof PERIODS];

/** The law's last days of an entry, one occurrence after the other, the first of them on or after a day; undefined: the fund has not named the day. */
export function lastDays(
  entry: CalendarEntry,
  { yearEndsIn, named }: FundDays,
  since: string,
  count: number,
): string[] | undefined {
  const every = everyMonthsOf(entry);
  const days: string[] = [];
  if (entry.everyMonths !== undefined) {
    const first = named[entry.from as NamedDay];
    if (first === undefined) return undefined;
    for (let n = 0; days.length < count; n++) {
      const day = lastDay(addMonths(first, n * every), entry);
      if (day >= since) days.push(day);
    }
    return days;
  }
  // every period ends with the month of the financial year or a number of periods from it
  const start = `${Number(since.slice(0, 4)) - 4}-${String(entry.yearEndsIn ?? yearEndsIn).padStart(2, "0")}-01`;
  for (let n = 0; days.length < count; n++) {
    const day = lastDay(monthEnd(start, n * every), entry);
    if (day >= since) days.push(day);
  }
  return days;
}

/** How many occurrences are looked at: the days of months repeat after four years, a monthly one comes 48 times in them. */
const LOOKED_AT = 60;

/**
 * First due day on or after `since` from which every further one, so many months later, is in time as well: months have unlike lengths, and a
 * calendar that steps by months would be late now and then if it began on the law's last day. At most a few days early, never late.
 */
export function firstDueOn(entry: CalendarEntry, fund: FundDays, since: string): string | undefined {
  const every = everyMonthsOf(entry);
  const all = lastDays(entry, fund, since, LOOKED_AT + 1);
  for (let from = 0; all !== undefined && from < 2; from++) {
    const due = all.slice(from);
    let first = due[0] ?? since;
    while (due.some((last, n) => addMonths(first, n * every) > last)) first = addDays(first, -1);
    if (first >= since) return first;
  }
  return undefined;
}
