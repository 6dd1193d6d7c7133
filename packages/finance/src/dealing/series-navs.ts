// The series of a class at a strike (R25): what each is worth, the performance fee it owes by its own mark and hurdle (R23), and its price. Pure.
import { EvergreenError, type PerformanceFee } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { performanceTermsOf } from "../fees/policy-terms.ts";
import { bookRounding } from "../fees/rounding.ts";
import { seriesFee } from "../fees/series-step.ts";
import { byId, fromMinor } from "../money.ts";
import { scaledOf, scaledText } from "./scaled.ts";

export const SeriesNav = z.strictObject({
  id: z.string(),
  units: z.string(),
  /** After the fee. */
  nav: z.string(),
  navPerUnit: z.string(),
  performanceAccrued: z.string(),
  /** Mark per unit, and the day from which the hurdle runs. */
  mark: z.string(),
  since: z.string(),
});
export type SeriesNav = z.infer<typeof SeriesNav>;

/** Of a class, what its series are made of; amounts in fund currency, decimal strings. */
export type SeriesClass = {
  readonly unitsDp: number;
  readonly priceDp: number;
  readonly price: string;
  readonly performance: z.infer<typeof PerformanceFee>;
  readonly lots: readonly {
    readonly id: string;
    readonly series: string;
    readonly units: string;
    readonly mark: string;
    readonly openedOn: string;
    readonly since?: string | undefined;
  }[];
  /** What each stands at before the result; none: a unit of each is worth the same. */
  readonly series: readonly { readonly id: string; readonly assets: string }[];
};

type Group = { id: string; mark: string; opened: string; since: string; units: bigint; lots: Map<string, Fraction> };

/**
 * The result (`gav`, in minor units, less what the series stand at) is divided in proportion to what they stand at before fee, by largest remainder;
 * each owes the fee of R23 on its own profit over its own mark, HALF_UP at the minor unit; price = (value − fee) / units, HALF_UP. Errors: EG428 for a
 * series that is wiped out, those of the fee rules.
 */
export function seriesNavs(
  row: SeriesClass,
  gav: bigint,
  { currency, navDate }: { currency: string; navDate: string },
): SeriesNav[] {
  const groups = seriesOf(row);
  const { unitsDp, priceDp } = row;
  const round = bookRounding({ currency, unitsDp, priceDp });
  const { performance, hurdle } = performanceTermsOf(row.performance);
  const known = new Map(row.series.map(({ id, assets }) => [id, Fraction.of(assets)]));
  const units = groups.map((group) => Fraction.of(group.units, 10n ** BigInt(unitsDp)));
  const whole = Fraction.of(fromMinor(gav, currency));
  // a series that no strike knows yet comes in at the price of the class
  const stood = groups.map((group, i) =>
    known.size === 0
      ? Fraction.ZERO
      : (known.get(group.id) ?? round.fee((units[i] as Fraction).times(Fraction.of(row.price)))),
  );
  const weights = known.size === 0 ? units : stood;
  if (weights.some((weight) => !weight.isPositive)) throw wipedOut();
  const parts = round.split(whole.minus(Fraction.sum(stood)), weights);
  return groups.map((group, i) => {
    const assets = (stood[i] as Fraction).plus(parts[i] as Fraction);
    if (!assets.isPositive) throw wipedOut();
    const fee = round.fee(
      seriesFee(
        { id: group.id, assets, highWater: Fraction.of(group.mark), since: group.since, lots: group.lots },
        { performance, hurdle },
        navDate,
      ),
    );
    const nav = assets.minus(fee);
    if (!nav.isPositive) throw wipedOut();
    const text = (amount: Fraction): string => fromMinor(amount.scaled(minorOf(currency), "half_up"), currency);
    return {
      id: group.id,
      units: scaledText(group.units, unitsDp),
      nav: text(nav),
      navPerUnit: round.price(nav.over(units[i] as Fraction)).text(priceDp),
      performanceAccrued: text(fee),
      mark: group.mark,
      since: group.since,
    };
  });
}

const minorOf = (currency: string): bigint => 10n ** BigInt(fromMinor(1n, currency).split(".")[1]?.length ?? 0);

const wipedOut = (): EvergreenError =>
  new EvergreenError("EG428", "A series of the class is wiped out: nothing is left to deal at.");

/** Lots of one series stand at one mark, and their hurdles run from one day; a lot without a series is of the day and price it was opened at. Oldest first. */
function seriesOf(row: SeriesClass): Group[] {
  const groups = new Map<string, Group>();
  for (const lot of row.lots) {
    const id = lot.series === "" ? `${lot.openedOn}@${lot.mark}` : lot.series;
    const since = lot.since ?? lot.openedOn;
    const group = groups.get(id) ?? { id, mark: lot.mark, opened: lot.openedOn, since, units: 0n, lots: new Map() };
    group.units += scaledOf(lot.units, row.unitsDp, "classes.lots.units");
    group.lots.set(lot.id, Fraction.of(lot.units));
    if (lot.openedOn < group.opened) group.opened = lot.openedOn;
    if (since < group.since) group.since = since;
    groups.set(id, group);
  }
  return [...groups.values()].sort((a, b) => byId(a.opened, b.opened) || byId(a.id, b.id));
}
