// The proposal as people read it, from plans on the synthetic fund: what is written is what the domain's schema reads back, to the last field.
import { ProposalBody, tradesOf } from "@evergreen-fund/domain";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import { describe, expect, it } from "vitest";
import { issuerOf, nameOf, SYNTHETIC_ASSETS, SYNTHETIC_MANDATE } from "../tests/synthetic-fund.ts";
import { planTrades } from "./decide.ts";
import type { RebalanceFacts } from "./facts.ts";
import { proposalBody } from "./narrate.ts";

const idOf = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
/** The synthetic fund with `values` instead of its own, by key. */
const facts = (values: Record<string, string> = {}, change: Partial<RebalanceFacts> = {}): RebalanceFacts => ({
  fundId: idOf(9),
  currency: "USD",
  allocationsVersion: "1",
  method: "lp",
  mandateVersion: 1,
  mandate: SYNTHETIC_MANDATE,
  holdings: SYNTHETIC_ASSETS.map(({ key, type, sleeve, market_value, bucket }, n) => ({
    assetId: idOf(n),
    name: nameOf(key),
    type,
    sleeve,
    issuer: issuerOf(key),
    liquid: true,
    category: type,
    issuerCategory: "*",
    bucket,
    value: values[key] ?? market_value,
  })),
  liabilities: [{ bucket: "30d", capacity: "100000.00", utilization: "0", stressDelta: "50000.00" }],
  ...change,
});
const planned = async (given: RebalanceFacts) => {
  const plan = await planTrades(given, rebalance);
  if (plan.kind === "refused") throw new Error(plan.reason);
  return plan;
};
const balanced = { CASH: "20000.00", "BOND-A": "250000.00", "BOND-B": "250000.00", "SHARE-A": "480000.00" };

describe("what is written", () => {
  it.each<[string, RebalanceFacts]>([
    ["with trades", facts()],
    ["within its bands", facts(balanced)],
    ["in the quadratic form", facts({}, { method: "qp" })],
    [
      "with a band for cash",
      facts({}, { mandate: { ...SYNTHETIC_MANDATE, cash: { target: "0.02", band: { absolute: "0.01" } } } }),
    ],
    ["where nothing falls due", facts({}, { mandate: { ...SYNTHETIC_MANDATE, liquidity: [] }, liabilities: [] })],
  ])("is read back whole: %s", async (_, given) => {
    const body = proposalBody(given, await planned(given));
    expect(ProposalBody.parse(JSON.parse(JSON.stringify(body)))).toEqual(body);
    expect(tradesOf(body).trades).toHaveLength(body.trades.length);
  });
});

describe("the reason of a trade", () => {
  it("is the code of its first reason and the words of all, apart", async () => {
    const given = facts();
    const plan = await planned(given);
    const reasons = [
      { code: "liquidity_cover", words: "broken before: cover" },
      { code: "sleeve_band", words: "broken before: bonds" },
    ];
    const trades = plan.portfolio.trades.map((trade, n) => (n === 0 ? { ...trade, reasons } : trade));
    expect(trades.length).toBeGreaterThan(1);
    const body = proposalBody(given, { ...plan, portfolio: { ...plan.portfolio, trades } });
    expect(body.trades[0]?.reason).toEqual({
      code: "liquidity_cover",
      words: "broken before: cover; broken before: bonds",
    });
    expect(body.trades[1]?.reason).toEqual(trades[1]?.reasons[0]);
  });
});
