// The series of a class at the NAV that stands (R25): what each is worth, since when it is there, and which was rolled into which when the fee was taken.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import type { FundAndClass } from "./classes.ts";
import { seriesOf } from "./record-series.ts";
import { newestStrike } from "./strikes.ts";

const LotRow = z.object({ lot_id: z.string(), series: z.string(), opened_on: z.string() });
const MarkRow = z.object({
  replaces: z.string().nullable(),
  mark_id: z.string(),
  body: z.object({
    series: z.array(z.object({ series: z.string(), rolled_into: z.string().optional() })).optional(),
  }),
});

/** One series; fund currency. `rolledInto`: the series that it became when the fee of that NAV was taken. */
export interface SeriesRow {
  series: string;
  opened: string;
  units: string;
  price: string;
  mark: string;
  fee: string;
  rolledInto: string | null;
}

/** The series at the NAV of a date, or of the newest one, the oldest first. Errors: EG404 without a NAV, EG428 for a class that has none at it. */
export async function seriesAt(
  session: Session,
  { fund, shareClass }: FundAndClass,
  date: string | undefined,
): Promise<{ date: string; state: string; rows: SeriesRow[] }> {
  const strike = await newestStrike(session, fund.fund_id, date);
  if (strike === undefined) throw new EvergreenError("EG404", `There is no NAV of ${plain(fund.code)} yet.`);
  const [struck, lots, marks] = await Promise.all([
    seriesOf(session, strike.strike_id),
    session.all(
      "lots",
      "lot_id,series,opened_on",
      "lot_id",
      (row) => row.lot_id,
      (query) => query.eq("share_class_id", shareClass.share_class_id),
      LotRow,
    ),
    session.read(
      "class_marks",
      "mark_id,replaces,body",
      (query) =>
        query
          .eq("share_class_id", shareClass.share_class_id)
          .eq("cause", "crystallisation")
          .eq("as_of", strike.nav_date),
      MarkRow,
    ),
  ]);
  const series = struck.get(shareClass.share_class_id) ?? [];
  if (series.length === 0)
    throw new EvergreenError(
      "EG428",
      `Class ${plain(shareClass.code)} has no series at the NAV of ${strike.nav_date}: its fee is not taken by series.`,
    );
  const replaced = new Set(marks.map((row) => row.replaces));
  const rolled = new Map(
    marks
      .filter((row) => !replaced.has(row.mark_id))
      .flatMap(({ body }) => (body.series ?? []).map((row) => [row.series, row.rolled_into ?? null] as const)),
  );
  const rows = series.map((row) => ({
    series: row.series,
    opened: openedOn(row.series, lots) ?? row.since,
    units: row.units,
    price: row.navPerUnit,
    mark: row.highWater,
    fee: row.performanceAccrued,
    rolledInto: rolled.get(row.series) ?? null,
  }));
  return {
    date: strike.nav_date,
    state: strike.state,
    rows: rows.sort((a, b) => (`${a.opened} ${a.series}` < `${b.opened} ${b.series}` ? -1 : 1)),
  };
}

/** A lot that was rolled bears the name of the lead: the name of a series that a day opened says the day. */
function openedOn(series: string, lots: readonly z.infer<typeof LotRow>[]): string | undefined {
  const named = /^\d{4}-\d{2}-\d{2}/.exec(series)?.[0];
  return (
    named ??
    lots
      .filter((lot) => lot.series === series)
      .map((lot) => lot.opened_on)
      .sort()[0]
  );
}
