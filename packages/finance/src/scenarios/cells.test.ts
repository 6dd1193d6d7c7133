// Cells of a scenario: numbered, each replayed by its number; grids counted; draws held against an independent derivation.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryFamily, RUNS } from "./arbitrary-scenario.ts";
import { cellDoubles, resolveScenario, scenarioCell, scenarioCells } from "./index.ts";
import { four, problems, resolved, shelfOf } from "./test-scenario.ts";

describe("cells", () => {
  it("number every point of a grid once, the last axis turning fastest", () => {
    const scenario = resolved({ grid: { "haircut.all": { from: 0, to: 0.2, step: 0.1 }, "fx.USD": [-0.1, 0.1] } });
    expect([...scenarioCells(scenario)].map(({ point }) => Object.values(point).join(" "))).toEqual([
      "-0.1 0",
      "-0.1 0.1",
      "-0.1 0.2",
      "0.1 0",
      "0.1 0.1",
      "0.1 0.2",
    ]);
  });
  it("are as many as values and draws make, all different points, for any scenario", () => {
    fc.assert(
      fc.property(arbitraryFamily, ({ child, parent }) => {
        const scenario = resolveScenario(child, shelfOf(parent));
        const axes = Object.values(scenario.grid).map((values) => values.length);
        const count = axes.reduce((product, n) => product * n, 1);
        expect(scenario.cells).toBe(count * (scenario.monteCarlo?.count ?? 1));
        const cells = [...scenarioCells(scenario)];
        expect(cells.map(({ cell }) => cell)).toEqual([...Array(scenario.cells).keys()]);
        expect(new Set(cells.map(({ point }) => JSON.stringify(point))).size).toBe(count);
      }),
      RUNS,
    );
  }, 300_000);
  it("any cell by its number alone is the one of the sequence, for any scenario", () => {
    fc.assert(
      fc.property(arbitraryFamily, fc.nat(), ({ child, parent }, any) => {
        const scenario = resolveScenario(child, shelfOf(parent));
        const number = any % scenario.cells;
        expect(scenarioCell(scenario, number)).toEqual([...scenarioCells(scenario)][number]);
      }),
      RUNS,
    );
  }, 300_000);
  it("as doubles are their texts, cell by cell, address by address, period by period", () => {
    const addresses = ["fx.GBP", "haircut.all", "redemptions.times"];
    const scenario = resolved({
      periods: four,
      factors: { "fx.GBP": [0.1, 0.2, 0.3, 0.4] },
      grid: { "haircut.all": [0, 0.05] },
      monteCarlo: {
        seed: 5,
        count: 3,
        drawn: "each_period",
        draws: { "spread.all": { distribution: "normal", mean: 0, sd: 50 } },
      },
    });
    const wanted = [...scenarioCells(scenario)].flatMap(({ factors }) =>
      [...addresses, "spread.all"].flatMap((address) => (factors[address] ?? ["1", "1", "1", "1"]).map(Number)),
    );
    expect([...cellDoubles(scenario, [...addresses, "spread.all"], 0, 6)]).toEqual(wanted);
    expect([...cellDoubles(scenario, [...addresses, "spread.all"], 4, 1)]).toEqual(wanted.slice(64, 80));
    expect(() => cellDoubles(scenario, addresses, 4, 3)).toThrow("has cells 0 to 5");
    expect(() => cellDoubles(scenario, ["fx.EURO"], 0, 1)).toThrow("currency of fx");
    expect(() => cellDoubles(scenario, ["redemptions.filled"], 0, 1)).toThrow("no value that changes nothing");
  });
  it("outside their range are refused", () => {
    for (const number of [-1, 1, 0.5]) expect(() => scenarioCell(resolved({}), number)).toThrow("has cells 0 to 0");
  });
  it("more than a million are refused", () => {
    const axis = { from: 0, to: 0.999, step: 0.001 };
    expect(problems({ grid: { "haircut.7d": axis, "haircut.30d": axis, "haircut.90d": [0, 0.1] } })).toEqual([
      "grid: makes 2000000 cells; 1000000 is the most",
    ]);
    expect(problems({ grid: { "haircut.7d": { from: 0, to: 1, step: 0.0001 } } })).toEqual([
      "grid/haircut.7d/step: has 10001 values; 1000 is the most",
    ]);
  });
});

