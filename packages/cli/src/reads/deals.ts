// Dealing days as rows, with the fills of their orders and the price at which they dealt.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { fixed, isoTime, plain } from "../output.ts";
import type { Session } from "../session.ts";
import { type ClassRow, currencyDecimals, findClass, listClasses } from "./classes.ts";
import { type Demand, demandOf } from "./demand.ts";
import { type FundRow, findFund } from "./funds.ts";
import { type OrderRow, ordersOfDay, sideOf } from "./orders.ts";
import { type ClassNavRow, classNavsOf, type StrikeRow, strikeById } from "./strikes.ts";

const DayRow = z.object({
  dealing_day_id: z.string(),
  fund_id: z.string(),
  share_class_id: z.string(),
  dealing_date: z.string(),
  cut_off_at: z.string(),
  status: z.string(),
  step: z.number(),
  policy_id: z.string(),
  lmt_policy_id: z.string().nullable(),
  order_root: z.string().nullable(),
  orders: z.number(),
  strike_id: z.string().nullable(),
  decision: z.record(z.string(), z.unknown()),
  terms: z.record(z.string(), z.unknown()),
  day_hash: z.string().nullable(),
  workflow_id: z.string().nullable(),
  closed_at: z.string().nullable(),
});
export type DayRow = z.infer<typeof DayRow>;
const COLUMNS =
  "dealing_day_id,fund_id,share_class_id,dealing_date,cut_off_at,status,step,policy_id,lmt_policy_id,order_root,orders,strike_id,decision,terms,day_hash,workflow_id,closed_at";

const FillRow = z.object({
  flow_id: z.string(),
  share_class_id: z.string(),
  investor_id: z.string(),
  cohort: z.string(),
  requested_units: z.string().nullable(),
  filled_units: z.string(),
  carried_units: z.string(),
  price: z.string(),
  gross_amount: z.string(),
  levy: z.string(),
  fee: z.string(),
  credit: z.string(),
  refund: z.string(),
  performance_fee: z.string(),
  high_water: z.string().nullable(),
  equalisation_credit: z.string(),
  net_amount: z.string(),
  reason: z.string().nullable(),
  child_flow_id: z.string().nullable(),
  series: z.string(),
  /** By series: what was taken of which lot at which price. */
  pieces: z.array(
    z.object({
      lot_id: z.string(),
      series: z.string(),
      units: z.string(),
      price: z.string(),
      amount: z.string(),
      performance_fee: z.string(),
    }),
  ),
});
export type FillRow = z.infer<typeof FillRow>;
const FILLS =
  "flow_id,share_class_id,investor_id,cohort,requested_units::text,filled_units::text,carried_units::text,price::text,gross_amount::text,levy::text,fee::text,credit::text,performance_fee::text,high_water::text,equalisation_credit::text,refund::text,net_amount::text,reason,child_flow_id,series,pieces";

/** A dealing day with everything that a person asks about it. */
export interface Deal {
  fund: FundRow;
  shareClass: ClassRow;
  /** Decimals of the fund's cash. */
  cashDp: number;
  day: DayRow;
  strike: StrikeRow | undefined;
  price: ClassNavRow | undefined;
  orders: OrderRow[];
  fills: FillRow[];
  /** Units asked for on the day, and how much of them was left unfilled the day before and is the same request again (R8). */
  demand: Demand;
}

/** The newest days first. */
export function listDays(
  session: Session,
  filter: { fundId: string | undefined; classId: string | undefined; status: string | undefined; limit: number },
): Promise<DayRow[]> {
  const wanted: [string, string | undefined][] = [
    ["fund_id", filter.fundId],
    ["share_class_id", filter.classId],
    ["status", filter.status],
  ];
  return session.read(
    "dealing_days",
    COLUMNS,
    (query) =>
      wanted
        .reduce((asked, [column, value]) => (value === undefined ? asked : asked.eq(column, value)), query)
        .order("dealing_date", { ascending: false })
        .order("dealing_day_id")
        .range(0, filter.limit - 1),
    DayRow,
  );
}

/** Every class of a fund that deals on a date. */
export function daysOn(session: Session, fundId: string, date: string): Promise<DayRow[]> {
  return session.read(
    "dealing_days",
    COLUMNS,
    (query) => query.eq("fund_id", fundId).eq("dealing_date", date).order("dealing_day_id"),
    DayRow,
  );
}

export function dayById(session: Session, dealingDayId: string): Promise<DayRow | undefined> {
  return session.one("dealing_days", COLUMNS, (query) => query.eq("dealing_day_id", dealingDayId), DayRow);
}

/**
 * The day of --fund, --class and --date. Without a class the only one that deals on the date, without a date the newest.
 * Errors: EG400 when several classes could be meant, EG404 when there is no such day.
 */
export async function findDay(
  session: Session,
  wanted: { fund: string; shareClass: string | undefined; date: string | undefined },
): Promise<{ fund: FundRow; shareClass: ClassRow; day: DayRow }> {
  const fund = await findFund(session, wanted.fund);
  const classes = await listClasses(session, fund.fund_id);
  const only =
    wanted.shareClass === undefined
      ? undefined
      : (await findClass(session, fund.fund_id, wanted.shareClass)).shareClass;
  const days =
    wanted.date === undefined
      ? await listDays(session, { fundId: fund.fund_id, classId: only?.share_class_id, status: undefined, limit: 20 })
      : await daysOn(session, fund.fund_id, wanted.date);
  const ofClass = only === undefined ? days : days.filter((day) => day.share_class_id === only.share_class_id);
  const newest = ofClass.filter((day) => day.dealing_date === ofClass[0]?.dealing_date);
  const codeOf = (day: DayRow): ClassRow | undefined =>
    classes.find((row) => row.share_class_id === day.share_class_id);
  const [day] = newest;
  if (day === undefined) {
    const where = `${plain(fund.code)}${only === undefined ? "" : `, class ${plain(only.code)}`}`;
    throw new EvergreenError(
      "EG404",
      `There is no dealing day of ${where}${wanted.date === undefined ? "" : ` on ${wanted.date}`}; see \`evergreen deal list\`.`,
    );
  }
  const shareClass = codeOf(day);
  if (newest.length > 1 || shareClass === undefined)
    throw new EvergreenError(
      "EG400",
      `Name a class with --class: on ${day.dealing_date} ${newest.map((row) => plain(codeOf(row)?.code ?? "?")).join(", ")} deal.`,
    );
  return { fund, shareClass, day };
}

