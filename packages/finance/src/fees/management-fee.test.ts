// Management fee (R20): day counts, postings that add up, and the form that mints units; figures derived apart with fractions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { daysBetween, yearFraction } from "./days.ts";
import { Fraction } from "./fraction.ts";
import { accrueManagementFee, continuousManagementFee } from "./management-fee.ts";

const coded = (code: string) => expect.objectContaining({ code });
const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

describe("day counts", () => {
  it.each([
    ["2024-01-01", "2024-02-01", "act/365", [31n, 365n]],
    ["2024-01-01", "2024-02-01", "act/360", [31n, 360n]],
    ["2024-01-01", "2024-02-01", "act/ACT", [31n, 366n]],
    ["2024-01-01", "2024-02-01", "30/360", [30n, 360n]],
    ["2024-01-31", "2024-03-31", "30/360", [60n, 360n]],
    ["2024-02-29", "2024-03-31", "30/360", [32n, 360n]],
    ["2023-12-31", "2025-01-01", "act/ACT", [366n, 365n]],
    ["2024-05-05", "2024-05-05", "act/365", [0n, 365n]],
  ] as const)("%s to %s is %s of a year", (from, to, basis, [n, d]) => {
    expect(yearFraction(from, to, basis).eq(Fraction.of(n, d))).toBe(true);
  });

  it("refuses a period that ends before it begins", () => {
    expect(() => yearFraction("2024-02-01", "2024-01-01", "act/365")).toThrowError(coded("EG400"));
  });

  it("counts actual days additively over any cut", () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.nat(900),
        fc.nat(900),
        fc.constantFrom("act/365", "act/360", "act/ACT"),
        (start, a, b, basis) => {
          const [from, cut, to] = [0, a, a + b].map((days) => dayAfter("1990-01-01", start + days)) as [
            string,
            string,
            string,
          ];
          const whole = yearFraction(from, to, basis as "act/365");
          const sum = yearFraction(from, cut, basis as "act/365").plus(yearFraction(cut, to, basis as "act/365"));
          expect(sum.eq(whole)).toBe(true);
          expect(daysBetween(from, to)).toBe(a + b);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

describe("daily accrual", () => {
  it.each([
    ["act/365", "1273.97"],
    ["act/360", "1291.67"],
    ["act/ACT", "1270.49"],
    ["30/360", "1250.00"],
  ] as const)("January 2024 on a million at a rate of 0.015, %s, is %s", (basis, fee) => {
    const strikes = [{ date: "2024-01-01", nav: "1000000.00" }];
    expect(accrueManagementFee({ currency: "EUR", rate: "0.015", basis, strikes, until: "2024-02-01" }).fee).toBe(fee);
  });

  it("runs on the value of the strike before, not the one it ends at", () => {
    const strikes = [
      { date: "2024-01-01", nav: "100.00" },
      { date: "2024-12-31", nav: "1000000.00" },
    ];
    // 100 · 1 % · 365/365
    const { fee, accruals } = accrueManagementFee({ currency: "EUR", rate: "0.01", strikes, until: "2024-12-31" });
    expect(fee).toBe("1.00");
    expect(accruals.map(({ days, posted }) => [days, posted])).toEqual([
      [365, "1.00"],
      [0, "0.00"],
    ]);
  });

  it("accrues nothing on a value below zero, and posts in the currency's own minor unit", () => {
    const below = {
      currency: "JPY",
      rate: "0.01",
      strikes: [{ date: "2024-01-01", nav: "-5000" }],
      until: "2024-07-01",
    };
    expect(accrueManagementFee(below).fee).toBe("0");
  });

  it("posts day by day what it posts at once, to the last minor unit", () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10n ** 13n),
        fc.integer({ min: 1, max: 9999 }),
        fc.integer({ min: 1, max: 12 }),
        (cents, bps, days) => {
          const nav = Fraction.of(cents, 100n).text(2);
          const rate = Fraction.of(BigInt(bps), 10_000n).text(4);
          const until = dayAfter("2024-02-25", days);
          const at = (n: number) => ({ date: dayAfter("2024-02-25", n), nav });
          const daily = { currency: "USD", rate, strikes: Array.from({ length: days }, (_, n) => at(n)), until };
          const once = accrueManagementFee({ ...daily, strikes: [at(0)] });
          const { fee, accruals } = accrueManagementFee(daily);
          const posted = accruals.reduce((sum, { posted }) => sum.plus(Fraction.of(posted)), Fraction.ZERO);
          expect(posted.text(2)).toBe(fee);
          expect(fee).toBe(once.fee);
          const exact = (cents * BigInt(bps) * BigInt(days) * 2n + 3_650_000n) / (2n * 3_650_000n);
          expect(Fraction.of(fee).scaled(100n, "floor")).toBe(exact);
        },
      ),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("notices days rounded one by one: the running total is what is rounded", () => {
    // 0.004 a day for 10 days: rounded one by one it would be nothing
    const strikes = Array.from({ length: 10 }, (_, n) => ({ date: dayAfter("2024-03-01", n), nav: "146.00" }));
    const { fee, accruals } = accrueManagementFee({ currency: "USD", rate: "0.01", strikes, until: "2024-03-11" });
    expect(fee).toBe("0.04");
    expect(accruals.map(({ posted }) => posted)).toEqual([
      "0.00",
      "0.01",
      "0.00",
      "0.01",
      "0.00",
      "0.00",
      "0.01",
      "0.00",
      "0.01",
      "0.00",
    ]);
  });

  it.each([
    [
      "strikes out of order",
      {
        strikes: [
          { date: "2024-02-01", nav: "1" },
          { date: "2024-01-01", nav: "1" },
        ],
      },
    ],
    [
      "a day twice",
      {
        strikes: [
          { date: "2024-01-01", nav: "1" },
          { date: "2024-01-01", nav: "1" },
        ],
      },
    ],
    ["an end before the last strike", { until: "2023-12-31" }],
    ["a rate above one", { rate: "1.01" }],
    ["no real day", { until: "2024-02-30" }],
    ["a dealing price beside the value", { strikes: [{ date: "2024-01-01", nav: "1", dealingPrice: "2" }] }],
  ])("refuses %s", (_, change) => {
    const input = { currency: "USD", rate: "0.01", strikes: [{ date: "2024-01-01", nav: "1" }], until: "2024-03-01" };
    expect(() => accrueManagementFee({ ...input, ...change })).toThrowError(coded("EG400"));
  });
});

describe("the form that mints units", () => {
  it.each([
    ["0.01", "1.000000000318694059332284765", "10.101010101010101010"],
    ["0.02", "1.000000000640623646752619686", "20.408163265306122441"],
    ["0.2", "1.000000007075835619725814916", "250.000000000000000006"],
  ])("at %s a year has the factor %s and mints %s units on a thousand in 365 days", (rate, perSecond, units) => {
    const output = continuousManagementFee({ units: "1000", unitsDp: 18, rate, seconds: 31_536_000 });
    expect(output.perSecond).toBe(perSecond);
    const off = Fraction.of(output.units).minus(Fraction.of(units)).magnitude();
    expect(off.lte(Fraction.of("0.000000000000002"))).toBe(true);
  });

  it("mints 0.0275 units in a day on a thousand at 1 %", () => {
    expect(continuousManagementFee({ units: "1000", rate: "0.01", seconds: 86_400 })).toMatchObject({
      units: "0.0275",
      unitsAfter: "1000.0275",
    });
  });

  it("takes a per-second factor as it is, and nothing in no time", () => {
    const perSecond = "1.000000000318694059332284765";
    expect(continuousManagementFee({ units: "1000", perSecond, seconds: 0 }).units).toBe("0.0000");
    expect(continuousManagementFee({ units: "1000", perSecond: "1", seconds: 99 }).units).toBe("0.0000");
  });

  it.each([{}, { rate: "0.01", perSecond: "1" }, { rate: "1" }])("refuses %j", (rates) => {
    expect(() => continuousManagementFee({ units: "1", seconds: 1, ...rates })).toThrowError(coded("EG400"));
  });

  // making a factor from a yearly rate is slow, so a few are made once
  const factors = ["0.0001", "0.005", "0.01", "0.02", "0.1", "0.5"].map(
    (rate) => continuousManagementFee({ units: "1", rate, seconds: 0 }).perSecond,
  );

  it("does not depend on how often it is settled, within a unit of the last place for each settlement", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...factors),
        fc.integer({ min: 0, max: 40_000_000 }),
        fc.integer({ min: 0, max: 40_000_000 }),
        fc.integer({ min: 1, max: 10 ** 9 }),
        (perSecond, first, second, units) => {
          const settle = (supply: string, seconds: number) =>
            continuousManagementFee({ units: supply, unitsDp: 9, perSecond, seconds }).unitsAfter;
          const twice = Fraction.of(settle(settle(String(units), first), second));
          const once = Fraction.of(settle(String(units), first + second));
          // one lost unit of the last place grows at most by the factor of the second period (below 3 here)
          expect(once.minus(twice).magnitude().lte(Fraction.of("0.000000004"))).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
