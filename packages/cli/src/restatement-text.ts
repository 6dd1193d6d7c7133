// What a restatement comes to, for a person and for a script: materiality per dealing day, and the table per deal. Pure.
import { figure, fixed, percent, table } from "./output.ts";

/** One class of one dealing day. Money of the fund, prices per unit. */
export interface RestatedDay {
  dealingDayId: string;
  class: string;
  published: string;
  correct: string;
  error: string;
  tolerance: string;
  material: boolean;
  direction: string;
  fundPays: string;
  fundReceives: string;
}
/** One deal at the wrong price. */
export interface RestatedDeal {
  orderId: string;
  investor: string;
  kind: string;
  unitsDealt: string;
  unitsDue: string | null;
  cashDue: string | null;
  difference: string;
  owedTo: string;
  owedBy: string;
  pays: boolean;
  /** Performance fee that it took along and should not have; below zero: that it should have. */
  performanceFee: string;
  /** By series: what it took of which, at which price. */
  series: { series: string; units: string; published: string; correct: string }[];
}

const KINDS: Readonly<Record<string, string>> = {
  subscriber_overpaid: "bought too dear",
  redeemer_overpaid: "paid too much",
  redeemer_underpaid: "paid too little",
  subscriber_excess_units: "bought too cheap",
  none: "as it was",
};

/** Who gets what, in words: investors are never asked for money. */
export function outcomeOf({ owedTo, pays, difference }: Pick<RestatedDeal, "owedTo" | "pays" | "difference">): string {
  if (/^0(\.0*)?$/.test(difference) || owedTo === "nobody") return "nothing";
  if (owedTo === "fund") return "the responsible party makes it good";
  return pays ? "the fund pays the investor" : "named, not paid";
}

export const dayJson = (day: RestatedDay, cashDp: number, priceDp: number) => ({
  ...day,
  published: fixed(day.published, priceDp),
  correct: fixed(day.correct, priceDp),
  fundPays: fixed(day.fundPays, cashDp),
  fundReceives: fixed(day.fundReceives, cashDp),
});

export const dealJsonOf = (deal: RestatedDeal, cashDp: number, unitsDp: number) => ({
  ...deal,
  unitsDealt: fixed(deal.unitsDealt, unitsDp),
  unitsDue: deal.unitsDue === null ? null : fixed(deal.unitsDue, unitsDp),
  cashDue: deal.cashDue === null ? null : fixed(deal.cashDue, cashDp),
  difference: fixed(deal.difference, cashDp),
  performanceFee: fixed(deal.performanceFee, cashDp),
});

export function daysText(days: readonly RestatedDay[], currency: string, cashDp: number): string {
  return table(
    days,
    [
      { header: "Class", value: (day) => day.class },
      { header: "Published", value: (day) => figure(day.published, 4), figure: true },
      { header: "Correct", value: (day) => figure(day.correct, 4), figure: true },
      { header: "Error", value: (day) => percent4(day.error), figure: true },
      { header: "Tolerance", value: (day) => percent(day.tolerance), figure: true },
      { header: "Material", value: (day) => (day.material ? "yes" : "no") },
      { header: `Fund pays (${currency})`, value: (day) => figure(day.fundPays, cashDp), figure: true },
      { header: `Fund receives (${currency})`, value: (day) => figure(day.fundReceives, cashDp), figure: true },
    ],
    "Nobody dealt at that price.",
  );
}

/** An error is read to four decimals of a percent: R30 turns on small ones. */
function percent4(ratio: string): string {
  const [whole = "0", digits = ""] = ratio.split(".");
  const scaled = BigInt(`${whole}${digits.padEnd(7, "0").slice(0, 7)}`);
  const rounded = (scaled + 5n) / 10n;
  const text = rounded.toString().padStart(5, "0");
  return `${text.slice(0, -4)}.${text.slice(-4)} %`;
}

export function dealsText(
  deals: readonly RestatedDeal[],
  currency: string,
  { cashDp, unitsDp }: { cashDp: number; unitsDp: number },
): string {
  return table(
    deals,
    [
      { header: "Order", value: (deal) => deal.orderId },
      { header: "Investor", value: (deal) => deal.investor, most: 24 },
      { header: "What happened", value: (deal) => KINDS[deal.kind] ?? deal.kind },
      { header: "Units dealt", value: (deal) => figure(deal.unitsDealt, unitsDp), figure: true },
      {
        header: "Would have been",
        value: (deal) =>
          deal.unitsDue === null
            ? `${figure(deal.cashDue, cashDp)} ${currency}`
            : `${figure(deal.unitsDue, unitsDp)} units`,
        figure: true,
      },
      { header: `Difference (${currency})`, value: (deal) => figure(deal.difference, cashDp), figure: true },
      ...(deals.some((deal) => !/^-?0(\.0*)?$/.test(deal.performanceFee))
        ? [
            {
              header: `Fee back (${currency})`,
              value: (deal: RestatedDeal) => figure(deal.performanceFee, cashDp),
              figure: true,
            },
          ]
        : []),
      { header: "So", value: outcomeOf },
    ],
    "No deals at that price.",
  );
}
