// Which piece of which lot every order of the date takes: the lots it names, or first in, first out; locked lots left out; who names lots first, then by id (R3).
import { type Exact, exact, least, minus, order, plus, ZERO } from "./exact.ts";
import { monthsAfter, part, word } from "./policy.ts";
import type { DealRecord, RecordedOrder } from "./record.ts";

export interface Piece {
  readonly lotId: string;
  readonly openedOn: string;
  readonly units: Exact;
}

export const holder = (row: { investorId: string; classId: string }): string => `${row.investorId} ${row.classId}`;

/** Lots that were free before the date, by holder, the oldest first. Of a class without a dealing day nothing is asked. */
export function freeLots(record: DealRecord): Map<string, Piece[]> {
  const terms = new Map(record.days.map((day) => [day.classId, part(day.terms, "lockUp") ?? {}]));
  const lots = new Map<string, Map<string, Piece>>();
  for (const entry of record.entries) {
    const lockUp = terms.get(entry.classId);
    // what no order moved on the date, a crystallisation did, before anything was dealt
    if (lockUp === undefined || (entry.countsOn === record.date && entry.flowId !== null)) continue;
    if (monthsAfter(entry.openedOn, Number(word(lockUp, "hardMonths") ?? "0")) > record.date) continue;
    const own = lots.get(holder(entry)) ?? new Map<string, Piece>();
    const units = plus(own.get(entry.lotId)?.units ?? ZERO, exact(entry.units));
    own.set(entry.lotId, { lotId: entry.lotId, openedOn: entry.openedOn, units });
    lots.set(holder(entry), own);
  }
  const age = (a: Piece, b: Piece): number =>
    a.openedOn === b.openedOn ? (a.lotId < b.lotId ? -1 : 1) : a.openedOn < b.openedOn ? -1 : 1;
  return new Map([...lots].map(([key, own]) => [key, [...own.values()].sort(age)]));
}

/** The pieces of every order that gives units up, by its id. */
export function piecesOf(record: DealRecord): Map<string, Piece[]> {
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  return takeLots(
    record,
    record.days
      .flatMap((day) => day.fills)
      .flatMap((fill) => {
        const of = orders.get(fill.flowId);
        return of?.direction === "redemption" ? [{ of, units: exact(fill.filledUnits) }] : [];
      }),
  );
}

/** What each order gets of the free lots for so many units; what they do not cover is missing. */
export function takeLots(
  record: DealRecord,
  claims: readonly { of: RecordedOrder; units: Exact }[],
): Map<string, Piece[]> {
  const lots = freeLots(record);
  const turn = ({ of }: { of: RecordedOrder }): string => `${of.electedLots.length === 0 ? 1 : 0} ${of.flowId}`;
  const pieces = new Map<string, Piece[]>();
  for (const { of, units } of [...claims].sort((a, b) => (turn(a) < turn(b) ? -1 : 1))) {
    const own = lots.get(holder(of)) ?? [];
    const taken: Piece[] = [];
    let left = units;
    const places =
      of.electedLots.length === 0 ? own.keys() : of.electedLots.map((id) => own.findIndex((lot) => lot.lotId === id));
    for (const at of places) {
      const lot = own[at];
      if (lot === undefined || order(left, ZERO) <= 0) continue;
      const part = least(left, lot.units);
      if (order(part, ZERO) <= 0) continue;
      taken.push({ ...lot, units: part });
      own[at] = { ...lot, units: minus(lot.units, part) };
      left = minus(left, part);
    }
    pieces.set(of.flowId, taken);
  }
  return pieces;
}
