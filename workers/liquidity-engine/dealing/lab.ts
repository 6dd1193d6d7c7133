// What each permitted combination of liquidity tools would do on the day: gate levels × basis × carry, compact enough to stand with the decision. Pure.
import type { CarryPolicy, GatePolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import type { DealOutput } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { type Book, dealBook, toolsOf } from "./book.ts";

export interface LabRow {
  share: string | null;
  basis: GatePolicy["basis"];
  carry: CarryPolicy;
  status: string;
  fraction: string | null;
  paid: string;
  waiting: string;
  lapsing: string;
}

const CARRIES: readonly CarryPolicy[] = ["auto_pari_passu", "priority_by_vintage", "lapse_resubmit"];

/** Amounts at NAV per unit in the fund's currency. The levels lie between what must be paid at least (the threshold) and the share of the policy. */
export function compareTools(book: Book): { asIs: DealOutput; lab: { as_is: LabRow; combinations: LabRow[] } } {
  const lmt = toolsOf(book);
  const asIs = dealBook(book, lmt);
  const own = rowOf(lmt, asIs, lmt.carry);
  const { gate } = lmt;
  if (gate === undefined || !lmt.tools.includes("redemption_gate"))
    return { asIs, lab: { as_is: own, combinations: [] } };
  const combinations: LabRow[] = [];
  for (const share of levelsOf(gate)) {
    for (const basis of ["gross", "net"] as const) {
      const tried = { ...lmt, gate: { ...gate, basis, ...(share === null ? {} : { share }) } };
      // who is carried and who lapses gets the same today: those two are one computation
      const together = dealBook(book, { ...tried, carry: "auto_pari_passu" });
      const inTurn = dealBook(book, { ...tried, carry: "priority_by_vintage" });
      for (const carry of CARRIES)
        combinations.push(rowOf(tried, carry === "priority_by_vintage" ? inTurn : together, carry));
    }
  }
  return { asIs, lab: { as_is: own, combinations } };
}

/** At most four: the threshold, half-way, the policy's own, and half as much again. */
function levelsOf({ share, threshold }: GatePolicy): (string | null)[] {
  if (share === undefined || share.includes("/")) return [null];
  const own = decimal(share);
  const least =
    threshold?.kind === "nav_share" && !threshold.share.includes("/") ? decimal(threshold.share) : own.div(2);
  const levels = [least, least.plus(own).div(2), own, own.times("1.5")].filter((level) => level.gt(0) && level.lte(1));
  return [...new Set(levels.map((level) => level.toDecimalPlaces(18).toFixed()))];
}

function rowOf(lmt: LmtPolicy, { gate }: DealOutput, carry: CarryPolicy): LabRow {
  const rest = decimal(gate.redemptions).minus(decimal(gate.pay)).toFixed();
  const lapses = carry === "lapse_resubmit";
  return {
    share: lmt.gate?.share ?? null,
    basis: lmt.gate?.basis ?? "gross",
    carry,
    status: gate.status,
    fraction: gate.fraction,
    paid: gate.pay,
    waiting: lapses ? "0" : rest,
    lapsing: lapses ? rest : "0",
  };
}
