// Days of the fund: cut-offs across changes of the clocks, notice, dealing dates, and that an order never deals on a date it was too late for.
import type { DealingPolicy } from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEALING_POLICY } from "../calc/dealing-examples.ts";
import { LONG, RUNS } from "./arbitrary-day.ts";
import {
  addDays,
  addMonths,
  businessDaysBefore,
  type Calendar,
  civilDateAt,
  cutOffInstant,
  dealingDateFor,
  dealingDates,
  instantOf,
  isBusinessDay,
  noticeDay,
  rollDate,
  weekdayOf,
} from "./calendar.ts";

const CALENDAR: Calendar = {
  weekend: [6, 7],
  holidays: new Set(["2026-01-01", "2026-04-03", "2026-04-06", "2026-12-25", "2026-12-31"]),
};
const policy = (change: Partial<DealingPolicy>): DealingPolicy => ({
  ...(DEALING_POLICY as unknown as DealingPolicy),
  ...change,
});

describe("local time to instants, as Python's zoneinfo has them", () => {
  it.each([
    ["2026-03-29", "02:30", "Europe/Luxembourg", "2026-03-29T01:30:00.000Z"], // skipped
    ["2026-03-29", "12:00", "Europe/Luxembourg", "2026-03-29T10:00:00.000Z"],
    ["2026-03-28", "12:00", "Europe/Luxembourg", "2026-03-28T11:00:00.000Z"],
    ["2026-10-25", "02:30", "Europe/Luxembourg", "2026-10-25T00:30:00.000Z"], // twice: the first
    ["2026-10-25", "12:00", "Europe/Luxembourg", "2026-10-25T11:00:00.000Z"],
    ["2026-03-08", "02:30", "America/New_York", "2026-03-08T07:30:00.000Z"],
    ["2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
    ["2026-11-01", "16:00", "America/New_York", "2026-11-01T21:00:00.000Z"],
    ["2026-06-30", "00:00", "Asia/Kolkata", "2026-06-29T18:30:00.000Z"],
    ["2026-12-31", "23:59", "Pacific/Kiritimati", "2026-12-31T09:59:00.000Z"],
    ["2026-04-05", "02:00", "Australia/Lord_Howe", "2026-04-04T15:30:00.000Z"], // half an hour
    ["2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"],
    ["2026-12-31", "12:00", "UTC", "2026-12-31T12:00:00.000Z"],
    ["2026-01-15", "12:00", "Pacific/Marquesas", "2026-01-15T21:30:00.000Z"],
  ])("%s %s %s", (date, time, zone, expected) => {
    expect(new Date(instantOf(date, time, zone)).toISOString()).toBe(expected);
  });

  it(
    "comes back to the same day, whatever the zone and the time after the early morning",
    () => {
      const zones = [
        "Europe/Luxembourg",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "UTC",
      ];
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 6_000 }),
          fc.integer({ min: 5, max: 23 }),
          fc.constantFrom(...zones),
          (day, hour, zone) => {
            const date = addDays("2020-01-01", day);
            const instant = instantOf(date, `${String(hour).padStart(2, "0")}:30`, zone);
            expect(civilDateAt(instant, zone)).toBe(date);
            expect(
              Math.abs(instant - Date.parse(`${date}T${String(hour).padStart(2, "0")}:30:00Z`)),
            ).toBeLessThanOrEqual(14 * 3_600_000);
          },
        ),
        RUNS,
      );
    },
    LONG,
  );
});

