// Rebalancing by example: small portfolios whose answer can be worked out by hand.
import { describe, expect, it } from "vitest";
import { rebalance, warmUp } from "./solve.ts";
import { asset, base, names, solved, trades } from "./two-sleeves.ts";

describe("a sleeve outside its band", () => {
  it("is brought to the edge of the band and no further when the price of deviation is below the cost", async () => {
    const answer = await solved(base());
    // Bonds may be 55 % of NAV after costs, equity must be 43.2 %: sell to 55 %, buy to 43.2 %, the rest stays cash.
    expect(answer.status).toBe("optimal");
    const [bonds, equity] = answer.weights.sleeves;
    expect(Number(bonds!.after)).toBeCloseTo(0.55, 4);
    expect(Number(equity!.after)).toBeCloseTo(0.432, 4);
    expect(answer.trades.map((trade) => [trade.side, trade.assetId, trade.reasons[0]!.code])).toEqual([
      ["sell", "a", "sleeve_band"],
      ["buy", "b", "sleeve_band"],
    ]);
    expect(answer.objective).toMatchObject({ proven: true, doNothingFeasible: false });
  });

  it("is brought to its target when the price of deviation is above the cost", async () => {
    const answer = await solved(base({ objective: { deviationPriceBps: "50" } }));
    expect(answer.weights.sleeves.map((row) => Number(row.after).toFixed(4))).toEqual(["0.5000", "0.4800", "0.0200"]);
    // 1,000 sold and about 998 bought at 10 bp each
    expect(Number(answer.costs)).toBeCloseTo(2, 1);
  });
});

describe("the no-trade region (R38)", () => {
  const inside = (price: string) =>
    base({
      assets: [asset("a", "bonds", "5200.00"), asset("b", "equity", "4600.00")],
      objective: { deviationPriceBps: price },
    });

  it("trades nothing inside the band when the gain does not pay the cost", async () => {
    const answer = await solved(inside("9"));
    // a weight point moved between two sleeves gains 2 × 9 bp and costs 10 + 10 bp
    expect(answer).toMatchObject({
      status: "nothing_to_trade",
      trades: [],
      costs: "0.00",
      turnover: "0",
      reason: { code: "inside_bands" },
    });
    expect(answer.objective.value).toBe(answer.objective.doNothing);
  });

  it("trades to target inside the band when it does", async () => {
    const answer = await solved(inside("11"));
    expect(answer.status).toBe("optimal");
    expect(Number(answer.objective.value)).toBeLessThan(Number(answer.objective.doNothing));
    expect(answer.trades.map((trade) => trade.reasons[0]!.code)).toEqual(["toward_target", "toward_target"]);
  });

  it("is never worse than doing nothing, also where rounding doubles the cost", async () => {
    // 4.00 sold and bought gains 2 × 15 bp of it; 13 bp are 0.52 cents, paid as a whole one, twice: 50 bp.
    const answer = await solved({
      ...base(),
      assets: [asset("a", "bonds", "54.00", { sellBps: "13" }), asset("b", "equity", "44.00", { buyBps: "13" })],
      cash: { value: "2.00", target: "0.02" },
      objective: { deviationPriceBps: "15" },
    });
    expect(answer).toMatchObject({ status: "nothing_to_trade", trades: [] });
    expect(answer.objective).toMatchObject({ doNothingFeasible: true, value: answer.objective.doNothing });
  });

  it("in the quadratic form stops where the marginal gain equals the cost", async () => {
    const answer = await solved({ ...inside("0"), form: "qp", objective: { trackingWeight: "0.5" } });
    // Deviations +d and −d: moving x costs 20 bp·x and gains 0.5·2·d·x, so trading stops at d = 0.2 %.
    const [bonds, equity, cash] = answer.weights.sleeves.map((row) => Number(row.after) - Number(row.target));
    expect(bonds).toBeCloseTo(0.002, 4);
    expect(equity).toBeCloseTo(-0.002, 4);
    expect(cash).toBeCloseTo(0, 4);
  });
});