/** Row → US shares, haircut, redemptions. */
const VECTORS: [number, string[]][] = [
  [0, ["-0.0788519296", "0.2161497769", "0.6554838267"]],
  [1, ["-0.0881424818", "0.1004870073", "0.4130199524"]],
  [999, ["-0.1547773857", "0.2743109709", "0.8404877835"]],
];

describe("Monte Carlo", () => {
  const draws = {
    "equity.us.all": { distribution: "normal", mean: 0, sd: 0.2 },
    "haircut.all": { distribution: "uniform", from: 0, to: 0.3 },
    "redemptions.times": { distribution: "lognormal", mu: 0, sigma: 0.5 },
  };
  const correlation = {
    of: ["redemptions.times", "equity.us.all"],
    matrix: [
      [1, -0.6],
      [-0.6, 1],
    ],
  };
  const monteCarlo = { seed: 20251121, count: 20_000, drawn: "once", draws, correlation };
  // Derived apart from this code: Philox4x32-10 in unbounded whole numbers, the quantile and probability of Python's statistics.NormalDist,
  // z3 = -0.6·e1 + 0.8·e3; counter (row, 0, column / 2, 0), key (20251121, 0).
  it.each(VECTORS)("row %i is what its counter says", (row, wanted) => {
    const { factors } = scenarioCell(resolved({ monteCarlo }), row);
    expect(Object.values(factors).map(([value]) => value)).toEqual(wanted);
  });
  it("has the mean, the spread and the correlation that are asked for", () => {
    const rows = [...scenarioCells(resolved({ monteCarlo }))].map(({ factors }) => ({
      equity: Number(factors["equity.us.all"]?.[0]),
      haircut: Number(factors["haircut.all"]?.[0]),
      redemptions: Math.log(Number(factors["redemptions.times"]?.[0])),
    }));
    const mean = (of: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
    // four standard errors of 20,000 draws
    expect(Math.abs(mean((row) => row.equity))).toBeLessThan((4 * 0.2) / Math.sqrt(20_000));
    expect(mean((row) => row.equity ** 2)).toBeCloseTo(0.04, 2);
    expect(mean((row) => row.haircut)).toBeCloseTo(0.15, 2);
    expect(mean((row) => row.redemptions ** 2)).toBeCloseTo(0.25, 1);
    expect(Math.abs(mean((row) => row.equity * row.redemptions) / (0.2 * 0.5) + 0.6)).toBeLessThan(0.03);
    expect(Math.abs(mean((row) => row.equity * (row.haircut - 0.15)))).toBeLessThan(0.002);
    expect(rows.every(({ haircut }) => haircut >= 0 && haircut <= 0.3)).toBe(true);
  });
  it("a row of each period is what its counters say: shares compound, rates add up", () => {
    // derived as the vectors above, periods 1 to 4 in the place of period 0: (1 + before)·(1 + 0.2·z) − 1, and the sum of 80·z
    const { factors } = scenarioCell(
      resolved({
        periods: four,
        monteCarlo: {
          seed: 20251121,
          count: 4,
          drawn: "each_period",
          draws: {
            "equity.us.all": draws["equity.us.all"],
            "rates.parallel.USD": { distribution: "normal", mean: 0, sd: 80 },
          },
        },
      }),
      3,
    );
    expect(factors).toEqual({
      "equity.us.all": ["0.3249586226", "0.4943101864", "1.1118431148", "1.1156311688"],
      "rates.parallel.USD": ["-26.844496326", "17.9478591756", "-82.4867739202", "-101.6478039335"],
    });
  });
  it("a correlation written in another order is the same", () => {
    const { hash } = resolved({ monteCarlo });
    const other = { ...correlation, of: [...correlation.of].reverse() };
    expect(resolved({ monteCarlo: { ...monteCarlo, correlation: other } }).hash).toBe(hash);
    const named = {
      of: Object.keys(draws),
      matrix: [
        [1, 0, -0.6],
        [0, 1, 0],
        [-0.6, 0, 1],
      ],
    };
    expect(resolved({ monteCarlo: { ...monteCarlo, correlation: named } }).hash).toBe(hash);
  });
  it("draws of each period accumulate for levels and stand alone for flows", () => {
    const scenario = resolved({
      periods: four,
      monteCarlo: {
        ...monteCarlo,
        count: 50,
        drawn: "each_period",
        draws: { ...draws, "rates.parallel.USD": { distribution: "normal", mean: 0, sd: 80 } },
      },
    });
    const once = (seedRow: number) => scenarioCell(scenario, seedRow).factors;
    for (let row = 0; row < 50; row++) {
      const path = (once(row)["equity.us.all"] ?? []).map(Number);
      expect(new Set(path).size).toBe(4);
      expect(path.every((level) => level >= -1)).toBe(true);
      expect(new Set(once(row)["redemptions.times"]).size).toBe(4);
    }
    // the spread of a sum of four independent moves is twice that of one
    const ends = Array.from({ length: 50 }, (_, row) => Number(once(row)["rates.parallel.USD"]?.[3]));
    expect(Math.sqrt(ends.reduce((sum, end) => sum + end ** 2, 0) / 50)).toBeGreaterThan(100);
  });
  it("a wide draw stays within the limits of its factor", () => {
    const wild = {
      "haircut.all": { distribution: "normal", mean: 0.5, sd: 5 },
      "exits.largest": { distribution: "uniform", from: 0, to: 4 },
    };
    const cells = [...scenarioCells(resolved({ monteCarlo: { seed: 1, count: 200, drawn: "once", draws: wild } }))];
    expect(new Set(cells.map(({ factors }) => factors["haircut.all"]?.[0]))).toContain("0");
    for (const { factors } of cells) {
      expect(Number(factors["haircut.all"]?.[0])).toBeLessThanOrEqual(1);
      expect(["0", "1", "2", "3", "4"]).toContain(factors["exits.largest"]?.[0]);
    }
  });
  it.each([
    [
      "a correlation of what is not drawn",
      {
        correlation: {
          of: ["equity.us.all", "fx.USD"],
          matrix: [
            [1, 0],
            [0, 1],
          ],
        },
      },
      "monteCarlo/correlation/of/1: is not drawn",
    ],
    [
      "a matrix of the wrong size",
      {
        correlation: {
          of: ["equity.us.all", "haircut.all"],
          matrix: [
            [1, 0],
            [0, 1],
            [0, 0],
          ],
        },
      },
      "monteCarlo/correlation/matrix: has 2 rows of 2 numbers",
    ],
    [
      "a matrix that contradicts itself",
      {
        correlation: {
          of: Object.keys(draws),
          matrix: [
            [1, 0.9, 0.9],
            [0.9, 1, -0.9],
            [0.9, -0.9, 1],
          ],
        },
      },
      "monteCarlo/correlation/matrix: must not contradict itself",
    ],
    [
      "a lognormal haircut",
      { correlation: undefined, draws: { "haircut.all": { distribution: "lognormal", mu: 0, sigma: 1 } } },
      "monteCarlo/draws/haircut.all/distribution: haircut cannot be lognormal",
    ],
    [
      "a uniform number out of range",
      { correlation: undefined, draws: { "haircut.all": { distribution: "uniform", from: 0, to: 2 } } },
      "monteCarlo/draws/haircut.all/to: haircut takes 0 to 1",
    ],
    [
      "a mode outside",
      { correlation: undefined, draws: { "spread.all": { distribution: "triangular", from: 0, mode: 9, to: 5 } } },
      "monteCarlo/draws/spread.all/mode: lies between from and to",
    ],
  ])("%s is refused", (_what, change, wanted) => {
    expect(problems({ monteCarlo: { ...monteCarlo, ...change } })).toEqual([expect.stringContaining(wanted)]);
  });
});
