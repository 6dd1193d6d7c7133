// Bonds by cash flows: vectors derived with Python's decimal module at 50 digits from the textbook sums, apart from this code; and what holds for any bond.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BOND } from "../calc/valuation-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { decimal } from "../money.ts";
import { bondSpread, bondValue } from "./bond.ts";

/** 5 a year for three years on 3 % at one and 4 % at three years: 1096 days are 3.0027… years, because 2028 is a leap year. */
describe("vectors", () => {
  it("spread 50 bp, annual: value, durations, convexity; +100 bp by cash flows and by the estimate", () => {
    expect(bondValue({ ...BOND, spreadBps: "50", shift: { parallelBps: "100" } })).toEqual({
      dirty: "101.453747023439026189",
      accrued: "0",
      clean: "101.453747023439026189",
      macaulayDuration: "2.861685129437539123",
      modifiedDuration: "2.739314187051661221",
      convexity: "10.322401194110726874",
      dv01: "0.027791368855085677",
      shifted: { dirty: "98.72615541723691174", change: "-2.727591606202114449", estimate: "-2.726774571537479974" },
      method: "cash_flows",
      interpolation: "linear_zero",
    });
  });

  it("a key rate of two years alone, between one and five", () => {
    const keyRates = [
      { years: "1", bps: "0" },
      { years: "2", bps: "100" },
      { years: "5", bps: "0" },
    ];
    expect(bondValue({ ...BOND, spreadBps: "50", shift: { keyRates } }).shifted).toEqual({
      dirty: "99.628357174006539943",
      change: "-1.825389849432486246",
      estimate: null,
    });
  });

  it("continuous compounding: duration is the mean time, convexity the mean square of it", () => {
    const curve = { ...BOND.curve, compounding: "continuous" as const };
    expect(bondValue({ ...BOND, curve, spreadBps: "50" })).toMatchObject({
      dirty: "101.172469805646917952",
      macaulayDuration: "2.861421551005747534",
      modifiedDuration: "2.861421551005747534",
      convexity: "8.405040074516621002",
    });
  });

  it("accrued interest of half a coupon by 30/360; the spread that explains 101", () => {
    const accrual = { from: "2025-07-01", to: "2026-07-01", coupon: "5", dayCount: "30/360" as const };
    expect(bondValue({ ...BOND, spreadBps: "50", accrual })).toMatchObject({
      accrued: "2.5",
      clean: "98.953747023439026189",
    });
    expect(bondSpread({ ...BOND, dirty: "101" })).toEqual({
      spreadBps: "66.377308953991505397",
      dirty: "101.000000000000000000",
      method: "newton",
    });
  });

  it("what was paid on or before the day of valuation is not counted", () => {
    const late = bondValue({ ...BOND, asOf: "2028-01-01" });
    const only = bondValue({ ...BOND, asOf: "2028-01-01", cashFlows: BOND.cashFlows.slice(2) });
    expect(late).toEqual(only);
    expect(bondValue({ ...BOND, asOf: "2029-01-01" })).toMatchObject({ dirty: "0", convexity: null });
  });
});

it.each([
  { dirty: "0" },
  { dirty: "1000000000" },
  { dirty: "0.0000001" },
  { dirty: "101", cashFlows: [{ date: "2027-01-01", amount: "-5" }] },
  { dirty: "101", asOf: "2030-01-01" },
  { dirty: "101", curve: { ...BOND.curve, points: [BOND.curve.points[0], BOND.curve.points[0]] } },
])("refuses a price no spread explains, or a curve that contradicts itself: %#", (change) => {
  expect(() => bondSpread({ ...BOND, ...change } as never)).toThrow(expect.objectContaining({ code: "EG400" }));
});

it.each([
  { curve: { ...BOND.curve, points: [{ years: "1", rate: "-1.2" }] } },
  { curve: { ...BOND.curve, interpolation: "cubic" } },
  { accrual: { from: "2026-02-01", to: "2026-07-01", coupon: "5", dayCount: "30/360" } },
])("refuses %j", (change) => {
  expect(() => bondValue({ ...BOND, ...change } as never)).toThrow(expect.objectContaining({ code: "EG400" }));
});

