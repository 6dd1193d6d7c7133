// The investor gate (R7): limits per step, aggregation over the accounts of one owner, and what must hold for any book.
import fc from "fast-check";
import { expect, it } from "vitest";
import { arbitraryUnits, LONG, RUNS } from "./arbitrary-day.ts";
import { investorGate } from "./investor-gate.ts";
import { min, scaledText } from "./scaled.ts";

const STACK = { steps: ["0.25", "1/3", "0.5", "1"], period: "quarterly" as const };

it("pays a holding out in four equal quarters: 25 %, 33⅓ %, 50 %, 100 % of what is left", () => {
  const paid: string[] = [];
  let left = 1_200_000n; // 120 units
  for (let step = 0; step < 4; step++) {
    const units = scaledText(left, 4);
    const answer = investorGate({
      policy: STACK,
      holdings: [{ id: "lp", units, step }],
      orders: [{ id: "a", investorId: "lp", units }],
    });
    paid.push(answer.orders[0]?.allowed ?? "");
    left -= BigInt((answer.orders[0]?.allowed ?? "0").replace(".", ""));
  }
  expect(paid).toEqual(["30.0000", "30.0000", "30.0000", "30.0000"]);
});

it("counts all accounts of one owner together and what the period has paid already", () => {
  const answer = investorGate({
    policy: { steps: ["0.25"], period: "quarterly" },
    holdings: [
      { id: "lp-1", units: "1000", redeemedInPeriod: "50" },
      { id: "lp-2", units: "10" },
    ],
    orders: [
      { id: "a", investorId: "lp-1", units: "300" },
      { id: "b", investorId: "lp-1", units: "100" },
      { id: "c", investorId: "lp-2", units: "2" },
    ],
  });
  // 250 − 50 = 200 over 300 and 100: 150 and 50
  expect(answer.orders.map(({ allowed, held }) => [allowed, held])).toEqual([
    ["150.0000", "150.0000"],
    ["50.0000", "50.0000"],
    ["2.0000", "0.0000"],
  ]);
  expect(answer.investors.map(({ limit }) => limit)).toEqual(["200.0000", "2.5000"]);
});

it("refuses an owner whose holding nobody gave", () => {
  expect(() =>
    investorGate({ policy: STACK, holdings: [], orders: [{ id: "a", investorId: "lp", units: "1" }] }),
  ).toThrowError(expect.objectContaining({ code: "EG400" }));
});

it(
  "never lets an owner above the limit, cuts nobody who is within it, and shares alike among the orders of one owner",
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(arbitraryUnits, fc.integer({ min: 0, max: 2 })), { minLength: 1, maxLength: 8 }),
        fc.array(arbitraryUnits, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 5 }),
        (orders, holdings, step) => {
          const answer = investorGate({
            policy: STACK,
            holdings: holdings.map((units, i) => ({ id: `lp${i}`, units: scaledText(units, 4), step })),
            orders: orders.map(([units, who], i) => ({
              id: `o${i}`,
              investorId: `lp${who}`,
              units: scaledText(units, 4),
            })),
          });
          const allowed = answer.orders.map((row) => BigInt(row.allowed.replace(".", "")));
          for (const [who, holding] of holdings.entries()) {
            const [num, den] = [
              [1n, 4n],
              [1n, 3n],
              [1n, 2n],
              [1n, 1n],
            ][Math.min(step, 3)] as [bigint, bigint];
            const limit = (holding * num) / den;
            const own = orders.flatMap(([units, owner], i) =>
              owner === who ? [{ units, got: allowed[i] as bigint }] : [],
            );
            const asked = own.reduce((sum, row) => sum + row.units, 0n);
            const got = own.reduce((sum, row) => sum + row.got, 0n);
            expect(got).toBe(min(asked, limit));
            if (asked > limit)
              for (const row of own) {
                const apart = row.got * asked - row.units * limit;
                expect((apart < 0n ? -apart : apart) < asked).toBe(true);
              }
          }
        },
      ),
      RUNS,
    );
  },
  LONG,
);
