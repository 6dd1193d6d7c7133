// The registry of factors is whole and explains itself; addresses and numbers have one way to be written; shapes refuse the rest.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressForm,
  decimalText,
  FACTOR_NAMES,
  FACTORS,
  type FactorKind,
  FactorValue,
  fitsPart,
  PassTest,
  partWords,
  readAddress,
  TEST_NAMES,
  UNITS,
  valueProblem,
} from "./index.ts";

const RUNS = { numRuns: 10_000 } as const;

describe("every factor", () => {
  it.each(FACTOR_NAMES)("%s says what it is, its unit, its effect, its limits and what it applies to", (name) => {
    const kind: FactorKind = FACTORS[name];
    expect(kind.about).toMatch(/^[A-Z].{15,}\.$/);
    expect(kind.appliesTo.length).toBeGreaterThan(10);
    expect(Object.keys(UNITS)).toContain(kind.unit);
    expect(kind.least).toBeLessThan(kind.most);
    if (kind.neutral !== null) {
      expect(kind.neutral).toBe({ add: "0", relative: "0", times: "1", set: "0" }[kind.effect]);
      expect(valueProblem({ name, parts: [], kind }, kind.neutral)).toBeUndefined();
    }
    if (kind.whole) expect(valueProblem({ name, parts: [], kind }, "0.5")).toMatch(/whole numbers/);
    expect(valueProblem({ name, parts: [], kind }, String(kind.most + 1))).toContain(String(kind.least));
    expect(valueProblem({ name, parts: [], kind }, String(kind.least - 1))).toContain(String(kind.most));
    // a relative move cannot take more than everything, a share is at most one
    if (kind.effect === "relative") expect(kind.least).toBeGreaterThanOrEqual(-1);
    if (kind.unit === "share" && kind.effect === "set") expect([kind.least >= 0, kind.most]).toEqual([true, 1]);
  });

  it.each(FACTOR_NAMES)("%s can be addressed by every word of every part, and by no other", (name) => {
    const { parts }: FactorKind = FACTORS[name];
    const words = parts.map((part) => [
      ...(part.all ? ["all"] : []),
      ...(part.words instanceof RegExp ? ["LP-7"] : part.words),
    ]);
    const address = (at: readonly string[]): string => [name, ...at].join(".");
    const firsts = words.map((list) => list[0] as string);
    for (const [index, list] of words.entries())
      for (const word of list) {
        const read = readAddress(address(firsts.with(index, word)));
        expect(read).toMatchObject({ name, kind: FACTORS[name] });
      }
    expect(readAddress(address([...firsts, "more"]))).toMatchObject({
      problem: expect.stringContaining(addressForm(name)),
    });
    for (const [index, part] of parts.entries()) {
      if (part.words instanceof RegExp) continue;
      expect([fitsPart(part, "nowhere"), fitsPart(part, "all")]).toEqual([false, part.all]);
      expect(readAddress(address(firsts.with(index, "nowhere")))).toEqual({
        problem: `${part.name} of ${name} is one of ${partWords(part)}`,
      });
    }
  });

  it("that does not exist is refused with those that do", () => {
    expect(readAddress("sunshine.US")).toEqual({
      problem: expect.stringContaining("rates.parallel, rates.key, spread"),
    });
    expect(readAddress("rates")).toEqual({ problem: expect.stringContaining("no such factor") });
    expect(readAddress("spreads.high_yield")).toEqual({ problem: expect.stringContaining("no such factor") });
  });
});

describe("numbers", () => {
  it.each([
    [0.1, "0.1"],
    ["0.10", "0.1"],
    ["+007.500", "7.5"],
    [-0, "0"],
    ["-0.000", "0"],
    [1e-7, "0.0000001"],
    [-250, "-250"],
    ["123456789012345", "123456789012345"],
  ])("%s is %s", (given, text) => expect(decimalText(given)).toBe(text));
  it.each([
    [1e21],
    [Number.NaN],
    [Infinity],
    ["1e3"],
    ["1,5"],
    [""],
    ["1234567890123456"],
    ["0.1234567890123"],
    [0.1 + 0.2],
    [null],
    [true],
  ])("%s is none", (given) => expect(decimalText(given)).toBeUndefined());
  it("a text, its double and the text of the double are the same number", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999_999, max: 999_999_999 }),
        fc.integer({ min: 0, max: 12 }),
        (digits, shift) => {
          const sign = digits < 0 ? "-" : "";
          const padded = String(Math.abs(digits)).padStart(shift + 1, "0");
          const text = decimalText(
            shift === 0 ? `${sign}${padded}` : `${sign}${padded.slice(0, -shift)}.${padded.slice(-shift)}`,
          );
          expect(text).toBeDefined();
          expect(decimalText(text)).toBe(text);
          expect(decimalText(Number(text))).toBe(text);
          expect(Number(text)).toBeCloseTo(digits / 10 ** shift, 9);
        },
      ),
      RUNS,
    );
  });
});

describe("shapes", () => {
  it.each([
    ["a number", 200, "200"],
    ["a path", [1, "2.50"], ["1", "2.5"]],
    ["a late path", { path: [1, 2], lag: 1 }, { path: ["1", "2"], lag: 1 }],
    ["a ramp", { value: -0.25, over: 3, lag: 1 }, { value: "-0.25", over: 3, lag: 1 }],
    ["a stay", { value: 5, from: 2, to: 3 }, { value: "5", from: 2, to: 3 }],
  ])("%s is a value", (_what, given, wanted) => expect(FactorValue.parse(given)).toEqual(wanted));
  it.each([
    ["a word", "much"],
    ["nothing", null],
    ["an empty path", []],
    ["a path without a lag", { path: [1] }],
    ["a form of two", { value: 1, over: 2, from: 1 }],
  ])("%s is none", (_what, given) => expect(FactorValue.safeParse(given).success).toBe(false));
  it("every test has a name, and none takes what it does not know", () => {
    expect(TEST_NAMES).toEqual([
      "rcr",
      "survival",
      "cash",
      "time_to_cash",
      "fill_path",
      "over_commitment",
      "shortfall",
      "nav_loss",
    ]);
    expect(PassTest.safeParse({ test: "rcr", atLeast: 1.5, buckets: ["30d", "30d"] }).success).toBe(false);
    expect(PassTest.safeParse({ test: "rcr", atLeast: -1, buckets: ["30d"] }).success).toBe(false);
    expect(PassTest.safeParse({ test: "nav_loss", atMost: 0.2, surprise: 1 }).success).toBe(false);
    expect(PassTest.parse({ test: "cash", atLeast: "0.00", each: "day" })).toEqual({
      test: "cash",
      atLeast: "0",
      each: "day",
    });
  });
});
