// From facts to trades on funds small enough to work out by hand: what is planned, what is refused and with which words.
import { EvergreenError } from "@evergreen-fund/domain";
import type { LiabilityRung } from "@evergreen-fund/finance/liquidity.ts";
import type { RebalanceInput } from "@evergreen-fund/finance/rebalancing/problem.ts";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import { describe, expect, it } from "vitest";
import { issuerOf, nameOf, SYNTHETIC_ASSETS, SYNTHETIC_MANDATE } from "../tests/synthetic-fund.ts";
import { planTrades } from "./decide.ts";
import type { Holding, RebalanceFacts } from "./facts.ts";

const holding = (
  assetId: string,
  type: string,
  sleeve: string,
  value: string,
  more: Partial<Holding> = {},
): Holding => ({
  assetId,
  name: nameOf(assetId),
  type,
  sleeve,
  issuer: issuerOf(assetId),
  liquid: true,
  category: type,
  issuerCategory: "*",
  bucket: type === "cash" ? "1d" : "7d",
  value,
  ...more,
});
const mandate = (change: Record<string, unknown> = {}) => ({ ...SYNTHETIC_MANDATE, ...change });
const due = (bucket: LiabilityRung["bucket"], capacity: string, utilization = "0", stressDelta = "0") => ({
  bucket,
  capacity,
  utilization,
  stressDelta,
});
/** 1,000,000.00: bonds 70 %, shares 25 %, cash 5 %, so that both sleeves are outside their bands. */
const facts = (change: Partial<RebalanceFacts> = {}): RebalanceFacts => ({
  fundId: "f",
  currency: "USD",
  allocationsVersion: "1",
  method: "lp",
  mandateVersion: 1,
  mandate: mandate(),
  holdings: SYNTHETIC_ASSETS.map(({ key, type, sleeve, market_value, bucket }) =>
    holding(key, type, sleeve, market_value, { bucket }),
  ),
  liabilities: [due("30d", "100000.00", "0", "50000.00")],
  ...change,
});
const planned = async (given: RebalanceFacts) => {
  const plan = await planTrades(given, rebalance);
  if (plan.kind === "refused") throw new Error(plan.reason);
  return plan;
};
const refused = async (given: RebalanceFacts): Promise<string> => {
  const plan = await planTrades(given, rebalance);
  if (plan.kind === "planned") throw new Error("planned");
  return plan.reason;
};
const balanced = [
  holding("CASH", "cash", "cash", "20000.00"),
  holding("BOND-A", "debt", "bonds", "500000.00"),
  holding("SHARE-A", "equity", "shares", "480000.00"),
];

