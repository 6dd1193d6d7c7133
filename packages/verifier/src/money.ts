// Dealing prices, the cash of every order, what is carried, what the ledger holds, and the hash over the day (R5b, R8, R10 to R12).
import { entryPriceOf, moved, wrongFee } from "./equalisation.ts";
import {
  down,
  type Exact,
  exact,
  minus,
  nearest,
  order,
  over,
  plus,
  same,
  shortest,
  shown,
  size,
  sum,
  times,
  whole,
  ZERO,
} from "./exact.ts";
import type { Asked, Gate } from "./gate.ts";
import type { Piece } from "./lots.ts";
import { figure, type Json, monthsAfter, part, rows, word, words } from "./policy.ts";
import type { DealRecord, Finding, RecordedClassNav, RecordedDay, RecordedFill, RecordedOrder } from "./record.ts";
import { isBySeries, leaving, wrongEntry } from "./series.ts";
import { hex, sha256 } from "./sha256.ts";

export interface Prices {
  readonly subscription: Exact;
  readonly redemption: Exact;
  /** What swing or bid make of the price of a series. */
  readonly leaving: (price: Exact) => Exact;
}

/** Factor of the highest tier that the executed net flow exceeds, with its sign; bid and offer where pricing is dual. `net`: money, at NAV per unit. */
export function pricesOf(record: DealRecord, nav: Exact, net: Exact, of: RecordedClassNav): Prices {
  const { activated } = record;
  const lmt = record.lmt ?? {};
  const tools = words(lmt, "tools");
  const pair = (bid: Exact, offer: Exact): Prices => ({
    redemption: moved(exact(of.navPerUnit), bid, of.priceDp),
    subscription: moved(entryPriceOf(record, of), offer, of.priceDp),
    leaving: (price) => moved(price, bid, of.priceDp),
  });
  // of two tools that both set the price, dual pricing works only where people put it to use
  const isDual =
    tools.includes("dual_pricing") && (!tools.includes("swing_pricing") || activated.includes("dual_pricing"));
  const dual = isDual ? part(lmt, "dual") : null;
  if (dual !== null) return pair(minus(ZERO, figure(dual, "bidSpread") ?? ZERO), figure(dual, "offerSpread") ?? ZERO);
  const tiers = tools.includes("swing_pricing") ? rows(part(lmt, "swing") ?? {}, "tiers") : [];
  let chosen = { above: exact("-1"), factor: ZERO };
  for (const tier of tiers) {
    const [above, factor] = [figure(tier, "above") ?? ZERO, figure(tier, "factor") ?? ZERO];
    if (order(size(net), times(above, nav)) > 0 && order(above, chosen.above) >= 0) chosen = { above, factor };
  }
  const factor = net.n < 0n ? minus(ZERO, chosen.factor) : chosen.factor;
  return pair(factor, factor);
}

/** What is taken off the gross amount: levy, redemption fee, and the soft lock-up fee of the lots that went. */
function charges(
  record: DealRecord,
  day: RecordedDay,
  pieces: readonly Piece[],
  redeemed: boolean,
  gross: Exact,
  priceOf: (piece: Piece) => Exact,
): { levy: Exact; fee: Exact } {
  const lmt = record.lmt ?? {};
  const tools = words(lmt, "tools");
  const levy = tools.includes("anti_dilution_levy") ? part(lmt, "levy") : null;
  const on = levy === null ? "" : word(levy, "on");
  const levied = on === "both" || on === (redeemed ? "redemptions" : "subscriptions");
  const fee = redeemed && tools.includes("redemption_fee") ? part(lmt, "redemptionFee") : null;
  const rate = (of: Json | null): Exact => (of === null ? ZERO : (figure(of, "rate") ?? ZERO));
  const soft = redeemed ? softFee(record.date, day, priceOf, pieces) : ZERO;
  return {
    levy: levied ? nearest(times(gross, rate(levy)), record.cashDp) : ZERO,
    fee: plus(nearest(times(gross, rate(fee)), record.cashDp), nearest(soft, record.cashDp)),
  };
}

