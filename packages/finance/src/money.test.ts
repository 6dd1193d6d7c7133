// Exact money: parsing, minor units, largest remainder, weights that add up to one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateLargestRemainder } from "./allocation.ts";
import {
  byId,
  currencyExponent,
  decimal,
  Exact,
  exactWeights,
  fixed,
  fromMinor,
  largestRemainder,
  minorToExact,
  ratioText,
  roundToMinor,
  toMinor,
} from "./money.ts";

describe("parsing and printing", () => {
  it.each([
    "",
    "1e3",
    "NaN",
    "Infinity",
    "1.",
    ".5",
    "0x1",
    "1,000",
    " 1",
    `${"9".repeat(39)}`,
    "1.1234567890123456789",
  ])("refuses %j", (text) => {
    expect(() => decimal(text)).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  it("adds a tenth and a fifth exactly", () => {
    expect(decimal("0.1").plus("0.2").toFixed()).toBe("0.3");
  });

  it.each([
    ["1.005", 2, "1.01"],
    ["-1.005", 2, "-1.01"],
    ["-0.001", 2, "0.00"],
    ["2.5", 0, "3"],
    ["1234567890123456789012345678901234567.5", 0, "1234567890123456789012345678901234568"],
  ])("rounds %s to %i decimals as %s", (text, scale, expected) => {
    expect(fixed(decimal(text), scale)).toBe(expected);
  });

  it("prints a ratio without trailing zeros and without an exponent", () => {
    expect(ratioText(decimal("0.050000000000000000"))).toBe("0.05");
    expect(ratioText(decimal("0.000000000000000001"))).toBe("0.000000000000000001");
    expect(ratioText(new Exact("-0.0000000000000000001"))).toBe("0");
    expect(ratioText(decimal("100"))).toBe("100");
  });

  it("keeps the product of the largest amount and the finest ratio exact", () => {
    const product = decimal("9999999999999999999999999999999999.9999").times("0.000000000000000001");
    expect(product.toFixed()).toBe("9999999999999999.9999999999999999999999");
  });
});

describe("minor units", () => {
  it.each([
    ["USD", 2],
    ["JPY", 0],
    ["KWD", 3],
    ["CLF", 4],
    ["EUR", 2],
  ])("%s has %i decimals", (currency, digits) => {
    expect(currencyExponent(currency)).toBe(digits);
  });

  it("refuses an amount finer than the currency", () => {
    expect(() => toMinor("1.005", "USD")).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(() => toMinor("1.5", "JPY")).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(toMinor("1.50", "USD")).toBe(150n);
    expect(toMinor("-1.5", "USD")).toBe(-150n);
  });

  it("rounds by name", () => {
    const amount = decimal("-1.005");
    expect(roundToMinor(amount, "USD")).toBe(-101n);
    expect(roundToMinor(amount, "USD", "floor")).toBe(-101n);
    expect(roundToMinor(amount, "USD", "ceil")).toBe(-100n);
  });

  it("goes there and back for any whole number of minor units", () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 30n), 10n ** 30n),
        fc.constantFrom("USD", "JPY", "KWD", "CLF"),
        (minor, currency) => {
          expect(toMinor(fromMinor(minor, currency), currency)).toBe(minor);
          expect(minorToExact(minor, currency).toFixed()).toBe(decimal(fromMinor(minor, currency)).toFixed());
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("largest remainder", () => {
  it.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    [-100n, [1n, 1n, 1n], [-33n, -33n, -34n]],
    [7n, [0n, 3n, 4n], [0n, 3n, 4n]],
    // 10 · 3/16 = 1.875, 10 · 6/16 = 3.75, 10 · 7/16 = 4.375: the two left over go to .875 and .75
    [10n, [3n, 6n, 7n], [2n, 4n, 4n]],
    [0n, [1n, 2n], [0n, 0n]],
  ])("divides %s as whole parts that add up (%#)", (total, weights, parts) => {
    expect(largestRemainder(total, weights)).toEqual(parts);
  });

  it("refuses negative weights and none at all", () => {
    expect(() => largestRemainder(1n, [1n, -1n])).toThrowError(expect.objectContaining({ code: "EG400" }));
    expect(() => largestRemainder(1n, [0n])).toThrowError(expect.objectContaining({ code: "EG400" }));
  });

  it("adds up, stays within one of the exact share, and gives equal weights parts that differ by one at most", () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 20n), 10n ** 20n),
        fc.array(fc.bigInt(0n, 10n ** 12n), { minLength: 1, maxLength: 30 }).filter((w) => w.some((x) => x > 0n)),
        (total, weights) => {
          const parts = largestRemainder(total, weights);
          const sum = weights.reduce((a, b) => a + b, 0n);
          expect(parts.reduce((a, b) => a + b, 0n)).toBe(total);
          parts.forEach((part, i) => {
            const miss = part * sum - total * weights[i]!;
            expect(miss > -sum && miss < sum).toBe(true);
          });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("does not depend on the order of the holders: ties go to the smallest id", () => {
    const input = { total: "100.00", currency: "USD", shares: ["c", "a", "b"].map((id) => ({ id, weight: "1" })) };
    const { parts } = allocateLargestRemainder(input);
    expect(parts).toEqual([
      { id: "a", amount: "33.34" },
      { id: "b", amount: "33.33" },
      { id: "c", amount: "33.33" },
    ]);
    expect(allocateLargestRemainder({ ...input, shares: [...input.shares].reverse() }).parts).toEqual(parts);
  });

  it("divides a negative total like its magnitude and refuses a repeated holder", () => {
    const shares = [
      { id: "a", weight: "2" },
      { id: "b", weight: "1" },
    ];
    expect(allocateLargestRemainder({ total: "-0.05", currency: "USD", shares }).parts).toEqual([
      { id: "a", amount: "-0.03" },
      { id: "b", amount: "-0.02" },
    ]);
    expect(() =>
      allocateLargestRemainder({ total: "1", currency: "USD", shares: [shares[0]!, shares[0]!] }),
    ).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

describe("weights", () => {
  it("add up to exactly one as printed, negative values included", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1_000_000 }), { minLength: 1, maxLength: 40 }), (values) => {
        fc.pre(values.reduce((a, b) => a + b, 0) > 0);
        const weights = exactWeights(values.map((value) => new Exact(value)));
        const printed = weights.map((weight) => decimal(ratioText(weight)));
        expect(printed.reduce((a, b) => a.plus(b), new Exact(0)).toFixed()).toBe("1");
        const total = values.reduce((a, b) => a + b, 0);
        weights.forEach((weight, i) => {
          expect(weight.minus(new Exact(values[i]!).div(total)).abs().lte("1e-18")).toBe(true);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a portfolio worth nothing", () => {
    expect(() => exactWeights([new Exact(1), new Exact(-1)])).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

it("orders ids by code point, whatever the locale", () => {
  expect(["ä", "z", "a", "Z", "10", "9"].sort(byId)).toEqual(["10", "9", "Z", "a", "z", "ä"]);
});
