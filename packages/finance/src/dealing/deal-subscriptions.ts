// Subscriptions and switches of a dealing day: units at the published price, the levy, and what rounding leaves in the fund. Pure.

import { EvergreenError } from "@evergreen-fund/domain";
import { groupedText } from "../money.ts";
import type { DealPrices, Dealt } from "./deal.ts";
import type { BookedOrder, DealBook, DealClass } from "./deal-book.ts";
import { entryPrice, leavingDues, newLot } from "./deal-fees.ts";
import { subscriptionReason } from "./deal-reasons.ts";
import { bySeries, lotFactsOf, lotText } from "./deal-redemptions.ts";
import { averagePrice } from "./deal-series.ts";
import type { DealFacts, DealtOrder } from "./deal-shapes.ts";
import { levyOf } from "./levy.ts";
import type { LotUse } from "./lots.ts";
import { ulpValue } from "./pro-rata.ts";
import { scaledOf, scaledText, valueText } from "./scaled.ts";
import { cashOf, costOf, issue } from "./units.ts";

/** Cleared subscriptions at the dealing price; the levy comes off the amount, or on top of the cost of an order in units. Others wait for their cash. */
export function dealSubscriptions(facts: DealFacts, book: DealBook, prices: ReadonlyMap<string, DealPrices>): Dealt {
  const dealt = emptyDealt();
  for (const booked of book.subscriptions) {
    if (!booked.order.cleared) dealt.orders.push(waiting(booked, book));
    else {
      const price = (prices.get(booked.of.id) as DealPrices).subscription;
      const policy = facts.lmt.levy;
      const levied = policy !== undefined && policy.on !== "redemptions" && book.active.has("anti_dilution_levy");
      const ulp = ulpValue(price, booked.of.unitsDp, booked.of.priceDp);
      const cost = booked.order.units === undefined ? null : costOf(booked.units, ulp, book.currencyDp);
      const asked = cost ?? scaledOf(booked.order.amount ?? "0", book.currencyDp, "orders.amount");
      const levy = levied ? levyOf(asked, policy.rate) : 0n;
      const gross = cost === null ? asked : cost + levy;
      buy(facts, book, dealt, { booked, price, gross, levy, source: "Paid" });
    }
  }
  return dealt;
}

/**
 * Switches: everything admitted leaves at the NAV per unit of its class and enters the other at the price one subscribes at, unswung, on the same day. Errors: EG400 for a
 * switch_in without its switch_out or with one that two name.
 */
