// For tests only: a small portfolio of two sleeves, and an answer that must have kept every limit.
import { violations } from "./arbitrary-problem.ts";
import type { RebalancedPortfolio, RebalanceInput, RebalanceSolution } from "./problem.ts";
import { rebalance } from "./solve.ts";

type Asset = RebalanceInput["assets"][number];
export const asset = (id: string, sleeve: string, value: string, more: Partial<Asset> = {}): Asset => ({
  id,
  sleeve,
  value,
  liquidity: { "7d": "1" },
  buyBps: "10",
  sellBps: "10",
  ...more,
});
export const base = (more: Partial<RebalanceInput> = {}): RebalanceInput => ({
  currency: "USD",
  assets: [asset("a", "bonds", "6000.00"), asset("b", "equity", "3800.00")],
  cash: { value: "200.00", target: "0.02" },
  sleeves: [
    { id: "bonds", target: "0.5", band: { relative: "0.1" } },
    { id: "equity", target: "0.48", band: { relative: "0.1" } },
  ],
  ...more,
});
export const solved = async (input: RebalanceInput): Promise<RebalancedPortfolio> => {
  const answer = await rebalance(input);
  const broken = violations(input, answer);
  if (broken.length > 0) throw new Error(`broken: ${broken.join(", ")}`);
  if (answer.status !== "optimal" && answer.status !== "nothing_to_trade") throw new Error(JSON.stringify(answer));
  return answer;
};
export const trades = (answer: RebalancedPortfolio) =>
  answer.trades.map((trade) => `${trade.side} ${trade.assetId} ${trade.amount}`);

export const names = (answer: RebalanceSolution) =>
  answer.status === "infeasible" ? answer.conflicts.map((group) => group.map((row) => row.name)) : [];
