// Revaluation: vectors derived with Python's decimal module apart from this code, and what holds for any fund and any path.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { REVALUATION } from "../calc/valuation-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { decimal } from "../money.ts";
import { rateShockLoss } from "../sensitivities.ts";
import { type RevalueInput, revalue } from "./revalue.ts";

type Input = z.input<typeof RevalueInput>;
type AssetInput = Input["assets"][number];
const BASE = { asOf: "2026-01-01", currency: "EUR", market: REVALUATION.market } as const;
const mark = { currency: "EUR", value: "1000.00", markedOn: "2025-12-31" } as const;
const one = (asset: AssetInput, path: Input["path"], more: Partial<Input> = {}) => {
  const { periods } = revalue({ ...BASE, market: [...BASE.market], assets: [asset], path, ...more });
  return periods.map(({ byAsset }) => byAsset[0]!);
};
const now = (moves: Input["path"][number]["moves"]): Input["path"] => [{ date: "2026-01-01", moves }];

describe("vectors", () => {
  it("a share of USD 200,000 at 0.9, beta 1.2, half hedged: index −30 %, dollar −15 %", () => {
    // 200000 · (1 − 0.36) · 0.9 · 0.85 = 97,920; hedge 90000 · 0.15 = 13,500; 97920 + 13500 − 180000 = −68,580
    const share = revalue({ ...REVALUATION } as unknown as Input).periods[0]!.byAsset.find(({ id }) => id === "share");
    expect(share).toMatchObject({ hedgeGain: "13500.00", hedgeMargin: "0.00", change: "-68580.00" });
    expect(share!.value).toMatchObject({ value: "97920.00", method: "factor_beta", age: 2 });
    expect(share!.value.inputs.map(({ series }) => series)).toEqual(["USDEUR", "beta:share:equity", "mark:share"]);
  });

  it("a dollar that rises by 15 %: the loss on the hedge is the margin", () => {
    const cash = {
      ...mark,
      id: "usd",
      kind: "cash",
      currency: "USD",
      fx: { series: "USDEUR", factor: "fx.USD", hedgeRatio: "1" },
    } as const;
    expect(one(cash, now({ "fx.USD": { ratio: "0.15" } }))[0]).toMatchObject({
      value: { value: "1035.00" },
      hedgeGain: "-135.00",
      hedgeMargin: "135.00",
      change: "0.00",
    });
  });

  it("an office of 60 with a debt of 40: income −10 %, cap rate 5 % → 6 %; and nothing is left at 20 %", () => {
    const office = {
      ...mark,
      id: "o",
      kind: "property",
      value: "60",
      debt: "40",
      capRate: "cap.office",
      capRateFactor: "c",
      incomeFactor: "i",
    } as const;
    const shocked = (bps: string) => one(office, now({ c: { bps }, i: { ratio: "-0.1" } }))[0]!.value.value;
    expect([shocked("100"), shocked("1500")]).toEqual(["35.00", "0.00"]);
    expect(() => shocked("-500")).toThrow(expect.objectContaining({ code: "EG400" }));
  });

  it("infrastructure of 90 from 10 and 120: discount rate 7 % + 150 bp, cash flows −5 %; later 10 are paid out", () => {
    const road = {
      ...mark,
      id: "road",
      kind: "infrastructure",
      value: "90",
      cashFlows: [
        { date: "2027-01-01", amount: "10" },
        { date: "2031-01-01", amount: "120" },
      ],
      discountRate: "infra.rate",
      discountFactor: "d",
      cashFlowFactor: "f",
    } satisfies AssetInput;
    const market = [{ series: "infra.rate", asOf: "2025-12-31", value: "0.07" }];
    const path: Input["path"] = [
      { date: "2026-01-01", moves: { d: { bps: "150" }, f: { ratio: "-0.05" } } },
      { date: "2027-06-30", moves: { f: { ratio: "-0.02" } } },
    ];
    const [first, second] = one(road, path, { market });
    // exactly 80.198099869060554181; 79.582403505255249442 and 8.830384738884352543 paid
    expect(first).toMatchObject({ value: { value: "80.20" }, paid: "0.00", convexity: "full" });
    expect(second).toMatchObject({ value: { value: "79.58" }, paid: "8.83", change: "-1.59" });
  });

  it("a filed DV100 gives the loss of rate-shock-loss to the cent, says it is a straight line, and spreads add", () => {
    const dv100 = [
      { currency: "USD", tenor: "3Mon", amount: "37075.658747329608" },
      { currency: "USD", tenor: "1Yr", amount: "279369.315086266604" },
      { currency: "USD", tenor: "5Yr", amount: "543997.095466088216" },
      { currency: "USD", tenor: "10Yr", amount: "234586.000881731886" },
    ];
    const fund = {
      ...mark,
      id: "bonds",
      kind: "sensitivities",
      source: { series: "filing", asOf: "2025-12-31" },
      value: "40000000",
      sensitivities: dv100.map(({ tenor, amount }) => ({
        measure: "dv100" as const,
        factor: `rates.${tenor}`,
        amount,
      })),
    } as const;
    const shift = (bps: string) => Object.fromEntries(dv100.map(({ tenor }) => [`rates.${tenor}`, { bps }]));
    for (const bps of [100, 200, -100]) {
      const [asset] = one(fund, now(shift(String(bps))));
      expect(decimal(asset!.change).neg().toFixed(2)).toBe(rateShockLoss({ dv100, shockBps: bps }).loss);
      expect(asset).toMatchObject({ convexity: "unknown", value: { method: "dv100_linear" } });
    }
    const spread = { measure: "dv01" as const, factor: "spread.hy", amount: "12.5" };
    const both = { ...fund, sensitivities: [...fund.sensitivities, spread] };
    const [asset] = one(both, now({ ...shift("100"), "spread.hy": { bps: "300" } }));
    expect(asset).toMatchObject({ change: "-1098778.07", value: { method: "dv01_dv100_linear" } });
  });

  it("R5 with a lag: the mark stands, then follows what the index did since the mark; a scenario may make old marks catch up", () => {
    const fund = {
      ...mark,
      id: "pe",
      kind: "private",
      markedOn: "2025-09-30",
      indexFactor: "pe",
      beta: "0.6",
      estimatedOn: "2025-06-30",
      index: { series: "pe.index", atMark: "100" },
      lagPeriods: 1,
    } as const;
    const market = [{ series: "pe.index", asOf: "2025-12-31", value: "108" }];
    const path = ["2026-03-31", "2026-06-30", "2026-09-30"].map((date, i) => ({
      date,
      moves: { pe: { ratio: ["-0.1", "-0.05", "0"][i]! } },
    }));
    // index 108 → 97.2 → 92.34: 1000 · (1 + 0.6 · (0.972 − 1)) = 983.20; 1000 · (1 + 0.6 · (0.9234 − 1)) = 954.04
    expect(one(fund, path, { market }).map(({ value }) => value.value)).toEqual(["1000.00", "983.20", "954.04"]);
    const caught = one(fund, path, { market, catchUpDays: 90 });
    expect(caught.map(({ value }) => [value.value, value.method])).toEqual([
      ["983.20", "roll_forward"],
      ["954.04", "roll_forward"],
      ["954.04", "roll_forward"],
    ]);
    expect(one(fund, path, { market, lagPeriods: 2 })[2]!.value).toMatchObject({
      value: "983.20",
      method: "roll_forward_lag_2",
    });
    expect(caught[0]!.value.age).toBe(185 + 89);
  });
});

