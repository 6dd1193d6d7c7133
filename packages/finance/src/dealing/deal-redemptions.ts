// Redemptions of a dealing day after the allocation: price, cash, levy and fees, the lots that go, and what becomes of the rest. Pure.

import { EvergreenError } from "@evergreen-fund/domain";
import { groupedText } from "../money.ts";
import { carryOutcome } from "./carry.ts";
import type { DealPrices, Dealt } from "./deal.ts";
import type { BookedOrder, DealBook, DealClass } from "./deal-book.ts";
import { type LotFacts, leavingDues } from "./deal-fees.ts";
import { redemptionReason } from "./deal-reasons.ts";
import { averagePrice, type Piece, piecesOf } from "./deal-series.ts";
import type { DealFacts, DealtOrder } from "./deal-shapes.ts";
import type { GateDecision } from "./gate.ts";
import { levyOf } from "./levy.ts";
import type { LotUse } from "./lots.ts";
import { ulpValue } from "./pro-rata.ts";
import { type Fraction, fractionOf, halfUpDiv, pow10, scaledText, VALUE_DP, valueText } from "./scaled.ts";
import { DUST_STAGE, OVERDUE_STAGE, SMALL_STAGE } from "./stages.ts";
import { cashOf } from "./units.ts";

export type Allocation = {
  readonly fills: readonly bigint[];
  readonly stages: readonly number[];
  readonly ratioOf: (stage: number) => Fraction;
  /** Lots that the filled units come from. */
  readonly uses: ReadonlyMap<string, readonly LotUse[]>;
};

/**
 * gross = ⌊filled × dealing price⌋; levy and redemption fee are shares of gross, the soft-lock fee a share of the value of each lot, each HALF_UP;
 * amount = gross − levy − fee + credit of equalisation (R24). By series (R25) gross = Σ lots ⌊units × dealing price of the lot's series⌋, and the
 * order's price is what its units got on average. Units of an order: requested = refused + filled + carried + lapsed. Errors: EG400 when charges exceed the proceeds.
 */
export function dealRedemptions(
  facts: DealFacts,
  book: DealBook,
  decision: GateDecision,
  prices: ReadonlyMap<string, DealPrices>,
  allocation: Allocation,
): Dealt {
  const lotFacts = lotFactsOf(facts);
  const rows = book.redemptions.map((booked, i) => {
    const { order, of } = booked;
    const filled = allocation.fills[i] as bigint;
    const stage = allocation.stages[i] as number;
    const priced = prices.get(of.id) as DealPrices;
    const lots = allocation.uses.get(order.id) ?? [];
    const pieces = bySeries(facts, book, of, lots, priced.leaving);
    const cash =
      pieces === null
        ? proceeds(facts, book, { booked, filled, price: priced.redemption, lots, lotFacts })
        : seriesProceeds(facts, book, pieces);
    const average = pieces === null ? null : averagePrice(pieces, { ...of, currencyDp: book.currencyDp });
    const price = average ?? priced.redemption;
    const left = booked.covered - filled;
    const rest = left === 0n ? null : carryOf(facts, booked, filled, left);
    const ends = rest?.outcome === "lapsed" || rest?.outcome === "cancelled_dust";
    const cohort = cohortName(facts, stage, order.vintage);
    const text = (count: bigint): string => scaledText(count, of.unitsDp);
    const minor = (amount: bigint): string => scaledText(amount, book.currencyDp);
    const priceText = scaledText(price, of.priceDp);
    const dealt: DealtOrder = {
      id: order.id,
      investorId: order.investorId,
      classId: of.id,
      direction: order.direction,
      outcome: filled === 0n ? "none" : filled === booked.units ? "full" : "partial",
      requested: order.amount ?? text(booked.units),
      requestedIn: order.amount === undefined ? "units" : "amount",
      requestedUnits: text(booked.units),
      refused: text(booked.units - booked.covered),
      admitted: text(booked.allowed),
      filled: text(filled),
      carried: text(ends ? 0n : left),
      lapsed: text(ends ? left : 0n),
      carry: rest?.outcome ?? null,
      cohort,
      price: priceText,
      grossAmount: minor(cash.gross),
      levy: minor(cash.levy),
      fee: minor(cash.fee),
      refund: minor(0n),
      credit: minor(cash.credit),
      performanceFee: minor(cash.performanceFee),
      reference: null,
      equalisationCredit: "0",
      amount: minor(cash.net),
      lots: (pieces ?? lots).map((use) => lotText(use, of, book.currencyDp)),
      reason: redemptionReason(
        {
          booked,
          filled,
          ratio: allocation.ratioOf(stage),
          cohort,
          price: priceText,
          pieces: pieces ?? [],
          ...cash,
          rest: rest === null ? null : `${groupedText(text(left))} units are left. ${rest.reason}`,
        },
        decision,
        facts.currency,
        book.currencyDp,
      ),
    };
    return { dealt, residual: cash.residual };
  });
  return {
    orders: rows.map(({ dealt }) => dealt),
    residuals: rows.flatMap(({ dealt, residual }) =>
      residual === 0n
        ? []
        : [
            {
              orderId: dealt.id,
              kind: "redemption_rounding" as const,
              exact: valueText(residual),
              cash: scaledText(0n, book.currencyDp),
            },
          ],
    ),
    issued: new Map(),
  };
}