export function fillsOf(session: Session, dealingDayId: string): Promise<FillRow[]> {
  return session.all(
    "allocations",
    FILLS,
    "flow_id",
    (row) => row.flow_id,
    (query) => query.eq("dealing_day_id", dealingDayId),
    FillRow,
  );
}

/** The fill of one order on one day, or undefined while there is none. */
export function fillOfOrder(session: Session, dealingDayId: string, flowId: string): Promise<FillRow | undefined> {
  return session.one(
    "allocations",
    FILLS,
    (query) => query.eq("dealing_day_id", dealingDayId).eq("flow_id", flowId),
    FillRow,
  );
}

export async function dealOf(
  session: Session,
  found: { fund: FundRow; shareClass: ClassRow; day: DayRow },
): Promise<Deal> {
  const { fund, shareClass, day } = found;
  const [decimals, orders, fills, strike, prices] = await Promise.all([
    currencyDecimals(session),
    ordersOfDay(session, day.dealing_day_id),
    fillsOf(session, day.dealing_day_id),
    day.strike_id === null ? undefined : strikeById(session, day.strike_id),
    day.strike_id === null ? [] : classNavsOf(session, day.strike_id),
  ]);
  const deal = {
    fund,
    shareClass,
    cashDp: decimals.get(fund.base_currency) ?? 2,
    day,
    strike,
    price: prices.find((row) => row.share_class_id === shareClass.share_class_id),
    orders,
    fills,
  };
  return { ...deal, demand: await demandOf(session, deal) };
}

/** A text of the decision or of the terms, or null. */
export const said = (of: Readonly<Record<string, unknown>>, name: string): string | null => {
  const value = of[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
};

/** A dealing day for a script; keys that nobody may take away stand first. */
export function dealJson(deal: Deal) {
  const { fund, shareClass, day, strike, price, cashDp } = deal;
  const fills = new Map(deal.fills.map((fill) => [fill.flow_id, fill]));
  return {
    fund: fund.code,
    class: shareClass.code,
    date: day.dealing_date,
    navPerUnit: price === undefined ? null : fixed(price.nav_per_unit, shareClass.price_dp),
    gate: { fraction: gateFraction(deal), capUnits: gateCap(deal) },
    orders: deal.orders.map((order) => {
      const fill = fills.get(order.flow_id);
      // the other leg of a switch is in another class, with decimals of its own
      const dp = order.share_class ?? shareClass;
      const inUnits =
        order.requested_units ?? (order.direction === "redemption" ? fill?.requested_units : null) ?? null;
      return {
        id: order.flow_id,
        investorId: order.investor_id,
        requested:
          inUnits !== null ? fixed(inUnits, dp.units_dp) : fixed(order.amount ?? fill?.gross_amount ?? "0", cashDp),
        filled: fill === undefined ? null : fixed(fill.filled_units, dp.units_dp),
        carried: fill === undefined ? null : fixed(fill.carried_units, dp.units_dp),
        amount: fill === undefined ? null : fixed(fill.net_amount, cashDp),
        reason: fill?.reason ?? order.reason,
        side: sideOf(order),
        class: order.share_class?.code ?? shareClass.code,
        investor: order.investor.code,
        requestedIn: inUnits !== null ? "units" : "amount",
        status: order.status,
        price: fill === undefined ? null : fixed(fill.price, dp.price_dp),
        gross: fill === undefined ? null : fixed(fill.gross_amount, cashDp),
        levy: fill === undefined ? null : fixed(fill.levy, cashDp),
        fee: fill === undefined ? null : fixed(fill.fee, cashDp),
        carriedAs: fill?.child_flow_id ?? null,
      };
    }),
    dayHash: day.day_hash,
    demand: {
      gross: fixed(deal.demand.gross, shareClass.units_dp),
      repeats: fixed(deal.demand.repeats, shareClass.units_dp),
      net: fixed(deal.demand.net, shareClass.units_dp),
    },
    status: day.status,
    step: day.step,
    currency: fund.base_currency,
    cutOffAt: isoTime(day.cut_off_at),
    orderRoot: day.order_root,
    strikeId: day.strike_id,
    inputsHash: strike?.inputs_hash ?? null,
    workflowId: day.workflow_id,
    dealingDayId: day.dealing_day_id,
  };
}

/** Share of the admitted units that the gate lets through; "1" when everybody is paid, null before it is decided. */
export function gateFraction({ day }: Pick<Deal, "day">): string | null {
  if (day.decision.gate === undefined) return null;
  return day.decision.gate === true ? said(day.decision, "fraction") : "1";
}

export const gateCap = ({ day, shareClass }: Pick<Deal, "day" | "shareClass">): string | null => {
  const cap = said(day.decision, "cap_units");
  return cap === null ? null : fixed(cap, shareClass.units_dp);
};