describe("what is missing or contradicts itself is refused by name", () => {
  const { assets, market, path } = REVALUATION as unknown as Input;
  it.each([
    ["a series", { market: market.filter(({ series }) => series !== "cap.office") }, "EG404", /cap\.office/],
    [
      "a series that is only known later",
      { market: market.map((m) => ({ ...m, asOf: "2026-02-01" })) },
      "EG404",
      /missing/,
    ],
    ["a factor", { path: now({ equity: { ratio: "0" } }) }, "EG404", /rates\.EUR|fx\.USD|spread|property/],
    ["a unit", { path: [{ ...path[0]!, moves: { ...path[0]!.moves, equity: { bps: "5" } } }] }, "EG400", /equity/],
    [
      "more than everything",
      { path: [{ ...path[0]!, moves: { ...path[0]!.moves, equity: { ratio: "-1.01" } } }] },
      "EG400",
      /equity/,
    ],
    ["two values of a day", { market: [...market, market[0]!] }, "EG400", /EUR\.zero\.1y/],
    ["an id twice", { assets: [...assets, assets[0]!] }, "EG400", /twice/],
    ["a period before today", { path: [{ ...path[0]!, date: "2025-12-31" }] }, "EG400", /begin before/],
    ["a period twice", { path: [path[0]!, path[0]!] }, "EG400", /follow/],
    ["a mark of tomorrow", { assets: [{ ...assets[0]!, markedOn: "2026-01-02" }] }, "EG400", /mark:bond is later/],
    ["a foreign asset without a rate", { assets: [{ ...assets[0]!, currency: "GBP" }] }, "EG400", /GBP/],
    ["a mark no cash flow explains", { assets: [{ ...assets[0]!, value: "1" }] }, "EG400", /spread/],
  ])("%s", (_what, change, code, message) => {
    const input = { ...REVALUATION, ...change } as unknown as Input;
    expect(() => revalue(input)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it("unless the scenario says that what it does not name stands still", () => {
    const { periods } = revalue({ ...REVALUATION, path: now({}), unmentioned: "unchanged" } as unknown as Input);
    expect(periods[0]!.change).toBe("0.00");
  });
});

const cents = fc.bigInt(0n, 10n ** 12n).map((n) => `${n / 100n}.${String(n % 100n).padStart(2, "0")}`);
const ratio = fc.integer({ min: -90, max: 150 }).map((n) => String(n / 100));
const beta = fc.integer({ min: -200, max: 300 }).map((n) => String(n / 100));
const share = fc.integer({ min: 0, max: 100 }).map((n) => String(n / 100));
const DAYS = ["2026-03-31", "2026-06-30", "2026-09-30", "2026-12-31", "2027-03-31"];

it("any fund, any path: the sums foot; a listed value is the product of its returns in doubles; a lag delays the same values; a full hedge takes the currency out", {
  timeout: LONG,
}, () => {
  const period = fc.record({
    equity: ratio,
    fx: ratio,
    pe: ratio,
    income: ratio,
    cap: fc.integer({ min: -300, max: 500 }),
  });
  fc.assert(
    fc.property(
      fc.record({ value: cents, debt: cents, beta, pbeta: beta, hedge: share, spot: fc.integer({ min: 1, max: 300 }) }),
      fc.array(period, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (facts, periods, lag) => {
        const fx = { series: "fx", factor: "fx", hedgeRatio: facts.hedge };
        const common = { value: facts.value, currency: "EUR", markedOn: "2025-12-31" };
        const estimatedOn = "2025-12-31";
        const assets: AssetInput[] = [
          { ...common, id: "a", kind: "listed", estimatedOn, exposures: [{ factor: "equity", beta: facts.beta }] },
          { ...common, id: "b", kind: "private", estimatedOn, indexFactor: "pe", beta: facts.pbeta, lagPeriods: lag },
          { ...common, id: "c", kind: "private", estimatedOn, indexFactor: "pe", beta: facts.pbeta },
          {
            ...common,
            id: "d",
            kind: "property",
            debt: facts.debt,
            capRate: "cap",
            capRateFactor: "cap",
            incomeFactor: "income",
          },
          { ...common, id: "e", kind: "cash", currency: "USD", fx },
          { ...common, id: "f", kind: "cash", currency: "USD", fx: { ...fx, hedgeRatio: "1" } },
        ];
        const out = revalue({
          asOf: "2026-01-01",
          currency: "EUR",
          market: [
            { series: "fx", asOf: "2025-12-31", value: String(facts.spot / 100) },
            { series: "cap", asOf: "2025-12-31", value: "0.2" },
          ],
          assets,
          path: periods.map((moves, i) => ({
            date: DAYS[i]!,
            moves: {
              equity: { ratio: moves.equity },
              fx: { ratio: moves.fx },
              pe: { ratio: moves.pe },
              income: { ratio: moves.income },
              cap: { bps: String(moves.cap) },
            },
          })),
        });
        const value = Number(facts.value);
        const near = (text: string, wanted: number): boolean =>
          Math.abs(Number(text) - wanted) <= 0.0051 + 1e-9 * Math.abs(wanted);
        let [listed, index, level, income, cap] = [value, 1, 1, 1, 0.2];
        const spot = facts.spot / 100;
        out.periods.forEach((at, i) => {
          const moves = periods[i]!;
          listed *= Math.max(0, 1 + Number(facts.beta) * Number(moves.equity));
          index *= 1 + Number(moves.pe);
          level *= 1 + Number(moves.fx);
          income *= 1 + Number(moves.income);
          cap += moves.cap / 10_000;
          const [a, b, c, d, e, f] = at.byAsset;
          must(near(a!.value.value, listed), "listed");
          must(near(c!.value.value, value * Math.max(0, 1 + Number(facts.pbeta) * (index - 1))), "private");
          const earlier = i < lag ? facts.value : out.periods[i - lag]!.byAsset[2]!.value.value;
          must(decimal(b!.value.value).eq(earlier), "a lag delays");
          const debt = Number(facts.debt);
          const gross = ((value + debt) * income * 0.2) / cap;
          must(Math.abs(Number(d!.value.value) - Math.max(0, gross - debt)) <= 0.0051 + 1e-9 * gross, "property");
          must(near(e!.value.value, value * spot * level), "currency");
          must(near(e!.hedgeGain, value * spot * Number(facts.hedge) * (1 - level)), "hedge");
          must(decimal(f!.change).abs().lte("0.02"), "a full hedge takes the currency out");
          for (const asset of at.byAsset)
            must(
              decimal(asset.hedgeMargin).eq(decimal(asset.hedgeGain).lt(0) ? decimal(asset.hedgeGain).neg() : 0),
              "margin",
            );
          const sum = at.byAsset.reduce((left, { change }) => left.plus(change), decimal("0"));
          must(decimal(at.change).eq(sum), "changes foot");
          must(decimal(at.total.value).eq(decimal(out.before.total.value).plus(sum)), "the total foots");
          const methods = at.byMethod.reduce((left, { change }) => left.plus(change), decimal("0"));
          must(methods.eq(sum) && at.byMethod.reduce((n, m) => n + m.assets, 0) === assets.length, "methods foot");
        });
      },
    ),
    RUNS,
  );
});