function softFee(date: string, day: RecordedDay, priceOf: (piece: Piece) => Exact, pieces: readonly Piece[]): Exact {
  const steps = rows(part(day.terms, "lockUp") ?? {}, "softFees");
  return sum(
    pieces.map((piece) => {
      const step = steps.find((row) => date < monthsAfter(piece.openedOn, Number(word(row, "untilMonths") ?? "0")));
      const rate = step === undefined ? ZERO : (figure(step, "rate") ?? ZERO);
      return times(times(piece.units, priceOf(piece)), rate);
    }),
  );
}

interface CashFacts {
  readonly record: DealRecord;
  readonly day: RecordedDay;
  readonly fills: ReadonlyMap<string, RecordedFill>;
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
  readonly prices: ReadonlyMap<string, Prices>;
  readonly navs: ReadonlyMap<string, RecordedClassNav>;
}

/** Every order's money from its units and its price. `prices` by class. */
export function checkCash(given: Omit<CashFacts, "fills">): Finding {
  const { record, day } = given;
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  const fills = new Map(record.days.flatMap((row) => row.fills).map((row) => [row.flowId, row]));
  const facts: CashFacts = { ...given, fills };
  const wrong = day.fills.flatMap((fill) => {
    const of = orders.get(fill.flowId);
    const says = of === undefined ? "its order is not there" : cashOf(facts, of, fill);
    return says === null ? [] : [`order ${fill.flowId}: ${says}`];
  });
  const net = (direction: string): string =>
    shown(
      sum(
        day.fills
          .filter(
            (fill) => orders.get(fill.flowId)?.direction === direction && orders.get(fill.flowId)?.kind === "plain",
          )
          .map((fill) => exact(fill.netAmount)),
      ),
      record.cashDp,
    );
  return {
    check: "cash",
    ok: wrong.length === 0,
    says:
      wrong[0] ??
      `units × price, rounded down, less levy and fees: ${net("redemption")} ${record.currency} to redeemers, ${net("subscription")} ${record.currency} invested`,
  };
}

function cashOf(
  { record, day, fills, pieces, prices, navs }: CashFacts,
  of: RecordedOrder,
  fill: RecordedFill,
): string | null {
  const [units, gross, net] = [exact(fill.filledUnits), exact(fill.grossAmount), exact(fill.netAmount)];
  const redeemed = of.direction === "redemption";
  const nav = navs.get(of.classId);
  const price = prices.get(of.classId);
  if (nav === undefined || price === undefined) return "its class has no price";
  const unswung = redeemed || of.kind === "transfer" ? exact(nav.navPerUnit) : entryPriceOf(record, nav);
  const own = pieces.get(fill.flowId) ?? [];
  const inSeries = of.kind !== "transfer" && isBySeries(record, of.classId);
  const bySeries =
    inSeries && redeemed
      ? leaving(record, nav, fill, own, of.kind === "plain" ? price.leaving : (unmoved) => unmoved)
      : null;
  if (typeof bySeries === "string") return bySeries;
  const flat = of.kind === "plain" ? (redeemed ? price.redemption : price.subscription) : unswung;
  const due = bySeries?.price ?? flat;
  if (!same(exact(fill.price), due)) return `dealt at ${fill.price}, the price is ${shown(due, nav.priceDp)}`;
  if (of.kind === "transfer") {
    const still = [fill.grossAmount, fill.netAmount, fill.credit, fill.performanceFee];
    return still.every((text) => same(exact(text), ZERO)) ? null : "a transfer moves no cash";
  }
  const other = of.linkedFlowId === null ? undefined : fills.get(of.linkedFlowId);
  const expected = redeemed
    ? (bySeries?.gross ?? down(times(units, due), record.cashDp))
    : exact(of.kind === "switch" ? (other?.netAmount ?? "-1") : (of.amount ?? "0"));
  if (!same(gross, expected)) return `gross ${fill.grossAmount}, computed ${shown(expected, record.cashDp)}`;
  const taken =
    of.kind === "switch"
      ? { levy: ZERO, fee: ZERO }
      : charges(record, day, own, redeemed, gross, bySeries?.soft ?? (() => exact(fill.price)));
  if (!same(exact(fill.levy), taken.levy)) return `levy ${fill.levy}, computed ${shown(taken.levy, record.cashDp)}`;
  if (!same(exact(fill.fee), taken.fee)) return `fee ${fill.fee}, computed ${shown(taken.fee, record.cashDp)}`;
  const fees = inSeries ? (redeemed ? null : wrongEntry(record, nav, fill)) : wrongFee(record, nav, fill, redeemed);
  if (fees !== null) return fees;
  const paidBack = refundOf(day, of, minus(minus(gross, taken.levy), taken.fee), due, nav.unitsDp, record.cashDp);
  if (!same(exact(fill.refund), paidBack)) return `refund ${fill.refund}, computed ${shown(paidBack, record.cashDp)}`;
  const left = minus(plus(minus(minus(gross, taken.levy), taken.fee), exact(fill.credit)), paidBack);
  if (!same(net, left)) return `net ${fill.netAmount}, computed ${shown(left, record.cashDp)}`;
  if (redeemed) return null;
  const bought = down(over(net, due), nav.unitsDp);
  return same(units, bought) ? null : `${fill.filledUnits} units, computed ${shown(bought, nav.unitsDp)}`;
}

