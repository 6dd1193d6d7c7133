// Numbers and days as people write them: tables of what is read and what is refused, and properties over many of them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderOf, parseDate, parseKnownDate, workbookDate, xmlDate } from "./dates.ts";
import {
  formatOf,
  type NumberFormat,
  parseDecimal,
  sumOf,
  withPlaces,
  workbookDecimal,
  xmlDecimal,
} from "./decimals.ts";

const COMMA: NumberFormat = { decimal: ",", group: "." };
const POINT: NumberFormat = { decimal: ".", group: "," };

describe("a number by its format", () => {
  it.each([
    ["1234,56", COMMA, "1234.56"],
    ["1.234,56", COMMA, "1234.56"],
    ["12.345.678,9", COMMA, "12345678.9"],
    ["-1.234,50", COMMA, "-1234.5"],
    ["1.234,50-", COMMA, "-1234.5"],
    ["(1,234.50)", POINT, "-1234.5"],
    ["+7", POINT, "7"],
    ["\u22127.5", POINT, "-7.5"],
    ["1 234.56", { decimal: ".", group: " " }, "1234.56"],
    ["1\u202f234,56", { decimal: ",", group: " " }, "1234.56"],
    ["1'234.56", { decimal: ".", group: "'" }, "1234.56"],
    ["1\u2019234.56", { decimal: ".", group: "'" }, "1234.56"],
    ["007.10", POINT, "7.1"],
    ["-0.00", POINT, "0"],
  ] as const)("%s → %s", (text, format, value) => expect(parseDecimal(text, format)).toBe(value));

  it.each([
    ["12.34,56", COMMA],
    ["1.2345,6", COMMA],
    ["1,234,5", COMMA],
    ["1.234.56", COMMA],
    ["1E5", POINT],
    ["1e-5", POINT],
    ["NaN", POINT],
    ["Infinity", POINT],
    ["0x10", POINT],
    ["12.", POINT],
    [".5", POINT],
    ["", POINT],
    ["--1", POINT],
    ["-1-", POINT],
    ["(-1)", POINT],
    ["1 2", POINT],
    ["EUR 5", POINT],
    ["1,00,000", POINT],
    ["1".repeat(31), POINT],
    [`1.${"1".repeat(19)}`, POINT],
    ["١٢٣", POINT],
  ] as const)("refuses %s", (text, format) => expect(parseDecimal(text, format)).toBeUndefined());

  it("reads what it was printed from, whatever the format", () => {
    const formats: NumberFormat[] = [
      COMMA,
      POINT,
      { decimal: ".", group: "" },
      { decimal: ",", group: " " },
      { decimal: ".", group: "'" },
    ];
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.integer({ min: 0, max: 6 }),
        fc.constantFrom(...formats),
        (units, places, format) => {
          const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
          const [whole, fraction] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places)];
          const grouped = whole.replace(/\B(?=(\d{3})+$)/g, format.group);
          const printed = `${units < 0n ? "-" : ""}${grouped}${places === 0 ? "" : format.decimal + fraction}`;
          const plain = `${units < 0n ? "-" : ""}${whole}${places === 0 ? "" : `.${fraction}`}`;
          expect(parseDecimal(printed, format)).toBe(xmlDecimal(plain));
          expect(
            sumOf([
              parseDecimal(printed, format) ?? "none",
              parseDecimal(printed.startsWith("-") ? printed.slice(1) : `-${printed}`, format) ?? "none",
            ]),
          ).toBe("0");
        },
      ),
    );
  });
});

describe("the format of a column", () => {
  it.each([
    [["1,234.56", "5"], ".", ",", false],
    [["1.234,56", "5,1"], ",", ".", false],
    [["1.234", "1.234.567"], ",", ".", false],
    [["12,5", "1,234"], ",", "", false],
    [["0.125"], ".", "", false],
    [["1234.567"], ".", "", false],
    [["1'234.50"], ".", "'", false],
    [["1,234"], ".", ",", true],
    [["1.234", "5.678"], ".", "", true],
    [["100", "200"], ".", "", false],
  ] as const)("%j", (values, decimal, group, ambiguous) =>
    expect(formatOf([...values])).toEqual({ format: { decimal, group }, ambiguous }),
  );

  it("two values that prove the opposite are told", () => {
    expect(formatOf(["1.234,56", "1,234.56"])).toEqual({ contradiction: "1,234.56" });
    expect(formatOf(["1.234.567,123,4"])).toEqual({ contradiction: "1.234.567,123,4" });
  });
});