export function dealSwitches(facts: DealFacts, book: DealBook, uses: ReadonlyMap<string, readonly LotUse[]>): Dealt {
  const dealt = emptyDealt();
  const proceeds = new Map<string, bigint>();
  const lotFacts = lotFactsOf(facts);
  for (const { order, of, units, covered } of book.switches) {
    const lots = uses.get(order.id) ?? [];
    const pieces = bySeries(facts, book, of, lots, (price) => price);
    const sum = (amounts: bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
    const { cash: gross, residual } =
      pieces === null
        ? cashOf(covered, of.ulp, book.currencyDp)
        : { cash: sum(pieces.map(({ amount }) => amount)), residual: sum(pieces.map((piece) => piece.residual)) };
    const { credit, fee } =
      pieces === null
        ? leavingDues(of, lots, lotFacts, covered * of.ulp, book.currencyDp)
        : { credit: 0n, fee: sum(pieces.map(({ performanceFee }) => performanceFee)) };
    const average = pieces === null ? null : averagePrice(pieces, { ...of, currencyDp: book.currencyDp });
    const price = average === null ? of.navPerUnit : scaledText(average, of.priceDp);
    const cash = gross + credit;
    proceeds.set(order.id, cash);
    const text = (count: bigint): string => scaledText(count, of.unitsDp);
    dealt.orders.push({
      ...blank(order, of, book),
      outcome: covered === 0n ? "none" : covered === units ? "full" : "partial",
      requested: order.amount ?? text(units),
      requestedIn: order.amount === undefined ? "units" : "amount",
      requestedUnits: text(units),
      refused: text(units - covered),
      filled: text(covered),
      price,
      grossAmount: scaledText(gross, book.currencyDp),
      credit: scaledText(credit, book.currencyDp),
      performanceFee: scaledText(fee, book.currencyDp),
      amount: scaledText(cash, book.currencyDp),
      lots: (pieces ?? lots).map((use) => ({ ...lotText(use, of, book.currencyDp), feeRate: "0" })),
      reason:
        `Switches ${groupedText(text(covered))} of ${groupedText(text(units))} units out at the NAV per unit of ${groupedText(price)}: ` +
        `${groupedText(scaledText(cash, book.currencyDp))} ${facts.currency} go into the other class. No asset is sold, so the gate does not apply.`,
    });
    if (residual > 0n) dealt.residuals.push(roundingLine(order.id, "redemption_rounding", residual, 0n, book));
  }
  for (const booked of book.switchIns) {
    const source = booked.order.linkedOrderId ?? "";
    const gross = proceeds.get(source);
    if (gross === undefined)
      throw new EvergreenError("EG400", "orders: a switch_in names no switch_out of the day that is still free.");
    proceeds.delete(source);
    buy(facts, book, dealt, { booked, price: entryPrice(booked.of), gross, levy: 0n, source: "Switched in" });
  }
  return dealt;
}

function buy(
  facts: DealFacts,
  book: DealBook,
  dealt: Dealt,
  {
    booked,
    price,
    gross,
    levy,
    source,
  }: { booked: BookedOrder; price: bigint; gross: bigint; levy: bigint; source: string },
): void {
  const { order, of } = booked;
  const dp = book.currencyDp;
  // a switch moves no cash that could be paid back
  const { refundFrom: from } = of.dealing;
  const refundFrom = from === undefined || order.direction !== "subscription" ? null : scaledOf(from, dp, "refundFrom");
  const made = issue(gross - levy, ulpValue(price, of.unitsDp, of.priceDp), dp, refundFrom);
  // an order in units gets the units it asked for; what its cost was rounded up by is the residual
  const units = order.units === undefined ? made.units : booked.units;
  const residual = made.residual + (made.units - units) * ulpValue(price, of.unitsDp, of.priceDp);
  const net = gross - levy - made.refund;
  const priceText = scaledText(price, of.priceDp);
  const text = (count: bigint): string => scaledText(count, of.unitsDp);
  dealt.issued.set(of.id, (dealt.issued.get(of.id) ?? 0n) + units);
  if (residual > 0n)
    dealt.residuals.push(roundingLine(order.id, "subscription_rounding", residual, made.residualCash, book));
  dealt.orders.push({
    ...blank(order, of, book),
    outcome: units === 0n ? "none" : "full",
    requested: order.units === undefined ? (order.amount ?? scaledText(gross, dp)) : text(units),
    requestedIn: order.units === undefined ? "amount" : "units",
    requestedUnits: order.units === undefined ? null : text(units),
    filled: text(units),
    price: priceText,
    grossAmount: scaledText(gross, dp),
    levy: scaledText(levy, dp),
    refund: scaledText(made.refund, dp),
    ...newLot(of, units),
    amount: scaledText(net, dp),
    reason: subscriptionReason(
      { of, gross, levy, net: gross - levy, price: priceText, units, residual, refund: made.refund, source },
      facts.currency,
      dp,
    ),
  });
}

function waiting(booked: BookedOrder, book: DealBook): DealtOrder {
  const { order, of } = booked;
  return {
    ...blank(order, of, book),
    outcome: "waits",
    requested: order.amount ?? scaledText(booked.units, of.unitsDp),
    requestedIn: order.units === undefined ? "amount" : "units",
    requestedUnits: order.units === undefined ? null : scaledText(booked.units, of.unitsDp),
    reason: "The cash has not come: the order waits for the next dealing day and does not count against redemptions.",
  };
}

function roundingLine(
  orderId: string,
  kind: "subscription_rounding" | "redemption_rounding",
  residual: bigint,
  cash: bigint,
  book: DealBook,
) {
  return { orderId, kind, exact: valueText(residual), cash: scaledText(cash, book.currencyDp) };
}

function blank(order: BookedOrder["order"], of: DealClass, book: DealBook): DealtOrder {
  const none = scaledText(0n, of.unitsDp);
  const nothing = scaledText(0n, book.currencyDp);
  return {
    id: order.id,
    investorId: order.investorId,
    classId: of.id,
    direction: order.direction,
    outcome: "none",
    requested: none,
    requestedIn: "units",
    requestedUnits: null,
    refused: none,
    admitted: null,
    filled: none,
    carried: none,
    lapsed: none,
    carry: null,
    cohort: "all",
    price: of.navPerUnit,
    grossAmount: nothing,
    levy: nothing,
    fee: nothing,
    refund: nothing,
    credit: nothing,
    performanceFee: nothing,
    reference: null,
    equalisationCredit: "0",
    amount: nothing,
    lots: [],
    reason: "",
  };
}

function emptyDealt(): Dealt {
  return { orders: [], residuals: [], issued: new Map() };
}
