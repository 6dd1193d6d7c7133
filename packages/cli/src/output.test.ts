// Tables, figures, JSON, and that nothing from a row or a file can steer a terminal.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  estimate,
  facts,
  figure,
  fixed,
  inWords,
  isoTime,
  jsonDocument,
  money,
  multiple,
  peopleNeeded,
  percent,
  plain,
  table,
  trimmedMoney,
  when,
} from "./output.ts";

const ESC = "\u001b";

describe("plain", () => {
  it.each([
    ["colour", `${ESC}[31mred${ESC}[0m`, "red"],
    ["one-byte CSI", "\u009b31mred", "red"],
    ["title of the window", `${ESC}]0;owned\u0007after`, "after"],
    ["hyperlink", `${ESC}]8;;http://x.test\u001b\\name${ESC}]8;;\u001b\\`, "name"],
    ["device string", `${ESC}Pq#0${ESC}\\after`, "after"],
    ["cursor up and erase", `a${ESC}[1A${ESC}[2Kb`, "ab"],
    ["reset", `${ESC}cgone`, "gone"],
    ["carriage return", "good\rbad", "good bad"],
    ["bell and backspace", "a\u0007b\u0008c", "abc"],
    ["right-to-left override", "abc\u202edef", "abcdef"],
    ["zero width", "a\u200bb", "ab"],
    ["ordinary text", "Société Générale 5 % €", "Société Générale 5 % €"],
  ])("%s", (_name, given, expected) => {
    expect(plain(given)).toBe(expected);
  });

  it("leaves no control character whatever comes", () => {
    const steering = fc.string({
      unit: fc.oneof(
        fc.constantFrom(ESC, "\u009b", "]", "[", ";", "m", "\u0007", "\\", "\u0090", "\n", "\u202e"),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(steering, (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(plain(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });
});

describe("jsonDocument", () => {
  it("is lossless and holds nothing that steers a terminal", () => {
    const value = { name: `${ESC}[31m\u009b2J\u202ex`, amount: "1.00" };
    const text = jsonDocument(value);
    expect(JSON.parse(text)).toEqual(value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});

describe("figures", () => {
  it.each([
    ["0", "0.00"],
    ["1234567.8", "1,234,567.80"],
    ["-1234.5", "-1,234.50"],
    ["999", "999.00"],
    ["1000", "1,000.00"],
    ["0.1234", "0.1234"],
    ["1.5000", "1.50"],
    ["-0.00", "0.00"],
    ["12345678901234567890123456789012345678.9999", "12,345,678,901,234,567,890,123,456,789,012,345,678.9999"],
  ])("money %s", (given, expected) => {
    expect(money(given)).toBe(expected);
  });
  it("says – for an absent amount", () => {
    expect([money(null), money(undefined), percent(null), multiple("")]).toEqual(["–", "–", "–", "–"]);
  });
  it.each([
    ["0", "0.00 %"],
    ["1", "100.00 %"],
    ["0.12345", "12.35 %"],
    ["0.12344999", "12.34 %"],
    ["0.00005", "0.01 %"],
    ["-0.00004", "0.00 %"],
    ["-0.5", "-50.00 %"],
    ["0.999999999999999999", "100.00 %"],
  ])("percent %s", (given, expected) => {
    expect(percent(given)).toBe(expected);
  });
  it.each([
    ["1.2", "1.20 ×"],
    ["0.005", "0.01 ×"],
    ["12.344", "12.34 ×"],
  ])("multiple %s", (given, expected) => {
    expect(multiple(given)).toBe(expected);
  });
  it.each([
    ["462640.06374", 2, "462,640.06"],
    ["-0.005", 2, "-0.01"],
    ["1999.5", 0, "2,000"],
  ])("estimate %s at %s places", (given, places, expected) => {
    expect(estimate(given, places)).toBe(expected);
  });
  it("never loses a digit of an amount", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 34n), max: 10n ** 34n }), (minor) => {
        const sign = minor < 0n ? "-" : "";
        const digits = (minor < 0n ? -minor : minor).toString().padStart(5, "0");
        const amount = `${sign}${digits.slice(0, -4)}.${digits.slice(-4)}`;
        const back = money(amount).replace(/,/g, "");
        const [whole, fraction = ""] = back.split(".");
        expect(BigInt(`${whole?.replace("-", "")}${fraction.padEnd(4, "0")}`)).toBe(minor < 0n ? -minor : minor);
        expect(trimmedMoney(amount)).toBe(back);
      }),
      { seed: 20261121 },
    );
  });
});

describe("figures of units and prices", () => {
  it.each([
    ["50.000000000000000000", 4, "50.0000"],
    ["1234567.5", 4, "1,234,567.5000"],
    ["1000", 0, "1,000"],
    ["0.123456789", 4, "0.123456789"],
    ["-1234.5", 2, "-1,234.50"],
    ["5", 2, "5.00"],
  ])("%s at %i decimals", (given, places, expected) => {
    expect(figure(given, places)).toBe(expected);
    expect(fixed(given, places)).toBe(expected.replaceAll(",", ""));
  });
  it("says – for an absent one", () => {
    expect([figure(null, 4), figure(undefined, 2), figure("", 0)]).toEqual(["–", "–", "–"]);
  });
  it("counts people in words", () => {
    expect([peopleNeeded(1, "approve"), peopleNeeded(2, "decide"), inWords(12)]).toEqual([
      "One person who did not propose it approves",
      "Two people who did not propose it decide",
      "12",
    ]);
  });
});

describe("table", () => {
  const rows = [
    { name: "Alpha", amount: "1.00" },
    { name: `B${ESC}[31m`, amount: "1,000.00" },
  ];
  it("aligns names to the left and figures to the right", () => {
    const text = table(rows, [
      { header: "Name", value: (row) => row.name },
      { header: "Amount (USD)", value: (row) => row.amount, figure: true },
    ]);
    expect(text.split("\n")).toEqual([
      "Name   Amount (USD)",
      "─────  ────────────",
      "Alpha          1.00",
      "B          1,000.00",
    ]);
  });
  it("shortens what is too long and says when there is nothing", () => {
    expect(table([{ name: "abcdefghij" }], [{ header: "N", value: (row) => row.name, most: 5 }])).toContain("abcd…");
    expect(table([], [{ header: "N", value: () => "" }], "None.")).toBe("None.");
  });
  it("puts facts under each other", () => {
    expect(
      facts([
        ["A", "1"],
        ["Long", null],
      ]),
    ).toBe("A:    1\nLong: –");
  });
});

describe("time", () => {
  it.each([
    ["2026-11-21 09:48:56.552112+00", "2026-11-21T09:48:56.552Z"],
    ["2026-11-21T09:48:56.552112+00:00", "2026-11-21T09:48:56.552Z"],
    ["2026-11-21T10:48:56+01:00", "2026-11-21T09:48:56.000Z"],
  ])("%s", (given, expected) => {
    expect(isoTime(given)).toBe(expected);
    expect(when(given)).toBe("2026-11-21 09:48:56Z");
  });
  it("says – for no time and does not invent one", () => {
    expect([isoTime(null), isoTime("soon"), when(null)]).toEqual([null, null, "–"]);
  });
});
