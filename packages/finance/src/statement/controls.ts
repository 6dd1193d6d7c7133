// What must hold before a capital account statement may be printed: every line against a second source. Each finding names its line. Pure.
import { Fraction } from "../fees/fraction.ts";
import { currencyExponent } from "../money.ts";
import { type Known, type StatementEntry, type StatementInput, strikeOn } from "./books.ts";

export const LINES = [
  "opening",
  "contributions",
  "redemptions",
  "distributions",
  "transfers",
  "result",
  "management_fees",
  "performance_fees",
  "equalisation",
  "dealing_difference",
  "rounding",
  "closing",
] as const;
export type Line = (typeof LINES)[number];
export type Finding = { readonly line: Line; readonly what: string };

const LINE_OF = {
  subscription: "contributions",
  call: "contributions",
  redemption: "redemptions",
  distribution: "distributions",
  transfer_in: "transfers",
  transfer_out: "transfers",
  equalisation: "equalisation",
} as const satisfies Record<StatementEntry["kind"], Line>;

/** Findings in the order of the lines; none when the books agree. */
export function findings(input: StatementInput, known: Known): Finding[] {
  const found = [
    ...unitsAgainstLots(input, known, input.from, "opening"),
    ...known.entries.flatMap((entry) => entryFindings(known, entry)),
    ...dealtOrders(known).flatMap((pieces) => orderFindings(input, known, pieces)),
    ...distributionFindings(input, known),
    ...unitsAgainstLots(input, known, input.to, "closing"),
  ];
  return found.sort((a, b) => LINES.indexOf(a.line) - LINES.indexOf(b.line));
}

/** Σ units of a lot's entries = units of the lot. */
function unitsAgainstLots(input: StatementInput, known: Known, day: string, line: Line): Finding[] {
  const byLot = new Map<string, Fraction>([...known.lotNames].map((lot) => [lot, Fraction.ZERO]));
  for (const entry of known.entries) {
    if (entry.effectiveOn > day) continue;
    byLot.set(entry.lot, (byLot.get(entry.lot) ?? Fraction.ZERO).plus(Fraction.of(entry.units)));
  }
  return [...byLot].flatMap(([lot, units]) => {
    const row = known.lotOn(lot, day);
    const held = row === undefined ? Fraction.ZERO : Fraction.of(row.units);
    if (units.isNegative) return [{ line, what: `lot ${lot} has fewer units than none on ${day}` }];
    if (!units.eq(held)) return [{ line, what: `the entries of lot ${lot} are not its units on ${day}` }];
    if (!units.eq(units.rounded(input.unitsDp, "floor")))
      return [{ line, what: `lot ${lot} has finer units than the class` }];
    return [];
  });
}

/** Subscriptions, calls and redemptions that stand, the pieces of one order together. */
function dealtOrders(known: Known): (readonly [StatementEntry, ...StatementEntry[]])[] {
  const orders = new Map<string, [StatementEntry, ...StatementEntry[]]>();
  for (const entry of known.entries) {
    if (known.reversed.has(entry.id) || !["subscription", "call", "redemption"].includes(entry.kind)) continue;
    const key = entry.order === undefined ? `entry ${entry.id}` : `order ${entry.order}`;
    const pieces = orders.get(key);
    if (pieces) pieces.push(entry);
    else orders.set(key, [entry]);
  }
  return [...orders.values()];
}

function entryFindings(known: Known, entry: StatementEntry): Finding[] {
  const line = LINE_OF[entry.kind];
  const say = (what: string): Finding[] => [{ line, what: `entry ${entry.id}: ${what}` }];
  const original = known.reversed.get(entry.id);
  if (original) {
    const units = Fraction.of(entry.units).eq(Fraction.of(original.units).negated());
    const same = original.kind === entry.kind && Fraction.of(original.amount).eq(Fraction.of(entry.amount));
    return units && same ? [] : say(`it does not take back ${original.id} as it was`);
  }
  const units = Fraction.of(entry.units);
  const outward = entry.kind === "redemption" || entry.kind === "transfer_out";
  const inward = ["subscription", "call", "transfer_in"].includes(entry.kind);
  if ((outward && !units.isNegative) || (inward && !units.isPositive)) return say("its units have the wrong sign");
  if (entry.kind === "distribution") return units.isZero ? [] : say("a distribution moves no units");
  const amount = Fraction.of(entry.amount);
  if (entry.kind === "transfer_in" || entry.kind === "transfer_out" || entry.kind === "equalisation") {
    return amount.isZero ? [] : say("it moves no cash");
  }
  return [];
}

