// A synthetic little fund and the steps of a rebalancing on it, each through its own function under the role whose step it is.
import { type Args, agent, PM_ONE, PM_TWO, type TestDatabase } from "./arrange.ts";

let made = 0;
/** A fund code that no other test of this file uses. */
export const freshCode = (): string => `SYN-${++made}`;

/** 1,000,000.00 in six positions: cash, two liquid bonds, a share, and two that cannot be sold. All figures synthetic. */
export function syntheticFund(code: string, change: Args = {}): Args {
  const asset = (key: string, type: string, sleeve: string, marketValue: string, bucket: string, liquid: boolean) => ({
    key,
    name: `${key} (synthetic)`,
    type,
    sleeve,
    market_value: marketValue,
    bucket,
    liquid,
    lp_visible: key === "INFRA-1",
  });
  return {
    code,
    name: `Synthetic fund ${code}`,
    currency: "USD",
    as_of: "2026-09-30",
    net_assets: "1000000.00",
    synthetic: true,
    source: { kind: "synthetic" },
    assets: [
      asset("CASH", "cash", "cash", "100000.00", "1d", true),
      asset("BOND-A", "debt", "bonds", "200000.00", "7d", true),
      asset("BOND-B", "debt", "bonds", "150000.00", "7d", true),
      asset("SHARE-A", "equity", "shares", "150000.00", "1d", true),
      asset("EQUITY-1", "private_equity", "private", "250000.00", "gt365d", false),
      asset("INFRA-1", "infrastructure", "private", "150000.00", "gt365d", false),
    ],
    ladder: [
      { side: "asset", bucket: "1d", capacity: "250000.00" },
      { side: "asset", bucket: "7d", capacity: "350000.00" },
      { side: "asset", bucket: "gt365d", capacity: "400000.00" },
      { side: "liability", bucket: "30d", capacity: "100000.00", stress_delta: "50000.00" },
    ],
    reported_flows: [{ month: "2026-09-01", kind: "redemption", amount: "50000.00" }],
    sensitivities: [{ measure: "dv100", currency: "USD", tenor: "1y", value: "-123.45" }],
    mandate: { sleeves: [{ sleeve: "bonds", target: "0.35" }] },
    ...change,
  };
}

export interface Fund {
  fundId: string;
  code: string;
  /** Asset ids by external key. */
  assets: Record<string, string>;
}

export async function newFund(db: TestDatabase, change: Args = {}): Promise<Fund> {
  const code = freshCode();
  const made = await db.value<{ fund_id: string }>(PM_ONE, "fn_import_fund", { fund: syntheticFund(code, change) });
  const assets = await db.look<{ key: string; id: string }>(
    "select external_key as key, id from assets where fund_id = $1",
    [made.fund_id],
  );
  return { fundId: made.fund_id, code, assets: Object.fromEntries(assets.map((a) => [a.key, a.id])) };
}

export interface Trade {
  asset: string;
  side: "buy" | "sell";
  amount: string;
  cost?: string;
}

/** Sell 40,000 of one bond, buy 30,000 of the share: 10,000 less 50 of costs flow to cash. */
export const TRADES: readonly Trade[] = [
  { asset: "BOND-A", side: "sell", amount: "40000.00", cost: "30.00" },
  { asset: "SHARE-A", side: "buy", amount: "30000.00", cost: "20.00" },
];

export function proposalBody(fund: Fund, trades: readonly Trade[]): Args {
  return {
    cash_asset_id: fund.assets.CASH,
    trades: trades.map(({ asset, side, amount, cost = "0.00" }) => ({
      asset_id: fund.assets[asset] ?? asset,
      side,
      amount,
      cost,
      reason: "band",
    })),
  };
}

export async function requestRebalance(db: TestDatabase, fund: Fund): Promise<string> {
  return (await db.value<{ event_id: string }>(PM_ONE, "fn_request_rebalance", { fund: fund.code })).event_id;
}

export interface Proposal {
  fund: Fund;
  eventId: string;
  proposalId: string;
  hash: string;
}

/** Requested and proposed; nobody has checked it yet. */
export async function newProposal(
  db: TestDatabase,
  options: { fund?: Fund; trades?: readonly Trade[] } = {},
): Promise<Proposal> {
  const fund = options.fund ?? (await newFund(db));
  const eventId = await requestRebalance(db, fund);
  const [row] = await db.look<{ version: string }>(
    "select allocations_version as version from funds where fund_id = $1",
    [fund.fundId],
  );
  const made = await db.value<{ proposal_id: string; hash: string }>(agent("rebalancing"), "fn_propose_rebalancing", {
    event_id: eventId,
    body: proposalBody(fund, options.trades ?? TRADES),
    inputs: { allocations_version: row?.version },
  });
  return { fund, eventId, proposalId: made.proposal_id, hash: made.hash };
}

export const CHECKS = [
  {
    rule: "issuer_concentration",
    result: "passed",
    value: "0.04",
    limit_value: "0.05",
    detail: "largest issuer under the limit",
  },
  {
    rule: "illiquid_share",
    result: "passed",
    value: "0.4",
    limit_value: "0.5",
    detail: "illiquid share under the limit",
  },
];

/** Checked by both rooms, not yet before people. */
export async function checkedProposal(
  db: TestDatabase,
  options: Parameters<typeof newProposal>[1] = {},
): Promise<Proposal> {
  const proposal = await newProposal(db, options);
  await db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id: proposal.proposalId });
  await db.call(agent("compliance-sentinel"), "fn_record_checks", { proposal_id: proposal.proposalId, checks: CHECKS });
  return proposal;
}

/** Waiting for a second person. */
export async function pendingProposal(
  db: TestDatabase,
  options: Parameters<typeof newProposal>[1] = {},
): Promise<Proposal> {
  const proposal = await checkedProposal(db, options);
  await db.call(agent("commander"), "fn_open_proposal", { proposal_id: proposal.proposalId });
  return proposal;
}

export async function approvedProposal(
  db: TestDatabase,
  options: Parameters<typeof newProposal>[1] = {},
): Promise<Proposal> {
  const proposal = await pendingProposal(db, options);
  await db.call(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposalId,
    hash: proposal.hash,
    decision: "approved",
  });
  return proposal;
}

/** An investor whom `userId` may look at; arranged as superuser, because only onboarding makes investors. */
export async function newInvestor(db: TestDatabase, userId: string | null, kyc = "approved"): Promise<string> {
  const [row] = await db.look<{ id: string }>(
    `insert into investors (code, classification, kyc_status, synthetic, kyc_valid_until)
     values ('LP-' || gen_random_uuid(), 'professional', $1, true, now() + interval '1 year') returning investor_id as id`,
    [kyc],
  );
  const id = row?.id ?? "";
  if (userId !== null)
    await db.look("insert into investor_access (user_id, investor_id, kind) values ($1, $2, 'owner')", [userId, id]);
  return id;
}
