// ESG coverage: rows worked out by hand, and what must hold for any fund.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../money.ts";
import { type EsgHolding, esgCoverage } from "./coverage.ts";

const held = (value: string | null, score: string | null, asset = "SYN"): EsgHolding => ({ asset, value, score });
const HUNDRED = { low: "0", high: "100" };

describe("a fund", () => {
  it("is scored by value: (300·80 + 100·40) / 400 = 70; 400 of 500 are rated", () => {
    expect(
      esgCoverage({ holdings: [held("300", "80"), held("100", "40"), held("100", null)], scale: HUNDRED }),
    ).toEqual({
      score: "70.000000",
      normalised: "0.7",
      coverageByValue: "0.8",
      rated: 2,
      counted: 3,
      leftOut: 0,
    });
  });
  it("keeps the provider's scale: (2·1 + 1·4) / 3 = 2 on 1 to 5 is a quarter of the way", () => {
    expect(esgCoverage({ holdings: [held("2", "1"), held("1", "4")], scale: { low: "1", high: "5" } })).toMatchObject({
      score: "2.000000",
      normalised: "0.25",
    });
  });
  it("says nothing where nothing is rated, and gives debts no weight", () => {
    expect(esgCoverage({ holdings: [held("10", null), held("-5", "90"), held(null, "90")], scale: HUNDRED })).toEqual({
      score: null,
      normalised: null,
      coverageByValue: "0",
      rated: 0,
      counted: 1,
      leftOut: 2,
    });
    expect(esgCoverage({ holdings: [], scale: HUNDRED })).toMatchObject({ coverageByValue: null, score: null });
  });
  it("refuses a scale without a range and a score outside of it", () => {
    expect(() => esgCoverage({ holdings: [], scale: { low: "5", high: "5" } })).toThrow("low end");
    expect(() => esgCoverage({ holdings: [held("1", "101", "SYN-9")], scale: HUNDRED })).toThrow("SYN-9");
  });
});

it("the score lies between the lowest and the highest, and shares of a holding count as the holding", () => {
  const cents = fc.bigInt(1n, 10n ** 14n);
  const points = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cents, points), { minLength: 1, maxLength: 12 }), (rows) => {
      const holdings = rows.map(([value, score]) => held(String(value), decimal(String(score)).div(100).toFixed()));
      const { score, coverageByValue } = esgCoverage({ holdings: holdings, scale: HUNDRED });
      const all = rows.map(([, one]) => one / 100);
      expect(coverageByValue).toBe("1");
      expect(Number(score)).toBeGreaterThanOrEqual(Math.min(...all) - 1e-6);
      expect(Number(score)).toBeLessThanOrEqual(Math.max(...all) + 1e-6);
      const halves = holdings.flatMap((one) => {
        const half = decimal(one.value ?? "0")
          .div(2)
          .toFixed();
        return [held(half, one.score), held(half, one.score)];
      });
      expect(esgCoverage({ holdings: halves, scale: HUNDRED }).score).toBe(score);
    }),
  );
});
