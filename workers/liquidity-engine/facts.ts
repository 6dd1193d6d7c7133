// What the Liquidity Engine looks at: the ladder of both sides and the trades of a proposal. One snapshot.
import { tradesOf } from "@evergreen-fund/domain";
import { LiabilityRung } from "@evergreen-fund/finance/liquidity.ts";
import type { Reader } from "@evergreen-fund/supabase-client";

export interface CoverFacts {
  /** Fund currency, decimal strings; net of what is reserved. */
  assets: { bucket: string; amount: string }[];
  /** Fund currency: what is planned, what was accepted, what stress adds. */
  liabilities: LiabilityRung[];
  /** Change each trade makes to the bucket of its asset, cash included. */
  changes: { bucket: string; amount: string }[];
}

export async function readCover(tx: Reader, proposalId: string): Promise<CoverFacts> {
  const proposal = await tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } });
  const rungs = await tx.liquidity_ladder.findMany({
    where: { fund_id: proposal.fund_id, scenario_id: "base" },
    orderBy: { as_of: "desc" },
  });
  const newest = (side: string) => {
    const ofSide = rungs.filter((rung) => rung.side === side);
    return ofSide.filter((rung) => rung.as_of.getTime() === ofSide[0]!.as_of.getTime());
  };
  const body = tradesOf(proposal.body);
  const ids = [...body.trades.map((trade) => trade.asset_id), ...(body.cash_asset_id ? [body.cash_asset_id] : [])];
  const buckets = new Map(
    (await tx.assets.findMany({ where: { id: { in: ids } }, select: { id: true, bucket: true } })).map((asset) => [
      asset.id,
      asset.bucket,
    ]),
  );
  const changes = body.trades.flatMap((trade) => {
    const sign = trade.side === "buy" ? "" : "-";
    const moved = [{ bucket: buckets.get(trade.asset_id) ?? "gt365d", amount: `${sign}${trade.amount}` }];
    if (!body.cash_asset_id) return moved;
    const cash = buckets.get(body.cash_asset_id) ?? "1d";
    return [
      ...moved,
      { bucket: cash, amount: trade.side === "buy" ? `-${trade.amount}` : trade.amount },
      { bucket: cash, amount: `-${trade.cost}` },
    ];
  });
  return {
    assets: newest("asset").map((rung) => ({
      bucket: rung.bucket,
      amount: rung.capacity.minus(rung.utilization).toFixed(),
    })),
    liabilities: newest("liability").map((rung) =>
      LiabilityRung.parse({
        bucket: rung.bucket,
        capacity: rung.capacity.toFixed(),
        utilization: rung.utilization.toFixed(),
        stressDelta: rung.stress_delta.toFixed(),
      }),
    ),
    changes,
  };
}
