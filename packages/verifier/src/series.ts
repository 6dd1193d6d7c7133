// A class whose performance fee is by series: what each series is worth and owes, and what an order gets lot by lot at their prices (R23, R25).
import {
  down,
  type Exact,
  exact,
  least,
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
  sum,
  times,
  ZERO,
} from "./exact.ts";
import type { Piece } from "./lots.ts";
import { figure, type Json, part, word } from "./policy.ts";
import type { DealRecord, RecordedClassNav, RecordedFill, RecordedSeries } from "./record.ts";

const feeTerms = (record: DealRecord, classId: string): Json => {
  const day = record.days.find((row) => row.classId === classId);
  return part(part(day?.terms ?? {}, "fees") ?? {}, "performance") ?? {};
};

const hasSeriesFee = (record: DealRecord, classId: string): boolean =>
  word(feeTerms(record, classId), "method") === "series";

/** Whether the class deals by series on the date: one without units yet has none, and is entered at its first price either way. */
export const isBySeries = (record: DealRecord, classId: string): boolean =>
  hasSeriesFee(record, classId) &&
  (record.strike?.classes ?? []).some((row) => row.classId === classId && (row.series ?? []).length > 0);

const above = (value: Exact): Exact => most(value, ZERO);

const DIGITS = 10n ** 60n;
/** ln(1 + rate) in 10^-60: twice the sum of z^(2k+1)/(2k+1) with z = rate / (2 + rate). */
function logOf(rate: Exact): bigint {
  const z = over(rate, plus(exact("2"), rate));
  const step = (z.n * DIGITS) / z.d;
  let [power, total] = [step, 0n];
  for (let k = 1n; power !== 0n; k += 2n) {
    total += power / k;
    power = (((power * step) / DIGITS) * step) / DIGITS;
  }
  return 2n * total;
}

/** (1 + rate)^(days / 365) − 1 to more places than money has. */
function growth(rate: Exact, days: number): Exact {
  const exponent = (logOf(rate) * BigInt(days)) / 365n;
  let [term, total] = [DIGITS, 0n];
  for (let k = 1n; term !== 0n; k += 1n) {
    term = (term * exponent) / DIGITS / k;
    total += term;
  }
  return over({ n: total, d: 1n }, { n: DIGITS, d: 1n });
}

/** R23 on what a series gained above its mark; the hurdle compounds yearly, act/365, on the mark. */
function feeOf(fee: Json, assets: Exact, of: RecordedSeries, date: string): Exact {
  const rate = figure(fee, "rate") ?? ZERO;
  const hurdle = figure(fee, "hurdle") ?? ZERO;
  const base = times(exact(of.highWater), exact(of.units));
  const profit = minus(assets, base);
  if (same(hurdle, ZERO)) return times(rate, above(profit));
  const days = Math.round((Date.parse(date) - Date.parse(of.since)) / 86_400_000);
  const high = times(base, growth(hurdle, days));
  const gained = minus(profit, high);
  if (order(gained, ZERO) <= 0) return ZERO;
  if (word(fee, "catchUp") === "cliff") return times(rate, profit);
  const catchUp = figure(fee, "catchUp") ?? ONE;
  if (same(catchUp, rate)) return times(rate, gained);
  const width = over(times(high, rate), minus(catchUp, rate));
  return plus(times(catchUp, least(gained, width)), times(rate, above(minus(gained, width))));
}

/** What each series stands at before the result, from the strike before and what was posted since; null before the first strike by series. */
function standing(record: DealRecord, of: RecordedClassNav): Map<string, Exact> | null {
  const before = (record.seriesBefore ?? []).find((row) => row.classId === of.classId);
  if (before === undefined || before.series.length === 0) return null;
  // orders dealt at the prices that were published, whatever restated them since
  const prices = new Map((before.dealtAt ?? before.series).map((row) => [row.series, exact(row.navPerUnit)]));
  const stands = new Map(before.series.map((row) => [row.series, plus(exact(row.nav), exact(row.performanceAccrued))]));
  const add = (series: string, amount: Exact): void => {
    stands.set(series, plus(stands.get(series) ?? ZERO, amount));
  };
  for (const row of before.taken) add(row.series, minus(ZERO, exact(row.fee)));
  for (const row of before.taken) {
    if (row.rolledInto === null) continue;
    const whole = stands.get(row.series) ?? ZERO;
    add(row.series, minus(ZERO, whole));
    add(row.rolledInto, minus(whole, exact(row.cash)));
  }
  for (const fill of before.fills) {
    for (const piece of fill.pieces) {
      const worth = down(times(exact(piece.units), prices.get(piece.series) ?? ZERO), record.cashDp);
      add(piece.series, minus(ZERO, plus(worth, exact(piece.performanceFee))));
    }
    if (fill.direction === "redemption" || fill.series === "") continue;
    // what swing or spread made dearer is everybody's
    const [net, paid, mark] = [exact(fill.netAmount), exact(fill.price), exact(fill.highWater ?? fill.price)];
    add(fill.series, same(paid, mark) ? net : down(over(times(net, mark), paid), record.cashDp));
  }
  for (const { amount, pieces } of before.putRight ?? []) {
    const weights = pieces.map((row) => times(exact(row.units), size(minus(exact(row.published), exact(row.correct)))));
    const whole = sum(weights);
    if (same(whole, ZERO)) continue;
    pieces.forEach((row, i) => {
      add(row.series, nearest(over(times(exact(amount), weights[i] ?? ZERO), whole), record.cashDp));
    });
  }
  for (const row of before.distributed) add(row.series, minus(ZERO, exact(row.amount)));
  return stands;
}

