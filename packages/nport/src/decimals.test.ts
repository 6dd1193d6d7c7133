// Decimals of the form: what is a number, how it is spelled on the wire, how it is rounded.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amount, cents, exact, isFormDecimal, isNegativeZero, plain } from "./decimals.ts";

describe("numbers of the form", () => {
  it.each([
    "0",
    "-.05",
    "+5.",
    ".15",
    "41349926.010000000000",
    "000000000000000000000000000001",
    `${"9".repeat(24)}.${"9".repeat(24)}`,
  ])("takes %s", (raw) => {
    expect(isFormDecimal(raw)).toBe(true);
  });
  it.each([
    "",
    ".",
    "-",
    "1e5",
    "1E-12",
    "NaN",
    "INF",
    "1,000",
    "0x10",
    "--1",
    "1.2.3",
    " 1",
    "1 ",
    "١",
    "9".repeat(25),
    `0.${"1".repeat(25)}`,
    "0".repeat(65),
  ])("refuses %j", (raw) => {
    expect(isFormDecimal(raw)).toBe(false);
  });
  it("knows minus zero", () => {
    expect(["-0", "-0.00", "-.0", "-0."].map(isNegativeZero)).toEqual([true, true, true, true]);
    expect(["0", "-1", "-0.01", "+0"].map(isNegativeZero)).toEqual([false, false, false, false]);
  });
});

describe("spelling and rounding", () => {
  it.each([
    ["-.05", "-0.05"],
    ["+5.", "5"],
    ["41349926.010000000000", "41349926.01"],
    ["-0.00", "0"],
    ["0.0000000000000000005", "0"],
    ["0.0000000000000000015", "0.000000000000000002"],
    ["123456789012345678901234", "123456789012345678901234"],
  ])("writes %s as %s", (raw, spelled) => {
    expect(plain(raw)).toBe(spelled);
  });
  it.each([
    ["0.005", "0.00"],
    ["0.015", "0.02"],
    ["-0.005", "0.00"],
    ["-0.015", "-0.02"],
    ["2.675", "2.68"],
    ["1", "1.00"],
  ])("rounds %s half to even to %s", (raw, rounded) => {
    expect(cents(raw)).toBe(rounded);
  });
  it("never rounds an exact amount", () => {
    expect(amount(exact("0.125"))).toBe("0.125");
    expect(amount(exact("-0"))).toBe("0.00");
    expect(amount(exact("7"))).toBe("7.00");
  });
  it("keeps the value of every decimal of cents", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat({ max: 12 }), (units, zeros) => {
        const sign = units < 0n ? "-" : "";
        const digits = (units < 0n ? -units : units).toString().padStart(3, "0");
        const raw = `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
        expect(cents(`${raw}${"0".repeat(zeros)}`)).toBe(units === 0n ? "0.00" : raw);
        expect(exact(plain(raw)).equals(exact(raw))).toBe(true);
      }),
    );
  });
});
