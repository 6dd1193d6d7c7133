// Every order's own arithmetic in words and figures: what was asked, what was admitted, at which ratio and price, what was taken off. Pure.
import { groupedText } from "../money.ts";
import type { BookedOrder, DealClass } from "./deal-book.ts";
import type { Piece } from "./deal-series.ts";
import type { GateDecision } from "./gate.ts";
import { type Fraction, fractionText, scaledText, valueText } from "./scaled.ts";

const units = (count: bigint, of: DealClass): string => groupedText(scaledText(count, of.unitsDp));
const money = (minor: bigint, dp: number, currency: string): string =>
  `${groupedText(scaledText(minor, dp))} ${currency}`;

export type RedemptionFigures = {
  readonly booked: BookedOrder;
  readonly filled: bigint;
  readonly ratio: Fraction;
  readonly cohort: string;
  readonly price: string;
  readonly gross: bigint;
  readonly levy: bigint;
  readonly fee: bigint;
  readonly net: bigint;
  readonly rest: string | null;
  /** By series: lot by lot at the price of its series. */
  readonly pieces: readonly Piece[];
};

/** A redemption: sentences in the order of the computation. */
export function redemptionReason(
  figures: RedemptionFigures,
  decision: GateDecision,
  currency: string,
  dp: number,
): string {
  const { booked, filled, ratio } = figures;
  const { order, of } = booked;
  const said: string[] = [];
  said.push(
    order.amount === undefined
      ? `Asked for ${units(booked.units, of)} units.`
      : `Asked for ${groupedText(order.amount)} ${currency}: ${units(booked.units, of)} units at the NAV per unit of ${groupedText(of.navPerUnit)}, rounded down.`,
  );
  if (booked.covered < booked.units)
    said.push(
      `${units(booked.units - booked.covered, of)} of them are locked or not held: ${units(booked.covered, of)} are admitted.`,
    );
  if (booked.allowed < booked.covered)
    said.push(`The investor gate lets ${units(booked.allowed, of)} of them through in this period.`);
  said.push(...gateWords(figures, decision, currency));
  if (ratio.num < ratio.den && booked.allowed > 0n) {
    const product = booked.allowed * ratio.num;
    const down = product / ratio.den;
    const shown = scaledText((product * 10_000n) / ratio.den, of.unitsDp + 4);
    said.push(
      `${units(booked.allowed, of)} × ${fractionText(ratio)} = ${groupedText(shown)}…, rounded down ${units(down, of)}` +
        (filled > down
          ? `, and ${units(filled - down, of)} more for one of the largest remainders: ${units(filled, of)} units.`
          : " units."),
    );
  }
  if (filled > 0n) said.push(cashWords(figures, currency, dp));
  if (figures.rest !== null) said.push(figures.rest);
  return said.join(" ");
}

function gateWords({ ratio, cohort }: RedemptionFigures, decision: GateDecision, currency: string): string[] {
  if (decision.status === "not_active") return ["The gate is not in use today: everything admitted is paid."];
  if (decision.status === "open")
    return [
      decision.cap === null
        ? "No gate applies: everything admitted is paid."
        : `The day could pay ${shown(decision.payable ?? 0n)} ${currency} and is asked for ${shown(decision.redemptions)}: everything admitted is paid.`,
    ];
  const binding = decision.caps.find(({ amount }) => amount === decision.cap)?.name ?? "cap";
  const crossing =
    decision.crossed > 0n ? ` (with ${shown(decision.crossed)} crossed with subscriptions of the day)` : "";
  const said = `The gate (${binding}) lets the day pay ${shown(decision.pay)}${crossing} of ${shown(decision.redemptions)} ${currency} asked for.`;
  const who = cohort === "all" ? "Everybody's" : `The ratio of cohort ${cohort}:`;
  if (ratio.num >= ratio.den) return [said, `Cohort ${cohort} is paid in full first.`];
  return [said, cohort === "all" ? `Everybody's ratio is ${fractionText(ratio)}.` : `${who} ${fractionText(ratio)}.`];
}

/** A value for reading: at most two decimals, rounded down, where it has more. */
function shown(value: bigint): string {
  const [whole = "0", decimals = ""] = valueText(value).split(".");
  return groupedText(decimals === "" ? whole : `${whole}.${decimals.slice(0, 2).padEnd(2, "0")}`);
}

function cashWords(figures: RedemptionFigures, currency: string, dp: number): string {
  const { booked, filled, gross, levy, fee, net } = figures;
  const taken = [
    levy > 0n ? `levy ${money(levy, dp, currency)}` : "",
    fee > 0n ? `fee ${money(fee, dp, currency)}` : "",
  ].filter((text) => text !== "");
  const { pieces } = figures;
  const bySeries = pieces.map(
    (piece) =>
      `${units(piece.units, booked.of)} × ${groupedText(scaledText(piece.price, booked.of.priceDp))} = ${money(piece.amount, dp, currency)}`,
  );
  const start =
    pieces.length > 1
      ? `Lot by lot at the price of its series, rounded down to the minor unit, ${bySeries.slice(0, 5).join(", ")}${pieces.length > 5 ? ` and ${pieces.length - 5} more` : ""}: ${money(gross, dp, currency)}`
      : `${units(filled, booked.of)} units × ${groupedText(figures.price)} = ${money(gross, dp, currency)}, rounded down to the minor unit`;
  return taken.length === 0
    ? `${start}.`
    : `${start}, less ${taken.join(" and ")} kept by the fund: ${money(net, dp, currency)}.`;
}

/** A subscription that was dealt. Amounts in minor units. */
export function subscriptionReason(
  figures: {
    of: DealClass;
    gross: bigint;
    levy: bigint;
    net: bigint;
    price: string;
    units: bigint;
    residual: bigint;
    refund: bigint;
    source: string;
  },
  currency: string,
  dp: number,
): string {
  const { gross, levy, net } = figures;
  const paid = `${figures.source} ${money(gross, dp, currency)}${levy > 0n ? ` less levy ${money(levy, dp, currency)} kept by the fund` : ""}:`;
  const bought = `${groupedText(scaledText(net, dp))} / ${groupedText(figures.price)} per unit, rounded down, is ${units(figures.units, figures.of)} units.`;
  if (figures.residual === 0n) return `${paid} ${bought}`;
  const where =
    figures.refund > 0n ? `${money(figures.refund, dp, currency)} of it is paid back` : "it stays in the fund";
  return `${paid} ${bought} The rounding leaves ${valueText(figures.residual)} ${currency}; ${where}.`;
}
