// A class with equalisation: the price before performance fee, at which is subscribed, the mark, and what a deal has to say of them (R22, R24).
import {
  type Exact,
  exact,
  minus,
  most,
  nearest,
  ONE,
  order,
  over,
  plus,
  same,
  shown,
  size,
  times,
  ZERO,
} from "./exact.ts";
import { figure, part, word } from "./policy.ts";
import type { DealRecord, RecordedClassNav, RecordedFill } from "./record.ts";
import { isBySeries } from "./series.ts";

export interface Entry {
  readonly rate: Exact;
  /** Before the fee, unrounded. */
  readonly gav: Exact;
  readonly mark: Exact;
  /** The unswung price at which is subscribed. */
  readonly price: Exact;
}

/** The last thing that moved the mark by the date; a mark that came with the register is the first of all. */
function markOf(record: DealRecord, of: RecordedClassNav): Exact {
  const counts = record.marks.filter(
    (row) => row.classId === of.classId && (row.cause === "opening" || row.asOf <= record.date),
  );
  const place = (row: (typeof counts)[number]): string => (row.cause === "opening" ? "" : row.asOf);
  const inTurn = [...counts].sort((a, b) =>
    place(a) === place(b) ? (a.setAt < b.setAt ? -1 : 1) : place(a) < place(b) ? -1 : 1,
  );
  const last = inTurn.at(-1);
  return exact(last?.highWater ?? of.issuePrice ?? of.navPerUnit);
}

/** Null where one enters and leaves at the NAV per unit: no equalisation, no units, or the fee was taken on this very NAV. */
export function entryOf(record: DealRecord, of: RecordedClassNav): Entry | null {
  const day = record.days.find((row) => row.classId === of.classId);
  const fee = part(part(day?.terms ?? {}, "fees") ?? {}, "performance") ?? {};
  const taken = record.marks.some(
    (row) => row.classId === of.classId && row.cause === "crystallisation" && row.asOf === record.date,
  );
  if (word(fee, "method") !== "equalisation" || same(exact(of.units), ZERO) || taken) return null;
  const gav = over(plus(exact(of.nav), exact(of.performanceAccrued)), exact(of.units));
  return { rate: figure(fee, "rate") ?? ZERO, gav, mark: markOf(record, of), price: nearest(gav, of.priceDp) };
}

const above = (value: Exact): Exact => most(value, ZERO);

/** What is wrong with the credit of a subscription or the fee of a redemption; null: nothing. Fee and credit of a redemption are together its part of the class's. */
export function wrongFee(
  record: DealRecord,
  of: RecordedClassNav,
  fill: RecordedFill,
  redeemed: boolean,
): string | null {
  const entry = entryOf(record, of);
  const [units, credit, fee] = [exact(fill.filledUnits), exact(fill.credit), exact(fill.performanceFee)];
  const noted = exact(fill.equalisationCredit);
  if (redeemed) {
    const due = entry === null ? ZERO : times(times(entry.rate, above(minus(entry.gav, entry.mark))), units);
    // both are rounded once, to the minor unit
    const most = entry === null ? ZERO : over(exact("2"), { n: 10n ** BigInt(record.cashDp), d: 1n });
    const apart = size(minus(plus(credit, fee), due));
    return order(apart, most) <= 0 && order(fee, ZERO) >= 0
      ? null
      : `performance fee ${fill.performanceFee} and credit ${fill.credit}, computed together ${shown(nearest(due, record.cashDp), record.cashDp)}`;
  }
  if (!same(credit, ZERO) || !same(fee, ZERO)) return "a subscription is paid a credit or a fee";
  const due =
    entry === null ? ZERO : nearest(times(times(entry.rate, above(minus(entry.price, entry.mark))), units), 18);
  if (!same(noted, due)) return `equalisation credit ${fill.equalisationCredit}, computed ${shown(due)}`;
  if (entry !== null && (fill.highWater === null || !same(exact(fill.highWater), entry.price)))
    return `reference ${fill.highWater ?? "none"}, the price before the fee is ${shown(entry.price, of.priceDp)}`;
  return null;
}

/** A class's price for who enters, before swing or spread; by series that of the first issue (R25). */
export const entryPriceOf = (record: DealRecord, of: RecordedClassNav): Exact =>
  isBySeries(record, of.classId)
    ? exact(of.issuePrice ?? of.navPerUnit)
    : (entryOf(record, of)?.price ?? exact(of.navPerUnit));

/** Price with a factor, HALF_UP. */
export const moved = (price: Exact, factor: Exact, places: number): Exact =>
  nearest(times(price, plus(ONE, factor)), places);
