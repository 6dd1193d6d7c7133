// Deals at a NAV that was wrong, in a class with a performance fee (R24, R25, R30): by hand, and for any figures what leaves the class is units × price before fee.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duesOf } from "../fees/equalisation-step.ts";
import { Fraction } from "../fees/fraction.ts";
import { dealValue, type FeeCompared } from "./restated-deals.ts";

const equalisation = (change: Partial<FeeCompared> = {}): FeeCompared => ({
  method: "equalisation",
  open: true,
  rate: "0.2",
  mark: "100",
  entry: "110",
  units: "1000",
  value: "110000.00",
  correct_value: "105000.00",
  taken: false,
  series: [],
  ...change,
});
const price = { published: "108", correct: "104", price_dp: 4 };
const value = (order: Parameters<typeof dealValue>[0], fee = equalisation(), at = price) => {
  const { was, due, fee: back } = dealValue(order, fee, at, 2);
  return [Number(was), Number(due), back];
};

describe("by equalisation", () => {
  // 110 before and 108 after 20 % of the gain over 100; it was 105 and 104
  it.each<[string, Parameters<typeof dealValue>[0], number, number, string]>([
    ["who entered paid the price before fee", { direction: "subscription", units: "500" }, 55_000, 52_500, "0"],
    [
      "who left without a credit had the price after it, and 2 a unit went to the manager",
      {
        direction: "redemption",
        units: "100",
        performance_fee: "200.00",
        lots: [{ units: "100", reference: "100", credit: "0" }],
      },
      10_800,
      10_400,
      "100.00",
    ],
    [
      // of a credit of 1.50 a unit 1.00 is in reach at 105
      "who left with a credit had as much of it as was in reach",
      {
        direction: "redemption",
        units: "100",
        performance_fee: "50.00",
        credit: "150.00",
        lots: [{ units: "100", reference: "107.5", credit: "150" }],
      },
      10_950,
      10_500,
      "50.00",
    ],
    [
      // entered at 90: owes 2 a unit up to the mark on both NAVs
      "who had entered below the mark owes the same on both",
      {
        direction: "redemption",
        units: "100",
        performance_fee: "400.00",
        credit: "-200.00",
        lots: [{ units: "100", reference: "90", credit: "0" }],
      },
      10_600,
      10_200,
      "100.00",
    ],
  ])("%s", (_what, order, was, due, fee) => {
    expect(value(order).slice(0, 2)).toEqual([was, due]);
    expect(Number(value(order)[2])).toBe(Number(fee));
  });
  it("once the fee was taken on that NAV, everybody dealt at the NAV per unit", () => {
    const taken = equalisation({ open: false });
    expect(value({ direction: "subscription", units: "100" }, taken)).toEqual([10_800, 10_400, "0"]);
  });
  it("without corrected figures nothing is said", () => {
    expect(() => value({ direction: "subscription", units: "1" }, equalisation({ correct_value: null }))).toThrow(
      expect.objectContaining({ code: "EG500" }),
    );
  });
  it("for any lots: cash and fee together are units × price before fee, before and after the correction", () => {
    const amount = fc.integer({ min: 1, max: 2_000_000 });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.integer({ min: 5_000, max: 20_000 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(
          fc.record({
            units: fc.integer({ min: 1, max: 1_000 }),
            reference: fc.integer({ min: 5_000, max: 30_000 }),
            credit: fc.integer({ min: 0, max: 10_000 }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        (was, is, mark, rate, drawn) => {
          const lots = drawn.map((lot) => ({
            units: String(lot.units),
            reference: Fraction.of(BigInt(lot.reference), 100n).text(2),
            credit: Fraction.of(BigInt(lot.credit), 100n).text(2),
          }));
          const units = Fraction.sum(lots.map((lot) => Fraction.of(lot.units)));
          const [rateIs, markIs] = [Fraction.of(BigInt(rate), 10_000n), Fraction.of(BigInt(mark), 100n)];
          const gav = (minor: number) => Fraction.of(BigInt(minor), 10_000n);
          const after = (minor: number) =>
            gav(minor)
              .minus(rateIs.times(gav(minor).minus(markIs).positive()))
              .text(18);
          const fee = equalisation({
            rate: rateIs.text(4),
            mark: markIs.text(2),
            units: "100",
            value: gav(was).times(Fraction.of("100")).text(4),
            correct_value: gav(is).times(Fraction.of("100")).text(4),
          });
          const dues = (minor: number) =>
            Fraction.sum(
              lots.map((lot) => {
                const exact = {
                  units: Fraction.of(lot.units),
                  reference: Fraction.of(lot.reference),
                  credit: Fraction.of(lot.credit),
                };
                const { refund, depreciation } = duesOf(exact, gav(minor), markIs, rateIs);
                return refund.minus(depreciation);
              }),
            );
          const owed = (minor: number) =>
            rateIs.times(gav(minor).minus(markIs).positive()).times(units).minus(dues(minor));
          const found = dealValue(
            {
              direction: "redemption",
              units: units.text(0),
              performance_fee: owed(was).rounded(2, "half_up").text(2),
              credit: dues(was).text(2),
              lots,
            },
            fee,
            { published: after(was), correct: after(is), price_dp: 18 },
            2,
          );
          const moved = Fraction.of(found.was).minus(Fraction.of(found.due)).plus(Fraction.of(found.fee));
          const due = units.times(gav(was).minus(gav(is)));
          // each fee and the credit are rounded once, to the minor unit
          expect(moved.minus(due).magnitude().lte(Fraction.of("0.015001"))).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});

describe("by series", () => {
  const series = equalisation({
    method: "series",
    entry: "100",
    series: [
      { series: "a", units: "1000", published: "116.8", correct: "112.4", correct_fee: "3100.00" },
      { series: "b", units: "550", published: "108", correct: "104", correct_fee: "550.00" },
    ],
  });
  const order = {
    direction: "redemption",
    units: "150",
    performance_fee: "520.00",
    pieces: [
      { series: "a", units: "100" },
      { series: "b", units: "50" },
    ],
  } as const;
  it("each piece had the price of its series and its part of the fee", () => {
    // 11,680 + 5,400 and 11,240 + 5,200; of the fees 310 + 50
    expect(value({ ...order, pieces: [...order.pieces] }, series)).toEqual([17_080, 16_440, "160.00"]);
  });
  it("once it was taken on that NAV no fee went along", () => {
    const taken = { ...series, taken: true };
    expect(value({ ...order, performance_fee: "0.00", pieces: [...order.pieces] }, taken)[2]).toBe("0.00");
  });
  it("who entered paid the issue price, which no NAV moves", () => {
    expect(value({ direction: "subscription", units: "100" }, series)).toEqual([10_000, 10_000, "0"]);
  });
  it("a series that the corrected NAV does not know is not guessed", () => {
    expect(() => value({ ...order, pieces: [{ series: "c", units: "1" }] }, series)).toThrow(
      expect.objectContaining({ code: "EG500" }),
    );
  });
});