describe("days", () => {
  it.each([
    ["2024-02-29", 12, "2025-02-28"],
    ["2026-01-31", 1, "2026-02-28"],
    ["2026-03-31", -1, "2026-02-28"],
    ["2026-10-15", 15, "2028-01-15"],
  ])("%s + %s months is %s", (date, months, expected) => expect(addMonths(date, months)).toBe(expected));

  it.each(["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "nothing"])("refuses %s", (date) => {
    expect(() => weekdayOf(date)).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  it("knows weekdays", () => expect(["2026-11-21", "2026-11-22", "2026-11-23"].map(weekdayOf)).toEqual([6, 7, 1]));

  it.each([
    ["2026-04-03", "following", "2026-04-07"],
    ["2026-04-03", "preceding", "2026-04-02"],
    ["2026-12-31", "following", "2027-01-01"],
    ["2026-12-31", "modified_following", "2026-12-30"],
    ["2026-05-16", "modified_following", "2026-05-18"],
    ["2026-05-15", "following", "2026-05-15"],
  ] as const)("%s rolls %s to %s", (date, roll, expected) => expect(rollDate(CALENDAR, date, roll)).toBe(expected));

  it.each([
    ["2026-04-07", 1, "2026-04-02"],
    ["2026-04-07", 3, "2026-03-31"],
    ["2026-04-02", -1, "2026-04-07"],
    ["2026-04-04", 1, "2026-04-02"],
  ])("%s, %s business days before: %s", (date, n, expected) =>
    expect(businessDaysBefore(CALENDAR, date, n)).toBe(expected),
  );

  it("refuses a calendar that is always closed", () => {
    const closed = { weekend: [1, 2, 3, 4, 5, 6, 7], holidays: new Set<string>() };
    expect(() => rollDate(closed, "2026-01-05", "preceding")).toThrowError(/business day/);
  });
});

describe("notice (R3)", () => {
  it.each([
    ["90 calendar days before 31 March, a Wednesday", "2026-03-31", { n: 90, basis: "calendar" }, "2025-12-31"],
    ["calendar days that end on a Sunday roll back", "2026-06-30", { n: 30, basis: "calendar" }, "2026-05-29"],
    ["calendar days that end on a holiday roll back", "2026-05-06", { n: 30, basis: "calendar" }, "2026-04-02"],
    ["business days skip holidays", "2026-04-08", { n: 3, basis: "business" }, "2026-04-01"],
    ["no notice", "2026-03-31", { n: 0, basis: "business" }, "2026-03-31"],
    ["no notice on a closed day", "2026-12-31", { n: 0, basis: "calendar" }, "2026-12-30"],
  ] as const)("%s", (_what, date, notice, expected) => expect(noticeDay(CALENDAR, date, notice)).toBe(expected));
});

describe("dealing dates", () => {
  const year = (change: Partial<DealingPolicy>) => dealingDates(policy(change), CALENDAR, "2026-01-01", "2026-12-31");
  it.each([
    ["quarterly, last business day", {}, ["2026-03-31", "2026-06-30", "2026-09-30", "2026-12-30"]],
    ["quarterly from January", { anchorMonth: 1 }, ["2026-01-30", "2026-04-30", "2026-07-31", "2026-10-30"]],
    [
      "half-yearly, the 31st",
      { frequency: "semiannual", on: { dayOfMonth: 31 }, anchorMonth: 6 },
      ["2026-06-30", "2026-12-30"],
    ],
    [
      "yearly, third business day of April",
      { frequency: "annual", on: { businessDayOfMonth: 3 }, anchorMonth: 4 },
      ["2026-04-07"],
    ],
    [
      "yearly, the last day, following: out of the year",
      { frequency: "annual", on: { dayOfMonth: "last" }, anchorMonth: 12, roll: "following" },
      ["2026-01-02"],
    ],
  ] as const)("%s", (_what, change, expected) => {
    const holidays = new Set([...CALENDAR.holidays, "2025-12-31"]);
    const dates = dealingDates(
      policy(change as Partial<DealingPolicy>),
      { ...CALENDAR, holidays },
      "2026-01-01",
      "2026-12-31",
    );
    expect(dates).toEqual(expected);
  });

  it("weekly, every second week and daily", () => {
    const weekly = year({ frequency: "weekly", on: { weekday: 3 } });
    expect(weekly).toHaveLength(52);
    expect(new Set(weekly.map(weekdayOf))).toEqual(new Set([3]));
    const second = year({ frequency: "biweekly", on: { weekday: 3 }, anchorDate: "2026-01-14" });
    expect(second).toHaveLength(26);
    expect(second.slice(0, 2)).toEqual(["2026-01-14", "2026-01-28"]);
    const daily = year({ frequency: "daily", on: undefined });
    expect(daily).toHaveLength(261 - 5);
    expect(daily.filter((date) => !isBusinessDay(CALENDAR, date))).toEqual([]);
  });

  it(
    "are business days, in order, each once, and the same when asked in two parts",
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom<Partial<DealingPolicy>>(
            {},
            { frequency: "monthly", on: { dayOfMonth: 15 }, roll: "following" },
            { frequency: "monthly", on: { businessDayOfMonth: 23 }, roll: "modified_following" },
            { frequency: "weekly", on: { weekday: 5 }, roll: "preceding" },
            { frequency: "biweekly", on: { weekday: 1 }, anchorDate: "2025-06-02", roll: "following" },
          ),
          fc.integer({ min: 0, max: 900 }),
          fc.integer({ min: 0, max: 120 }),
          (change, start, length) => {
            const from = addDays("2025-01-01", start);
            const middle = addDays(from, Math.floor(length / 2));
            const to = addDays(from, length);
            const dates = dealingDates(policy(change), CALENDAR, from, to);
            expect(dates).toEqual([...new Set(dates)].sort());
            expect(dates.every((date) => isBusinessDay(CALENDAR, date) && date >= from && date <= to)).toBe(true);
            const parts = [
              ...dealingDates(policy(change), CALENDAR, from, middle),
              ...dealingDates(policy(change), CALENDAR, addDays(middle, 1), to),
            ];
            expect(parts).toEqual(dates);
          },
        ),
        RUNS,
      );
    },
    LONG,
  );
});

describe("which date an order deals on (R2)", () => {
  const monthly = policy({
    frequency: "monthly",
    on: { businessDayOfMonth: "last" },
    notice: { subscription: { n: 3, basis: "business" }, redemption: { n: 30, basis: "calendar" } },
  });

  it(
    "in time to the millisecond, and never back-dated",
    () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 700 }),
          fc.integer({ min: 0, max: 86_399_999 }),
          fc.constantFrom("subscription", "redemption"),
          (day, ms, direction) => {
            const at = Date.parse("2025-06-01T00:00:00Z") + day * 86_400_000 + ms;
            const { dealingDate, cutOffAt } = dealingDateFor(monthly, CALENDAR, at, direction);
            expect(at <= cutOffAt && cutOffAt === cutOffInstant(monthly, CALENDAR, dealingDate, direction)).toBe(true);
            // the dealing date before had its cut-off before the order came
            const before = dealingDates(monthly, CALENDAR, addDays(dealingDate, -45), addDays(dealingDate, -1)).at(-1);
            expect(before !== undefined && cutOffInstant(monthly, CALENDAR, before, direction) < at).toBe(true);
            expect(dealingDateFor(monthly, CALENDAR, cutOffAt, direction).dealingDate).toBe(dealingDate);
            expect(dealingDateFor(monthly, CALENDAR, cutOffAt + 1, direction).dealingDate > dealingDate).toBe(true);
          },
        ),
        RUNS,
      );
    },
    LONG,
  );
});
