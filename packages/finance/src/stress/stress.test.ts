// A stress run by hand: single assets and small funds whose numbers are worked out beside them. All figures synthetic.
import { EvergreenError } from "@evergreen-fund/domain";
import { describe, expect, it } from "vitest";
import { resolved } from "../scenarios/test-scenario.ts";
import { bucketValues } from "../valuation/exposure.ts";
import type { FundBook } from "./book.ts";
import { concludeStress, shardsOf, valueShard } from "./index.ts";
import type { StressOutcome } from "./outcome.ts";
import { periodDays } from "./paths.ts";
import { AS_OF, bookAsset, creditLine, everyKind, ladderRow, testBook } from "./test-book.ts";

const run = (book: FundBook, given: object): StressOutcome => {
  const scenario = resolved(given);
  return concludeStress(
    book,
    scenario,
    shardsOf(book).map((shard) => valueShard(book, scenario, shard)),
  );
};
const quarters = (count: number) => ({ periods: { unit: "quarter", count } });
const alone = (type: string, change: object, given: object, more: object = {}) => {
  const outcome = run(
    testBook([bookAsset("a", type, change as Record<string, unknown>)], more as Record<string, unknown>),
    given,
  );
  const { method, path, convexity } = outcome.byAsset[0]!;
  return { method, path, convexity, notes: outcome.notes.join("\n") };
};

