// One dealing day, steps 6 and 7 of the workflow: a locked order book, the NAV and the policies go in; gate, fills, prices, units, cash and every
// order's own arithmetic come out. Pure and deterministic: the same input gives the same bytes, whatever the order of its lists.
import type { z } from "zod";
import { byId } from "../money.ts";
import { type DealBook, type DealClass, type ReadDay, readDay } from "./deal-book.ts";
import { entryPrice } from "./deal-fees.ts";
import { gateOf } from "./deal-gate.ts";
import { dealRedemptions } from "./deal-redemptions.ts";
import { withFactor } from "./deal-series.ts";
import type { DealFacts, DealInput, DealOutput, DealtOrder } from "./deal-shapes.ts";
import { dealSubscriptions, dealSwitches } from "./deal-subscriptions.ts";
import { dualPrices } from "./dual.ts";
import { summaryOf } from "./fund-gate.ts";
import type { GateDecision } from "./gate.ts";
import type { StageFill } from "./pro-rata.ts";
import { type Fraction, fractionText, scaledOf, scaledText, valueText } from "./scaled.ts";
import { priceWith, swingFactor } from "./swing.ts";

/** Prices of one class on the day, in 10^-priceDp. */
export type DealPrices = {
  readonly subscription: bigint;
  readonly redemption: bigint;
  /** By series: what swing or bid make of the price of a series. */
  readonly leaving: (price: bigint) => bigint;
};

/** Rows that an order or a pair of orders adds to the result. */
export type Dealt = { orders: DealtOrder[]; residuals: DealOutput["residuals"]; issued: Map<string, bigint> };

/**
 * Order of the rules: free lots (R3) → investor gate (R7) → fund gate over all classes at one ratio, net of cleared subscriptions where the policy says
 * so (R6, R9b) → dust, small investors, cohorts (R8, R9) → executed flow → swing (R10) or bid and offer (R12) → cash with levy and fees (R11, R3) → units
 * (R5b). Switches touch no asset: they are outside the gate and deal at the NAV per unit on both sides. Rounding: units down with largest remainder,
 * cash down, charges HALF_UP. A cap below what must be paid answers `stopped` with no orders. Errors: EG400 for input that contradicts itself,
 * EG428 under suspension.
 */
export const deal = (input: z.input<typeof DealInput>): DealOutput => dealRead(readDay(input));

/** The same of a day that was read. */
export function dealRead({ facts, book }: ReadDay): DealOutput {
  const single = book.classes.length === 1 ? (book.classes[0] as DealClass) : null;
  const { decision, stages, allocated } = gateOf(facts.lmt, book);
  if (decision.status === "stopped") return stopped(book, decision, single);
  const executed = allocated.fills.reduce((sum, fill, i) => sum + fill * (book.redemptions[i]?.of.ulp ?? 0n), 0n);
  const executedNet = decision.subscriptions - executed;
  const { prices, factor } = pricesOf(facts, book, executedNet);
  const ratios = new Map(allocated.stages.map((stage) => [stage.stage, stage.ratio]));
  // one account of the lots for all that leaves: redemptions by what is filled, switches by what is admitted
  const leaves = new Map(book.switches.map(({ order, covered }) => [order.id, covered]));
  for (const [i, { order }] of book.redemptions.entries()) leaves.set(order.id, allocated.fills[i] as bigint);
  const uses = book.lotUses(({ order }) => leaves.get(order.id) as bigint);
  const redeemed = dealRedemptions(facts, book, decision, prices, {
    fills: allocated.fills,
    stages,
    ratioOf: (stage) => ratios.get(stage) as Fraction,
    uses,
  });
  const subscribed = dealSubscriptions(facts, book, prices);
  const switched = dealSwitches(facts, book, uses);
  const parts = [redeemed, subscribed, switched];
  const orders = parts.flatMap((part) => part.orders).sort((a, b) => byId(a.id, b.id));
  return {
    status: "allocated",
    stoppedBecause: null,
    gate: summaryOf(decision, allocated.stages, single),
    classes: classRows(book, decision, allocated.stages, prices, factor, parts),
    orders,
    residuals: parts.flatMap((part) => part.residuals).sort((a, b) => byId(a.orderId, b.orderId)),
    totals: {
      ...sumsOf(orders, book.currencyDp),
      crossed: valueText(decision.crossed),
      executedNet: valueText(executedNet),
    },
  };
}

