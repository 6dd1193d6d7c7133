// Units and cash at the published price (R5b): the vector, and that rounding never makes units or money.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryPrice, arbitraryUnits, LONG, RUNS } from "./arbitrary-day.ts";
import { scaledText } from "./scaled.ts";
import { cashOf, costOf, issue, issueUnits, redeemUnits } from "./units.ts";

describe("vectors", () => {
  it.each([
    // derived with exact fractions: 810.0051 × 12.3456 = 9999.99896256
    ["10000.00", "12.3456", undefined, ["810.0051", "10000.00", "0.00103744", "0.00", "0.00"]],
    ["10.00", "3.0000", undefined, ["3.3333", "10.00", "0.0001", "0.00", "0.00"]],
    ["100.00", "1000000.0000", undefined, ["0.0001", "100.00", "0", "0.00", "0.00"]],
    ["199.99", "1000000.0000", undefined, ["0.0001", "100.00", "99.99", "99.99", "0.00"]],
    ["199.99", "1000000.0000", "50", ["0.0001", "100.00", "99.99", "0.00", "99.99"]],
    ["0.00", "12.3456", "0", ["0.0000", "0.00", "0", "0.00", "0.00"]],
  ] as const)("%s at %s", (netAmount, price, refundFrom, expected) => {
    const answer = issueUnits({
      currency: "EUR",
      netAmount,
      price,
      ...(refundFrom === undefined ? {} : { refundFrom }),
    });
    expect([answer.units, answer.invested, answer.residual, answer.residualCash, answer.refund]).toEqual(expected);
  });

  it("rounds cash down and keeps the rest: 25746.8146 × 12.3456 = 317859.87432576", () => {
    expect(redeemUnits({ currency: "EUR", units: "25746.8146", price: "12.3456" })).toEqual({
      cash: "317859.87",
      residual: "0.00432576",
    });
    expect(redeemUnits({ currency: "JPY", units: "1.5", price: "1.0000" }).cash).toBe("1");
  });

  it("refuses a price of 0, a negative amount, and one finer than the currency", () => {
    for (const wrong of [
      { price: "0", netAmount: "1" },
      { price: "1", netAmount: "-1" },
      { price: "1", netAmount: "1.001" },
    ])
      expect(() => issueUnits({ currency: "EUR", ...wrong })).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

it(
  "issue: invested + kept + refunded is the amount, and what is left over is less than one unit of rounding",
  () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10n ** 14n),
        arbitraryPrice,
        fc.option(fc.bigInt(0n, 100n)),
        (net, price, refundFrom) => {
          const ulp = price * 10n ** 10n;
          const made = issue(net, ulp, 2, refundFrom);
          expect(made.invested + made.residualCash + made.refund).toBe(net);
          expect(made.units * ulp + made.residual).toBe(net * 10n ** 16n);
          expect(made.residual >= 0n && made.residual < ulp).toBe(true);
          if (made.refund > 0n) expect(refundFrom !== null && made.refund >= refundFrom).toBe(true);
        },
      ),
      RUNS,
    );
  },
  LONG,
);

it(
  "redeem: the fund keeps less than a cent, and nobody gains by going in and out",
  () => {
    fc.assert(
      fc.property(arbitraryUnits, arbitraryPrice, (units, price) => {
        const ulp = price * 10n ** 10n;
        const { cash, residual } = cashOf(units, ulp, 2);
        expect(cash * 10n ** 16n + residual).toBe(units * ulp);
        expect(residual >= 0n && residual < 10n ** 16n).toBe(true);
        expect(issue(cash, ulp, 2, null).units <= units).toBe(true);
        expect(costOf(units, ulp, 2) >= cash && costOf(units, ulp, 2) - cash <= 1n).toBe(true);
        expect(redeemUnits({ currency: "EUR", units: scaledText(units, 4), price: scaledText(price, 4) }).cash).toBe(
          scaledText(cash, 2),
        );
      }),
      RUNS,
    );
  },
  LONG,
);