describe("one asset", () => {
  it.each<[string, string, object, object, string[], string]>([
    // 100,000 · e^(−5 · 0.02) = 100,000 · 0.904837418…
    [
      "undated debt: one payment at 5 years",
      "debt",
      {},
      { "rates.parallel.all": 200 },
      ["90483.74"],
      "single_payment_at_duration",
    ],
    // 4 years at +100 and the sovereign spread at +50: e^(−4 · 0.015) = 0.941764533…
    [
      "debt of a treasury with a duration",
      "debt",
      { terms: { duration: "4" }, issuerCategory: "UST" },
      { "rates.parallel.USD": 100, "spread.sovereign": 50, "spread.all": 900 },
      ["94176.45"],
      "single_payment_at_duration",
    ],
    // key rates: 3 years lie half way between 1y (0) and 5y (200): +100 there; e^(−0.03) = 0.970445533…
    [
      "debt between two key rates",
      "debt",
      { terms: { duration: "3" } },
      { "rates.key.USD.1y": 0, "rates.key.USD.5y": 200 },
      ["97044.55"],
      "single_payment_at_duration",
    ],
    // 1 + 1.5 · −0.2 = 0.7
    [
      "a share by its beta",
      "equity",
      { terms: { beta: "1.5", region: "us" } },
      { "equity.us.all": -0.2 },
      ["70000.00"],
      "factor_beta",
    ],
    ["a share of another region", "equity", { country: "JP" }, { "equity.us.all": -0.2 }, ["100000.00"], "factor_beta"],
    [
      "a private class by its price",
      "private_credit",
      {},
      { "price.private_credit": -0.04 },
      ["96000.00"],
      "roll_forward",
    ],
    ["cash", "cash", { bucket: "1d" }, { "rates.parallel.all": 200 }, ["100000.00"], "cash"],
    ["what no factor acts on", "derivative", {}, { "equity.all.all": -0.2 }, ["100000.00"], "unchanged_no_factor"],
    ["a short share", "equity", { value: "-100000.00" }, { "equity.all.all": -0.2 }, ["-80000.00"], "factor_beta"],
    // the yen at 0.8 of itself in a world where the dollar gains a tenth: 0.8 / 1.1 = 0.727272…
    ["a share in yen", "equity", { currency: "JPY" }, { "fx.JPY": -0.2, "fx.USD": 0.1 }, ["72727.27"], "factor_beta"],
  ])("%s", (_words, type, change, factors, path, method) => {
    expect(alone(type, change, { factors })).toMatchObject({ path, method });
  });

  it("levels are against the base date: a path of levels is no product of them", () => {
    // −20 % and then −30 % against today is 80,000 and 70,000, not 56,000; back to nothing lost at the end
    const given = { ...quarters(3), factors: { "price.real_estate": [-0.2, -0.3, 0] } };
    expect(alone("real_estate", {}, given).path).toEqual(["80000.00", "70000.00", "100000.00"]);
    const rates = { ...quarters(2), factors: { "rates.parallel.all": [100, 200] } };
    // e^(−0.05) = 0.951229424…, e^(−0.10) = 0.904837418…
    expect(alone("debt", {}, rates).path).toEqual(["95122.94", "90483.74"]);
    // with beta 1 a listed share is where its index is: 0.5, then 0.6 of the start
    const shares = { ...quarters(2), factors: { "equity.all.all": [-0.5, -0.4] } };
    expect(alone("equity", {}, shares).path).toEqual(["50000.00", "60000.00"]);
  });
  it("a private mark without a price of its class follows the listed index, a period late, by its beta", () => {
    const given = { ...quarters(3), factors: { "equity.all.all": [-0.5, -0.4, -0.4] } };
    // beta 0.8: period 2 knows −50 %: 1 − 0.4 = 0.6; period 3 knows −40 %: 1 − 0.32 = 0.68
    const found = alone("private_equity", { terms: { beta: "0.8" } }, given);
    expect(found).toMatchObject({ path: ["100000.00", "60000.00", "68000.00"], method: "roll_forward_lag_1" });
    expect(found.notes).toContain("the mark follows equity.us.all by its beta");
  });
  it("an old mark catches up with its index at once, a younger one does not, and one without an index says so", () => {
    const rollForward = { series: "index.pe", beta: "0.5", indexAtMark: "100", asOf: AS_OF };
    const market = [{ series: "index.pe", asOf: AS_OF, value: "110" }];
    const given = { factors: { "marks.catch_up_days": 90 } };
    // 1 + 0.5 · (110 / 100 − 1) = 1.05
    expect(alone("private_equity", { rollForward, markedOn: "2026-06-30" }, given, { market }).path).toEqual([
      "105000.00",
    ]);
    expect(alone("private_equity", { rollForward, markedOn: "2026-08-31" }, given, { market }).path).toEqual([
      "100000.00",
    ]);
    expect(alone("private_equity", { markedOn: "2026-06-30" }, given).notes).toContain("does not catch up");
  });
  it("a property by its capitalisation rate, where scenario and market have one", () => {
    const terms = { capRate: "cap.o", capitalisedClass: "real_estate_commercial", debt: "50000" };
    const market = [{ series: "cap.o", asOf: AS_OF, value: "0.05" }];
    // (100,000 + 50,000) · 0.05 / 0.06 − 50,000 = 75,000
    expect(alone("real_estate", { terms }, { factors: { "cap_rate.all": 100 } }, { market })).toMatchObject({
      path: ["75000.00"],
      method: "cap_rate",
      convexity: "full",
    });
  });
  it("a bond by its cash flows on the curve of its currency", () => {
    // 104,000 in a year of 365 days at 4 %: 100,000; at 5 %: 99,047.62
    const terms = { cashFlows: [{ date: "2027-09-30", amount: "104000" }] };
    const market = [{ series: "curve.USD.1y", asOf: AS_OF, value: "0.04" }];
    expect(alone("bond", { terms }, { factors: { "rates.parallel.all": 100 } }, { market })).toMatchObject({
      path: ["99047.62"],
      method: "cash_flows_spread_matched",
      convexity: "full",
    });
    expect(alone("bond", { terms }, { factors: { "rates.parallel.all": 100 } }).notes).toContain(
      "no curve of USD: valued as one payment at",
    );
  });
  it("terms that cannot be read are said, and the class decides", () => {
    const found = alone(
      "debt",
      { termsProblem: "valuation.duration: expected a number" },
      { factors: { "rates.parallel.all": 200 } },
    );
    expect(found.path).toEqual(["90483.74"]);
    expect(found.notes).toContain("cannot be read (valuation.duration: expected a number)");
    // few assets are named, as people call them
    expect(found.notes).toMatch(/^1 asset \([^)]*\(synthetic\)\): what they say/m);
  });
});