const TIMES = { continuous: 0, annual: 1, semiannual: 2, quarterly: 4 };
const day = (days: number): string => new Date(Date.UTC(2026, 0, 1) + days * 86_400_000).toISOString().slice(0, 10);
const bonds = fc.record({
  compounding: fc.constantFrom(...(Object.keys(TIMES) as (keyof typeof TIMES)[])),
  days: fc.uniqueArray(fc.integer({ min: 1, max: 11_000 }), { minLength: 1, maxLength: 3 }),
  amount: fc.integer({ min: 1, max: 1_000_000 }),
  rates: fc.array(fc.integer({ min: -100, max: 1_500 }), { minLength: 1, maxLength: 3 }),
  spread: fc.integer({ min: 0, max: 1_000 }),
  shift: fc.integer({ min: -300, max: 500 }),
});

it("any bond: the value is the plain sum in doubles (1e-9); equal key rates are a parallel shift; higher rates are worth less; the estimate is of second order", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(bonds, ({ compounding, days, amount, rates, spread, shift }) => {
      const points = rates.map((rate, i) => ({ years: String(i * 5 + 1), rate: String(rate / 10_000) }));
      const terms = {
        asOf: day(0),
        cashFlows: days.map((n) => ({ date: day(n), amount: String(amount) })),
        curve: { compounding, points },
        spreadBps: String(spread),
      };
      const parallel = bondValue({ ...terms, shift: { parallelBps: String(shift) } });
      const keyRates = ["1", "2", "10", "30"].map((years) => ({ years, bps: String(shift) }));
      const keyed = bondValue({ ...terms, shift: { keyRates } });
      must(keyed.shifted.dirty === parallel.shifted.dirty, "equal key rates are a parallel shift");
      const times = TIMES[compounding];
      const plain = (by: number): number =>
        days.reduce((sum, n) => {
          const years = n / 365;
          const at = (years - 1) / 5;
          const left = Math.min(Math.max(Math.floor(at), 0), rates.length - 1);
          const right = Math.min(left + 1, rates.length - 1);
          const share = Math.min(Math.max(at - left, 0), 1);
          const rate = (rates[left]! * (1 - share) + rates[right]! * share + spread + by) / 10_000;
          return sum + amount * (times === 0 ? Math.exp(-rate * years) : (1 + rate / times) ** (-times * years));
        }, 0);
      const close = (text: string, wanted: number): boolean => Math.abs(Number(text) / wanted - 1) < 1e-9;
      must(close(parallel.dirty, plain(0)) && close(parallel.shifted.dirty, plain(shift)), "the plain sum");
      must(Math.sign(Number(parallel.shifted.change)) === -Math.sign(shift), "higher rates are worth less");
      // beyond the second order stands at most the third derivative at the lower rate, times shift³/6
      const longest = Math.max(...days) / 365;
      const third = (longest + 2) ** 3 * plain(Math.min(shift, 0)) * 1.2;
      const missed = Math.abs(Number(parallel.shifted.change) - Number(parallel.shifted.estimate));
      must(missed <= (third * Math.abs(shift / 10_000) ** 3) / 6 + 1e-9 * plain(0), "the estimate is of second order");
    }),
    RUNS,
  );
});

it("any bond: the spread found from its value is the spread it was valued with", { timeout: LONG }, () => {
  fc.assert(
    fc.property(bonds, ({ days, amount, rates, spread }) => {
      const terms = {
        asOf: day(0),
        // half yearly compounding and whole half years would be exact; days are not, so that powers are real ones
        cashFlows: days.slice(0, 2).map((n) => ({ date: day(n), amount: String(amount) })),
        curve: { compounding: "continuous" as const, points: [{ years: "1", rate: String(rates[0]! / 10_000) }] },
      };
      const { dirty } = bondValue({ ...terms, spreadBps: String(spread) });
      const found = bondSpread({ ...terms, dirty });
      // the value has 18 decimals: a spread of a bond that ends tomorrow is known no better
      const sharpness = (Math.min(...days) / 365) * Number(dirty);
      must(
        decimal(found.spreadBps)
          .minus(spread)
          .abs()
          .lte(1e-13 / sharpness + 1e-12),
        `spread ${found.spreadBps} for ${spread}`,
      );
    }),
    RUNS,
  );
});
