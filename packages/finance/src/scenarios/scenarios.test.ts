// Scenarios resolved: forms of a factor as vectors, composition with its refusals, the hash, the most specific address.
import { parseScenario } from "@evergreen-fund/domain/scenarios/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryFamily, RUNS, reordered } from "./arbitrary-scenario.ts";
import { asScenario, factorFor, keyRates, resolveScenario } from "./index.ts";
import { four, made, problems, resolved, scenarioBody, shelfOf } from "./test-scenario.ts";

describe("forms of a factor", () => {
  it.each([
    ["a number stays", "haircut.all", 0.1, ["0.1", "0.1", "0.1", "0.1"]],
    ["a list is taken as it is", "haircut.all", [0, 0.1, 0.2, 0.3], ["0", "0.1", "0.2", "0.3"]],
    // 1.9 gfc_2008: -25 % over 3 quarters with a lag of one: 0, 1/3, 2/3 and all of it; thirds at ten decimals, half up
    [
      "a ramp with a lag",
      "price.private_equity",
      { value: -0.25, over: 3, lag: 1 },
      ["0", "-0.0833333333", "-0.1666666667", "-0.25"],
    ],
    ["a ramp from a multiple starts at one", "sellable.all", { value: 0.5, over: 2 }, ["0.75", "0.5", "0.5", "0.5"]],
    ["a late path", "rates.parallel.USD", { path: [100, 200, 300, 400], lag: 2 }, ["0", "0", "100", "200"]],
    ["a late multiple", "calls.times.all", { path: [2, 3, 4, 5], lag: 1 }, ["1", "2", "3", "4"]],
    ["some periods", "subscriptions.times", { value: 0, from: 2, to: 3 }, ["1", "0", "0", "1"]],
    ["from a period on", "redemptions.share_of_nav", { value: 0.05, from: 4 }, ["0", "0", "0", "0.05"]],
    ["a term stays", "exits.largest", 3, ["3", "3", "3", "3"]],
  ] as [string, string, unknown, string[]][])("%s", (_what, address, value, wanted) => {
    expect(resolved({ periods: four, factors: { [address]: value } }).factors).toEqual({ [address]: wanted });
  });
  it("a ramp ends on the value itself, however many decimals it has", () => {
    const value = "-0.123456789012";
    const { factors } = resolved({ periods: four, factors: { "fx.USD": { value, over: 2 } } });
    expect(factors["fx.USD"]).toEqual(["-0.0617283945", value, value, value]);
  });
  it("an instant has one value", () => {
    expect(resolved({ factors: { "fx.USD": "0.150" } }).factors).toEqual({ "fx.USD": ["0.15"] });
  });
  it.each([
    [
      "too few values",
      { "haircut.all": [0, 0.1] },
      "factors/haircut.all: has 2 values, and the scenario 4 periods: one value per period",
    ],
    [
      "a value out of range",
      { "haircut.all": [0, 0, 0, 1.5] },
      "factors/haircut.all/3: haircut takes 0 to 1 (a share of one: 0.05 is five percent)",
    ],
    [
      "half an investor",
      { "exits.largest": 0.5 },
      "factors/exits.largest: exits.largest takes whole numbers: a whole number of investors",
    ],
    [
      "a path of a term",
      { "exits.largest": [1, 2, 3, 4] },
      "factors/exits.largest: exits.largest has one value for the whole scenario",
    ],
    [
      "a lag past the end",
      { "haircut.all": { path: [0, 0, 0, 0], lag: 4 } },
      "factors/haircut.all/lag: is later than the last of 4 periods",
    ],
    [
      "a ramp past the end",
      { "haircut.all": { value: 1, over: 3, lag: 2 } },
      "factors/haircut.all/over: and lag reach the value after period 4",
    ],
    [
      "a ramp of a flow",
      { "subscriptions.times": { value: 0, over: 2 } },
      "factors/subscriptions.times/over: subscriptions.times is not a level",
    ],
    [
      "periods that are none",
      { "haircut.all": { value: 1, from: 3, to: 2 } },
      "factors/haircut.all/from: expected periods from 1 to 4",
    ],
    [
      "a lag without a neutral value",
      { "redemptions.filled": { path: [1, 1, 1, 1], lag: 1 } },
      "factors/redemptions.filled: redemptions.filled has no value that changes nothing",
    ],
    [
      "an unknown factor",
      { "sunshine.all": 1 },
      "factors/sunshine.all: there is no such factor; the factors are rates.parallel",
    ],
    ["an unknown currency", { "fx.EURO": 0.1 }, "factors/fx.EURO: currency of fx is one of currency codes of ISO 4217"],
  ])("%s is refused", (_what, factors, wanted) => {
    expect(problems({ periods: four, factors })).toEqual([expect.stringContaining(wanted)]);
  });
  it("names that every object has are no factors", () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      const factors = JSON.parse(`{"${name}": 1}`) as object;
      const { problems: shape } = parseScenario({ ...scenarioBody, factors });
      const found = shape.length > 0 ? shape.map(({ words }) => words) : problems({ factors });
      expect({ name, found }).toEqual({ name, found: [expect.stringContaining("no such factor")] });
    }
  });
  it("a path without periods is refused", () => {
    expect(problems({ factors: { "fx.USD": [0.1] } })).toEqual([
      "factors/fx.USD: takes one number: the scenario has no periods",
    ]);
  });
});

