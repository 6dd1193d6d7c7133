// What lies behind a dealing date: the chain of each order, the unit ledger of who redeems, earlier prices and payments. Reads only.

import type { DealRecord, RecordedDay, RecordedEntry, RecordedOrder, RecordedPast } from "@evergreen-fund/verifier";
import { z } from "zod";
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";
import { type OrderRow, ordersById } from "./orders.ts";
import type { Owners } from "./owners.ts";

/** Ids in one question: a URL has an end. */
const AT_ONCE = 80;

async function inGroups<T>(ids: Iterable<string>, ask: (group: string[]) => Promise<T[]>): Promise<T[]> {
  const list = [...new Set(ids)];
  const rows: T[] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) rows.push(...(await ask(list.slice(at, at + AT_ONCE))));
  return rows;
}

/** Rows of a table by some ids of theirs, in pages and groups. */
export function rowsIn<T>(
  session: Session,
  table: string,
  columns: string,
  key: string,
  keyOf: (row: T) => string,
  by: string,
  ids: Iterable<string>,
  shape: z.ZodType<T>,
): Promise<T[]> {
  return inGroups(ids, (group) => session.all(table, columns, key, keyOf, (query) => query.in(by, group), shape));
}

/** Orders by any number of ids. */
export const ordersOf = (session: Session, ids: Iterable<string>): Promise<OrderRow[]> =>
  inGroups(ids, (group) => ordersById(session, group));

const POSTED = ["posted", "claimable", "settled", "closed"];
export const DateRow = z.object({ dealing_day_id: z.string(), dealing_date: z.string(), status: z.string() });
export type DateRow = z.infer<typeof DateRow>;
const TxRow = z.object({
  ledger_tx_id: z.string(),
  kind: z.string(),
  dealing_day_id: z.string().nullable(),
  effective_at: z.string(),
});
const EntryRow = z.object({
  entry_id: z.string(),
  ledger_tx_id: z.string(),
  share_class_id: z.string(),
  investor_id: z.string().nullable(),
  lot_id: z.string().nullable(),
  flow_id: z.string().nullable(),
  units: z.string(),
});
const ENTRY = "entry_id,ledger_tx_id,share_class_id,investor_id,lot_id,flow_id,units::text";
/** What history is read by. */
interface History {
  dateOf: ReadonlyMap<string, string>;
  date: string;
  owners: Owners;
}

/** Orders with what their chain has behind it: whether an earlier part was filled, and how often it was dealt. */
export async function withPast(
  session: Session,
  orders: readonly OrderRow[],
  { ownerOf }: Pick<Owners, "ownerOf">,
): Promise<RecordedOrder[]> {
  const known = new Map(orders.map((order) => [order.flow_id, order]));
  let wanted = orders.flatMap((order) => order.parent_flow_id ?? []);
  while (wanted.length > 0) {
    const parents = await ordersOf(session, wanted);
    for (const parent of parents) known.set(parent.flow_id, parent);
    wanted = parents.flatMap((parent) => parent.parent_flow_id ?? []).filter((id) => !known.has(id));
  }
  return orders.map((order) => {
    let [dealings, filledBefore] = [0, false];
    for (let at = known.get(order.parent_flow_id ?? ""); at !== undefined; at = known.get(at.parent_flow_id ?? "")) {
      dealings += 1;
      filledBefore ||= /[1-9]/.test(at.filled_units ?? "0");
    }
    return {
      flowId: order.flow_id,
      investorId: order.investor_id,
      classId: order.share_class_id ?? "",
      direction: order.direction,
      kind: order.order_kind,
      units: order.requested_units,
      amount: order.amount,
      vintage: order.vintage,
      dealingDayId: order.dealing_day_id,
      linkedFlowId: order.linked_flow_id,
      parentFlowId: order.parent_flow_id,
      filledBefore,
      dealings,
      cleared: order.cleared_at !== null,
      ownerId: ownerOf(order.investor_id),
      electedLots: order.elected_lots,
      asked: order.dust_asked_at !== null,
      kept: order.dust_answer === "keep",
    };
  });
}