describe("reported sensitivities", () => {
  const sensitivities = {
    asOf: AS_OF,
    source: "synthetic",
    rows: [
      { measure: "dv100", currency: "USD", tenor: "5y", value: "100.00" },
      { measure: "dv01", currency: "USD", tenor: "5y", value: "9999" },
      { measure: "spread_ig", currency: "USD", tenor: "5y", value: "0.50" },
    ],
  };
  const debts = (...values: [string, string | null][]) =>
    values.map(([value, maturity], at) => bookAsset(`bond-${at + 1}`, "bond", { value, maturity }));
  it("divide the loss by value times days, to the cent, ties to the smaller id", () => {
    // three alike and 100.00: 33.34, 33.33, 33.33
    const book = testBook(debts(["100.00", "2027-09-30"], ["100.00", "2027-09-30"], ["100.00", "2027-09-30"]), {
      sensitivities,
    });
    const outcome = run(book, { factors: { "rates.parallel.all": 100 } });
    expect(outcome.byAsset.map(({ navAfter }) => navAfter)).toEqual(["66.66", "66.67", "66.67"]);
    expect(outcome).toMatchObject({
      loss: "100.00",
      byAsset: [{ method: "dv100_linear_by_value_and_term", convexity: "unknown" }, {}, {}],
    });
    // one year and two years: a third and two thirds; what is undated has their mean by value, (365 + 730) / 2
    const two = testBook(debts(["100.00", "2027-09-30"], ["100.00", "2028-09-29"], ["100.00", null]), {
      sensitivities,
    });
    expect(run(two, { factors: { "rates.parallel.all": 90 } }).byAsset.map(({ navAfter }) => navAfter)).toEqual([
      "80.00",
      "60.00",
      "70.00",
    ]);
  });
  it("gain when rates fall, take spreads where the scenario has them, and leave shorts and everything else alone", () => {
    const book = testBook([...debts(["100.00", null], ["-5.00", null]), bookAsset("share", "equity")], {
      sensitivities,
    });
    const fell = run(book, { factors: { "rates.parallel.all": -100 } });
    expect(fell.byAsset.map(({ path }) => path[0])).toEqual(["200.00", "-5.00", "100000.00"]);
    // 100 · 50 / 100 + 0.5 · 10 = 55
    const wider = run(book, { factors: { "rates.parallel.all": 50, "spread.investment_grade": 10 } });
    expect(wider.loss).toBe("55.00");
    expect(wider.byAsset[0]).toMatchObject({ method: "dv100_and_spread_linear_by_value_and_term" });
  });
});

