// A crystallisation by series as it is posted: by hand, and for any class what the step of the books takes, rolls up and pays (R25).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seriesAccounting } from "./series.ts";
import { seriesCrystallisation } from "./series-crystallisation.ts";

const LINEAR = { rate: "0.2", hurdle: "0", catchUp: "1", method: "series" } as const;
const row = (series: string, nav: string, price: string, fee: string, mark: string, since = "2025-12-31") => ({
  series,
  nav,
  nav_per_unit: price,
  performance_accrued: fee,
  high_water: mark,
  since,
});
const facts = { currency: "USD", units_dp: 4, price_dp: 4, nav_date: "2026-12-31", performance: LINEAR } as const;

describe("R25 as a posting", () => {
  it("takes the fee of each, rolls up who stands at the mark, and pays what rounding leaves", () => {
    // the lead at 108 after 2 a unit; another at 104 after 1; a third at 95 below its mark of 100
    expect(
      seriesCrystallisation({
        ...facts,
        series: [
          row("a", "108000.00", "108", "2000.00", "100"),
          row("b", "1040.00", "104", "10.00", "100"),
          row("c", "950.00", "95", "0.00", "100"),
        ],
        lots: [
          { id: "1", series: "a", units: "1000" },
          { id: "2", series: "b", units: "10" },
          { id: "3", series: "c", units: "10" },
        ],
      }),
    ).toEqual({
      fee: "2010",
      series: [
        { series: "a", fee: "2000", high_water: "108", since: "2026-12-31", cash: "0" },
        // 10 · 104 / 108 = 9.62962…: 9.6296 units are 1,039.9968, and nothing of 0.0032 is a cent
        { series: "b", fee: "10", high_water: "104", since: "2026-12-31", rolled_into: "a", cash: "0" },
        { series: "c", fee: "0", high_water: "100", since: "2025-12-31", cash: "0" },
      ],
      lots: [{ lot_id: "2", series: "b", change: "-0.3704", cash: "0" }],
    });
  });

  it.each([
    ["a lead below its mark", row("a", "95.00", "95", "0", "100"), row("b", "104.00", "104", "1", "100")],
    ["a series below its mark", row("a", "108.00", "108", "2", "100"), row("b", "95.00", "95", "0", "100")],
  ])("rolls nothing into or of %s", (_what, lead, other) => {
    const lots = [
      { id: "1", series: "a", units: "1" },
      { id: "2", series: "b", units: "1" },
    ];
    expect(seriesCrystallisation({ ...facts, series: [lead, other], lots }).lots).toEqual([]);
  });

  it("with a hurdle rolls only series whose hurdles run from one day", () => {
    const series = [row("a", "108.00", "108", "2", "100"), row("b", "100.00", "100", "0", "100", "2026-06-30")];
    const lots = [{ id: "2", series: "b", units: "1" }];
    expect(seriesCrystallisation({ ...facts, series, lots }).series[1]).toHaveProperty("rolled_into");
    const performance = { ...LINEAR, hurdle: "0.05" };
    expect(seriesCrystallisation({ ...facts, performance, series, lots }).series[1]).not.toHaveProperty("rolled_into");
  });

  const cents = (least: number, most: number) =>
    fc.integer({ min: least, max: most }).map((n) => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, "0")}`);
  const one = fc.record({
    assets: cents(5_000_00, 20_000_00),
    mark: fc.constantFrom("80", "100", "120.5"),
    since: fc.constantFrom("2025-12-31", "2026-06-30"),
    units: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 3 }),
  });
  it("is for any class what the books take, roll up and pay", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), fc.boolean(), (rows, hurdled) => {
        const asOf = "2026-12-31";
        const terms = hurdled
          ? {
              performance: { kind: "soft" as const, rate: "0.2" },
              hurdle: { rate: "0.05", compounding: "annual" as const, dayCount: "act/365" as const },
            }
          : { performance: { kind: "none" as const, rate: "0.2" } };
        const state = rows.map(({ assets, mark, since, units }, i) => ({
          id: `s${i}`,
          assets,
          highWater: mark,
          since,
          lots: units.map((count, j) => ({ id: `s${i}/${j}`, units: `${count}` })),
        }));
        const before = seriesAccounting({ currency: "USD", ...terms, state, events: [], asOf });
        const struck = before.series.map((series) => ({
          ...row(series.id, "0", series.navPerUnit, series.accruedFee, series.highWater, series.since),
        }));
        const lots = state.flatMap(({ id, lots: own }) => own.map((lot) => ({ ...lot, series: id })));
        const made = seriesCrystallisation({
          ...facts,
          performance: { ...LINEAR, hurdle: hurdled ? "0.05" : "0" },
          series: struck,
          lots,
        });
        const after = seriesAccounting({
          currency: "USD",
          ...terms,
          state,
          events: [{ kind: "crystallise", date: asOf }],
          asOf,
        });
        expect(made.fee).toBe(after.fees);
        expect(made.lots).toEqual(
          after.postings.map(({ lot, units, cash }) => ({
            lot_id: lot,
            series: lot.split("/")[0],
            change: units,
            cash,
          })),
        );
        const kept = made.series.filter((series) => series.rolled_into === undefined);
        expect(kept.map(({ series, high_water, since }) => [series, high_water, since])).toEqual(
          after.series.map(({ id, highWater, since }) => [id, highWater, since]),
        );
      }),
    );
  });
});
