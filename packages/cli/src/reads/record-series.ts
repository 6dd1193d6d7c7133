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
  const knownAt = async (of: string): Promise<string> => {
    const first = await session.read(
      "nav_strikes",
      "strike_id,version,recorded_at",
      (query) => query.eq("fund_id", fundId).eq("nav_date", of).order("version"),
      Known,
      1,
    );
    return first[0]?.recorded_at ?? "";
  };
  const days = dates.filter(
    (row) => row.dealing_date >= before.nav_date && row.dealing_date < date && POSTED.includes(row.status),
  );
  const [series, fills, marks, from, until] = await Promise.all([
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
    knownAt(before.nav_date),
    strikeId === null ? "9999" : knownAt(date),
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
    const own = marks.filter((row) => row.share_class_id === classId);
    const parts = (rows: typeof own) => rows.flatMap((row) => row.body.series ?? []);
    return {
      classId,
      series: series.get(classId) ?? [],
      taken: parts(own.filter((row) => row.cause === "crystallisation" && row.as_of === before.nav_date)).map(
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
        own.filter((row) => row.cause === "distribution" && row.recorded_at > from && row.recorded_at < until),
      ).map((row) => ({ series: row.series, amount: row.amount ?? "0" })),
    };
  });
}
