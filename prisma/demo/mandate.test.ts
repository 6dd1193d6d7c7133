// The mandate of the demo fund against what the fund holds: valid, out of its bands where a visitor should see trades, and solvable.
import { drift } from "@evergreen-fund/finance/drift.ts";
import { liquidityCoverage } from "@evergreen-fund/finance/liquidity.ts";
import { Mandate, mandateProblem } from "@evergreen-fund/finance/mandate.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import { describe, expect, it } from "vitest";
import { generateDemo } from "./generate.ts";

const { fund } = generateDemo({
  first: "00000000-0000-4000-8000-00000000000a",
  second: "00000000-0000-4000-8000-00000000000b",
});
const cash = fund.assets.find((asset) => asset.type === "cash")!;
const due = fund.ladder.filter((rung) => rung.side === "liability" && ["1d", "7d", "30d"].includes(rung.bucket));
const stressed = due.reduce((total, rung) => total.plus(rung.capacity).plus(rung.stress_delta), ZERO);
const sellable = fund.ladder.filter((rung) => rung.side === "asset" && ["1d", "7d", "30d"].includes(rung.bucket));

describe("the demo mandate", () => {
  it("is a mandate, and its targets with cash add up to 1", () => {
    expect(Mandate.parse(fund.mandate)).toEqual(fund.mandate);
    const targets = [fund.mandate.cash.target, ...fund.mandate.sleeves.map((sleeve) => sleeve.target)];
    expect(targets.reduce((total, target) => total.plus(target), ZERO).toString()).toBe("1");
  });

  it("has a sleeve for every asset but cash, and takes no private asset as liquid", () => {
    const sleeves = new Map(fund.mandate.sleeves.map((sleeve) => [sleeve.id, sleeve.illiquid]));
    for (const asset of fund.assets.filter((each) => each !== cash))
      expect(sleeves.get(asset.sleeve), asset.key).toBe(!asset.liquid);
  });

  it("stands outside its bands in the liquid sleeve, inside in the private ones", () => {
    const { sleeves } = drift({
      holdings: fund.assets.map((asset) => ({ id: asset.key, sleeve: asset.sleeve, value: asset.market_value })),
      sleeveTargets: [
        ...fund.mandate.sleeves.map(({ id, target, band }) => ({ id, target, band })),
        { id: "cash", target: fund.mandate.cash.target, band: fund.mandate.cash.band },
      ],
    });
    const found = Object.fromEntries(sleeves.map((row) => [row.id, row.band]));
    expect(found).toEqual({
      "private-equity": "inside",
      "private-credit": "inside",
      infrastructure: "inside",
      "real-estate": "inside",
      "liquid/money-market": "above",
      "liquid/government-euro": "below",
      "liquid/government-us": "below",
      "liquid/corporate": "inside",
      "liquid/equity-world": "above",
      "liquid/equity-europe": "above",
      cash: "below",
    });
  });

  it("covers 1.2 times the stressed liabilities of 30 days, which are those of the ladder (R38)", () => {
    expect(fund.mandate.liquidity).toEqual([
      { horizon: "30d", stressedLiabilities: stressed.toFixed(2), cover: "1.2" },
    ]);
    const assets30d = sellable.reduce((total, rung) => total.plus(rung.capacity), ZERO).toFixed(2);
    expect(liquidityCoverage({ assets30d, stressedLiabilities30d: stressed.toFixed(2) }).verdict).toBe("covered");
    // the gate is reached at once: five percent of the fund and more
    expect(stressed.gt(decimal(fund.net_assets).times("0.05"))).toBe(true);
  });

  it("gives a rebalancing with several trades on both sides, within every limit", async () => {
    const problem = mandateProblem({
      mandate: fund.mandate,
      holdings: fund.assets
        .filter((asset) => asset !== cash)
        .map((asset) => ({
          id: asset.key,
          sleeve: asset.sleeve,
          issuer: asset.issuer,
          value: asset.market_value,
          tradable: asset.liquid,
          liquidity: { [asset.bucket]: "1" },
          category: asset.attributes.category,
          ...(asset.attributes.issuer_category === null ? {} : { issuerCategory: asset.attributes.issuer_category }),
        })),
      cash: { id: cash.key, value: cash.market_value },
    });
    const solution = await rebalance(problem);
    if (solution.status !== "optimal") throw new Error(`${solution.status}: ${solution.reason.words}`);
    const traded = solution.trades.map((trade) => `${trade.side} ${trade.sleeve}`);
    expect(solution.trades.length).toBeGreaterThanOrEqual(5);
    expect(traded).toEqual(
      expect.arrayContaining(["sell liquid/money-market", "sell liquid/equity-world", "buy liquid/government-euro"]),
    );
    expect(traded.every((words) => words.includes("liquid/"))).toBe(true);
    expect(solution.weights.sleeves.filter((sleeve) => sleeve.verdict === "outside")).toEqual([]);
    expect([solution.steered, solution.widened]).toEqual([[], []]);
    expect(solution.objective.doNothingFeasible).toBe(false);
    const cover = solution.liquidity.find((row) => row.horizon === "30d")!;
    expect(decimal(cover.ratioAfter!).gt("1.2")).toBe(true);
  });
});
