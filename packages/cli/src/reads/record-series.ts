// Classes by series for the record of a dealing date: their series at the strike, and what the strike before and the postings since make of them.
import type { DealRecord, RecordedSeries } from "@evergreen-fund/verifier";
import { z } from "zod";
import type { Session } from "../session.ts";
import { type DateRow, rowsIn } from "./record-history.ts";

const SeriesRow = z.object({
  share_class_id: z.string(),
  series: z.string(),
  units: z.string(),
  nav: z.string(),
  nav_per_unit: z.string(),
  performance_accrued: z.string(),
  high_water: z.string(),
  since: z.string(),
});

/** The series of every class at a strike, by class. */
export async function seriesOf(session: Session, strikeId: string): Promise<Map<string, RecordedSeries[]>> {
  const rows = await session.read(
    "series_navs",
    "share_class_id,series,units::text,nav::text,nav_per_unit::text,performance_accrued::text,high_water::text,since",
    (query) => query.eq("strike_id", strikeId).order("series"),
    SeriesRow,
  );
  const found = new Map<string, RecordedSeries[]>();
  for (const row of rows) {
    const list = found.get(row.share_class_id) ?? [];
    list.push({
      series: row.series,
      units: row.units,
      nav: row.nav,
      navPerUnit: row.nav_per_unit,
      performanceAccrued: row.performance_accrued,
      highWater: row.high_water,
      since: row.since,
    });
    found.set(row.share_class_id, list);
  }
  return found;
}

const StrikeRow = z.object({ strike_id: z.string(), nav_date: z.string() });
const Known = z.object({ strike_id: z.string(), version: z.number(), recorded_at: z.string() });
const Pieces = z.array(z.object({ series: z.string(), units: z.string(), performance_fee: z.string() }));
const FillRow = z.object({
  allocation_id: z.string(),
  flow_id: z.string(),
  share_class_id: z.string(),
  series: z.string(),
  net_amount: z.string(),
  price: z.string(),
  high_water: z.string().nullable(),
  pieces: Pieces,
});
const FlowRow = z.object({
  flow_id: z.string(),
  direction: z.enum(["subscription", "redemption"]),
  order_kind: z.string(),
});
const MarkRow = z.object({
  mark_id: z.string(),
  share_class_id: z.string(),
  as_of: z.string(),
  cause: z.string(),
  recorded_at: z.string(),
  body: z.object({
    series: z
      .array(
        z.object({
          series: z.string(),
          fee: z.string().optional(),
          amount: z.string().optional(),
          rolled_into: z.string().optional(),
          cash: z.string().optional(),
        }),
      )
      .optional(),
  }),
});
const RestatementRow = z.object({ restatement_id: z.string(), share_class_id: z.string(), strike_id: z.string() });
const CompensationRow = z.object({
  compensation_id: z.string(),
  restatement_id: z.string(),
  flow_id: z.string(),
  due: z.object({
    series: z
      .array(z.object({ series: z.string(), units: z.string(), published: z.string(), correct: z.string() }))
      .optional(),
  }),
});
const CashRow = z.object({
  entry_id: z.string(),
  ledger_tx_id: z.string(),
  flow_id: z.string(),
  account: z.string(),
  amount: z.string(),
});
const TxRow = z.object({
  ledger_tx_id: z.string(),
  kind: z.string(),
  posted_at: z.string(),
  event_id: z.string().nullable(),
});
const EventRow = z.object({ event_id: z.string(), payload: z.object({ strike_id: z.string().optional() }) });
const PUT_RIGHT = ["compensation_payable", "compensation_receivable", "fee_payable"];

/** What restatements posted between two times for orders of classes by series: what the class got, below zero what it owes. */
async function putRightSince(session: Session, classIds: readonly string[], from: string, until: string) {
  const rowsBy = <T>(
    table: string,
    columns: string,
    key: keyof T & string,
    by: string,
    ids: string[],
    shape: z.ZodType<T>,
  ) => rowsIn(session, table, columns, key, (row: T) => String(row[key]), by, ids, shape);
  const restated = await rowsBy(
    "restatements",
    "restatement_id,share_class_id,strike_id",
    "restatement_id",
    "share_class_id",
    [...classIds],
    RestatementRow,
  );
  if (restated.length === 0) return [];
  const of = new Map(restated.map((row) => [row.restatement_id, row]));
  const owed = await rowsBy(
    "compensations",
    "compensation_id,restatement_id,flow_id,due",
    "compensation_id",
    "restatement_id",
    [...of.keys()],
    CompensationRow,
  );
  const entries = (
    await rowsBy(
      "cash_movements",
      "entry_id,ledger_tx_id,flow_id,account,amount::text",
      "entry_id",
      "flow_id",
      [...new Set(owed.map((row) => row.flow_id))],
      CashRow,
    )
  ).filter((row) => PUT_RIGHT.includes(row.account));
  const posted = (
    await rowsBy(
      "ledger_transactions",
      "ledger_tx_id,kind,posted_at,event_id",
      "ledger_tx_id",
      "ledger_tx_id",
      [...new Set(entries.map((row) => row.ledger_tx_id))],
      TxRow,
    )
  ).filter((row) => row.kind === "compensation" && row.posted_at > from && row.posted_at < until);
  const events = await rowsBy(
    "fund_events",
    "event_id,payload",
    "event_id",
    "event_id",
    posted.flatMap((row) => row.event_id ?? []),
    EventRow,
  );
  const strikeOf = new Map(events.map((row) => [row.event_id, row.payload.strike_id]));
  const txOf = new Map(posted.map((row) => [row.ledger_tx_id, strikeOf.get(row.event_id ?? "")]));
  return entries.flatMap((entry) => {
    const strike = txOf.get(entry.ledger_tx_id);
    const row = owed.find(
      (one) =>
        one.flow_id === entry.flow_id && of.get(one.restatement_id)?.strike_id === strike && strike !== undefined,
    );
    if (row?.due.series === undefined) return [];
    return [
      { classId: of.get(row.restatement_id)?.share_class_id ?? "", amount: entry.amount, pieces: row.due.series },
    ];
  });
}

