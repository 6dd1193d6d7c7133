// What Rebalancing looks at: the fund's current allocations with their assets, the ladder, and the mandate version that was asked for. One snapshot.
import { EvergreenError, tradesOf } from "@evergreen-fund/domain";
import { LiabilityRung } from "@evergreen-fund/finance/liquidity.ts";
import type { Reader } from "@evergreen-fund/supabase-client";

export interface Holding {
  assetId: string;
  name: string;
  type: string;
  sleeve: string;
  issuer: string | null;
  liquid: boolean;
  /** Of the filing (`DBT`, `MUN` …) or the asset's type; what trading costs depends on it. */
  category: string;
  issuerCategory: string;
  bucket: string;
  /** Fund currency. */
  value: string;
}
export interface RebalanceFacts {
  fundId: string;
  currency: string;
  allocationsVersion: string;
  method: "lp" | "qp";
  mandateVersion: number;
  mandate: unknown;
  holdings: Holding[];
  /** The newest ladder's liability side, fund currency; empty when the fund has none. */
  liabilities: LiabilityRung[];
}

/** The proposal this run has already made, if the step was taken before and its answer was lost: by now the facts may have moved, it stands. */
export async function standingProposal(
  tx: Reader,
  eventId: string,
): Promise<{ proposalId: string; trades: number } | undefined> {
  const made = await tx.proposals.findFirst({ where: { event_id: eventId, kind: "rebalancing" } });
  return made === null ? undefined : { proposalId: made.proposal_id, trades: tradesOf(made.body).trades.length };
}

export async function readPortfolio(tx: Reader, eventId: string): Promise<RebalanceFacts> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  const { mandate_version, method } = event.payload as { mandate_version: number; method?: "lp" | "qp" };
  const fund = await tx.funds.findUniqueOrThrow({ where: { fund_id: event.fund_id! } });
  const mandate = await tx.mandates.findUnique({
    where: { fund_id_version: { fund_id: fund.fund_id, version: mandate_version } },
  });
  if (mandate === null) throw new EvergreenError("EG404", "The mandate version that was asked for does not exist.");
  const rows = await tx.portfolio_allocations.findMany({
    where: { fund_id: fund.fund_id, superseded_at: null },
    include: { asset: true },
    orderBy: { asset_id: "asc" },
  });
  const rungs = await tx.liquidity_ladder.findMany({
    where: { fund_id: fund.fund_id, side: "liability", scenario_id: "base" },
    orderBy: { as_of: "desc" },
  });
  return {
    fundId: fund.fund_id,
    currency: fund.base_currency,
    allocationsVersion: String(fund.allocations_version),
    method: method ?? "lp",
    mandateVersion: mandate_version,
    mandate: mandate.body,
    holdings: rows.map(({ asset, sleeve, market_value }) => ({
      assetId: asset.id,
      name: asset.name,
      type: asset.type,
      sleeve,
      issuer: asset.issuer,
      liquid: asset.liquid_flag,
      ...categories(asset.type, asset.attributes),
      bucket: asset.bucket,
      value: market_value.toFixed(),
    })),
    liabilities: rungs
      .filter((rung) => rung.as_of.getTime() === rungs[0]!.as_of.getTime())
      .map((rung) =>
        LiabilityRung.parse({
          bucket: rung.bucket,
          capacity: rung.capacity.toFixed(),
          utilization: rung.utilization.toFixed(),
          stressDelta: rung.stress_delta.toFixed(),
        }),
      ),
  };
}

function categories(type: string, attributes: unknown): { category: string; issuerCategory: string } {
  const { category, issuer_category } = (attributes ?? {}) as { category?: string; issuer_category?: string };
  return { category: category ?? type, issuerCategory: issuer_category ?? "*" };
}
