// What the commands of statements take and show: days, windows, index files, and rates that are doubtful.
import { xirr } from "@evergreen-fund/finance";
import { describe, expect, it } from "vitest";
import { dayBefore, dayOption, knownOnOption, statementWindow } from "./day-options.ts";
import { indexLevels } from "./index-file.ts";
import { rateText } from "./performance-text.ts";

describe("days and times", () => {
  it("are days, or times with a zone; a day is all of it", () => {
    expect(dayOption("--to", "2026-02-28")).toBe("2026-02-28");
    expect(knownOnOption("2026-02-28")).toBe("2026-02-28T23:59:59.999999Z");
    expect(knownOnOption("2026-02-28T10:00:00+02:00")).toBe("2026-02-28T10:00:00+02:00");
    expect([dayOption("--to", undefined), knownOnOption(undefined)]).toEqual([undefined, undefined]);
    expect(dayBefore("2024-03-01")).toBe("2024-02-29");
  });
  it.each(["2026-02-30", "30.01.2026", "today", ""])("are not %j", (text) => {
    expect(() => dayOption("--to", text)).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(() => knownOnOption(text)).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

describe("the window of a statement", () => {
  const books = {
    entries: [{ effectiveOn: "2025-02-28" }, { effectiveOn: "2025-01-31" }],
    strikes: ["2024-12-31", "2025-01-31", "2025-02-28", "2025-02-28", "2025-03-31"].map((date) => ({ date })),
  };
  it.each([
    [{}, "2025-01-30", "2025-03-31"],
    [{ asOf: "2025-03-15" }, "2025-01-30", "2025-02-28"],
    [{ from: "2025-02-01" }, "2025-01-31", "2025-03-31"],
    [{ from: "2024-06-30" }, "2025-01-30", "2025-03-31"],
    [{ from: "2025-02-28", asOf: "2025-03-31" }, "2025-02-28", "2025-03-31"],
  ])("of %j is from %s to %s", (asked, from, to) => {
    expect(statementWindow(books, { from: undefined, asOf: undefined, ...asked })).toEqual({ from, to });
  });
  it.each([
    [{ asOf: "2025-01-01" }, "EG404"],
    [{ asOf: "2024-01-01" }, "EG404"],
    [{ from: "2025-03-31" }, "EG400"],
  ])("%j has none", (asked, code) => {
    const ask = () => statementWindow(books, { from: undefined, asOf: undefined, ...asked });
    expect(ask).toThrowError(expect.objectContaining({ code }));
  });
});

describe("levels of an index", () => {
  const levels = [
    { date: "2024-01-31", level: "100" },
    { date: "2024-02-29", level: "101.25" },
  ];
  it.each([
    ["CSV with a header", "date,level\n2024-01-31,100\n2024-02-29,101.25\n"],
    ["CSV without", '# a remark\n2024-01-31;"100"\n\n2024-02-29;101.25'],
    ["JSON", JSON.stringify(levels)],
  ])("come from %s", (_, source) => {
    expect(indexLevels(source, "index")).toEqual(levels);
  });
  it.each([
    ["a day that is none", "date,level\n2024-02-30,1", "line 2"],
    ["a level that is none", "date,level\n2024-02-28,1e3", "line 2"],
    ["nothing", "date,level\n", "no levels"],
    ["another JSON", "[1, 2]", "expected"],
    ["half a JSON", "[{", "not JSON"],
  ])("are not %s", (_, source, reason) => {
    expect(() => indexLevels(source, "index")).toThrowError(new RegExp(reason));
  });
});

describe("rates in words", () => {
  const basis = { fees: "net", subscriptionLine: "none", staleShare: null } as const;
  const rate = (...amounts: string[]) =>
    xirr({ flows: amounts.map((amount, year) => ({ date: `${2020 + year}-01-01`, amount })), basis });
  it("say which rates are possible, or why there is none", () => {
    // 2020 is a leap year: a year later is 366 days
    expect(rateText(rate("-100", "110"))).toBe("9.97 %");
    expect(rateText(rate("-1000", "2500", "-1540"))).toMatch(
      /^\d+\.\d\d % AMBIGUOUS: \d+\.\d\d % and \d+\.\d\d % solve the flows too; the one nearest 10 % a year is shown$/,
    );
    expect(rateText(rate("-1000", "1900", "-1000"))).toBe("none: no rate solves the flows");
    expect(rateText(rate("-1000", "-1"))).toBe("none: all flows of one sign");
  });
});
