// How far a fund is leveraged by what its filing says it has borrowed (item B.2.c: notes payable, bonds and similar debt, by lender and by term). Pure.
import { exact, plain, ZERO } from "./decimals.ts";
import type { Filing } from "./filing.ts";

export const BORROWINGS = [
  "amtPayOneYrBanksBorr",
  "amtPayOneYrCtrldComp",
  "amtPayOneYrOthAffil",
  "amtPayOneYrOther",
  "amtPayAftOneYrBanksBorr",
  "amtPayAftOneYrCtrldComp",
  "amtPayAftOneYrOthAffil",
  "amtPayAftOneYrOther",
] as const satisfies readonly (keyof Filing["totals"])[];

/**
 * Borrowings ÷ (net assets + borrowings), 18 decimals half to even: the share of everything held that is paid for with borrowed money. A filing does not say what a loan
 * paid for, so it is the same for every holding. Null with a reason where the filing does not say all of it.
 */
export function leverageOf({
  totals,
}: Pick<Filing, "totals">): { leverage: string } | { leverage: null; leverage_reason: string } {
  const none = (leverage_reason: string) => ({ leverage: null, leverage_reason });
  const silent = BORROWINGS.filter((field) => typeof totals[field] !== "string");
  if (silent.length > 0)
    return none(
      `the filing does not say what the fund has borrowed: ${silent.length} of ${BORROWINGS.length} amounts of item B.2.c are missing`,
    );
  const amounts = BORROWINGS.map((field) => exact(totals[field] as string));
  if (amounts.some((amount) => amount.lt(0))) return none("the filing has borrowings below zero");
  const borrowed = amounts.reduce((sum, amount) => sum.plus(amount), ZERO);
  const net = exact(totals.netAssets);
  if (net.lte(0)) return none("the filing has no net assets to set the borrowings beside");
  return { leverage: plain(borrowed.div(net.plus(borrowed))) };
}
