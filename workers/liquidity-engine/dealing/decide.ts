// What the gate decides for each class and what each order gets, as fn_decide_lmt and fn_record_allocations take it. Pure.
import { EvergreenError, type GateVerdict } from "@evergreen-fund/domain";
import type { LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import type { DealOutput, DealtOrder } from "@evergreen-fund/finance/dealing/deal-shapes.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { type Book, dealBook, toolsOf } from "./facts.ts";
import { gateNotice } from "./narrate.ts";

export const verdictOf = ({ gate }: DealOutput): GateVerdict => ({ status: gate.status, fraction: gate.fraction });

/** R9c: whether a gate leaves so little that the policy does not call it ordinary use, and people have not decided on it. */
export function needsPeople(book: Book, { gate }: DealOutput, { gate: policy }: LmtPolicy = toolsOf(book)): boolean {
  const limit = policy?.ordinaryFrom;
  if (limit === undefined || gate.status !== "gated" || gate.fraction === null) return false;
  const [num = "0", den = "1"] = limit.split("/");
  return decimal(gate.fraction).times(decimal(den)).lt(decimal(num)) && !book.active.includes("redemption_gate");
}

/** What the run has to know before the strike: a gate that two people must decide on stops it as a cap below what must be paid does. */
export function foreseen(book: Book): GateVerdict {
  const dealt = dealBook(book);
  const verdict = verdictOf(dealt);
  return needsPeople(book, dealt) ? { ...verdict, status: "stopped" } : verdict;
}

export interface DayDecision {
  dealing_day_id: string;
  decision: Record<string, unknown>;
}

/** R6 on the unswung NAV: one decision per class that deals at it. Errors: EG428 when the engine stops; those of `deal`. */
export function decisions(book: Book): { verdict: GateVerdict; days: DayDecision[] } {
  const dealt = dealBook(book);
  const verdict = verdictOf(dealt);
  if (dealt.status === "stopped") return { verdict, days: [] };
  if (needsPeople(book, dealt)) return { verdict: { ...verdict, status: "stopped" }, days: [] };
  const gated = dealt.gate.status === "gated";
  const { tools } = toolsOf(book);
  return {
    verdict,
    days: book.days
      .filter(({ status }) => status === "struck" || status === "lmt_decided")
      .map((day) => ({
        dealing_day_id: day.dealing_day_id,
        decision: {
          gate: gated,
          ...(gated ? { cap_units: capUnits(dealt, day.share_class_id) } : {}),
          status: dealt.gate.status,
          fraction: dealt.gate.fraction,
          exact_fraction: dealt.gate.exactFraction,
          caps: dealt.gate.caps,
          cap: dealt.gate.cap,
          threshold: dealt.gate.threshold,
          redemptions: dealt.gate.redemptions,
          subscriptions: dealt.gate.subscriptions,
          pay: dealt.gate.pay,
          nav: book.nav,
          tools,
          ...(gated ? { notice: gateNotice(book, dealt, "ordinary") } : {}),
        },
      })),
  };
}

/** Units the class may pay; with several classes at one ratio, what largest remainder gives it if that is more. */
function capUnits({ classes }: DealOutput, classId: string): string {
  const row = classes.find(({ id }) => id === classId);
  if (row?.capUnits === null || row === undefined) throw new EvergreenError("EG500", "A gated class has no cap.");
  return decimal(row.filledUnits).gt(decimal(row.capUnits)) ? row.filledUnits : row.capUnits;
}

export interface DayFills {
  dealing_day_id: string;
  terms: Record<string, unknown>;
  fills: Record<string, unknown>[];
}

/** Step 7 for every class that deals at the NAV. `null`: the engine stopped. */
export function fillsOf(book: Book): { orders: number; days: DayFills[] } | null {
  const lmt = toolsOf(book);
  const dealt = dealBook(book, lmt);
  if (dealt.status === "stopped") return null;
  const byId = new Map(dealt.orders.map((order) => [order.id, order]));
  const gated = dealt.gate.status === "gated";
  const rows = new Map<string, Record<string, unknown>[]>(book.days.map((day) => [day.dealing_day_id, []]));
  for (const order of book.orders) rows.get(order.dealing_day_id)?.push(fillOf(order, byId, gated));
  const terms = {
    ...swingOf(dealt, lmt, book.active),
    engine: "deal",
    gate: dealt.gate.status,
    fraction: dealt.gate.fraction,
  };
  return {
    orders: book.orders.length,
    days: book.days
      .filter(({ status }) => status === "lmt_decided" || status === "allocated")
      .map(({ dealing_day_id }) => ({ dealing_day_id, terms, fills: rows.get(dealing_day_id) ?? [] })),
  };
}

/** What the prices differ by from those without swing or spread, as ratios. Of two tools that set the price, dual pricing only where people put it to use. */
function swingOf(
  dealt: DealOutput,
  { tools, dual: spreads }: LmtPolicy,
  active: readonly string[],
): { swing_sub: string; swing_red: string } {
  const isDual =
    tools.includes("dual_pricing") && (!tools.includes("swing_pricing") || active.includes("dual_pricing"));
  const dual = isDual ? spreads : undefined;
  if (dual !== undefined) return { swing_sub: ratio(dual.offerSpread), swing_red: `-${ratio(dual.bidSpread)}` };
  const factor = dealt.classes[0]?.swingFactor ?? "0";
  return { swing_sub: factor, swing_red: factor };
}

/** "0.004" or "1/3" as a decimal. */
function ratio(share: string): string {
  const [num = "0", den] = share.split("/");
  return den === undefined ? num : decimal(num).div(decimal(den)).toDecimalPlaces(30).toFixed();
}

type Order = Book["orders"][number];

function fillOf(order: Order, dealt: ReadonlyMap<string, DealtOrder>, gated: boolean): Record<string, unknown> {
  const found = dealt.get(
    order.kind === "transfer" && order.direction === "subscription" ? (order.linked_flow_id ?? "") : order.flow_id,
  );
  if (found === undefined) throw new EvergreenError("EG500", "An order of the book was not dealt.");
  if (found.outcome === "waits")
    throw new EvergreenError("EG425", "The cash of a subscription has been taken back: freeze the NAV anew.");
  const base = { flow_id: order.flow_id, cohort: cohortOf(found, gated) };
  const why =
    found.filled === found.requestedUnits || found.requestedUnits === null ? {} : { reason: reasonCode(found) };
  if (order.kind === "transfer")
    return {
      ...base,
      ...why,
      requested_units: order.units,
      filled_units: found.filled,
      gross_amount: "0",
      net_amount: "0",
    };
  if (order.direction === "subscription")
    return {
      ...base,
      filled_units: found.filled,
      gross_amount: found.grossAmount,
      levy: found.levy,
      ...(decimal(found.refund).isZero() ? {} : { refund: found.refund }),
      net_amount: found.amount,
      ...(found.reference === null
        ? {}
        : { high_water: found.reference, equalisation_credit: found.equalisationCredit }),
    };
  return {
    ...base,
    ...why,
    requested_units: found.requestedUnits,
    ...(found.admitted === null ? {} : { admitted_units: found.admitted }),
    filled_units: found.filled,
    carried_units: found.carried,
    gross_amount: found.grossAmount,
    levy: found.levy,
    fee: found.fee,
    credit: found.credit,
    performance_fee: found.performanceFee,
    net_amount: found.amount,
    ...(found.carry === null ? {} : { rest: found.carry }),
  };
}

/** Everybody in a cohort gets the same share of what is admitted of theirs, one cohort after the other, and the database holds us to it. */
function cohortOf(order: DealtOrder, gated: boolean): string {
  if (order.direction !== "redemption" || !gated) return "full";
  if (order.cohort === "all") return "pro_rata";
  return /^\d{4}-/.test(order.cohort) ? `pro_rata ${order.cohort}` : order.cohort;
}

/** What held the order back: lots, the investor gate, the gate of the fund, and where the rest went if it was not carried. */
function reasonCode({ requestedUnits, refused, admitted, filled, carry }: DealtOrder): string {
  const asked = decimal(requestedUnits ?? filled);
  const allowed = decimal(admitted ?? filled);
  const parts = [
    ...(decimal(refused).gt(0) ? ["units locked or not held"] : []),
    ...(decimal(filled).lt(allowed) ? ["gate"] : []),
    ...(allowed.plus(decimal(refused)).lt(asked) ? ["investor gate"] : []),
    ...(carry === null || carry === "carried" ? [] : [carry]),
  ];
  return parts.join(", ") || "not filled";
}
