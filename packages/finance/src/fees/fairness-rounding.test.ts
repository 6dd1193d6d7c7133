// With rounded units, prices and cash, equalisation stays within the tolerance of R25 of what the exact series give.
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type EqualisationState,
  type EqualisationTerms,
  equalisationStep,
  gavPerUnit,
  lotValue,
  unitsOf,
} from "./equalisation-step.ts";
import { Fraction } from "./fraction.ts";
import type { ExactEvent } from "./lot-events.ts";
import { bookRounding, EXACT } from "./rounding.ts";
import { type SeriesState, type SeriesTerms, seriesPrice, seriesStep } from "./series-step.ts";

const whole = (value: number, of = 1): Fraction => Fraction.of(BigInt(value), BigInt(of));
const CENT = whole(1, 100);
/** One unit in the last place of units and half of one of the price, at four decimals each. */
const UNIT = whole(1, 10_000);
const HALF_PRICE = whole(1, 20_000);

const booked: EqualisationTerms = {
  rate: whole(1, 5),
  issuePrice: whole(100),
  round: bookRounding({ currency: "USD", unitsDp: 4, priceDp: 4 }),
};
const exact: SeriesTerms = {
  performance: { kind: "none", rate: "0.2" },
  hurdle: null,
  cumulativeHurdle: true,
  issuePrice: whole(100),
  rollUp: false,
  round: EXACT,
};
const happening = fc.record({
  kind: fc.constantFrom("result", "result", "subscribe", "redeem", "crystallise"),
  size: fc.integer({ min: 1, max: 4_000_000 }),
});
type Happening = { kind: string; size: number };

function eventOf({ kind, size }: Happening, position: number, state: EqualisationState): ExactEvent | null {
  const date = `2030-01-${String(position + 1).padStart(2, "0")}`;
  const [lots, units] = [[...state.lots.keys()], [...state.lots.values()].map((lot) => lot.units)];
  if (kind === "subscribe") return { kind, date, lot: `lot-${position}`, amount: whole(size + 1000, 100) };
  if (lots.length === 0) return null;
  if (kind === "crystallise") return { kind, date };
  if (kind === "result") {
    return { kind, date, amount: state.assets.times(whole((size % 71) - 30, 100)).rounded(2, "floor") };
  }
  const at = size % lots.length;
  const redeemed = units[at]!.times(whole((size % 4) + 1, 4)).rounded(4, "floor");
  return redeemed.isPositive ? { kind: "redeem", date, lot: lots[at]!, share: redeemed.over(units[at]!) } : null;
}

/**
 * k · (price · 10^-u + units · ½ · 10^-p) with k the unit postings of the class so far, as the residuals of one lot stay in the class and reach
 * every other; a cent for each cash posting; all of it grown as far as the price ever did.
 */
function tolerance(seen: {
  units: number;
  cash: number;
  highest: Fraction;
  lowest: Fraction;
  most: Fraction;
}): Fraction {
  const each = seen.highest.times(UNIT).plus(seen.most.times(HALF_PRICE));
  const total = each.times(whole(seen.units)).plus(CENT.times(whole(seen.cash)));
  return total.times(seen.highest).over(seen.lowest);
}

/** Runs a history; returns the largest deviation of a lot's value as a share of the tolerance. */
function largestDeviation(history: readonly Happening[], terms = booked): number {
  let one: EqualisationState = { highWater: whole(100), assets: Fraction.ZERO, lots: new Map() };
  let many: SeriesState = [];
  const seen = { units: 0, cash: 0, highest: whole(100), lowest: whole(100), most: Fraction.ZERO };
  let largest = 0;
  [{ kind: "subscribe", size: 123_456 }, ...history].forEach((what, position) => {
    const event = eventOf(what, position, one);
    if (!event) return;
    const moved = equalisationStep(one, event, terms);
    one = moved.state;
    many = seriesStep(many, event, exact).state;
    const gav = gavPerUnit(one, terms);
    seen.units += moved.postings.length;
    seen.cash += moved.postings.filter(({ kind }) => kind === "redemption").length + (moved.fee.isZero ? 0 : 1);
    seen.highest = Fraction.max(seen.highest, gav);
    seen.lowest = Fraction.min(seen.lowest, gav);
    seen.most = Fraction.max(seen.most, unitsOf(one));
    for (const series of many) {
      const price = seriesPrice(series, exact, event.date);
      for (const [id, units] of series.lots) {
        const value = lotValue(one.lots.get(id)!, gav, one.highWater, terms.rate);
        const off = value.minus(units.times(price)).magnitude().over(tolerance(seen));
        largest = Math.max(largest, Number(off.text(6)));
      }
    }
  });
  return largest;
}

it("keeps every lot within the tolerance after every event", () => {
  let worst = 0;
  fc.assert(
    fc.property(fc.array(happening, { minLength: 1, maxLength: 9 }), (history) => {
      worst = Math.max(worst, largestDeviation(history));
      expect(worst).toBeLessThanOrEqual(1);
    }),
    { numRuns: 10_000 },
  );
  expect(worst).toBeGreaterThan(0);
}, 60_000);

it("notices units rounded to whole ones and prices cut to two decimals", () => {
  for (const round of [
    { ...booked.round, units: (value: Fraction) => value.rounded(0, "floor") },
    { ...booked.round, price: (value: Fraction) => value.rounded(2, "floor") },
  ]) {
    const property = fc.property(fc.array(happening, { minLength: 4, maxLength: 9 }), (history) => {
      expect(largestDeviation(history, { ...booked, round })).toBeLessThanOrEqual(1);
    });
    expect(fc.check(property, { numRuns: 2000 }).failed).toBe(true);
  }
});
