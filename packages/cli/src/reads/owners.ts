// Who stands behind which account on a date, and whether the fund had offered to buy back on it. Reads only.
import { z } from "zod";
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";

const OwnerRow = z.object({
  record_id: z.string(),
  investor_id: z.string(),
  owner_id: z.string(),
  effective_from: z.string(),
  created_at: z.string(),
});

/** Who stands behind which account on a date. */
export interface Owners {
  ownerOf: (investorId: string) => string;
  /** Every account of an owner, its own among them. */
  accountsOf: (ownerId: string) => string[];
}

/** Beneficial owners on a date: of the records of an account, the last that is in force. */
export async function ownersOn(session: Session, date: string): Promise<Owners> {
  const rows = await session.all(
    "beneficial_owners",
    "record_id,investor_id,owner_id,effective_from,created_at",
    "record_id",
    (row) => row.record_id,
    (query) => query.lte("effective_from", date),
    OwnerRow,
  );
  const key = (row: z.infer<typeof OwnerRow>): string => `${row.effective_from} ${isoTime(row.created_at) ?? ""}`;
  const owner = new Map(
    rows
      .sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.record_id > b.record_id ? -1 : 1))
      .map((row) => [row.investor_id, row.owner_id]),
  );
  const ownerOf = (investorId: string): string => owner.get(investorId) ?? investorId;
  return {
    ownerOf,
    accountsOf: (ownerId) =>
      [...new Set([ownerId, ...owner.keys()])].filter((investorId) => ownerOf(investorId) === ownerId),
  };
}

/** Share of the NAV that a repurchase offer of the date is for, or null. */
export async function offerShareOf(session: Session, fundId: string, date: string): Promise<string | null> {
  const offer = await session.one(
    "repurchase_offers",
    "offer_id,share::text",
    (query) => query.eq("fund_id", fundId).eq("pricing_date", date),
    z.object({ offer_id: z.string(), share: z.string() }),
  );
  return offer?.share ?? null;
}
