// Any fund under any scenario: sums foot, any split of the assets gives the same bytes, what the scenario does not touch stays, and a larger shock takes no less.
import { EvergreenError } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal, ZERO } from "../money.ts";
import { arbitraryFamily } from "../scenarios/arbitrary-scenario.ts";
import { canonicalJson, type Json, type ResolvedScenario, resolveScenario } from "../scenarios/index.ts";
import { resolved, shelfOf } from "../scenarios/test-scenario.ts";
import type { FundBook } from "./book.ts";
import { concludeStress, shardsOf, valueShard } from "./index.ts";
import { StressOutcome } from "./outcome.ts";
import { AS_OF, bookAsset, EVERY_KIND, everyKind } from "./test-book.ts";

/** Each run is several stress runs, some of hundreds of cells. */
const FEW = { numRuns: 40 } as const;
const RUNS = { numRuns: 150 } as const;
const run = (book: FundBook, scenario: ResolvedScenario, size?: number): StressOutcome =>
  concludeStress(
    book,
    scenario,
    shardsOf(book, size).map((shard) => valueShard(book, scenario, shard)),
  );

const cents = (least: number, most: number) => fc.integer({ min: least, max: most }).map((n) => (n / 100).toFixed(2));
const maturity = fc.option(fc.integer({ min: 2024, max: 2045 }).map((year) => `${year}-09-30`));
const asset = fc
  .record({
    type: fc.constantFrom(
      "bond",
      "debt",
      "loan",
      "equity",
      "private_fund",
      "private_credit",
      "real_estate",
      "commodity",
      "money_market",
    ),
    value: cents(-1_000_000, 100_000_000),
    currency: fc.constantFrom("USD", "EUR", "GBP"),
    country: fc.constantFrom("US", "GB", "BR", null),
    bucket: fc.constantFrom("1d", "7d", "30d", "90d", "gt365d"),
    maturity,
  })
  .map(({ type, ...rest }) => ({ type, rest }));
const sensitivity = fc.record({
  measure: fc.constantFrom("dv100", "dv01", "spread_ig", "spread_non_ig"),
  currency: fc.constantFrom("USD", "EUR"),
  tenor: fc.constantFrom("3m", "1y", "5y", "10y", "30y"),
  value: cents(-100_000, 1_000_000),
});

/** A fund with some of every kind and some at random; with reported sensitivities or without. */
const book = fc
  .record({
    extra: fc.array(asset, { maxLength: 8 }),
    kept: fc.subarray([...EVERY_KIND]),
    rows: fc.option(
      fc.uniqueArray(sensitivity, { maxLength: 6, selector: (row) => `${row.measure} ${row.currency} ${row.tenor}` }),
    ),
  })
  .map(({ extra, kept, rows }): FundBook => {
    const assets = [...kept, ...extra.map(({ type, rest }, at) => bookAsset(`extra-${at}`, type, rest))];
    const sensitivities = { asOf: rows === null ? null : AS_OF, source: "synthetic", rows: rows ?? [] };
    return everyKind({ assets, sensitivities });
  });
const scenario = arbitraryFamily.map(({ child, parent }) => resolveScenario(child, shelfOf(parent)));

const sum = (amounts: readonly string[]): string => amounts.reduce((total, one) => total.plus(one), ZERO).toFixed(2);