describe("liquidity", () => {
  const held = (change: Record<string, unknown> = {}) =>
    testBook(
      [
        bookAsset("cash", "cash", { bucket: "1d", value: "8.00" }),
        bookAsset("b", "equity", { bucket: "7d", value: "5.00" }),
        bookAsset("c", "equity", { bucket: "30d", value: "7.00" }),
        bookAsset("d", "equity", { bucket: "90d", value: "5.00" }),
        bookAsset("e", "equity", { bucket: "180d", value: "5.00" }),
        bookAsset("f", "equity", { bucket: "365d", value: "10.00" }),
        bookAsset("g", "equity", { bucket: "gt365d", value: "60.00" }),
      ],
      {
        ladder: ["5", "10", "15", "20", "50"].map((due, at) =>
          ladderRow("liability", ["30d", "90d", "180d", "365d", "gt365d"][at]!, due),
        ),
        ...change,
      },
    );
  it("is the vector of R33: plain, and with haircuts, slip and half as many redemptions again", () => {
    const outcome = run(held(), {
      factors: {
        "haircut.7d": 0.01,
        "haircut.30d": 0.03,
        "haircut.90d": 0.05,
        "haircut.180d": 0.08,
        "haircut.365d": 0.12,
        "haircut.gt365d": 0.2,
        "slippage.all": 1,
        "redemptions.times": 1.5,
      },
      tests: [{ test: "rcr", atLeast: 1, buckets: ["30d", "90d"] }],
    });
    const ratios = (rows: StressOutcome["rcr"]) =>
      rows.map(({ ratio }) => (ratio === null ? null : Number(ratio).toFixed(3)));
    expect(ratios(outcome.rcrBefore).slice(0, 6)).toEqual([null, null, "4.000", "1.667", "1.000", "0.800"]);
    expect(ratios(outcome.rcr).slice(0, 6)).toEqual([null, null, "1.727", "0.877", "0.544", "0.388"]);
    expect(outcome.breaches).toEqual([{ bucket: "90d", ratio: "0.877333333333333333", required: "1" }]);
    expect(outcome.tests).toEqual([
      { test: "rcr at least 1 by 30d, 90d", passed: false, reason: "least cover 0.8773 by 90d, period 1" },
    ]);
    // due within 90 days 22.50; there 8 + 4.95 + 6.79 = 19.74
    expect(outcome.gaps[3]).toEqual({ bucket: "90d", gap: "-2.76", shortfall: "2.76" });
    // 13 of assets were sold for 11.74 and the cash is gone
    expect(outcome.liquidations[0]).toMatchObject({
      mode: "waterfall",
      asked: "22.50",
      raised: "19.74",
      cost: "0.26",
      shortfall: "2.76",
    });
  });
  it("redemptions as a share of NAV fall due within their days, on top of the others; a withdrawn credit line in its own", () => {
    const outcome = run(held({ creditLines: [creditLine("10", "4")] }), {
      factors: {
        "redemptions.share_of_nav": 0.1,
        "redemptions.within_days": 7,
        "facility.available": 0.25,
        "facility.due_days": 30,
      },
    });
    // 7d: 10 % of 100; 30d: 5 planned and 4 − 2.50 of the line
    expect(outcome.rcr.slice(0, 4).map(({ liabilities }) => liabilities)).toEqual(["0.00", "10.00", "16.50", "26.50"]);
  });
  it("history: the median month and the worst, of those that are known", () => {
    const reportedFlows = ["2026-06-01", "2026-07-01", "2026-08-01"].flatMap((month, at) => [
      { month, kind: "redemption", amount: ["3.00", "9.00", "5.00"][at] },
      { month, kind: "sale", amount: "1.00" },
    ]);
    const due = (factors: object) => run(held({ reportedFlows }), { factors });
    // net 2, 8, 4: the median is 4, the worst 8
    expect(due({ "redemptions.history.median_12m": 1 }).rcr[6]!.liabilities).toBe("4.00");
    expect(due({ "redemptions.history.peak_month_12m": 2 }).rcr[2]!.liabilities).toBe("16.00");
    expect(due({ "redemptions.history.median_12m": 1 }).notes.join()).toContain("Only 3 of twelve months");
  });
  it("R*: what is there within 30 days less what is accepted; survival counts quarters at the gate", () => {
    const policy = { lmtPolicy: { version: 1, body: { gate: { basis: "gross", quarterShare: "0.05" } } } };
    const ladder = [ladderRow("liability", "30d", "3", "5")];
    const outcome = run(held({ ...policy, ladder }), { factors: { "haircut.all": 0.1 } });
    // 8 + (5 + 7) · 0.9 − 5 = 13.80 of 100
    expect(outcome.reverse.largestRedemption).toEqual({ bucket: "30d", amount: "13.80", share: "0.138" });
    // liquid within 90 days 8 + 17 · 0.9 = 23.30, less 5 accepted: 18.30; gates 5 + 4.75 + 4.5125 = 14.2625, the fourth 18.549 is too much
    expect(outcome.survivalQuarters).toBe("3");
  });
  it("who leaves is paid what the gate lets through", () => {
    const register = {
      classes: [{ id: "k", code: "A", currency: "USD", units: "100", navPerUnit: "1", unitsDp: 4, priceDp: 4 }],
      holdings: ["40", "30", "20", "10"].map((units, at) => ({ classId: "k", investorId: `i${at}`, units })),
      lmtPolicy: { version: 1, body: { gate: { basis: "gross", share: "0.10" } } },
    };
    expect(run(held(register), { factors: { "exits.largest": 2 } }).exits).toEqual({
      investors: 2,
      asked: "70.00",
      paid: "10.00",
      share: "0.142857142857142857",
    });
    expect(run(held({ ...register, lmtPolicy: null }), { factors: { "exits.named.i2": 0.5 } }).exits).toMatchObject({
      asked: "10.00",
      paid: "10.00",
    });
    expect(run(held(), { factors: { "exits.largest": 2 } })).toMatchObject({
      exits: null,
      notes: expect.arrayContaining([expect.stringContaining("no register")]),
    });
  });
});