/** R5b: whole minor units that the rounding down of units leaves are paid back from an amount of the terms on; a switch moves no cash. */
function refundOf(
  day: RecordedDay,
  of: RecordedOrder,
  invested: Exact,
  price: Exact,
  unitsDp: number,
  cashDp: number,
): Exact {
  const from = figure(day.terms, "refundFrom");
  if (of.direction !== "subscription" || of.kind !== "plain" || from === null) return ZERO;
  const rest = down(minus(invested, times(down(over(invested, price), unitsDp), price)), cashDp);
  return order(rest, ZERO) > 0 && order(rest, from) >= 0 ? rest : ZERO;
}

/** R9: a small rest of an order that was filled in part ends, once its investor was asked and did not keep it. */
function endsAsDust(lmt: Json, { order: of, worth }: Asked, filled: bigint, rest: bigint): boolean {
  const dust = part(lmt, "dust");
  if (dust === null || word(dust, "mode") !== "ask_then_cancel" || !of.asked || of.kept) return false;
  const small = order(times({ n: rest, d: 1n }, worth), figure(dust, "minimum") ?? ZERO) < 0;
  return rest > 0n && small && (of.filledBefore || filled > 0n);
}

/** Fills and what becomes of the rest, held to the gate that was computed; switches and transfers move all that is free of them, whatever the gate says. */
export function checkFills(
  record: DealRecord,
  day: RecordedDay,
  asked: readonly Asked[],
  moved: readonly Asked[],
  gate: Gate,
): Finding[] {
  const fills = new Map(day.fills.map((fill) => [fill.flowId, fill]));
  const lmt = record.lmt ?? {};
  const ours = (row: Asked): boolean => row.day.dealingDayId === day.dealingDayId;
  const redeemed = asked.filter(ours).map((row) => {
    const units = gate.fills.get(row.order.flowId) ?? 0n;
    const ends = word(lmt, "carry") === "lapse_resubmit" || endsAsDust(lmt, row, units, row.free - units);
    return { row, units, rest: ends ? 0n : row.free - units };
  });
  const passed = moved.filter(ours).map((row) => ({ row, units: row.free, rest: 0n }));
  const show = (units: bigint): string => shown({ n: units, d: 10n ** BigInt(day.unitsDp) }, day.unitsDp);
  let [wrongFill, wrongCarry]: (string | undefined)[] = [];
  for (const { row, units, rest } of [...redeemed, ...passed]) {
    const fill = fills.get(row.order.flowId);
    const stored = (text: string | null | undefined): bigint | null => whole(exact(text ?? "-1"), day.unitsDp);
    if (stored(fill?.filledUnits) !== units || stored(fill?.requestedUnits) !== row.units)
      wrongFill ??= `order ${row.order.flowId} got ${fill?.filledUnits ?? "nothing"} of ${show(row.units)}, computed ${show(units)}`;
    if (stored(fill?.carriedUnits) !== rest)
      wrongCarry ??= `order ${row.order.flowId} carries ${fill?.carriedUnits ?? "nothing"}, computed ${show(rest)}`;
  }
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  for (const fill of day.fills) {
    const of = orders.get(fill.flowId);
    if (of?.direction === "subscription" && of.kind !== "transfer" && !same(exact(fill.carriedUnits), ZERO))
      wrongCarry ??= `order ${fill.flowId} brings money and carries units`;
    const other = of?.kind === "transfer" ? fills.get(of.linkedFlowId ?? "") : fill;
    if (other?.filledUnits !== fill.filledUnits || other.carriedUnits !== fill.carriedUnits)
      wrongFill ??= `order ${fill.flowId} and its other leg moved different units`;
  }
  const total = (pick: (row: (typeof redeemed)[number]) => bigint): string =>
    show(redeemed.reduce((all, row) => all + pick(row), 0n));
  const cut = gate.gated ? `, everybody at ${shown(gate.ratio)} with the largest remainders` : ", everybody in full";
  return [
    {
      check: "fills",
      ok: wrongFill === undefined,
      says:
        wrongFill ??
        `${total(({ units }) => units)} of ${total(({ row }) => row.units)} units redeemed${redeemed.length === 0 ? "" : cut}`,
    },
    {
      check: "carried",
      ok: wrongCarry === undefined,
      says: wrongCarry ?? `${total(({ rest }) => rest)} units go on to the next date`,
    },
  ];
}

