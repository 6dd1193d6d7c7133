// Lots of one investor in one class: which are free at a dealing date, which an order consumes, and the soft-lock fee of each (R3). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { LockUp } from "@evergreen-fund/domain/policies/index.ts";
import { byId } from "../money.ts";
import { addMonths } from "./calendar.ts";

/** Units in 10^-u. */
export type Lot = { readonly id: string; readonly openedOn: string; readonly units: bigint };
export type LotUse = { readonly lotId: string; readonly units: bigint; readonly feeRate: string };

/** Hard lock: a lot is free from its date plus `hardMonths` on. */
export function isFree(lot: Lot, lockUp: LockUp, dealingDate: string): boolean {
  return addMonths(lot.openedOn, lockUp.hardMonths) <= dealingDate;
}

/** Rate of the first step that the lot is younger than; "0" past the last one. */
export function softFeeRate(lot: Lot, lockUp: LockUp, dealingDate: string): string {
  return lockUp.softFees.find((step) => dealingDate < addMonths(lot.openedOn, step.untilMonths))?.rate ?? "0";
}

/** An order's claim on lots: `elected` lots in the order named, or null for the oldest first. */
export type LotClaim = { readonly id: string; readonly units: bigint; readonly elected: readonly string[] | null };

/**
 * Lots that each order of one investor consumes: orders that name their lots first, then the others, each in the order of ids; the oldest lot first
 * (ties to the smallest id) unless named. Locked lots are never touched. What does not fit is missing from the sum: `covered` < units asked.
 * Errors: EG400 for a named lot that the investor does not have, or named twice.
 */
export function consumeLots(
  lots: readonly Lot[],
  claims: readonly LotClaim[],
  lockUp: LockUp,
  dealingDate: string,
): Map<string, { covered: bigint; uses: LotUse[] }> {
  const free = lots
    .filter((lot) => isFree(lot, lockUp, dealingDate))
    .sort((a, b) => byId(a.openedOn, b.openedOn) || byId(a.id, b.id));
  const left = new Map(free.map((lot) => [lot.id, lot.units]));
  const byLotId = new Map(lots.map((lot) => [lot.id, lot]));
  const taken = new Map<string, { covered: bigint; uses: LotUse[] }>();
  const inTurn = [...claims].sort(
    (a, b) => Number(a.elected === null) - Number(b.elected === null) || byId(a.id, b.id),
  );
  for (const claim of inTurn) {
    if (claim.elected !== null && new Set(claim.elected).size !== claim.elected.length)
      throw new EvergreenError("EG400", "lots: an order names a lot twice.");
    const uses: LotUse[] = [];
    let open = claim.units;
    for (const lotId of claim.elected ?? free.map((lot) => lot.id)) {
      const lot = byLotId.get(lotId);
      if (lot === undefined)
        throw new EvergreenError("EG400", "lots: an order names a lot the investor does not have.");
      const units = open < (left.get(lotId) ?? 0n) ? open : (left.get(lotId) ?? 0n);
      if (units === 0n) continue;
      left.set(lotId, (left.get(lotId) ?? 0n) - units);
      uses.push({ lotId, units, feeRate: softFeeRate(lot, lockUp, dealingDate) });
      open -= units;
    }
    taken.set(claim.id, { covered: claim.units - open, uses });
  }
  return taken;
}
