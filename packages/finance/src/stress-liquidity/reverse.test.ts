// R35: how much the fund bears. The vectors by hand; any fund held against the ladder of R33, which is another formula for the same thing.
import { BUCKETS } from "@evergreen-fund/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LADDER, STRESSED_LADDER } from "../calc/stress-examples.ts";
import { LONG, must, RUNS } from "../dealing/arbitrary-day.ts";
import { liquidityLadder } from "../liquidity.ts";
import { Exact } from "../money.ts";
import { reverseFrontier, reverseStress } from "./reverse.ts";
import { survivalQuarters } from "./survival.ts";

const EG400 = expect.objectContaining({ code: "EG400" });
const FUND = { cash: LADDER.cash, assets: LADDER.assets, nav: LADDER.nav };

describe("R35 vectors", () => {
  it("R* is what assets leave after all else that is due: 8, 13, 15, 20, 25, 35, 95 % of NAV", () => {
    // A 8, 13, 20, 25, 30, 40, 100; accepted 5 from day 30 on: 20 − 5 = 15, 25 − 5 = 20 and so on
    const { rungs } = reverseStress({ ...FUND, accepted: { "30d": "5" } });
    expect(rungs.map(({ share }) => share)).toEqual(["0.08", "0.13", "0.15", "0.2", "0.25", "0.35", "0.95"]);
    expect(rungs[3]).toMatchObject({ assets: "25", other: "5", redemption: "20" });
  });

  it("stresses calls, debt and margin by the factor and leaves accepted redemptions as they are", () => {
    const { rungs } = reverseStress({
      ...FUND,
      haircuts: STRESSED_LADDER.haircuts,
      slip: 1,
      factor: "1.5",
      calls: { "30d": "2" },
      debt: { "90d": "1" },
      margin: { "90d": "1" },
      accepted: { "30d": "3" },
    });
    // stressed assets by 30 d: 8 + 4.95 = 12.95; by 90 d + 6.79 = 19.74; due 2·1.5 + 3 = 6, then + 2·1.5 = 9
    expect(rungs[2]).toMatchObject({ assets: "12.95", other: "6", share: "0.0695" });
    expect(rungs[3]).toMatchObject({ assets: "19.74", other: "9", share: "0.1074" });
  });

  it("is never below zero", () => {
    expect(reverseStress({ ...FUND, debt: { "1d": "9" } }).rungs[0]).toMatchObject({ redemption: "0", share: "0" });
  });

  it("the smallest haircut leaves just enough: 10 % redeemed, 5 accepted, by 90 d 25 − 15 = 10 of the 17 that are not cash", () => {
    const { rungs } = reverseStress({ ...FUND, accepted: { "30d": "5" }, redemption: "0.1" });
    // rounded down: 10 / 17 = 0.588235294117647058(8…)
    expect(rungs[3]).toMatchObject({ verdict: "haircut", haircut: "0.588235294117647058" });
    expect(rungs[0]).toMatchObject({ verdict: "not_covered", haircut: null });
    expect(reverseStress({ ...FUND, redemption: "0.07" }).rungs[0]).toMatchObject({ verdict: "covered_by_cash" });
    expect(reverseStress({ ...FUND, redemption: "0.08" }).rungs[3]).toMatchObject({ verdict: "haircut", haircut: "1" });
  });

  it("draws the frontier: at 90 d 25, 23.3 and 16.5 % for haircuts of 0, 10 and 50 % on 17", () => {
    const { frontier, grid } = reverseFrontier({
      ...FUND,
      horizon: "90d",
      redemptions: ["0.2", "0.233", "0.25"],
      haircutGrid: ["0", "0.1", "0.5"],
    });
    expect(frontier).toEqual([
      { haircut: "0", assets: "25", share: "0.25" },
      { haircut: "0.1", assets: "23.3", share: "0.233" },
      { haircut: "0.5", assets: "16.5", share: "0.165" },
    ]);
    expect(grid.map(({ holds }) => holds)).toEqual([true, true, true, true, true, false, false, false, false]);
    expect(grid[4]).toEqual({ haircut: "0.1", redemption: "0.233", liabilities: "23.3", rcr: "1", holds: true });
  });

  it("survives 5 quarters: NAV 100, liquid 25, reserved 5, inflow 1, gate 5 %", () => {
    // Σ 5, 9.75, 14.2625, 18.549375, 22.62190625, 26.4908… against 21, 22, 23, 24, 25, 26
    const answer = survivalQuarters({ nav: "100", gate: "0.05", liquid: "25", reserved: "5", inflows: ["1"] });
    expect(answer).toMatchObject({ quarters: 5, atHorizon: false, label: "5" });
    expect(answer.path.map(({ redeemedSoFar }) => redeemedSoFar)).toEqual([
      "5",
      "9.75",
      "14.2625",
      "18.549375",
      "22.62190625",
      "26.4908109375",
    ]);
    expect(answer.path.map(({ available }) => available)).toEqual(["21", "22", "23", "24", "25", "26"]);
  });

  it("stops at the first failure, whatever comes later", () => {
    const late = { nav: "100", gate: "0.05", liquid: "6", inflows: ["0", "0", "100"] };
    expect(survivalQuarters(late)).toMatchObject({ quarters: 1, label: "1" });
    expect(survivalQuarters({ ...late, liquid: "4" }).quarters).toBe(0);
  });

  it("says at least the horizon where it never fails", () => {
    expect(survivalQuarters({ nav: "100", gate: "0.05", liquid: "200", horizon: 8 })).toMatchObject({
      quarters: 8,
      atHorizon: true,
      label: ">=8",
    });
  });

  it("compares exactly: 10 thirds of a third are not more than they are", () => {
    // NAV 9, gate 1/3: 3, then 2: Σ 5 against exactly 5, then against a hair less
    const third = { nav: "9", gate: "1/3", inflows: ["0"], horizon: 2 };
    expect(survivalQuarters({ ...third, liquid: "5" }).quarters).toBe(2);
    expect(survivalQuarters({ ...third, liquid: "4.999999999999999999" }).quarters).toBe(1);
  });

  it.each([
    () => reverseStress({ ...FUND, nav: "0" }),
    () => reverseStress({ ...FUND, redemption: "1.1" }),
    () => reverseFrontier({ ...FUND, horizon: "90d", redemptions: [], haircutGrid: ["0"] }),
    () => survivalQuarters({ nav: "1", gate: "2", liquid: "1" }),
    () => survivalQuarters({ nav: "1", gate: "0.05", liquid: "1", horizon: 0 }),
  ])("refuses malformed input %#", (call) => expect(call).toThrowError(EG400));
});