describe("any fund under any scenario", () => {
  it("foots, reads back as what it says it is, and does not depend on the split or the order of the assets", () => {
    fc.assert(
      fc.property(book, scenario, fc.integer({ min: 1, max: 7 }), (fund, given, size) => {
        const outcome = run(fund, given);
        expect(StressOutcome.parse(outcome)).toEqual(outcome);
        expect(sum(outcome.byAsset.map(({ navBefore }) => navBefore))).toBe(outcome.navBefore);
        expect(sum(outcome.byAsset.map(({ navAfter }) => navAfter))).toBe(outcome.navAfter);
        expect(sum([outcome.navAfter, outcome.loss])).toBe(outcome.navBefore);
        for (const [at, { nav, change, byMethod }] of outcome.periods.entries()) {
          expect(sum(outcome.byAsset.map(({ path }) => path[at]!))).toBe(nav);
          expect(sum(byMethod.map((one) => one.change))).toBe(change);
        }
        for (const [at, { assets, liabilities }] of outcome.rcr.entries())
          expect(decimal(outcome.gaps[at]!.gap).minus(assets).plus(liabilities).abs().lte("0.01")).toBe(true);
        const turned = { ...fund, assets: [...fund.assets].reverse() };
        for (const other of [run(fund, given, size), run(turned, given, size)])
          expect(canonicalJson(other as unknown as Json)).toBe(canonicalJson(outcome as unknown as Json));
      }),
      FEW,
    );
  });
  it("of a fund with reported figures the debt loses Σ figure · shift, to the cent, whatever else it holds", () => {
    fc.assert(
      fc.property(book, fc.integer({ min: -500, max: 500 }), (fund, bps) => {
        const dv100 = fund.sensitivities.rows.filter(({ measure }) => measure === "dv100");
        const debt = new Set(
          fund.assets
            .filter(({ type, value }) => ["bond", "debt", "loan"].includes(type) && decimal(value).gt(0))
            .map(({ id }) => id),
        );
        fc.pre(dv100.length > 0 && debt.size > 0);
        const outcome = run(fund, resolved({ factors: { "rates.parallel.all": bps } }));
        const due = dv100.reduce((total, { value }) => total.plus(decimal(value).times(bps).div(100)), ZERO);
        const lost = outcome.byAsset
          .filter(({ assetId }) => debt.has(assetId))
          .reduce((total, { navBefore, navAfter }) => total.plus(navBefore).minus(navAfter), ZERO);
        expect(lost.toFixed(2)).toBe(due.toDecimalPlaces(2).plus(0).toFixed(2));
      }),
      RUNS,
    );
  });
  it("stands still where nothing moves", () => {
    fc.assert(
      fc.property(book, (fund) => {
        const outcome = run(fund, resolved({ factors: { "redemptions.times": 2 } }));
        expect(outcome.loss).toBe("0.00");
        expect(outcome.navAfter).toBe(outcome.navBefore);
        expect(outcome.rcr.map(({ assets }) => assets)).toEqual(outcome.rcrBefore.map(({ assets }) => assets));
      }),
      RUNS,
    );
  });
  it("covers no better after a larger haircut, more redemptions or a longer slip", () => {
    const factors = fc.record({
      haircut: fc.integer({ min: 0, max: 50 }),
      times: fc.integer({ min: 0, max: 30 }),
      slip: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(book, factors, fc.constantFrom("haircut", "times", "slip"), (fund, mild, worse) => {
        const hard = { ...mild, [worse]: mild[worse as keyof typeof mild] + 1 };
        const [before, after] = [mild, hard].map(({ haircut, times, slip }) =>
          run(
            fund,
            resolved({
              factors: { "haircut.all": haircut / 100, "redemptions.times": times / 10, "slippage.all": slip },
            }),
          ),
        );
        for (const [at, row] of after!.rcr.entries()) {
          const { ratio, assets, liabilities } = before!.rcr[at]!;
          expect(decimal(row.assets).lte(assets)).toBe(true);
          expect(decimal(row.liabilities).gte(liabilities)).toBe(true);
          if (ratio !== null) expect(decimal(row.ratio!).lte(ratio)).toBe(true);
        }
        expect(
          decimal(after!.reverse.largestRedemption?.share ?? "0").lte(before!.reverse.largestRedemption?.share ?? "0"),
        ).toBe(true);
      }),
      RUNS,
    );
  });
});

it("a series that an asset names and the market lacks is no error where its class can value it, and is said", () => {
  const fund = everyKind({ market: [] });
  const outcome = run(
    fund,
    resolved({ factors: { "cap_rate.all": 100, "price.real_estate": -0.1, "rates.parallel.all": 10 } }),
  );
  expect(outcome.byAsset.find(({ assetId }) => assetId === "offices")).toMatchObject({
    method: "roll_forward",
    navAfter: "90000.00",
  });
  expect(outcome.notes.join()).toContain("no curve of USD");
  expect(() => run(fund, resolved({ factors: { "fx.USD": 0.1 } }))).not.toThrow(EvergreenError);
});