/** What is wrong with the series of a class at the strike; null: nothing, or it has none. */
export function wrongSeries(record: DealRecord, of: RecordedClassNav): string | null {
  const rows = of.series ?? [];
  if (rows.length === 0)
    return hasSeriesFee(record, of.classId) && !same(exact(of.units), ZERO) ? "it was struck without its series" : null;
  const total = (pick: (row: RecordedSeries) => string): Exact => sum(rows.map((row) => exact(pick(row))));
  if (
    !same(
      total((row) => row.nav),
      exact(of.nav),
    ) ||
    !same(
      total((row) => row.units),
      exact(of.units),
    ) ||
    !same(
      total((row) => row.performanceAccrued),
      exact(of.performanceAccrued),
    )
  )
    return "its series do not add up to it";
  const priced = rows.find(
    (row) => !same(nearest(over(exact(row.nav), exact(row.units)), of.priceDp), exact(row.navPerUnit)),
  );
  if (priced !== undefined) return `the price of series ${priced.series} is not its value over its units`;
  if (of.pocket === true || !isBySeries(record, of.classId)) return null;
  const assets = new Map(rows.map((row) => [row.series, plus(exact(row.nav), exact(row.performanceAccrued))]));
  const stands = standing(record, of);
  const weights = new Map(rows.map((row) => [row.series, stands?.get(row.series) ?? exact(stands ? "0" : row.units)]));
  const stood = (series: string): Exact => (stands === null ? ZERO : (stands.get(series) ?? ZERO));
  const result = minus(sum(assets.values()), sum(rows.map((row) => stood(row.series))));
  const minor = over(ONE, { n: 10n ** BigInt(record.cashDp), d: 1n });
  for (const row of rows) {
    const share = over(times(result, weights.get(row.series) ?? ZERO), sum(weights.values()));
    const due = plus(stood(row.series), share);
    const has = assets.get(row.series) ?? ZERO;
    // whole minor units by largest remainder: never one away
    if (order(size(minus(has, due)), minor) >= 0)
      return `series ${row.series} has ${shown(has, record.cashDp)} before its fee, computed ${shown(nearest(due, record.cashDp), record.cashDp)}`;
    const fee = nearest(feeOf(feeTerms(record, of.classId), has, row, record.date), record.cashDp);
    if (!same(fee, exact(row.performanceAccrued)))
      return `series ${row.series} owes ${row.performanceAccrued}, computed ${shown(fee, record.cashDp)}`;
  }
  return null;
}

/** Gross amount, price on average and pieces of what leaves by series, at the prices as `moved` changes them. */
export function leaving(
  record: DealRecord,
  of: RecordedClassNav,
  fill: RecordedFill,
  taken: readonly Piece[],
  moved: (price: Exact) => Exact,
): { gross: Exact; price: Exact | null; soft: (piece: Piece) => Exact } | string {
  const told = new Map((fill.pieces ?? []).map((row) => [row.lotId, row]));
  if (told.size !== taken.length) return "its pieces are not the lots that it took";
  const series = new Map((of.series ?? []).map((row) => [row.series, row]));
  const priceOf = new Map<string, Exact>();
  let [gross, fee] = [ZERO, ZERO];
  const isTaken = record.marks.some(
    (row) => row.classId === of.classId && row.cause === "crystallisation" && row.asOf === record.date,
  );
  for (const piece of taken) {
    const row = told.get(piece.lotId);
    const struck = row === undefined ? undefined : series.get(row.series);
    if (row === undefined || struck === undefined || !same(exact(row.units), piece.units))
      return `its piece of lot ${piece.lotId} is not what it took, or of no series of the strike`;
    const price = moved(exact(struck.navPerUnit));
    const amount = down(times(piece.units, price), record.cashDp);
    const owed = isTaken
      ? ZERO
      : nearest(over(times(exact(struck.performanceAccrued), piece.units), exact(struck.units)), record.cashDp);
    if (!same(exact(row.price), price) || !same(exact(row.amount), amount) || !same(exact(row.performanceFee), owed))
      return `its piece of lot ${piece.lotId} is not at the price of series ${row.series}, or without its fee`;
    priceOf.set(piece.lotId, price);
    gross = plus(gross, amount);
    fee = plus(fee, owed);
  }
  if (!same(exact(fill.performanceFee), fee) || !same(exact(fill.credit), ZERO))
    return `performance fee ${fill.performanceFee}, computed ${shown(fee, record.cashDp)}`;
  const units = sum(taken.map((piece) => piece.units));
  const [first, ...others] = [...priceOf.values()];
  const isOne = first !== undefined && others.every((price) => same(price, first));
  const average = isOne ? first : same(units, ZERO) ? ZERO : nearest(over(gross, units), of.priceDp);
  return {
    gross,
    price: same(average, ZERO) ? null : average,
    soft: (piece) => priceOf.get(piece.lotId) ?? ZERO,
  };
}

/** What is wrong with what a subscription by series starts with; null: nothing. */
export function wrongEntry(record: DealRecord, of: RecordedClassNav, fill: RecordedFill): string | null {
  const named = (of.series ?? []).some((row) => row.series === record.date) ? `${record.date}/2` : record.date;
  if (fill.series !== named) return `it is in series ${fill.series ?? "none"}, the day opens ${named}`;
  if (fill.highWater === null || !same(exact(fill.highWater), exact(of.issuePrice ?? of.navPerUnit)))
    return `mark ${fill.highWater ?? "none"}, the issue price is ${of.issuePrice ?? of.navPerUnit}`;
  const none = [fill.credit, fill.performanceFee, fill.equalisationCredit];
  return none.every((text) => same(exact(text), ZERO)) ? null : "a subscription by series has a credit or a fee";
}