it("R35 for any fund: what is said to be borne is covered on the ladder, and a little more is not", {
  timeout: LONG,
}, () => {
  const column = fc.array(fc.nat({ max: 500 }), { minLength: 7, maxLength: 7 });
  const percent = fc.nat({ max: 100 }).map((n) => (n / 100).toFixed(2));
  const amounts = (values: readonly number[]) =>
    Object.fromEntries(BUCKETS.map((bucket, k) => [bucket, String(values[k])]));
  fc.assert(
    fc.property(
      column,
      column,
      fc.record({
        cash: fc.nat({ max: 800 }),
        cut: percent,
        slip: fc.nat({ max: 6 }),
        asked: percent,
        at: fc.nat({ max: 6 }),
      }),
      (assets, due, { cash, cut, slip, asked, at }) => {
        const bucket = BUCKETS[at]!;
        const haircuts = Object.fromEntries(BUCKETS.map((name) => [name, cut]));
        const fund = { cash: String(cash), assets: amounts(assets), haircuts, slip, nav: "1000" };
        const { rungs } = reverseStress({ ...fund, accepted: amounts(due), redemption: asked });
        const found = rungs[at]!;
        /** Gap at the bucket with so much redeemed by then and everything else cut once more. */
        const gap = (share: Exact, more: Exact): Exact => {
          const kept = Object.fromEntries(
            BUCKETS.map((name, k) => [name, new Exact(assets[k]!).times(new Exact(1).minus(more)).toFixed(18, 2)]),
          );
          const { rungs: ladder } = liquidityLadder({
            ...fund,
            assets: kept,
            liabilities: { debt: amounts(due), redemptions: { "1d": share.times(1_000).toFixed() } },
          });
          return new Exact(ladder[at]!.gap);
        };
        const share = new Exact(found.share);
        if (share.gt(0)) must(gap(share, new Exact(0)).gte(0), "R* is covered");
        must(gap(share.plus("1e-15"), new Exact(0)).lt(0), "a little more than R* is not");
        if (found.verdict === "haircut") {
          const haircut = new Exact(found.haircut!);
          must(haircut.gte(0) && haircut.lte(1), "a haircut is a share");
          // seven positions, each rounded up in the 18th decimal, cannot hide a shortfall of more than 1e-17
          must(gap(new Exact(asked), haircut).gte("-1e-17"), "the smallest haircut still leaves enough");
          if (haircut.lt("0.999") && haircut.gt(0))
            must(gap(new Exact(asked), haircut.plus("1e-15")).lt(0), "a little more does not");
        }
        if (found.verdict === "not_covered") must(gap(new Exact(asked), new Exact(0)).lt(0), "not covered as it is");
        if (found.verdict === "covered_by_cash")
          must(gap(new Exact(asked), new Exact(1)).gt(0), "cash is enough without all else");
        const { frontier } = reverseFrontier({
          ...fund,
          accepted: amounts(due),
          horizon: bucket,
          redemptions: ["0"],
          haircutGrid: ["0", "0.5"],
        });
        must(frontier[0]!.share === found.share, "the frontier begins at R*");
        must(new Exact(frontier[1]!.share).lte(share), "and falls with the haircut");
      },
    ),
    RUNS,
  );
});

it("R35 survival for any fund: as many quarters as a count in whole numbers", { timeout: LONG }, () => {
  const fund = fc.record({
    nav: fc.nat({ max: 10_000 }),
    gate: fc.nat({ max: 100 }),
    liquid: fc.nat({ max: 9_000 }),
    reserved: fc.nat({ max: 900 }),
    inflows: fc.array(fc.integer({ min: -300, max: 600 }), { minLength: 1, maxLength: 4 }),
    horizon: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fund, ({ nav, gate, liquid, reserved, inflows, horizon }) => {
      let expected = 0;
      let there = liquid - reserved;
      for (let k = 1; k <= horizon; k += 1) {
        there += inflows[Math.min(k, inflows.length) - 1]!;
        // Σ of a geometric series: nav · (1 − (1 − g)^k), times 100^k
        const scale = 100n ** BigInt(k);
        const out = BigInt(nav) * (scale - BigInt(100 - gate) ** BigInt(k));
        if (out > BigInt(there) * scale) break;
        expected = k;
      }
      const answer = survivalQuarters({
        nav: String(nav),
        gate: (gate / 100).toFixed(2),
        liquid: String(liquid),
        reserved: String(reserved),
        inflows: inflows.map(String),
        horizon,
      });
      must(answer.quarters === expected, `${answer.quarters} is ${expected}`);
      must(answer.label === (expected === horizon ? `>=${horizon}` : String(expected)), "the label says so");
    }),
    RUNS,
  );
});
