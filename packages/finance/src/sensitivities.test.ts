// Loss under a parallel shift from DV100, against the figures of a real filing.
import fc from "fast-check";
import { expect, it } from "vitest";
import { decimal } from "./money.ts";
import { rateShockLoss } from "./sensitivities.ts";

/** SEC Form N-PORT, CIK 0000311101, period 2022-12-31, item B.3 (intrstRtRiskdv100). */
const FILED = [
  { currency: "USD", tenor: "3Mon", amount: "37075.658747329608" },
  { currency: "USD", tenor: "1Yr", amount: "279369.315086266604" },
  { currency: "USD", tenor: "5Yr", amount: "543997.095466088216" },
  { currency: "USD", tenor: "10Yr", amount: "234586.000881731886" },
  { currency: "USD", tenor: "30Yr", amount: "0.000000000000" },
];

it.each([
  [100, "1095028.07"],
  [200, "2190056.14"],
  [-100, "-1095028.07"],
  [1, "10950.28"],
  [0, "0.00"],
])("at %i basis points the filed fund loses %s", (shockBps, loss) => {
  expect(rateShockLoss({ dv100: FILED, shockBps })).toMatchObject({
    loss,
    method: "dv100_linear",
    convexity: "unknown",
  });
});

it("keeps the exact sum and splits it by tenor and by currency", () => {
  const result = rateShockLoss({ dv100: [...FILED, { currency: "EUR", tenor: "5Yr", amount: "-10.5" }], shockBps: 50 });
  expect(result.lossExact).toBe("547508.785090708157");
  expect(result.byCurrency).toEqual([
    { currency: "EUR", loss: "-5.25" },
    { currency: "USD", loss: "547514.035090708157" },
  ]);
  expect(result.byTenor.map((row) => row.tenor)).toEqual(["10Yr", "1Yr", "30Yr", "3Mon", "5Yr"]);
});

it("is linear: the loss at a + b is the loss at a plus the loss at b", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -500, max: 500 }),
      fc.integer({ min: -500, max: 500 }),
      fc.bigInt(-(10n ** 15n), 10n ** 15n),
      (a, b, cents) => {
        const dv100 = [{ currency: "USD", tenor: "5Yr", amount: `${cents}` }];
        const at = (shockBps: number) => decimal(rateShockLoss({ dv100, shockBps }).lossExact);
        expect(at(a + b).toFixed()).toBe(at(a).plus(at(b)).toFixed());
      },
    ),
    { numRuns: 1000 },
  );
});

it.each([
  { dv100: FILED, shockBps: 1.5 },
  { dv100: [{ currency: "usd", tenor: "1Yr", amount: "1" }], shockBps: 1 },
  { dv100: [{ currency: "USD", tenor: "1Yr", amount: "1e5" }], shockBps: 1 },
])("refuses malformed input %#", (input) => {
  expect(() => rateShockLoss(input)).toThrowError(expect.objectContaining({ code: "EG400" }));
});
