// The calendar in policies/calendar: it reads, every entry has its article, and stepped by months from its first day no entry is ever late.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { describe, expect, it } from "vitest";
import {
  addMonths,
  type CalendarEntry,
  everyMonthsOf,
  type FundDays,
  firstDueOn,
  lastDays,
  readCalendar,
} from "./calendar.ts";

const FOLDER = join(import.meta.dirname, "../../../policies/calendar");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
const shipped = files.map((name) => {
  const { calendar, problems } = readCalendar(readFileSync(join(FOLDER, name), "utf8"), `policies/calendar/${name}`);
  return { name, problems: problems.map(problemLine), entries: calendar?.obligations ?? [] };
});
const entries: [string, CalendarEntry][] = shipped.flatMap(({ entries: own }) =>
  own.map((one): [string, CalendarEntry] => [one.code, one]),
);
const of = (code: string): CalendarEntry => {
  const found = entries.find(([name]) => name === code);
  if (found === undefined) throw new Error(`There is no ${code}.`);
  return found[1];
};

describe("the calendar that is shipped", () => {
  it.each(shipped)("$name reads, for each regime it speaks of", ({ problems, entries: own }) => {
    expect(problems).toEqual([]);
    expect(new Set(own.flatMap(({ regimes }) => regimes ?? []))).toEqual(
      new Set(["aif", "eltif", "ltaf", "us_interval"]),
    );
  });

  it.each(entries)("%s names an act and a number in it", (_code, { source }) => {
    expect(source).toMatch(/Article \d+|\d+ CFR \d+\.\w+-\w+|COLL \d+\.\d+\.\d+R/);
  });

  it.each(entries)(
    "%s is never late, and at most four days early, over ten years from any day and year end",
    (_code, entry) => {
      const every = everyMonthsOf(entry);
      for (let yearEndsIn = 1; yearEndsIn <= 12; yearEndsIn++)
        for (const since of ["2026-11-22", "2028-02-29"]) {
          const fund: FundDays = { yearEndsIn, named: { "repurchase-deadline": since, "kid-published": since } };
          const first = firstDueOn(entry, fund, since) ?? "";
          expect(first >= since, `${first} since ${since}`).toBe(true);
          const last = lastDays(entry, fund, first, 120 / every) ?? [];
          expect(last.length).toBe(120 / every);
          for (const [n, day] of last.entries()) {
            const due = addMonths(first, n * every);
            expect(due <= day, `${due} for ${day}, year ends in ${yearEndsIn}`).toBe(true);
            expect(Date.parse(day) - Date.parse(due), `${due} for ${day}`).toBeLessThanOrEqual(4 * 86_400_000);
          }
        }
    },
  );
});

describe("the first due day", () => {
  const year: FundDays = { yearEndsIn: 12, named: {} };

  it("is the law's last day where months allow it, for the fund's own year", () => {
    expect(firstDueOn(of("aifmd-annex-iv"), year, "2026-11-22")).toBe("2027-01-30");
    // its quarters are those of the calendar, whatever the fund's year is
    expect(firstDueOn(of("aifmd-annex-iv"), { ...year, yearEndsIn: 2 }, "2026-11-22")).toBe("2027-01-30");
    expect(firstDueOn(of("eltif-annual-report"), year, "2026-11-22")).toBe("2027-06-30");
    expect(firstDueOn(of("eltif-annual-report"), { ...year, yearEndsIn: 6 }, "2026-11-22")).toBe("2026-12-30");
    expect(firstDueOn(of("ltaf-annual-report"), year, "2026-11-22")).toBe("2027-04-30");
    expect(firstDueOn(of("form-n-px"), year, "2026-11-22")).toBe("2027-08-31");
  });

  it("is earlier where a later month is shorter: 30 days after January would be late in March", () => {
    expect(firstDueOn(of("form-n-port-record"), year, "2027-02-01")).toBe("2027-02-28");
  });

  it("of a repurchase is counted from the deadline that the fund names, and there is none without", () => {
    const named: FundDays = { ...year, named: { "repurchase-deadline": "2027-01-15" } };
    // 21 days before are 25 December; before 15 April and on they are the 25th and 24th
    expect(firstDueOn(of("interval-repurchase-notice"), named, "2026-11-22")).toBe("2026-12-24");
    expect(firstDueOn(of("interval-repurchase-notice"), year, "2026-11-22")).toBeUndefined();
  });
});

describe("a calendar that is none", () => {
  const text = (entry: string): string =>
    `calendar: Synthetic\nasOf: 2026-01-01\nobligations:\n  - code: a\n    title: A\n    source: Synthetic, Article 1\n${entry}`;
  const told = (content: string): string[] => readCalendar(content, "c.yaml").problems.map(problemLine);

  it("is refused with file, line and field", () => {
    expect(told(text("    from: quarter\n    term: { days: 30 }\n"))).toEqual([]);
    expect(told(text("    from: week\n    term: { days: 30 }\n"))).toEqual([
      "c.yaml:7: obligations.0.from: takes month, quarter, half-year, year, repurchase-deadline, kid-published",
    ]);
    expect(told(text("    from: quarter\n    term: { weeks: 3 }\n"))[0]).toMatch(/^c\.yaml:8: obligations\.0\.term: /);
    expect(told(text("    from: kid-published\n    term: { months: 12 }\n"))).toEqual([
      "c.yaml:4: obligations.0.everyMonths: is missing: says how often the named day comes back",
    ]);
    expect(told(text("    from: month\n    everyMonths: 1\n    term: { daysBefore: 3 }\n"))).toEqual([
      "c.yaml:8: obligations.0.everyMonths: follows from the period; leave it out",
      "c.yaml:9: obligations.0.term: before the end of a period nothing is owed of it",
    ]);
    const twice = "    from: year\n    term: { days: 1 }\n";
    expect(told(`${text(twice)}  - code: a\n    title: A\n    source: B\n${twice}`)).toEqual([
      "c.yaml:9: obligations.1.code: is there already",
    ]);
    expect(told("calendar: [\n")[0]).toMatch(/^c\.yaml:\d: is neither YAML nor JSON/);
    expect(told("{}")[0]).toMatch(/^c\.yaml:1: calendar: is missing/);
  });
});