const POSTED = ["posted", "claimable", "settled", "closed"];

/** What the result since the final strike before is divided by, for some classes. */
export async function seriesBefore(
  session: Session,
  fundId: string,
  classIds: readonly string[],
  strikeId: string | null,
  dates: readonly DateRow[],
  date: string,
): Promise<NonNullable<DealRecord["seriesBefore"]>> {
  if (classIds.length === 0) return [];
  const struck = await session.read(
    "nav_strikes",
    "strike_id,nav_date",
    (query) =>
      query.eq("fund_id", fundId).eq("state", "final").lte("nav_date", date).order("nav_date", { ascending: false }),
    StrikeRow,
    2,
  );
  const before = struck.find((row) => row.nav_date < date);
  if (before === undefined) return [];
  const firstOf = async (of: string): Promise<z.infer<typeof Known> | undefined> => {
    const first = await session.read(
      "nav_strikes",
      "strike_id,version,recorded_at",
      (query) => query.eq("fund_id", fundId).eq("nav_date", of).order("version"),
      Known,
      1,
    );
    return first[0];
  };
  const days = dates.filter(
    (row) => row.dealing_date >= before.nav_date && row.dealing_date < date && POSTED.includes(row.status),
  );
  const [series, fills, marks, first, own] = await Promise.all([
    seriesOf(session, before.strike_id),
    rowsIn(
      session,
      "allocations",
      "allocation_id,flow_id,share_class_id,series,net_amount::text,price::text,high_water::text,pieces",
      "allocation_id",
      (row) => row.allocation_id,
      "dealing_day_id",
      days.map((row) => row.dealing_day_id),
      FillRow,
    ),
    rowsIn(
      session,
      "class_marks",
      "mark_id,share_class_id,as_of,cause,recorded_at,body",
      "mark_id",
      (row) => row.mark_id,
      "share_class_id",
      classIds,
      MarkRow,
    ),
    firstOf(before.nav_date),
    strikeId === null ? undefined : firstOf(date),
  ]);
  const [from, until] = [first?.recorded_at ?? "", own === undefined ? "9999" : own.recorded_at];
  const [dealtAt, putRight] = await Promise.all([
    first === undefined || first.strike_id === before.strike_id ? null : seriesOf(session, first.strike_id),
    putRightSince(session, classIds, from, until),
  ]);
  const flows = await rowsIn(
    session,
    "fund_flows",
    "flow_id,direction,order_kind",
    "flow_id",
    (row) => row.flow_id,
    "flow_id",
    fills.map((row) => row.flow_id),
    FlowRow,
  );
  const flowOf = new Map(flows.map((row) => [row.flow_id, row]));
  return classIds.map((classId) => {
    const moved = marks.filter((row) => row.share_class_id === classId);
    const parts = (rows: typeof moved) => rows.flatMap((row) => row.body.series ?? []);
    return {
      classId,
      series: series.get(classId) ?? [],
      taken: parts(moved.filter((row) => row.cause === "crystallisation" && row.as_of === before.nav_date)).map(
        (row) => ({
          series: row.series,
          fee: row.fee ?? "0",
          rolledInto: row.rolled_into ?? null,
          cash: row.cash ?? "0",
        }),
      ),
      fills: fills.flatMap((row) => {
        const flow = flowOf.get(row.flow_id);
        if (row.share_class_id !== classId || flow === undefined || flow.order_kind === "transfer") return [];
        return [
          {
            direction: flow.direction,
            series: row.series,
            netAmount: row.net_amount,
            price: row.price,
            highWater: row.high_water,
            pieces: row.pieces.map((piece) => ({
              series: piece.series,
              units: piece.units,
              performanceFee: piece.performance_fee,
            })),
          },
        ];
      }),
      distributed: parts(
        moved.filter((row) => row.cause === "distribution" && row.recorded_at > from && row.recorded_at < until),
      ).map((row) => ({ series: row.series, amount: row.amount ?? "0" })),
      ...(dealtAt === null
        ? {}
        : {
            dealtAt: (dealtAt.get(classId) ?? []).map((row) => ({ series: row.series, navPerUnit: row.navPerUnit })),
          }),
      ...(putRight.length === 0
        ? {}
        : { putRight: putRight.filter((row) => row.classId === classId).map(({ classId: _of, ...row }) => row) }),
    };
  });
}
