// The grid of a month: begins on a Monday, ends on a Sunday, holds each day once.
import { expect, it } from "vitest";
import { monthName, nextMonth, weeksOf } from "./month.ts";

it.each([
  ["2026-11", 6, 30],
  ["2026-02", 6, 28],
  ["2027-02", 0, 28],
  ["2028-02", 1, 29],
])("%s has %i cells before its %i days", (month, before, days) => {
  const grid = weeksOf(month);
  expect(grid.length % 7).toBe(0);
  expect(grid.indexOf(`${month}-01`)).toBe(before);
  expect(grid.filter((day) => day !== null)).toHaveLength(days);
});

it("months follow each other over the year's end", () => {
  expect([nextMonth("2026-12", 1), nextMonth("2026-01", -1)]).toEqual(["2027-01", "2025-12"]);
  expect(monthName("2026-11")).toBe("November 2026");
});
