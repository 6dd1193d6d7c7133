// From facts to trades on funds small enough to work out by hand: what is planned, what is refused and with which words.
import { describe, expect, it } from "vitest";
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
  name: `${assetId} (synthetic)`,
  type,
  sleeve,
  issuer: `Issuer ${assetId}`,
  liquid: true,
  category: type,
  issuerCategory: "*",
  bucket: type === "cash" ? "1d" : "7d",
  value,
  ...more,
});
const band = { relative: "0.2" };
const mandate = (change: Record<string, unknown> = {}) => ({
  version: 1,
  label: "synthetic",
  source: "manager",
  currency: "USD",
  asOf: "2026-09-30",
  form: "lp",
  cash: { target: "0.02" },
  sleeves: [
    { id: "bonds", target: "0.50", band },
    { id: "shares", target: "0.48", band },
  ],
  limits: {},
  liquidity: [{ horizon: "30d", stressedLiabilities: "150000.00" }],
  costs: [{ category: "*", issuerCategory: "*", buyBps: "5", sellBps: "5" }],
  objective: {},
  ...change,
});
/** 1,000,000.00: bonds 70 %, shares 25 %, cash 5 %, so that both sleeves are outside their bands. */
const facts = (change: Partial<RebalanceFacts> = {}): RebalanceFacts => ({
  fundId: "f",
  currency: "USD",
  allocationsVersion: "1",
  method: "lp",
  mandateVersion: 1,
  mandate: mandate(),
  holdings: [
    holding("cash-1", "cash", "cash", "50000.00"),
    holding("bond-a", "debt", "bonds", "400000.00"),
    holding("bond-b", "debt", "bonds", "300000.00"),
    holding("share-a", "equity", "shares", "250000.00"),
  ],
  stressedLiabilities: [{ bucket: "30d", amount: "150000.00" }],
  ...change,
});
const planned = async (given: RebalanceFacts) => {
  const plan = await planTrades(given);
  if (plan.kind === "refused") throw new Error(plan.reason);
  return plan;
};
const refused = async (given: RebalanceFacts): Promise<string> => {
  const plan = await planTrades(given);
  if (plan.kind === "planned") throw new Error("planned");
  return plan.reason;
};
const balanced = [
  holding("cash-1", "cash", "cash", "20000.00"),
  holding("bond-a", "debt", "bonds", "500000.00"),
  holding("share-a", "equity", "shares", "480000.00"),
];

describe("a plan", () => {
  it("brings both sleeves into their bands and settles on the cash line", async () => {
    const { portfolio, cashAssetId } = await planned(facts());
    expect(cashAssetId).toBe("cash-1");
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
      holding("bond-a", "debt", "bonds", "500000.00"),
      holding("share-a", "equity", "shares", "480000.00"),
    ];
    const plan = await planTrades(facts({ holdings, mandate: mandate({ cash: { target: "0.02" } }) }));
    expect(plan).toMatchObject({ kind: "planned", cashAssetId: null });
  });
  it("with nothing to trade has no trade, and says so", async () => {
    const { portfolio } = await planned(facts({ holdings: balanced }));
    expect(portfolio.status).toBe("nothing_to_trade");
    expect(portfolio.trades).toEqual([]);
    expect(portfolio.reason.words).not.toBe("");
  });
  it("never trades what cannot be sold", async () => {
    const holdings = facts().holdings.map((one) => (one.assetId === "bond-a" ? { ...one, liquid: false } : one));
    const { portfolio } = await planned(facts({ holdings }));
    expect(portfolio.trades.map((trade) => trade.assetId)).not.toContain("bond-a");
    expect(portfolio.trades.length).toBeGreaterThan(0);
  });
  it("takes the form of the request, not of the mandate", async () => {
    expect((await planned(facts({ method: "qp" }))).portfolio.objective.form).toBe("qp");
  });
  it("measures cover against the ladder as it stands, not as the mandate was written", async () => {
    const due = (amount: string) =>
      facts({
        stressedLiabilities: [
          { bucket: "7d", amount },
          { bucket: "90d", amount: "1.00" },
        ],
      });
    expect(
      (await planned(due("100000.00"))).portfolio.liquidity.find(({ horizon }) => horizon === "30d")?.required,
    ).toMatch(/^120000(\.0+)?$/);
    expect(
      (await planned(facts({ stressedLiabilities: [] }))).portfolio.liquidity.find(({ horizon }) => horizon === "30d")
        ?.required,
    ).toMatch(/^180000(\.0+)?$/);
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
    const reason = await refused(facts({ stressedLiabilities: [{ bucket: "30d", amount: "900000.00" }] }));
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
      holding("cash-1", "cash", "cash", "20000.00"),
      ...sleeves.map(({ id }, i) =>
        holding(`asset-${i}`, "debt", id, i === 0 ? "980000.00" : "0.01", { liquid: false }),
      ),
    ];
    const plan = await planTrades(
      facts({
        holdings,
        mandate: mandate({ sleeves }),
        stressedLiabilities: [{ bucket: "30d", amount: "999999999.00" }],
      }),
    );
    expect(plan.kind).toBe("refused");
    if (plan.kind === "refused") expect(plan.reason.length).toBeLessThanOrEqual(500);
  });
});

it("throws for a stored mandate that is none: that is not the fund's state but a fault", async () => {
  await expect(planTrades(facts({ mandate: { sleeves: "all" } }))).rejects.toThrow();
});