/** A dealt order: its price is one published by then, and its cash is units · price with what the pieces say beside it. */
function orderFindings(
  input: StatementInput,
  known: Known,
  pieces: readonly [StatementEntry, ...StatementEntry[]],
): Finding[] {
  const [entry] = pieces;
  const named = entry.order === undefined ? `entry ${entry.id}` : `order ${entry.order}`;
  return dealtFindings(input, known, pieces).map((what) => ({ line: LINE_OF[entry.kind], what: `${named}: ${what}` }));
}

function dealtFindings(
  input: StatementInput,
  known: Known,
  pieces: readonly [StatementEntry, ...StatementEntry[]],
): string[] {
  const [entry] = pieces;
  const sum = (of: (piece: StatementEntry) => string): Fraction =>
    Fraction.sum(pieces.map((piece) => Fraction.of(of(piece))));
  if (entry.price === undefined) return ["it has no price"];
  if (pieces.some(({ price, kind, effectiveOn }) => !isSame(entry, { price, kind, effectiveOn })))
    return ["its pieces are not of one kind, day and price"];
  const price = Fraction.of(entry.price);
  const units = sum((piece) => piece.units).magnitude();
  const amount = sum((piece) => piece.amount);
  const out = entry.kind === "redemption";
  const published = known.versions.filter(
    (strike) =>
      strike.series === entry.series &&
      strike.date === entry.effectiveOn &&
      Date.parse(strike.recordedAt) <= Date.parse(entry.recordedAt),
  );
  const prices = published.map(
    (strike) => (out ? strike.dealingPriceRed : strike.dealingPriceSub) ?? strike.navPerUnit,
  );
  if (!prices.some((text) => Fraction.of(text).eq(price)))
    return ["its price was not published for the day when it was posted"];
  const minor = Fraction.of(1n, 10n ** BigInt(currencyExponent(input.currency)));
  const charge = sum((piece) => piece.charge);
  const equalisation = sum((piece) => piece.equalisation);
  const worth = units.times(price);
  if (out) {
    const off = worth.minus(equalisation).minus(charge).minus(amount);
    return off.magnitude().lt(minor) ? [] : ["its cash is not units times price, with equalisation and less charges"];
  }
  // The floor of units leaves less than one of their last place; it stays in the fund.
  const left = amount.minus(worth).minus(equalisation).minus(charge);
  const most = price.over(Fraction.of(10n ** BigInt(input.unitsDp))).plus(minor);
  const fits = left.gt(minor.negated()) && left.lt(most);
  return fits ? [] : ["its cash is not units times price, with equalisation and charges"];
}

const isSame = (
  entry: StatementEntry,
  { price, kind, effectiveOn }: Pick<StatementEntry, "price" | "kind" | "effectiveOn">,
): boolean =>
  price !== undefined &&
  Fraction.of(price).eq(Fraction.of(entry.price ?? "0")) &&
  kind === entry.kind &&
  effectiveOn === entry.effectiveOn;

/** Cash distributed in a day = units held before it · distribution per unit, lot by lot; a missing one is found too. */
function distributionFindings(input: StatementInput, known: Known): Finding[] {
  const minor = Fraction.of(1n, 10n ** BigInt(currencyExponent(input.currency)));
  return [...known.strikes].flatMap(([series, strikes]) =>
    strikes
      .filter(({ date }) => date > input.from && date <= input.to)
      .flatMap(({ date }): Finding[] => {
        const perUnit = Fraction.of(strikeOn(known, series, date).distributionPerUnit);
        const held = new Map<string, Fraction>();
        const paid = new Map<string, Fraction>();
        for (const entry of known.entries) {
          if (entry.series !== series) continue;
          if (entry.effectiveOn < date)
            held.set(entry.lot, (held.get(entry.lot) ?? Fraction.ZERO).plus(Fraction.of(entry.units)));
          if (entry.effectiveOn !== date || entry.kind !== "distribution") continue;
          const signed = known.reversed.has(entry.id) ? Fraction.of(entry.amount).negated() : Fraction.of(entry.amount);
          paid.set(entry.lot, (paid.get(entry.lot) ?? Fraction.ZERO).plus(signed));
        }
        return [...new Set([...held.keys(), ...paid.keys()])].flatMap((lot): Finding[] => {
          const due = (held.get(lot) ?? Fraction.ZERO).times(perUnit);
          const off = due.minus(paid.get(lot) ?? Fraction.ZERO).magnitude();
          if (off.lt(minor)) return [];
          return [{ line: "distributions", what: `lot ${lot} was not paid its units' distribution on ${date}` }];
        });
      }),
  );
}