describe("composition", () => {
  const a = made({ id: "a", factors: { "fx.USD": 0.1, "exits.largest": 1 } });
  const b = made({ id: "b", extends: "a", factors: { "spread.all": 50 }, override: { factors: { "fx.USD": 0.2 } } });
  const c = made({ id: "c", periods: four, factors: { "fx.USD": 0.3 } });
  it("takes what it extends, changes what it overrides, leaves out what it goes without", () => {
    const { factors, lineage } = resolved(
      { extends: "b", without: ["exits.largest"], factors: { "haircut.all": 0.1 } },
      a,
      b,
    );
    expect(factors).toEqual({ "fx.USD": ["0.2"], "haircut.all": ["0.1"], "spread.all": ["50"] });
    expect(lineage).toEqual(["b", "a"]);
  });
  it("joins two, and lays an instant out over the periods of the other", () => {
    const { factors, periods } = resolved({ extends: ["b", "c"], override: { factors: { "fx.USD": 0 } } }, a, b, c);
    expect(periods).toEqual(four);
    expect(factors["spread.all"]).toEqual(["50", "50", "50", "50"]);
    expect(factors["fx.USD"]).toEqual(["0", "0", "0", "0"]);
  });
  it.each([
    [
      "a change that is not said",
      { extends: "a", factors: { "fx.USD": 0.3 } },
      "factors/fx.USD: is inherited from a: change it under override.factors",
    ],
    [
      "an override of nothing",
      { extends: "a", override: { factors: { "fx.GBP": 0.3 } } },
      "override/factors/fx.GBP: overrides nothing",
    ],
    ["an override of no periods", { extends: "a", override: { periods: four } }, "override/periods: overrides nothing"],
    ["other periods", { extends: "c", periods: four }, "periods: is inherited from c: change it under override"],
    ["going without nothing", { extends: "a", without: ["fx.GBP"] }, "without/0: fx.GBP is not inherited"],
    ["two that differ", { extends: ["b", "c"] }, "extends/1: b and c differ in fx.USD: say it under override.factors"],
    ["nobody", { extends: "nobody" }, "extends: there is no scenario nobody; there are a, b, c"],
    ["itself", { extends: "test" }, "extends: goes in a circle: test extends test"],
  ])("%s is refused", (_what, given, wanted) =>
    expect(problems(given, a, b, c)).toEqual([expect.stringContaining(wanted)]),
  );
  it("a circle over three is refused with its way", () => {
    const x = made({ id: "x", extends: "y" });
    const y = made({ id: "y", extends: "test" });
    expect(problems({ extends: "x" }, x, y)).toEqual([
      expect.stringContaining("goes in a circle: test extends x extends y extends test"),
    ]);
  });
  it("a factor has one source", () => {
    const grid = { "fx.USD": [0, 0.1] };
    expect(problems({ factors: { "fx.USD": 0 }, grid })).toEqual([
      "grid/fx.USD: has a value already; a factor cannot have an axis too",
    ]);
    const solve = { unknown: "fx.USD", between: [0, 1], holds: { test: "nav_loss", atMost: 0.2 } };
    expect(problems({ grid, solve })).toEqual([
      "solve/unknown: has an axis already; a factor cannot have to be found too",
    ]);
  });
  it("says what must hold or what it shows", () => {
    expect(problems({ reports: [] })).toEqual([": says neither what must hold (tests) nor what it shows (reports)"]);
  });
});

