// Assets valued by their cash flows inside a revaluation: infrastructure beside plain doubles, bonds beside the bond calculations, for any flows and moves.
import fc from "fast-check";
import { it } from "vitest";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { decimal } from "../money.ts";
import { bondSpread, bondValue } from "./bond.ts";
import { revalue } from "./revalue.ts";

const day = (days: number): string => new Date(Date.UTC(2026, 0, 1) + days * 86_400_000).toISOString().slice(0, 10);
const common = { currency: "EUR", markedOn: "2025-12-31" } as const;
const flows = fc.uniqueArray(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 3 });

it("any infrastructure: mark · PV(shocked) / PV(today), and what fell due is paid out in the same proportion", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(
      flows,
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.record({
        rate: fc.integer({ min: 100, max: 1_500 }),
        shift: fc.integer({ min: -90, max: 600 }),
        cash: fc.integer({ min: -90, max: 50 }),
      }),
      fc.integer({ min: 1, max: 2_000 }),
      (days, value, { rate, shift, cash }, later) => {
        const { periods } = revalue({
          asOf: day(0),
          currency: "EUR",
          market: [{ series: "rate", asOf: "2025-12-31", value: String(rate / 10_000) }],
          assets: [
            {
              ...common,
              id: "road",
              kind: "infrastructure",
              value: String(value),
              cashFlows: days.map((n, i) => ({ date: day(n), amount: String(100 + 50 * i) })),
              discountRate: "rate",
              discountFactor: "d",
              cashFlowFactor: "f",
            },
          ],
          path: [
            { date: day(0), moves: { d: { bps: String(shift) }, f: { ratio: String(cash / 100) } } },
            { date: day(later), moves: {} },
          ],
        });
        const worth = (from: number, at: number): number =>
          days.reduce((sum, n, i) => (n > from ? sum + (100 + 50 * i) * (1 + at) ** (-(n - from) / 365) : sum), 0);
        const today = worth(0, rate / 10_000);
        const shocked = (from: number): number =>
          (value * worth(from, (rate + shift) / 10_000) * (1 + cash / 100)) / today;
        const due = days.reduce((sum, n, i) => (n <= later ? sum + 100 + 50 * i : sum), 0);
        const near = (text: string, wanted: number): boolean =>
          Math.abs(Number(text) - wanted) <= 0.0051 + 1e-9 * wanted;
        const [now, then] = periods.map(({ byAsset }) => byAsset[0]!);
        must(near(now!.value.value, shocked(0)) && now!.paid === "0.00", "shocked at once");
        must(near(then!.value.value, shocked(later)), "later");
        must(near(then!.paid, (value * due * (1 + cash / 100)) / today), "paid out");
      },
    ),
    RUNS,
  );
});

it("any bond: without a move its mark stays; with one it is worth what bond-value says at the spread that bond-spread finds", {
  timeout: LONG,
}, () => {
  fc.assert(
    fc.property(
      flows,
      fc.integer({ min: -50, max: 1_000 }),
      fc.integer({ min: 50, max: 150 }),
      fc.record({
        parallel: fc.integer({ min: -300, max: 500 }),
        key: fc.integer({ min: -200, max: 200 }),
        spread: fc.integer({ min: 0, max: 800 }),
      }),
      (days, rate, percent, moves) => {
        const cashFlows = days.map((n) => ({ date: day(n), amount: "1000" }));
        const plain = days.reduce((sum, n) => sum + 1_000 * (1 + rate / 10_000) ** (-n / 365), 0);
        // a bond that ends within weeks is not worth half or one and a half of its sum at any spread in range
        const value = (plain * (1 + ((percent - 100) / 100) * Math.min(1, Math.min(...days) / 4_000))).toFixed(2);
        const zero = String(rate / 10_000);
        const out = revalue({
          asOf: day(0),
          currency: "EUR",
          market: [{ series: "zero", asOf: "2025-12-31", value: zero }],
          assets: [
            {
              ...common,
              id: "bond",
              kind: "bond",
              value,
              cashFlows,
              spreadFactor: "spread",
              rates: {
                curve: [{ years: "1", series: "zero" }],
                parallelFactor: "rates",
                keyRates: [
                  { years: "1", factor: "still" },
                  { years: "5", factor: "key" },
                ],
              },
            },
          ],
          path: [
            {
              date: day(0),
              moves: { rates: { bps: "0" }, still: { bps: "0" }, key: { bps: "0" }, spread: { bps: "0" } },
            },
            {
              date: day(1),
              moves: {
                rates: { bps: String(moves.parallel) },
                key: { bps: String(moves.key) },
                spread: { bps: String(moves.spread) },
              },
            },
          ],
        });
        const [still, moved] = out.periods.map(({ byAsset }) => byAsset[0]!);
        must(decimal(still!.change).isZero(), "the mark stays");
        const curve = { compounding: "annual" as const, points: [{ years: "1", rate: zero }] };
        const { spreadBps } = bondSpread({ asOf: day(0), cashFlows, curve, dirty: value });
        const later = bondValue({
          asOf: day(1),
          cashFlows,
          curve,
          spreadBps,
          shift: {
            parallelBps: String(moves.parallel),
            spreadBps: String(moves.spread),
            keyRates: [
              { years: "1", bps: "0" },
              { years: "5", bps: String(moves.key) },
            ],
          },
        });
        // the spread is handed over with 18 decimals: only a tie at the cent could fall otherwise
        must(decimal(moved!.value.value).minus(later.shifted.dirty).abs().lte("0.005000001"), "bond-value");
        must(decimal(moved!.paid).eq(days.includes(1) ? 1_000 : 0), "coupons are kept as cash");
      },
    ),
    RUNS,
  );
});