describe("limits", () => {
  it("keep an issuer, an asset, turnover and cash", async () => {
    const input = base({
      assets: [
        asset("a", "bonds", "3000.00", { issuer: "x" }),
        asset("b", "bonds", "2000.00", { issuer: "x" }),
        asset("c", "equity", "4800.00", { maxWeight: "0.45" }),
        asset("d", "bonds", "0.00", { issuer: "y" }),
      ],
      cash: { value: "200.00", target: "0.02", max: "0.06" },
      limits: { issuerMax: "0.46", turnoverMax: "0.1" },
      liquidity: [{ horizon: "30d", stressedLiabilities: "5000.00" }],
    });
    const answer = await solved(input);
    const byName = new Map(answer.checks.map((row) => [row.name, row]));
    expect(byName.get("issuer:x:max")).toMatchObject({ heldBefore: false, verdict: "held" });
    expect(byName.get("asset:c:max")).toMatchObject({ heldBefore: false, verdict: "held" });
    expect(byName.get("turnover:max")).toMatchObject({ verdict: "held" });
    expect(answer.trades.find((trade) => trade.assetId === "c")!.reasons[0]!.code).toBe("asset_limit");
  });

  it("sell what is slow when liquidity is short, hard, whatever it costs", async () => {
    const input = base({
      assets: [
        asset("a", "bonds", "5000.00", { liquidity: { "180d": "1" }, sellBps: "500" }),
        asset("b", "equity", "4800.00"),
      ],
      liquidity: [{ horizon: "30d", stressedLiabilities: "4300.00", cover: "1.2" }],
    });
    const answer = await solved(input);
    // 5,160 needed, 5,000 there: 160 must come out of a, 5 % of which is lost on the way
    expect(answer.trades[0]).toMatchObject({ side: "sell", assetId: "a", reasons: [{ code: "liquidity_cover" }] });
    expect(answer.liquidity.find((row) => row.horizon === "30d")).toMatchObject({
      before: "5000.00",
      required: "5160.00",
    });
    expect(Number(answer.liquidity.find((row) => row.horizon === "30d")!.after)).toBeGreaterThanOrEqual(5160);
    expect(Number(answer.trades[0]!.amount)).toBeCloseTo(160 / 0.95, 0);
  });

  it("never trade what is outside the trade set, by asset or by sleeve", async () => {
    const input = base({
      assets: [asset("a", "bonds", "6000.00", { tradable: false }), asset("b", "equity", "3800.00")],
    });
    const answer = await solved(input);
    expect(answer.trades.map((trade) => trade.assetId)).not.toContain("a");
    const bySleeve = await solved(
      base({
        sleeves: [
          { id: "bonds", target: "0.5", illiquid: true },
          { id: "equity", target: "0.48" },
        ],
      }),
    );
    expect(bySleeve.trades.map((trade) => trade.assetId)).not.toContain("a");
  });

  it("hold factors between their limits", async () => {
    const input = base({
      assets: [
        asset("a", "bonds", "5000.00", { exposures: { duration: "8" } }),
        asset("b", "bonds", "0.00", { exposures: { duration: "2" } }),
        asset("c", "equity", "4800.00"),
      ],
      factors: [{ id: "duration", target: "3", max: "3.4", weight: "0" }],
      sleeves: [
        { id: "bonds", target: "0.5" },
        { id: "equity", target: "0.48" },
      ],
    });
    const answer = await solved(input);
    const check = answer.checks.find((row) => row.name === "factor:duration:max")!;
    expect([check.before, check.heldBefore, check.verdict]).toEqual(["4", false, "held"]);
    expect(Number(check.after)).toBeCloseTo(3.4, 5);
  });
});

describe("the minimum ticket", () => {
  it("drops a trade that would be too small", async () => {
    const input = base({
      assets: [asset("a", "bonds", "5200.00"), asset("b", "equity", "4600.00")],
      objective: { deviationPriceBps: "50" },
      limits: { minimumTicket: "500" },
    });
    const answer = await solved(input);
    expect(answer).toMatchObject({ status: "nothing_to_trade", reason: { code: "below_minimum_ticket" } });
  });

  it("raises a trade that is too small but needed", async () => {
    const input = base({
      assets: [asset("a", "bonds", "5510.00"), asset("b", "equity", "4350.00")],
      cash: { value: "140.00", target: "0.02" },
      limits: { minimumTicket: "300" },
    });
    const answer = await solved(input);
    // 10 above the band would do; the ticket makes it 300
    expect(trades(answer)[0]).toBe("sell a 300.00");
  });

  it("is named when it is what makes the problem infeasible", async () => {
    const input = base({
      assets: [asset("a", "bonds", "5510.00"), asset("b", "equity", "4350.00")],
      cash: { value: "140.00", target: "0.02" },
      limits: { minimumTicket: "300", turnoverMax: "0.01" },
    });
    const answer = await rebalance(input);
    expect(answer).toMatchObject({ status: "infeasible", proven: true, reason: { code: "conflict" } });
    expect(names(answer)).toEqual([["minimum-ticket", "sleeve:bonds:max", "turnover:max"]]);
  });
});

describe("other currencies", () => {
  it("trades and pays costs in whole yen", async () => {
    const answer = await rebalance({
      ...base(),
      currency: "JPY",
      assets: [asset("a", "bonds", "600000"), asset("b", "equity", "380000")],
      cash: { value: "20000", target: "0.02" },
    });
    if (answer.status !== "optimal") throw new Error(answer.status);
    for (const trade of answer.trades) {
      expect(trade.amount).toMatch(/^\d+$/);
      // 10 basis points, half a yen upward
      expect(Number(trade.cost)).toBe(Math.floor((Number(trade.amount) * 2 + 1000) / 2000));
    }
    const signed = answer.trades.reduce(
      (acc, trade) => acc + (trade.side === "sell" ? 1 : -1) * Number(trade.amount),
      0,
    );
    expect(Number(answer.cash.after)).toBe(20_000 + signed - Number(answer.costs));
  });
});

it("breaks ties by id: of equal assets the smaller one trades", async () => {
  const input = base({
    assets: ["c", "a", "b"]
      .map((id) => asset(id, "bonds", "2000.00"))
      .concat(["z", "y"].map((id) => asset(id, "equity", "1900.00"))),
  });
  expect((await solved(input)).trades.map((trade) => trade.assetId)).toEqual(["a", "y"]);
});

it("can be warmed up more than once", async () => {
  await warmUp();
  await expect(warmUp()).resolves.toBeUndefined();
});