/** In minor units but `residual`, which is exact in 10^-18. */
type Proceeds = {
  gross: bigint;
  levy: bigint;
  fee: bigint;
  credit: bigint;
  performanceFee: bigint;
  net: bigint;
  residual: bigint;
};

/** The pieces of the lots that leave, by series; null for a class with one price, or a day that was given no lots. */
export function bySeries(
  facts: DealFacts,
  book: DealBook,
  of: DealClass,
  uses: readonly LotUse[],
  leaving: (price: bigint) => bigint,
): Piece[] | null {
  if (of.seriesBook === null || facts.lots === undefined) return null;
  return piecesOf(of.seriesBook, uses, lotFactsOf(facts), leaving, { ...of, currencyDp: book.currencyDp });
}

/** A piece in words of the result; by series with its price and amount. */
export function lotText(use: LotUse | Piece, of: DealClass, currencyDp: number): DealtOrder["lots"][number] {
  const base = { lotId: use.lotId, units: scaledText(use.units, of.unitsDp), feeRate: use.feeRate };
  return "price" in use
    ? { ...base, price: scaledText(use.price, of.priceDp), amount: scaledText(use.amount, currencyDp) }
    : base;
}

/** Lots by id; only a class with a performance fee looks at them. */
export const lotFactsOf = ({ lots }: DealFacts): ReadonlyMap<string, LotFacts> =>
  new Map((lots ?? []).map((lot) => [lot.id, lot]));

function proceeds(
  facts: DealFacts,
  book: DealBook,
  {
    booked,
    filled,
    price,
    lots,
    lotFacts,
  }: {
    booked: BookedOrder;
    filled: bigint;
    price: bigint;
    lots: readonly LotUse[];
    lotFacts: ReadonlyMap<string, LotFacts>;
  },
): Proceeds {
  const { of } = booked;
  const ulp = ulpValue(price, of.unitsDp, of.priceDp);
  const { cash: gross, residual } = cashOf(filled, ulp, book.currencyDp);
  const dues = leavingDues(of, lots, lotFacts, filled * ulp, book.currencyDp);
  const valued = lots.map((lot) => ({ ...lot, ulp }));
  return charged(facts, book, valued, { gross, residual, credit: dues.credit, performanceFee: dues.fee });
}

function seriesProceeds(facts: DealFacts, book: DealBook, pieces: readonly Piece[]): Proceeds {
  const sum = (of: (piece: Piece) => bigint): bigint => pieces.reduce((total, piece) => total + of(piece), 0n);
  return charged(facts, book, pieces, {
    gross: sum(({ amount }) => amount),
    residual: sum(({ residual }) => residual),
    credit: 0n,
    performanceFee: sum((piece) => piece.performanceFee),
  });
}

/** Takes levy, redemption fee and soft-lock fee off. `ulp` of a lot: value of 10^-u units in 10^-18. */
function charged(
  facts: DealFacts,
  book: DealBook,
  lots: readonly (LotUse & { ulp: bigint })[],
  dues: Pick<Proceeds, "gross" | "residual" | "credit" | "performanceFee">,
): Proceeds {
  const { gross, credit } = dues;
  const { levy: levyPolicy, redemptionFee } = facts.lmt;
  const levied = levyPolicy !== undefined && levyPolicy.on !== "subscriptions" && book.active.has("anti_dilution_levy");
  const levy = levied ? levyOf(gross, levyPolicy.rate) : 0n;
  const owed = redemptionFee !== undefined && book.active.has("redemption_fee");
  const fee = (owed ? levyOf(gross, redemptionFee.rate) : 0n) + softFee(lots, book.currencyDp);
  const net = gross - levy - fee + credit;
  if (net < 0n) throw new EvergreenError("EG400", "The levy and fees together are above the proceeds.");
  return { ...dues, levy, fee, net };
}

/** Σ lots: units × price × rate, HALF_UP once at the minor unit. */
function softFee(lots: readonly (LotUse & { ulp: bigint })[], currencyDp: number): bigint {
  const exact = lots.reduce(
    (sum, lot) => {
      const { num, den } = fractionOf(lot.feeRate, "lockUp.softFees.rate");
      return { num: sum.num * den + lot.units * lot.ulp * num * sum.den, den: sum.den * den };
    },
    { num: 0n, den: 1n },
  );
  return halfUpDiv(exact.num, exact.den * pow10(VALUE_DP - currencyDp));
}

function carryOf(facts: DealFacts, booked: BookedOrder, filled: bigint, left: bigint) {
  const { carry: policy, carryMaxDealings, dust } = facts.lmt;
  const { order, of } = booked;
  return carryOutcome(
    { policy, carryMaxDealings, dust },
    {
      value: left * of.ulp,
      partialFills: order.partialFills + (filled > 0n ? 1 : 0),
      dealings: order.dealings + 1,
      asked: order.asked,
      kept: order.kept,
    },
  );
}

function cohortName(facts: DealFacts, stage: number, vintage: string): string {
  if (stage === OVERDUE_STAGE) return "overdue";
  if (stage === DUST_STAGE) return "dust";
  if (stage === SMALL_STAGE) return "small";
  return facts.lmt.carry === "priority_by_vintage" ? vintage : "all";
}
