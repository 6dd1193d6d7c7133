// What a capital account statement is made from: ledger entries, lots and strikes with the day they are for and the time they were recorded, and
// the view of them as known on a time. Pure.
import { CurrencyCode, DecimalString, EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day } from "../fees/days.ts";
import { Fraction } from "../fees/fraction.ts";
import { Name, NonNegative } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";

export const Instant = z.iso.datetime();

export const StatementEntry = z.strictObject({
  id: Name,
  effectiveOn: Day,
  recordedAt: Instant,
  lot: Name,
  /** Series of the lot (R25); empty for a class with one price. */
  series: z.string().max(200).default(""),
  kind: z.enum(["subscription", "call", "redemption", "distribution", "transfer_in", "transfer_out", "equalisation"]),
  /** Signed change of the holder's units. */
  units: DecimalString,
  /** Cash of the holder without sign: paid in for a subscription or call, paid out for a redemption or distribution, else 0. */
  amount: MoneyString.refine((text) => !text.startsWith("-"), "expected an amount without sign").default("0"),
  /** Price dealt at, for subscriptions, calls and redemptions. */
  price: NonNegative.optional(),
  /** Levy and fee within the cash. */
  charge: NonNegative.default("0"),
  /** Signed part of the cash or units that changes the lot's equalisation balance. */
  equalisation: DecimalString.default("0"),
  /** The entry this one takes back, with the signs of its units turned. */
  reverses: Name.optional(),
  /** The order it is a piece of: an order may take from many lots, and its cash, charge and equalisation may stand on any of its pieces. */
  order: Name.optional(),
});
export type StatementEntry = z.output<typeof StatementEntry>;

export const StatementLot = z.strictObject({
  lot: Name,
  effectiveOn: Day,
  recordedAt: Instant,
  /** Units of the lot from that day on. */
  units: NonNegative,
  /** Equalisation in reach: a credit that would be refunded, or less a depreciation charge. Money. */
  equalisation: DecimalString.default("0"),
});
export type StatementLot = z.output<typeof StatementLot>;

export const StatementStrike = z.strictObject({
  date: Day,
  recordedAt: Instant,
  series: z.string().max(200).default(""),
  /** Unswung price after all fees, after the distribution of the day. */
  navPerUnit: NonNegative,
  dealingPriceSub: NonNegative.optional(),
  dealingPriceRed: NonNegative.optional(),
  /** Per unit, since the strike before. */
  distributionPerUnit: NonNegative.default("0"),
  managementFeePerUnit: DecimalString.default("0"),
  performanceFeePerUnit: DecimalString.default("0"),
});
export type StatementStrike = z.output<typeof StatementStrike>;

export const StatementInput = z.strictObject({
  currency: CurrencyCode,
  unitsDp: z.int().min(0).max(18).default(4),
  investor: Name,
  /** The statement covers what is effective after `from`, up to and including `to`; both need a strike. */
  from: Day,
  to: Day,
  /** What was recorded later is not seen. */
  knownOn: Instant,
  entries: z.array(StatementEntry).max(100_000),
  lots: z.array(StatementLot).max(100_000),
  strikes: z.array(StatementStrike).max(100_000),
});
export type StatementInput = z.output<typeof StatementInput>;

/** The books of one holder as known on a time, up to the end of the statement. */
export type Known = {
  /** In the order of their days; an entry and its reversal of the same day are both left out. */
  readonly entries: readonly StatementEntry[];
  readonly reversed: ReadonlyMap<string, StatementEntry>;
  /** Every version of every strike, the latest recorded last. */
  readonly versions: readonly StatementStrike[];
  /** By series, in the order of their days, the latest version each. */
  readonly strikes: ReadonlyMap<string, readonly StatementStrike[]>;
  readonly lotOn: (lot: string, day: string) => StatementLot | undefined;
  readonly lotNames: ReadonlySet<string>;
};

const time = (instant: string): number => Date.parse(instant);

/** Errors: EG400 for an id that occurs twice, or a reversal of an entry that is not there. */
export function knownOn(input: StatementInput): Known {
  refuseRepeats("entries", input.entries);
  const limit = time(input.knownOn);
  const seen = <Row extends { recordedAt: string }>(rows: readonly Row[]): Row[] =>
    rows.filter((row) => time(row.recordedAt) <= limit).sort((a, b) => time(a.recordedAt) - time(b.recordedAt));
  const all = seen(input.entries).filter(({ effectiveOn }) => effectiveOn <= input.to);
  const byName = new Map(input.entries.map((entry) => [entry.id, entry]));
  const gone = new Set<string>();
  const reversed = new Map<string, StatementEntry>();
  for (const entry of all) {
    if (entry.reverses === undefined) continue;
    const original = byName.get(entry.reverses);
    if (!original) throw new EvergreenError("EG400", `entries: ${entry.id} reverses an entry that is not there.`);
    reversed.set(entry.id, original);
    if (original.effectiveOn === entry.effectiveOn) gone.add(entry.id).add(original.id);
  }
  const versions = seen(input.strikes);
  const lots = seen(input.lots);
  return {
    entries: all
      .filter(({ id }) => !gone.has(id))
      .sort((a, b) => (a.effectiveOn < b.effectiveOn ? -1 : a.effectiveOn > b.effectiveOn ? 1 : 0)),
    reversed,
    versions,
    strikes: latestStrikes(versions),
    lotOn: (lot, day) => {
      const rows = lots.filter((row) => row.lot === lot && row.effectiveOn <= day);
      return rows.reduce<StatementLot | undefined>(
        (best, row) => (best === undefined || row.effectiveOn >= best.effectiveOn ? row : best),
        undefined,
      );
    },
    lotNames: new Set(lots.map(({ lot }) => lot)),
  };
}

function latestStrikes(versions: readonly StatementStrike[]): Map<string, StatementStrike[]> {
  const latest = new Map<string, Map<string, StatementStrike>>();
  for (const strike of versions) {
    const days = latest.get(strike.series) ?? new Map<string, StatementStrike>();
    latest.set(strike.series, days.set(strike.date, strike));
  }
  return new Map(
    [...latest].map(([series, days]) => [series, [...days.values()].sort((a, b) => (a.date < b.date ? -1 : 1))]),
  );
}

/** The strike of a series on a day, as known. Errors: EG404 naming the day. */
export function strikeOn(known: Known, series: string, day: string): StatementStrike {
  const found = known.strikes.get(series)?.find(({ date }) => date === day);
  if (found) return found;
  const which = series === "" ? "" : ` of series ${series}`;
  throw new EvergreenError("EG404", `There is no strike${which} on ${day} as known on that time.`);
}

/** Units of a series after the dealing of a day. */
export const unitsAfter = (entries: readonly StatementEntry[], series: string, day: string): Fraction =>
  Fraction.sum(
    entries
      .filter((entry) => entry.series === series && entry.effectiveOn <= day)
      .map((entry) => Fraction.of(entry.units)),
  );
