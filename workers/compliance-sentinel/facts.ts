// What Compliance Sentinel looks at before a trade: positions after the proposal's trades, issuers, and the limits of the mandate. One snapshot.
import { tradesOf } from "@evergreen-fund/domain";
import type { Reader, RpcResult } from "@evergreen-fund/supabase-client";

export interface Position {
  assetId: string;
  issuer: string | null;
  type: string;
  liquid: boolean;
  /** Fund currency, before and after the trades. */
  before: string;
  after: string;
}
export interface TradeFacts {
  positions: Position[];
  limits: unknown;
  mandateVersion: number;
}

export async function readTrades(tx: Reader, proposalId: string): Promise<TradeFacts> {
  const proposal = await tx.proposals.findUniqueOrThrow({
    where: { proposal_id: proposalId },
    include: { event: true },
  });
  const version = (proposal.event.payload as { mandate_version: number }).mandate_version;
  const mandate = await tx.mandates.findUniqueOrThrow({
    where: { fund_id_version: { fund_id: proposal.fund_id, version } },
  });
  const held = await tx.portfolio_allocations.findMany({
    where: { fund_id: proposal.fund_id, superseded_at: null },
    include: { asset: true },
  });
  const { trades, cash_asset_id: cash } = tradesOf(proposal.body);
  const positions = held.map(({ asset, market_value }) => {
    let after = market_value;
    for (const trade of trades) {
      if (trade.asset_id === asset.id)
        after = trade.side === "buy" ? after.plus(trade.amount) : after.minus(trade.amount);
      if (cash === asset.id)
        after = (trade.side === "buy" ? after.minus(trade.amount) : after.plus(trade.amount)).minus(trade.cost);
    }
    return {
      assetId: asset.id,
      issuer: asset.issuer,
      type: asset.type,
      liquid: asset.liquid_flag || asset.type === "cash",
      before: market_value.toFixed(),
      after: after.toFixed(),
    };
  });
  return { positions, limits: mandate.body, mandateVersion: version };
}

export interface TokenizationFacts {
  instrument: string;
  size: string;
  approval: { result: string } | undefined;
  /** Of an operation on a class: what compliance looks at. */
  asked?: RpcResult<"fn_read_token_request">;
}

/** Whether the request is for an operation on a class, which the database knows by its event. */
export async function isOnClass(tx: Reader, eventId: string): Promise<boolean> {
  const { payload } = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  return typeof (payload as { action_id?: unknown }).action_id === "string";
}

export async function readTokenization(tx: Reader, eventId: string): Promise<TokenizationFacts> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  const payload = event.payload as { instrument: string; size: string; compliance_log_id?: string };
  const approval = payload.compliance_log_id
    ? await tx.compliance_logs.findFirst({ where: { log_id: payload.compliance_log_id, fund_id: event.fund_id } })
    : null;
  return {
    instrument: payload.instrument,
    size: payload.size,
    approval: approval ? { result: approval.result } : undefined,
  };
}