/** The unit ledger of everybody who gives units up, until the date, and everything that was posted for the date. */
export async function entriesOf(
  session: Session,
  fundId: string,
  days: readonly RecordedDay[],
  leaving: readonly RecordedOrder[],
  { dateOf, date, owners }: History,
): Promise<RecordedEntry[]> {
  const transactions = await session.all(
    "ledger_transactions",
    "ledger_tx_id,kind,dealing_day_id,effective_at",
    "ledger_tx_id",
    (row) => row.ledger_tx_id,
    (query) => query.eq("fund_id", fundId),
    TxRow,
  );
  const txOf = new Map(transactions.map((row) => [row.ledger_tx_id, row]));
  const ofTheDay = transactions.filter((row) => days.some((day) => day.dealingDayId === row.dealing_day_id));
  const byEntry = (row: z.infer<typeof EntryRow>): string => row.entry_id;
  const entries = [
    ...(await rowsIn(
      session,
      "unit_ledger",
      ENTRY,
      "entry_id",
      byEntry,
      "investor_id",
      leaving.flatMap((order) => owners.accountsOf(order.ownerId)),
      EntryRow,
    )),
    ...(await rowsIn(
      session,
      "unit_ledger",
      ENTRY,
      "entry_id",
      byEntry,
      "ledger_tx_id",
      ofTheDay.map((row) => row.ledger_tx_id),
      EntryRow,
    )),
  ];
  const unique = new Map(
    entries.filter((row) => row.investor_id !== null && row.lot_id !== null).map((row) => [row.entry_id, row]),
  );
  const lots = await rowsIn(
    session,
    "lots",
    "lot_id,opened_on",
    "lot_id",
    (row) => row.lot_id,
    "lot_id",
    [...unique.values()].map((row) => row.lot_id ?? ""),
    z.object({ lot_id: z.string(), opened_on: z.string() }),
  );
  const opened = new Map(lots.map((row) => [row.lot_id, row.opened_on]));
  // units that a crystallisation gave or took are those of its NAV, whenever two people had approved it
  const taken = await rowsIn(
    session,
    "class_marks",
    "mark_id,ledger_tx_id,as_of",
    "mark_id",
    (row) => row.mark_id,
    "ledger_tx_id",
    transactions.filter(({ kind }) => kind === "crystallisation").map((row) => row.ledger_tx_id),
    z.object({ mark_id: z.string(), ledger_tx_id: z.string().nullable(), as_of: z.string() }),
  );
  const takenOn = new Map(taken.map((row) => [row.ledger_tx_id, row.as_of]));
  return [...unique.values()].flatMap((row) => {
    const tx = txOf.get(row.ledger_tx_id);
    // of another fund: an investor may hold several
    if (tx === undefined) return [];
    const countsOn =
      tx.kind === "opening"
        ? null
        : ((tx.dealing_day_id === null ? takenOn.get(tx.ledger_tx_id) : dateOf.get(tx.dealing_day_id)) ??
          tx.effective_at.slice(0, 10));
    if (countsOn !== null && countsOn > date) return [];
    return [
      {
        flowId: row.flow_id,
        investorId: row.investor_id ?? "",
        ownerId: owners.ownerOf(row.investor_id ?? ""),
        classId: row.share_class_id,
        lotId: row.lot_id ?? "",
        units: row.units,
        openedOn: opened.get(row.lot_id ?? "") ?? "",
        countsOn,
      },
    ];
  });
}

const PastRow = z.object({
  allocation_id: z.string(),
  flow_id: z.string(),
  dealing_day_id: z.string(),
  share_class_id: z.string(),
  investor_id: z.string(),
  filled_units: z.string(),
});

/** Earlier redemptions of those who redeem; only a gate per investor looks at them. */
export async function pastOf(
  session: Session,
  lmt: Readonly<Record<string, unknown>>,
  leaving: readonly RecordedOrder[],
  { dateOf, date, owners }: History,
): Promise<RecordedPast[]> {
  if (lmt.investorGate === undefined) return [];
  const rows = await rowsIn(
    session,
    "allocations",
    "allocation_id,flow_id,dealing_day_id,share_class_id,investor_id,filled_units::text",
    "allocation_id",
    (row) => row.allocation_id,
    "investor_id",
    leaving.flatMap((order) => owners.accountsOf(order.ownerId)),
    PastRow,
  );
  const earlier = rows.filter((row) => (dateOf.get(row.dealing_day_id) ?? date) < date);
  const plain = await plainRedemptions(
    session,
    earlier.map((row) => row.flow_id),
  );
  return earlier
    .filter((row) => plain.has(row.flow_id))
    .map((row) => ({
      ownerId: owners.ownerOf(row.investor_id),
      classId: row.share_class_id,
      date: dateOf.get(row.dealing_day_id) ?? date,
      filledUnits: row.filled_units,
    }));
}