describe("a plan", () => {
  it("brings both sleeves into their bands and settles on the cash line", async () => {
    const { portfolio, cashAssetId } = await planned(facts());
    expect(cashAssetId).toBe("CASH");
    expect(portfolio.status).toBe("optimal");
    expect(new Set(portfolio.trades.map(({ side, sleeve }) => `${side} ${sleeve}`))).toEqual(
      new Set(["sell bonds", "buy shares"]),
    );
    for (const sleeve of portfolio.weights.sleeves.filter(({ id }) => id !== "cash")) {
      expect(Number(sleeve.after)).toBeGreaterThanOrEqual(Number(sleeve.low) - 1e-12);
      expect(Number(sleeve.after)).toBeLessThanOrEqual(Number(sleeve.high) + 1e-12);
    }
  });
  it("is the same whatever the order of the holdings", async () => {
    const one = await planned(facts());
    const two = await planned(facts({ holdings: [...facts().holdings].reverse() }));
    expect(two.portfolio.trades).toEqual(one.portfolio.trades);
  });
  it("settles on the largest cash line, by id when two are alike", async () => {
    const rest = facts().holdings.slice(1);
    const lines = (...cash: Holding[]) => planned(facts({ holdings: [...cash, ...rest] }));
    const [small, large] = [holding("c", "cash", "cash", "10000.00"), holding("b", "cash", "cash", "40000.00")];
    expect((await lines(small, large)).cashAssetId).toBe("b");
    expect(
      (await lines(holding("b", "cash", "cash", "25000.00"), holding("a", "cash", "cash", "25000.00"))).cashAssetId,
    ).toBe("a");
  });
  it("names no cash line when the fund has none", async () => {
    const holdings = [
      holding("BOND-A", "debt", "bonds", "500000.00"),
      holding("SHARE-A", "equity", "shares", "480000.00"),
    ];
    const plan = await planTrades(facts({ holdings, mandate: mandate({ cash: { target: "0.02" } }) }), rebalance);
    expect(plan).toMatchObject({ kind: "planned", cashAssetId: null });
  });
  it("with nothing to trade has no trade, and says so", async () => {
    const { portfolio } = await planned(facts({ holdings: balanced }));
    expect(portfolio.status).toBe("nothing_to_trade");
    expect(portfolio.trades).toEqual([]);
    expect(portfolio.reason.words).not.toBe("");
  });
  it("never trades what cannot be sold", async () => {
    const holdings = facts().holdings.map((one) => (one.assetId === "BOND-A" ? { ...one, liquid: false } : one));
    const { portfolio } = await planned(facts({ holdings }));
    expect(portfolio.trades.map((trade) => trade.assetId)).not.toContain("BOND-A");
    expect(portfolio.trades.length).toBeGreaterThan(0);
  });
  it("takes the form of the request, not of the mandate", async () => {
    expect((await planned(facts({ method: "qp" }))).portfolio.objective.form).toBe("qp");
  });
  it("measures cover against the ladder as it stands, not as the mandate was written", async () => {
    const required = async (liabilities: LiabilityRung[]) =>
      (await planned(facts({ liabilities }))).portfolio.liquidity.find(({ horizon }) => horizon === "30d")?.required;
    // 1.2 × what falls due within 30 days; the mandate, where the ladder says nothing: 1.2 × 150,000
    expect(await required([due("7d", "100000.00"), due("90d", "1.00")])).toMatch(/^120000(\.0+)?$/);
    expect(await required([])).toMatch(/^180000(\.0+)?$/);
    // planned 100,000 and 50,000 more under stress, 20,000 accepted beside it: 1.2 × 170,000
    expect(await required([due("30d", "100000.00", "20000.00", "50000.00")])).toMatch(/^204000(\.0+)?$/);
  });
  it("asks the solver it is given, once and with the whole problem", async () => {
    const asked: RebalanceInput[] = [];
    const plan = await planTrades(facts(), (problem) => {
      asked.push(problem);
      return rebalance(problem);
    });
    expect(asked).toHaveLength(1);
    expect(plan).toMatchObject({ kind: "planned", portfolio: await rebalance(asked[0]!) });
    // by value: a thread gets a copy of it and answers the same
    expect(structuredClone(asked[0])).toEqual(asked[0]);
  });
  it("makes no plan when the solver gives none", async () => {
    const away = new EvergreenError("EG503", "away");
    await expect(planTrades(facts(), () => Promise.reject(away))).rejects.toBe(away);
  });
});

describe("a refusal", () => {
  it("EG426: no holdings", async () => {
    expect(await refused(facts({ holdings: [] }))).toBe("EG426: the fund has nothing to rebalance");
  });
  it("EG427: sleeves without a target are named, five at most, in order", async () => {
    const strays = ["z", "y", "x", "w", "v", "u"].map((sleeve) => holding(`a-${sleeve}`, "debt", sleeve, "1.00"));
    expect(await refused(facts({ holdings: [...facts().holdings, ...strays] }))).toBe(
      "EG427: the mandate has no target for u, v, w, x, y",
    );
  });
  it("EG427: constraints that contradict each other are named", async () => {
    const reason = await refused(facts({ liabilities: [due("30d", "900000.00")] }));
    expect(reason).toMatch(/^EG427: /);
    expect(reason).toContain("30d");
  });
  it("EG427: a net asset value that is not above zero", async () => {
    const owed = facts().holdings.map((one) => ({
      ...one,
      liquid: one.type === "cash",
      value: one.type === "cash" ? "0.00" : `-${one.value}`,
    }));
    expect(await refused(facts({ holdings: owed }))).toMatch(/^EG427: .*net asset value/);
  });
  it("stays below the length a verdict may have", async () => {
    const sleeves = Array.from({ length: 40 }, (_, i) => ({
      id: `sleeve-with-a-rather-long-name-${i}`,
      target: "0.0245",
      band: { absolute: "0.001" },
    }));
    const holdings = [
      holding("CASH", "cash", "cash", "20000.00"),
      ...sleeves.map(({ id }, i) =>
        holding(`asset-${i}`, "debt", id, i === 0 ? "980000.00" : "0.01", { liquid: false }),
      ),
    ];
    const plan = await planTrades(
      facts({
        holdings,
        mandate: mandate({ sleeves }),
        liabilities: [due("30d", "999999999.00")],
      }),
      rebalance,
    );
    expect(plan.kind).toBe("refused");
    if (plan.kind === "refused") expect(plan.reason.length).toBeLessThanOrEqual(500);
  });
});

it("throws for a stored mandate that is none: that is not the fund's state but a fault", async () => {
  await expect(planTrades(facts({ mandate: { sleeves: "all" } }), rebalance)).rejects.toThrow();
});