describe("hash", () => {
  it("resolving what was resolved changes nothing, for any scenario", () => {
    fc.assert(
      fc.property(arbitraryFamily, ({ child, parent }) => {
        const first = resolveScenario(child, shelfOf(parent, child));
        const again = resolveScenario(asScenario(first), shelfOf());
        expect(again).toEqual({ ...first, lineage: [] });
      }),
      RUNS,
    );
  }, 300_000);
  it("the order of keys changes nothing, for any scenario", () => {
    fc.assert(
      fc.property(arbitraryFamily, fc.nat(20), ({ child, parent }, turn) => {
        const first = resolveScenario(child, shelfOf(parent, child));
        const other = resolveScenario(reordered(child, turn), shelfOf(reordered(parent, turn)));
        expect(other.hash).toBe(first.hash);
        expect(other.factors).toEqual(first.factors);
      }),
      RUNS,
    );
  }, 300_000);
  it("covers everything that is computed, and no words", () => {
    const base = { periods: four, factors: { "fx.USD": 0.1 }, tests: [{ test: "rcr", atLeast: 1, buckets: ["30d"] }] };
    const { hash } = resolved(base);
    expect(resolved({ ...base, title: "Other words", about: "Other words altogether." }).hash).toBe(hash);
    expect(resolved({ ...base, factors: { "fx.USD": ["0.10", 0.1, 0.1, 0.1] } }).hash).toBe(hash);
    const several = (...buckets: string[]) => ({ ...base, tests: [{ test: "rcr", atLeast: 1, buckets }] });
    expect(resolved(several("90d", "7d", "30d")).hash).toBe(resolved(several("7d", "30d", "90d")).hash);
    expect(resolved({ ...base, reports: ["valuation", "rcr"] }).hash).toBe(
      resolved({ ...base, reports: ["rcr", "valuation"] }).hash,
    );
    for (const change of [
      { id: "other" },
      { version: 2 },
      { periods: { unit: "month", count: 4 } },
      { factors: { "fx.USD": 0.11 } },
      { factors: { "fx.USD": 0.1, "fx.GBP": 0 } },
      { tests: [{ test: "rcr", atLeast: 1.1, buckets: ["30d"] }] },
      { tests: [{ test: "rcr", atLeast: 1, buckets: ["30d", "90d"] }] },
      { reports: ["rcr", "valuation"] },
      { grid: { "haircut.all": [0, 0.1] } },
      {
        monteCarlo: {
          seed: 1,
          count: 2,
          drawn: "once",
          draws: { "haircut.all": { distribution: "uniform", from: 0, to: 1 } },
        },
      },
      { solve: { unknown: "haircut.all", between: [0, 1], holds: { test: "nav_loss", atMost: 0.2 } } },
    ])
      expect(resolved({ ...base, ...change }).hash).not.toBe(hash);
  });
});

describe("the most specific address holds", () => {
  const { factors } = resolved({
    factors: {
      "equity.all.all": -0.1,
      "equity.us.all": -0.2,
      "equity.all.energy": -0.3,
      "equity.us.energy": -0.4,
      "price.real_estate": -0.06,
      "price.real_estate_residential": -0.05,
      "spread.all": 100,
    },
  });
  it.each([
    ["equity", ["us", "energy"], "equity.us.energy"],
    ["equity", ["us", "utilities"], "equity.us.all"],
    ["equity", ["japan", "energy"], "equity.all.energy"],
    ["equity", ["japan", "utilities"], "equity.all.all"],
    ["price", ["real_estate_residential"], "price.real_estate_residential"],
    ["price", ["real_estate_commercial"], "price.real_estate"],
    ["price", ["private_equity"], undefined],
    ["spread", ["municipal"], "spread.all"],
    ["fx", ["USD"], undefined],
  ] as const)("%s of %s", (name, parts, address) => expect(factorFor(factors, name, parts)?.address).toBe(address));
  it("a curve with points of its own has only those", () => {
    const moved = resolved({
      factors: { "rates.key.all.5y": 10, "rates.key.USD.10y": 30, "rates.key.USD.3m": 20, "rates.parallel.all": 1 },
    }).factors;
    expect(keyRates(moved, "USD").map(({ tenor, years, values }) => [tenor, years, values[0]])).toEqual([
      ["3m", 0.25, "20"],
      ["10y", 10, "30"],
    ]);
    expect(keyRates(moved, "EUR").map(({ tenor }) => tenor)).toEqual(["5y"]);
    expect(keyRates({}, "EUR")).toEqual([]);
  });
});
