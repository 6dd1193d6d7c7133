// Orders: what investors ask for and what became of it, as the caller may see it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { fixed, isoTime, plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";

const OrderRow = z.object({
  flow_id: z.string(),
  fund_id: z.string(),
  share_class_id: z.string().nullable(),
  investor_id: z.string(),
  direction: z.enum(["subscription", "redemption"]),
  order_kind: z.enum(["plain", "switch", "transfer"]),
  amount: z.string().nullable(),
  requested_units: z.string().nullable(),
  currency: z.string(),
  status: z.string(),
  channel: z.string(),
  requested_at: z.string(),
  dealing_date: z.string().nullable(),
  vintage: z.string().nullable(),
  dealing_day_id: z.string().nullable(),
  linked_flow_id: z.string().nullable(),
  parent_flow_id: z.string().nullable(),
  cleared_at: z.string().nullable(),
  eligibility_tag: z.string().nullable(),
  elected_lots: z.array(z.string()),
  dust_asked_at: z.string().nullable(),
  dust_answer: z.string().nullable(),
  filled_units: z.string().nullable(),
  price: z.string().nullable(),
  net_amount: z.string().nullable(),
  reason: z.string().nullable(),
  fund: z.object({ code: z.string() }),
  share_class: z.object({ code: z.string(), units_dp: z.number(), price_dp: z.number() }).nullable(),
  investor: z.object({ code: z.string() }),
});
export type OrderRow = z.infer<typeof OrderRow>;
const COLUMNS =
  "flow_id,fund_id,share_class_id,investor_id,direction,order_kind,amount::text,requested_units::text,currency,status,channel,requested_at,dealing_date," +
  "vintage,dealing_day_id,linked_flow_id,parent_flow_id,cleared_at,eligibility_tag,elected_lots,dust_asked_at,dust_answer,filled_units::text,price::text,net_amount::text,reason," +
  "fund:funds!fund_flows_fund_id_fkey(code),share_class:share_classes!fund_flows_share_class_id_fkey(code,units_dp,price_dp),investor:investors!fund_flows_investor_id_fkey(code)";

export interface OrderFilter {
  fundId: string | undefined;
  classId: string | undefined;
  investorId: string | undefined;
  status: string | undefined;
  date: string | undefined;
  limit: number;
}

/** The newest orders first. */
export function listOrders(session: Session, filter: OrderFilter): Promise<OrderRow[]> {
  const wanted: [string, string | undefined][] = [
    ["fund_id", filter.fundId],
    ["share_class_id", filter.classId],
    ["investor_id", filter.investorId],
    ["status", filter.status],
    ["dealing_date", filter.date],
  ];
  return session.read(
    "fund_flows",
    COLUMNS,
    (query) =>
      wanted
        .reduce((asked, [column, value]) => (value === undefined ? asked : asked.eq(column, value)), query)
        .order("requested_at", { ascending: false })
        .order("flow_id")
        .range(0, filter.limit - 1),
    OrderRow,
  );
}

/** Errors: EG400 when that is no id, EG404 when the caller sees no such order. */
export async function findOrder(session: Session, orderId: string): Promise<OrderRow> {
  if (!isUuid(orderId))
    throw new EvergreenError("EG400", `${plain(orderId)} is not the id of an order; see \`evergreen order list\`.`);
  const row = await session.one("fund_flows", COLUMNS, (query) => query.eq("flow_id", orderId), OrderRow);
  if (!row) throw new EvergreenError("EG404", `There is no order ${plain(orderId)} that you may see.`);
  return row;
}

/** Every order of a dealing day, by id. */
export function ordersOfDay(session: Session, dealingDayId: string): Promise<OrderRow[]> {
  return session.all(
    "fund_flows",
    COLUMNS,
    "flow_id",
    (row) => row.flow_id,
    (query) => query.eq("dealing_day_id", dealingDayId),
    OrderRow,
  );
}

/** What kind of order it is, in the word of the committed order book: "subscription", "switch_out". */
export function sideOf(order: Pick<OrderRow, "direction" | "order_kind">): string {
  if (order.order_kind === "plain") return order.direction;
  return `${order.order_kind}_${order.direction === "redemption" ? "out" : "in"}`;
}

/** Decimals of units and price where an order names no class yet. */
const unitsDp = (order: OrderRow): number => order.share_class?.units_dp ?? 0;
const orNull = (decimal: string | null, places: number): string | null =>
  decimal === null ? null : fixed(decimal, places);

/** An order for a script. */
export const orderJson = (order: OrderRow) => ({
  id: order.flow_id,
  fund: order.fund.code,
  class: order.share_class?.code ?? null,
  investorId: order.investor_id,
  investor: order.investor.code,
  side: sideOf(order),
  units: orNull(order.requested_units, unitsDp(order)),
  amount: orNull(order.amount, 2),
  currency: order.currency,
  status: order.status,
  channel: order.channel,
  requestedAt: isoTime(order.requested_at),
  dealingDate: order.dealing_date,
  filledUnits: orNull(order.filled_units, unitsDp(order)),
  price: orNull(order.price, order.share_class?.price_dp ?? 0),
  netAmount: orNull(order.net_amount, 2),
  linkedOrderId: order.linked_flow_id,
  parentOrderId: order.parent_flow_id,
  eligibility: order.eligibility_tag,
  electedLots: order.elected_lots,
  /** The investor was asked whether to give up the small rest; the answer, or null. */
  restAskedAt: isoTime(order.dust_asked_at),
  restAnswer: order.dust_answer,
  reason: order.reason,
});

/** How many orders of a day wait for their cash. */
export async function openPayments(session: Session, dealingDayId: string): Promise<number> {
  const rows = await session.all(
    "fund_flows",
    "flow_id",
    "flow_id",
    (row) => row.flow_id,
    (query) => query.eq("dealing_day_id", dealingDayId).eq("status", "claimable"),
    z.object({ flow_id: z.string() }),
  );
  return rows.length;
}

/** Orders by their ids; not more than a URL holds. */
export function ordersById(session: Session, ids: readonly string[]): Promise<OrderRow[]> {
  return session.read("fund_flows", COLUMNS, (query) => query.in("flow_id", ids).order("flow_id"), OrderRow);
}
