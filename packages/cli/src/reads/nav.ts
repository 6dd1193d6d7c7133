// The NAV that stands for a fund and date with everything that belongs to it, and what a NAV by hand is held against.
import { z } from "zod";
import type { NavAsset } from "../nav-pack.ts";
import type { Session } from "../session.ts";
import { type ClassRow, currencyDecimals, listClasses } from "./classes.ts";
import type { FundRow } from "./funds.ts";
import {
  type ApprovalRow,
  approvalsOf,
  type ClassNavRow,
  classNavsOf,
  type InputRow,
  inputsOf,
  type NavProposalRow,
  newestStrike,
  proposalOf,
  type StrikeRow,
} from "./strikes.ts";

export interface StandingNav {
  fund: FundRow;
  cashDp: number;
  strike: StrikeRow;
  inputs: InputRow[];
  prices: (ClassNavRow & { shareClass: ClassRow | undefined })[];
  proposal: NavProposalRow | undefined;
  approvals: ApprovalRow[];
}

/** The newest version for a date, or of the newest date; undefined when there is none. */
export async function standingNav(
  session: Session,
  fund: FundRow,
  date: string | undefined,
): Promise<StandingNav | undefined> {
  const strike = await newestStrike(session, fund.fund_id, date);
  if (strike === undefined) return undefined;
  const { proposal_id: proposalId } = strike;
  const [inputs, prices, classes, decimals, proposal, approvals] = await Promise.all([
    inputsOf(session, strike.strike_id),
    classNavsOf(session, strike.strike_id),
    listClasses(session, fund.fund_id),
    currencyDecimals(session),
    proposalId === null ? undefined : proposalOf(session, proposalId),
    proposalId === null ? [] : approvalsOf(session, proposalId),
  ]);
  const byId = new Map(classes.map((row) => [row.share_class_id, row]));
  return {
    fund,
    cashDp: decimals.get(fund.base_currency) ?? 2,
    strike,
    inputs,
    // by the code of their class, as people list them
    prices: prices
      .map((row) => ({ ...row, shareClass: byId.get(row.share_class_id) }))
      .sort((a, b) => ((a.shareClass?.code ?? "") < (b.shareClass?.code ?? "") ? -1 : 1)),
    proposal,
    approvals,
  };
}

const AssetRow = z.object({ id: z.string(), external_key: z.string(), type: z.string() });

export async function navAssets(session: Session, fundId: string): Promise<NavAsset[]> {
  const rows = await session.all(
    "assets",
    "id,external_key,type",
    "id",
    (row) => row.id,
    (query) => query.eq("fund_id", fundId),
    AssetRow,
  );
  return rows.map((row) => ({ id: row.id, key: row.external_key, type: row.type }));
}

/** How old an input may be, in days, by type of asset. */
export async function navMaxAges(session: Session): Promise<Record<string, number>> {
  const row = await session.one(
    "platform_settings",
    "value",
    (query) => query.eq("key", "nav_max_age_days"),
    z.object({ value: z.record(z.string(), z.number()) }),
  );
  return row?.value ?? {};
}
