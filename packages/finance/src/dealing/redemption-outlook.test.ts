// When a redemption could be paid: exact where every past date paid the same, the same again for the same seed, and never more than was asked.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redemptionOutlook } from "./redemption-outlook.ts";

const of = (fractions: string[], more: Partial<Parameters<typeof redemptionOutlook>[0]> = {}) =>
  redemptionOutlook({ fractions, windows: 4, mostDealings: null, paths: 500, seed: 7, stretch: 3, ...more });

describe("the outlook of a redemption", () => {
  it("pays at once where no date had a gate", () => {
    const { windows, open } = of(["1", "1"]);
    expect(windows[0]).toEqual({ paidInFull: 1, low: 1, middle: 1, high: 1 });
    expect(open).toBe(0);
  });

  it("leaves a half of a half where every date paid a half", () => {
    // 1 − 0.5^n: 0.5, 0.75, 0.875, 0.9375
    expect(of(["0.5"]).windows.map(({ middle }) => middle)).toEqual([0.5, 0.75, 0.875, 0.9375]);
    expect(of(["0.5"]).open).toBe(1);
  });

  it("stops after as many dealings as an order has", () => {
    expect(of(["0.5"], { mostDealings: 2 }).windows.map(({ high }) => high)).toEqual([0.5, 0.75, 0.75, 0.75]);
  });

  it("comes near the share of past dates that paid in full", () => {
    const { windows } = of(["1", "1", "1", "0"], { paths: 20_000 });
    expect(Math.abs((windows[0]?.paidInFull ?? 0) - 0.75)).toBeLessThan(0.02);
  });

  it("is the same for the same seed and another for another", () => {
    const past = ["1", "0.4", "0.9", "1", "0.2"];
    expect(of(past)).toEqual(of(past));
    expect(of(past, { seed: 8 }).windows).not.toEqual(of(past).windows);
  });

  it("never takes back what was paid, and its low is its low", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (past, seed) => {
          const { windows } = of(
            past.map((share) => (share === 100 ? "1" : `0.${String(share).padStart(2, "0")}`)),
            { paths: 60, seed },
          );
          for (const [at, { low, middle, high, paidInFull }] of windows.entries()) {
            expect(low <= middle && middle <= high && high <= 1 && low >= 0).toBe(true);
            const before = windows[at - 1];
            if (before === undefined) continue;
            expect(low >= before.low && middle >= before.middle && paidInFull >= before.paidInFull).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("says that there is nothing to draw from", () => {
    expect(() => of([])).toThrow(expect.objectContaining({ code: "EG428" }));
    expect(() => of(["1.5e3"])).toThrow(expect.objectContaining({ code: "EG400" }));
  });
});
