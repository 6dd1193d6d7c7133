// Which piece of which lot every order of the date takes: first in, first out, locked lots left out, orders in the order of their ids (R3).
import { type Exact, exact, least, minus, order, plus, ZERO } from "./exact.ts";
import { monthsAfter, part, word } from "./policy.ts";
import type { DealRecord } from "./record.ts";

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
    if (lockUp === undefined || entry.countsOn === record.date) continue;
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
  const lots = freeLots(record);
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  const fills = record.days.flatMap((day) => day.fills).sort((a, b) => (a.flowId < b.flowId ? -1 : 1));
  const pieces = new Map<string, Piece[]>();
  for (const fill of fills) {
    const of = orders.get(fill.flowId);
    if (of?.direction !== "redemption") continue;
    const own = lots.get(holder(of)) ?? [];
    const taken: Piece[] = [];
    let left = exact(fill.filledUnits);
    for (let at = 0; at < own.length && order(left, ZERO) > 0; at++) {
      const lot = own[at] as Piece;
      const units = least(left, lot.units);
      if (order(units, ZERO) <= 0) continue;
      taken.push({ ...lot, units });
      own[at] = { ...lot, units: minus(lot.units, units) };
      left = minus(left, units);
    }
    pieces.set(fill.flowId, taken);
  }
  return pieces;
}
