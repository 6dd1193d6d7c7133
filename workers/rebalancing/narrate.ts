// The proposal as people read it: trades with reasons, cost, before and after. May explain the plan, never alter it.
import type { PortfolioSide, ProposalBody } from "@evergreen-fund/domain";
import { bandEdges } from "@evergreen-fund/finance/bands.ts";
import { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { Plan } from "./decide.ts";
import type { RebalanceFacts } from "./facts.ts";

type Planned = Extract<Plan, { kind: "planned" }>;

/** The `body` of a proposal, covered by its hash. Amounts in fund currency, weights as shares of net assets. */
export function proposalBody(facts: RebalanceFacts, { portfolio, cashAssetId }: Planned): ProposalBody {
  const names = new Map(facts.holdings.map((holding) => [holding.assetId, holding.name]));
  const thirty = portfolio.liquidity.find(({ horizon }) => horizon === "30d");
  const side = (when: "before" | "after"): PortfolioSide => ({
    net_assets: portfolio.nav[when],
    cash: portfolio.cash[when],
    sleeves: portfolio.weights.sleeves.map((sleeve) => ({
      sleeve: sleeve.id,
      weight: sleeve[when],
      target: sleeve.target,
      lower: sleeve.low,
      upper: sleeve.high,
    })),
    liquidity: {
      assets_30d: thirty?.[when] ?? null,
      required_30d: thirty?.required ?? null,
      ratio: when === "after" ? (thirty?.ratioAfter ?? null) : ratioBefore(thirty),
    },
  });
  return {
    currency: facts.currency,
    cash_asset_id: cashAssetId,
    cash_band: cashBand(facts),
    trades: portfolio.trades.map((trade) => ({
      asset_id: trade.assetId,
      name: names.get(trade.assetId) ?? "",
      sleeve: trade.sleeve,
      side: trade.side,
      amount: trade.amount,
      cost: trade.cost,
      weight_before: trade.weightBefore,
      weight_after: trade.weightAfter,
      reason: { code: trade.reasons[0]!.code, words: trade.reasons.map((reason) => reason.words).join("; ") },
    })),
    cost: portfolio.costs,
    turnover: portfolio.turnover,
    before: side("before"),
    after: side("after"),
    steered: portfolio.steered,
    widened: portfolio.widened,
    words: portfolio.reason.words,
    reason_code: portfolio.reason.code,
    objective: portfolio.objective.value,
    dual_bound: portfolio.objective.dualBound,
    method: portfolio.objective.form,
  };
}

/** Stressed cover before the trades: assets ÷ (required ÷ cover); null when nothing is due. */
function ratioBefore(thirty: { before: string; after: string; ratioAfter: string | null } | undefined): string | null {
  if (thirty === undefined || thirty.ratioAfter === null || decimal(thirty.after).isZero()) return null;
  return decimal(thirty.ratioAfter).times(thirty.before).div(thirty.after).toFixed(6);
}

function cashBand(facts: RebalanceFacts): { target: string; low: string; high: string } | null {
  const { cash } = Mandate.parse(facts.mandate);
  if (cash.band === undefined) return null;
  const { low, high } = bandEdges(decimal(cash.target), cash.band);
  return { target: cash.target, low: low.toFixed(), high: high.toFixed() };
}