describe("what a workbook stores", () => {
  it.each([
    ["0.30000000000000004", "0.3"],
    ["1234.5599999999999", "1234.56"],
    ["1E-3", "0.001"],
    ["1.5e3", "1500"],
    ["9.9999999999999999E2", "1000"],
    ["1234567890123.45", "1234567890123.45"],
    ["-12", "-12"],
    ["0", "0"],
  ])("%s → %s", (stored, value) => expect(workbookDecimal(stored)).toBe(value));
  it.each(["99999999999999.99", "12345678901234567", "1e40", "abc", "", "1,5"])("has no exact %s", (stored) =>
    expect(workbookDecimal(stored)).toBeUndefined(),
  );

  it("every amount of cents up to ten thousand million is what was typed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (cents) => {
        const typed = `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
        expect(workbookDecimal(String(Number(typed)))).toBe(xmlDecimal(typed));
      }),
    );
  });
});

describe("days", () => {
  it.each([
    ["30.01.2026", "DD.MM.YYYY", "2026-01-30"],
    ["1/2/26", "M/D/YY", "2026-01-02"],
    ["20260130", "YYYYMMDD", "2026-01-30"],
    ["2026-02-29", "YYYY-MM-DD", undefined],
    ["2028-02-29", "YYYY-MM-DD", "2028-02-29"],
    ["30.1.2026", "DD.MM.YYYY", undefined],
    ["31x01x2026", "DD.MM.YYYY", undefined],
  ])("%s as %s", (text, pattern, day) => expect(parseDate(text, pattern)).toBe(day));

  it.each([
    ["2026-01-30", "2026-01-30"],
    ["2026-01-30T23:59:00+02:00", "2026-01-30"],
    ["20260130", "2026-01-30"],
    ["30.1.2026", "2026-01-30"],
    ["3/4/2026", "2026-04-03"],
    ["2026-13-01", undefined],
    ["yesterday", undefined],
    ["30.01.26", undefined],
    ["45687", undefined],
  ])("%s without a pattern", (text, day) => expect(parseKnownDate(text, "day first")).toBe(day));

  it("a column says by one value how all are meant, or does not", () => {
    expect(orderOf(["03/04/2026", "13/04/2026"])).toBe("day first");
    expect(orderOf(["03/04/2026", "04/13/2026"])).toBe("month first");
    expect(orderOf(["03/04/2026"])).toBe("ambiguous");
    expect(orderOf(["04/04/2026"])).toBe("day first");
    expect(orderOf(["13/04/2026", "04/13/2026"])).toBe("contradiction");
    expect(parseKnownDate("03/04/2026", "month first")).toBe("2026-03-04");
  });

  it("serial numbers of both calendars", () => {
    expect(workbookDate("61", false)).toBe("1900-03-01");
    expect(workbookDate("46052.75", false)).toBe("2026-01-30");
    expect(workbookDate("44590", true)).toBe("2026-01-30");
    expect(workbookDate("60", false)).toBeUndefined();
    expect(workbookDate("-1", false)).toBeUndefined();
    expect(workbookDate("9999999", false)).toBeUndefined();
  });

  it("XML days with and without a zone", () => {
    expect([
      xmlDate("2026-01-30"),
      xmlDate("2026-01-30Z"),
      xmlDate("2026-01-30+01:00"),
      xmlDate("2026-01-30T23:00:00Z"),
    ]).toEqual(Array(4).fill("2026-01-30"));
    expect([xmlDate("2026-02-30"), xmlDate("30.01.2026"), xmlDate("2026-01-30x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("sums", () => {
  it.each([
    [["0.1", "0.2"], "0.3"],
    [["1", "-1"], "0"],
    [["-0.01", "0.005"], "-0.005"],
    [[], "0"],
    [["99999999999999999999.99", "0.01"], "100000000000000000000"],
  ] as const)("%j = %s", (values, total) => expect(sumOf([...values])).toBe(total));
  it("fills up to the places of a currency and never cuts", () => {
    expect([withPlaces("5", 2), withPlaces("5.1", 2), withPlaces("5.123", 2), withPlaces("5", 0)]).toEqual([
      "5.00",
      "5.10",
      "5.123",
      "5",
    ]);
  });
});