describe("cells", () => {
  it("a grid of market factors is valued point by point; the worst point is shown", () => {
    const book = testBook([bookAsset("a", "equity")]);
    const outcome = run(book, { grid: { "equity.all.all": [0.1, -0.3, -0.1] } });
    expect(outcome.loss).toBe("30000.00");
    // losses −10,000, 10,000, 30,000: the mean 10,000; of three the 95 % tail is the last
    expect(outcome.cells).toMatchObject({
      count: 3,
      mean: "10000.00",
      var95: "30000.00",
      worst: "30000.00",
      method: "every cell revalued asset by asset",
    });
    expect(outcome.notes.join()).toContain("cell 1 of 3, the worst");
  });
  it("draws of rates lose what the reported figures say: a straight line, as the valuation itself", () => {
    const sensitivities = {
      asOf: AS_OF,
      source: "synthetic",
      rows: [{ measure: "dv100", currency: "USD", tenor: "5y", value: "4000" }],
    };
    const book = testBook([bookAsset("a", "bond"), bookAsset("b", "bond")], { sensitivities });
    const flat = { distribution: "uniform", from: 99.999999, to: 100.000001 };
    const drawn = (draw: object) =>
      run(book, { monteCarlo: { seed: 1, count: 50, drawn: "once", draws: { "rates.parallel.USD": draw } } }).cells!;
    // 4,000 per 100 bp, twice that for 200: no curve
    expect(drawn(flat)).toMatchObject({ mean: "4000.00", var95: "4000.00", worst: "4000.00" });
    expect(drawn({ ...flat, from: 199.999999, to: 200.000001 })).toMatchObject({ mean: "8000.00" });
  });
  it("draws give a distribution by exposures, the same with any evaluator that gives the same, and replay by their seed", () => {
    const given = {
      monteCarlo: {
        seed: 11,
        count: 5_000,
        drawn: "once",
        draws: { "equity.all.all": { distribution: "lognormal", mu: 0, sigma: 0.2 } },
      },
    };
    const book = testBook([
      bookAsset("a", "equity"),
      bookAsset("b", "debt"),
      bookAsset("short", "equity", { value: "-50000.00" }),
    ]);
    const outcome = run(book, given);
    expect(outcome).toMatchObject({ seed: "11", loss: "0.00" });
    // 50,000 long in all: the 5 % worst return of a lognormal of 0.2 is e^(−0.2 · 1.645) − 1 = −28.0 %, the 1 % worst −37.2 %
    expect(Number(outcome.cells!.var95)).toBeGreaterThan(13_500);
    expect(Number(outcome.cells!.var95)).toBeLessThan(14_500);
    expect(Number(outcome.cells!.var99)).toBeGreaterThan(17_800);
    expect(Number(outcome.cells!.es95)).toBeGreaterThan(Number(outcome.cells!.var95));
    expect(outcome.cells!.count).toBe(5_000);
    expect(run(book, given)).toEqual(outcome);
    const scenario = resolved(given);
    let calls = 0;
    const counted = concludeStress(
      book,
      scenario,
      [valueShard(book, scenario, shardsOf(book)[0]!)],
      (columns, moves) => {
        calls += 1;
        return bucketValues(columns, moves);
      },
    );
    expect(counted).toEqual(outcome);
    expect(calls).toBeGreaterThan(1);
  });
});

describe("what is refused", () => {
  const book = everyKind();
  const [one, two] = [resolved({ factors: { "fx.USD": 0.1 } }), resolved({ factors: { "fx.USD": 0.2 } })];
  const all = (size?: number, scenario = one) => shardsOf(book, size).map((shard) => valueShard(book, scenario, shard));
  it.each<[string, () => unknown]>([
    ["a shard is missing", () => concludeStress(book, one, all(3).slice(1))],
    ["a shard is there twice", () => concludeStress(book, one, [...all(3), ...all(3).slice(0, 1)])],
    ["a shard is of another scenario", () => concludeStress(book, one, all(3, two))],
    ["a shard is of another snapshot", () => concludeStress({ ...book, snapshotHash: "other" }, one, all())],
    ["there is none", () => concludeStress(book, one, [])],
    ["the shard is beyond the book", () => valueShard(book, one, { shard: 0, of: 1, from: 0, to: 1_000 })],
    ["a shard of nothing", () => shardsOf(book, 0)],
  ])("%s", (_words, act) => {
    expect(act).toThrow(EvergreenError);
  });
});

it("counts its periods from the day of valuation; a month's end stays one", () => {
  expect(periodDays("2026-09-30", { unit: "quarter", count: 3 })).toEqual(["2026-12-31", "2027-03-31", "2027-06-30"]);
  expect(periodDays("2026-09-15", { unit: "month", count: 2 })).toEqual(["2026-10-15", "2026-11-15"]);
  expect(periodDays("2026-12-31", { unit: "day", count: 1 })).toEqual(["2027-01-01"]);
  expect(periodDays("2026-09-30", null)).toEqual(["2026-09-30"]);
});
