// The crystallisation of a class by series at its last NAV (R22, R25): the fee of each series, its new mark, and what is rolled into the lead. Pure.
import type { PerformanceFee } from "@evergreen-fund/domain";
import type { z } from "zod";
import { Fraction } from "./fraction.ts";
import { performanceTermsOf } from "./policy-terms.ts";
import { bookRounding } from "./rounding.ts";

/** A series at the NAV, the oldest first; money per unit but `nav` and the fee. Decimal strings. */
export type StruckSeries = {
  readonly series: string;
  readonly nav: string;
  readonly nav_per_unit: string;
  readonly performance_accrued: string;
  readonly high_water: string;
  readonly since: string;
};

export type SeriesPosting = {
  fee: string;
  series: { series: string; fee: string; high_water: string; since: string; rolled_into?: string; cash: string }[];
  /** Of the lots that are rolled: signed units, and the cash that their investor gets for what rounding leaves. */
  lots: { lot_id: string; series: string; change: string; cash: string }[];
};

/**
 * Every series pays the fee it has accrued; where one is paid the mark rises to the price after it and the hurdle begins anew, else both stay. A series
 * that stands at its mark is rolled into the lead (the oldest), if that stands at its own, and where there is a hurdle both run from one day: each lot gets
 * ⌊units × price of the series / price of the lead⌋, the rest in cash, down to the minor unit. Source: R25. Errors: those of the terms.
 */
export function seriesCrystallisation(facts: {
  currency: string;
  units_dp: number;
  price_dp: number;
  nav_date: string;
  performance: z.infer<typeof PerformanceFee>;
  series: readonly StruckSeries[];
  lots: readonly { readonly id: string; readonly series: string; readonly units: string }[];
}): SeriesPosting {
  const round = bookRounding({ currency: facts.currency, unitsDp: facts.units_dp, priceDp: facts.price_dp });
  const { hurdle } = performanceTermsOf(facts.performance);
  const rows = facts.series.map((row) => {
    const fee = Fraction.of(row.performance_accrued);
    const price = Fraction.of(row.nav_per_unit);
    const mark = Fraction.of(row.high_water);
    return {
      series: row.series,
      fee,
      price,
      // a hurdle not passed leaves the mark where it is: what was gained below the hurdle has not been charged yet
      mark: fee.isPositive ? Fraction.max(mark, price) : mark,
      since: fee.isPositive ? facts.nav_date : row.since,
    };
  });
  const lead = rows[0];
  const atMark = (row: (typeof rows)[number]): boolean => row.price.eq(row.mark);
  const rolls = (row: (typeof rows)[number]): boolean =>
    lead !== undefined && row !== lead && atMark(lead) && atMark(row) && (hurdle === null || row.since === lead.since);
  const lots = rows.filter(rolls).flatMap((row) =>
    facts.lots
      .filter(({ series }) => series === row.series)
      .map((lot) => {
        const units = Fraction.of(lot.units);
        const leadPrice = lead?.price as Fraction;
        const exchanged = round.units(units.times(row.price).over(leadPrice));
        const cash = round.payout(units.times(row.price).minus(exchanged.times(leadPrice)));
        return { lot_id: lot.id, series: row.series, change: exchanged.minus(units), cash };
      }),
  );
  return {
    fee: Fraction.sum(rows.map(({ fee }) => fee)).ratioText(),
    series: rows.map((row) => ({
      series: row.series,
      fee: row.fee.ratioText(),
      high_water: row.mark.ratioText(),
      since: row.since,
      ...(rolls(row) ? { rolled_into: lead?.series as string } : {}),
      cash: Fraction.sum(lots.filter(({ series }) => series === row.series).map(({ cash }) => cash)).ratioText(),
    })),
    lots: lots.map((lot) => ({ ...lot, change: lot.change.ratioText(), cash: lot.cash.ratioText() })),
  };
}