function pricesOf(
  facts: DealFacts,
  book: DealBook,
  net: bigint,
): { prices: Map<string, DealPrices>; factor: Fraction } {
  const none: Fraction = { num: 0n, den: 1n };
  const { swing, dual } = facts.lmt;
  const factor =
    swing !== undefined && book.active.has("swing_pricing") ? swingFactor(swing, net, book.figures.nav) : none;
  const prices = new Map(
    book.classes.map((row): [string, DealPrices] => {
      if (dual !== undefined && book.active.has("dual_pricing")) {
        return [
          row.id,
          {
            subscription: dualPrices(entryPrice(row), dual).offer,
            redemption: dualPrices(row.price, dual).bid,
            leaving: (price) => dualPrices(price, dual).bid,
          },
        ];
      }
      const leaving = withFactor(factor);
      return [row.id, { subscription: priceWith(entryPrice(row), factor), redemption: leaving(row.price), leaving }];
    }),
  );
  return { prices, factor };
}

function stopped(book: DealBook, decision: GateDecision, single: DealClass | null): DealOutput {
  const flat = new Map(
    book.classes.map((row) => [
      row.id,
      { subscription: row.price, redemption: row.price, leaving: (price: bigint): bigint => price },
    ]),
  );
  return {
    status: "stopped",
    stoppedBecause:
      "A cap is below what the gate must execute at least: suspend dealing or extend the notice, the engine never under-fills.",
    gate: summaryOf(decision, [], single),
    classes: classRows(book, decision, [], flat, { num: 0n, den: 1n }, []),
    orders: [],
    residuals: [],
    totals: { ...sumsOf([], book.currencyDp), crossed: "0", executedNet: "0" },
  };
}

function classRows(
  book: DealBook,
  decision: GateDecision,
  stages: readonly StageFill[],
  prices: ReadonlyMap<string, DealPrices>,
  factor: Fraction,
  parts: readonly Dealt[],
): DealOutput["classes"] {
  return book.classes.map((row) => {
    const price = prices.get(row.id) as DealPrices;
    const text = (count: bigint): string => scaledText(count, row.unitsDp);
    const sum = (of: (stage: StageFill) => readonly bigint[]): bigint =>
      stages.reduce((total, stage) => total + (of(stage)[row.position] as bigint), 0n);
    const requested = sum((stage) => stage.requestedUnits);
    const { payable, redemptions } = decision;
    const capUnits =
      payable === null
        ? null
        : book.classes.length === 1
          ? payable / row.ulp
          : redemptions === 0n
            ? null
            : (requested * payable) / redemptions;
    return {
      id: row.id,
      navPerUnit: scaledText(row.price, row.priceDp),
      swingFactor: fractionText(factor),
      dealingPriceSubscription: scaledText(price.subscription, row.priceDp),
      dealingPriceRedemption: scaledText(price.redemption, row.priceDp),
      capUnits: capUnits === null ? null : text(capUnits),
      requestedUnits: text(requested),
      filledUnits: text(sum((stage) => stage.filledUnits)),
      issuedUnits: text(parts.reduce((total, part) => total + (part.issued.get(row.id) ?? 0n), 0n)),
    };
  });
}

function sumsOf(orders: readonly DealtOrder[], dp: number) {
  const sum = (which: (order: DealtOrder) => boolean, fields: readonly (keyof DealtOrder)[]): string =>
    scaledText(
      orders
        .filter(which)
        .reduce(
          (total, order) =>
            total + fields.reduce((part, field) => part + scaledOf(String(order[field]), dp, field), 0n),
          0n,
        ),
      dp,
    );
  const out = (order: DealtOrder): boolean => order.direction === "redemption";
  const into = (order: DealtOrder): boolean => order.direction === "subscription";
  return {
    redemptionsGross: sum(out, ["grossAmount"]),
    redemptionsPaid: sum(out, ["amount"]),
    subscriptionsGross: sum(into, ["grossAmount"]),
    subscriptionsInvested: sum(into, ["amount"]),
    charges: sum(() => true, ["levy", "fee"]),
  };
}