/** What stands in the unit ledger is what was allocated, lot by lot where units were given up. */
export function checkLedger(
  record: DealRecord,
  day: RecordedDay,
  pieces: ReadonlyMap<string, readonly Piece[]>,
): Finding {
  const check = "unit ledger";
  if (!["posted", "claimable", "settled", "closed"].includes(day.status))
    return { check, ok: null, says: "the day has not been posted" };
  const posted = new Map<string, Map<string, Exact>>();
  for (const entry of record.entries) {
    if (entry.flowId === null) continue;
    const own = posted.get(entry.flowId) ?? new Map<string, Exact>();
    own.set(entry.lotId, plus(own.get(entry.lotId) ?? ZERO, exact(entry.units)));
    posted.set(entry.flowId, own);
  }
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  for (const fill of day.fills) {
    const own = posted.get(fill.flowId) ?? new Map<string, Exact>();
    const total = sum(own.values());
    const filled = exact(fill.filledUnits);
    const gives = orders.get(fill.flowId)?.direction === "redemption";
    if (!same(total, gives ? minus(ZERO, filled) : filled))
      return {
        check,
        ok: false,
        says: `order ${fill.flowId} got ${fill.filledUnits} units, posted is ${shown(total, day.unitsDp)}`,
      };
    const wrong =
      gives &&
      (pieces.get(fill.flowId) ?? []).find((piece) => !same(own.get(piece.lotId) ?? ZERO, minus(ZERO, piece.units)));
    if (wrong)
      return {
        check,
        ok: false,
        says: `order ${fill.flowId} took other units of lot ${wrong.lotId} than those it named or the oldest first`,
      };
  }
  return { check, ok: true, says: "every fill is what was posted, the oldest lots first" };
}

/** Lines joined by \n: version, fund, class, date, root, inputs, approved proposal, cap, and one line per fill in the order of its id. */
export function checkDayHash(record: DealRecord, day: RecordedDay): Finding {
  const check = "day hash";
  if (day.dayHash === null) return { check, ok: null, says: "the day has not been closed" };
  const fills = [...day.fills].sort((a, b) => (a.flowId < b.flowId ? -1 : 1));
  const lines = [
    "evergreen-day-1",
    record.fundId,
    day.classId,
    record.date,
    day.orderRoot ?? "",
    record.strike?.inputsHash ?? "",
    record.strike?.proposal?.hash ?? "",
    word(day.decision, "cap_units") ?? "no gate",
    ...fills.map((fill) =>
      [
        fill.flowId,
        ...[
          fill.requestedUnits ?? "",
          fill.filledUnits,
          fill.carriedUnits,
          fill.price,
          fill.grossAmount,
          fill.levy,
          fill.fee,
          fill.credit,
          fill.netAmount,
        ].map(shortest),
      ].join("|"),
    ),
  ];
  const hash = hex(sha256(lines.join("\n")));
  return {
    check,
    ok: hash === day.dayHash,
    says: hash === day.dayHash ? hash : `the rows have the hash ${hash}, the day was closed with ${day.dayHash}`,
  };
}