const Gross = z.object({
  allocation_id: z.string(),
  flow_id: z.string(),
  dealing_day_id: z.string(),
  gross_amount: z.string(),
});

/** What redemptions took out of the fund on earlier dates of the year; switches and transfers take nothing out. */
export async function redeemedBefore(
  session: Session,
  days: readonly DateRow[],
  date: string,
): Promise<DealRecord["redeemedBefore"]> {
  const earlier = new Map(
    days
      .filter(
        (day) =>
          POSTED.includes(day.status) && day.dealing_date >= `${date.slice(0, 4)}-01-01` && day.dealing_date < date,
      )
      .map((day) => [day.dealing_day_id, day.dealing_date]),
  );
  const rows = await rowsIn(
    session,
    "allocations",
    "allocation_id,flow_id,dealing_day_id,gross_amount::text",
    "allocation_id",
    (row) => row.allocation_id,
    "dealing_day_id",
    earlier.keys(),
    Gross,
  );
  const plain = await plainRedemptions(
    session,
    rows.map((row) => row.flow_id),
  );
  return rows
    .filter((row) => plain.has(row.flow_id))
    .map((row) => ({ date: earlier.get(row.dealing_day_id) ?? date, amount: row.gross_amount }));
}

async function plainRedemptions(session: Session, flowIds: readonly string[]): Promise<Set<string>> {
  const orders = await ordersOf(session, flowIds);
  return new Set(
    orders
      .filter((order) => order.direction === "redemption" && order.order_kind === "plain")
      .map((order) => order.flow_id),
  );
}

const Activation = z.object({
  activation_id: z.string(),
  tool: z.string(),
  active_from: z.string().nullable(),
  active_until: z.string().nullable(),
});

/** Tools that people had put to use when a day was posted, or that are in use now. */
export async function activatedTools(session: Session, fundId: string, dealingDayId: string): Promise<string[]> {
  const [rows, posting] = await Promise.all([
    session.all(
      "lmt_activations",
      "activation_id,tool,active_from,active_until",
      "activation_id",
      (row) => row.activation_id,
      (query) => query.eq("fund_id", fundId),
      Activation,
    ),
    session.one(
      "ledger_transactions",
      "ledger_tx_id,kind,dealing_day_id,effective_at",
      (query) => query.eq("dealing_day_id", dealingDayId).eq("kind", "dealing"),
      TxRow,
    ),
  ]);
  const at = isoTime(posting?.effective_at ?? null) ?? new Date().toISOString();
  const inUse = rows.filter(({ active_from: from, active_until: until }) => {
    const [begins, ends] = [isoTime(from), isoTime(until)];
    return begins !== null && begins <= at && (ends === null || ends > at);
  });
  return [...new Set(inUse.map((row) => row.tool))].sort();
}

const MarkRow = z.object({
  mark_id: z.string(),
  share_class_id: z.string(),
  as_of: z.string(),
  cause: z.string(),
  high_water: z.string(),
  recorded_at: z.string(),
  updated_at: z.string(),
});

/** What moved the high-water marks of some classes, as it was known when a day was posted: a fee that was taken again since did not move them then. */
export async function marksOf(
  session: Session,
  classIds: readonly string[],
  dealingDayId: string,
): Promise<DealRecord["marks"]> {
  const posted = await session.one(
    "ledger_transactions",
    "posted_at",
    (query) => query.eq("dealing_day_id", dealingDayId).eq("kind", "dealing"),
    z.object({ posted_at: z.string() }),
  );
  const known = isoTime(posted?.posted_at ?? null);
  const rows = await rowsIn(
    session,
    "class_marks",
    "mark_id,share_class_id,as_of,cause,high_water::text,recorded_at,updated_at",
    "mark_id",
    (row) => row.mark_id,
    "share_class_id",
    classIds,
    MarkRow,
  );
  const counts = rows.filter((row) => known === null || (isoTime(row.recorded_at) ?? "") <= known);
  return counts.map((row) => ({
    classId: row.share_class_id,
    asOf: row.as_of,
    setAt: isoTime(row.updated_at) ?? "",
    cause: row.cause,
    highWater: row.high_water,
  }));
}
