// What a performance fee does to the orders of a class under equalisation (R24): the price one enters at, the credit of a new lot, and what a redemption
// takes along of the credit and of the fee of its lots. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { duesOf } from "../fees/equalisation-step.ts";
import { Fraction } from "../fees/fraction.ts";
import type { SeriesBook } from "./deal-series.ts";
import type { DealFacts } from "./deal-shapes.ts";
import type { LotUse } from "./lots.ts";

export type Equalised = {
  readonly rate: Fraction;
  /** Price before performance fee, unrounded, and the mark; money per unit, unswung. */
  readonly gav: Fraction;
  readonly mark: Fraction;
};

type ClassFacts = Pick<DealFacts["classes"][number], "beforeFee" | "dealing">;

/** Null where the class has no equalisation or nothing of its fee is open. Errors: EG400 for a value over no units. */
export function equalisedOf({ beforeFee, dealing }: ClassFacts): Equalised | null {
  const { method, rate } = dealing.fees.performance;
  if (beforeFee === undefined || method !== "equalisation") return null;
  const units = Fraction.of(beforeFee.units);
  if (!units.isPositive) throw new EvergreenError("EG400", "classes.beforeFee.units: expected units above 0.");
  return {
    rate: Fraction.of(rate),
    gav: Fraction.of(beforeFee.value).over(units),
    mark: Fraction.of(beforeFee.mark),
  };
}

type Entered = { equalised: Equalised | null; seriesBook: SeriesBook | null; price: bigint; priceDp: number };

/** The unswung price at which one subscribes, in 10^-priceDp: under equalisation before performance fee, HALF_UP; by series the issue price. */
export function entryPrice({ equalised, seriesBook, price, priceDp }: Entered): bigint {
  if (seriesBook !== null) return seriesBook.issuePrice;
  return equalised === null ? price : equalised.gav.scaled(10n ** BigInt(priceDp), "half_up");
}

/**
 * What a lot of `units` (10^-unitsDp) starts with: the entry price as its reference (its mark, by series), and under equalisation
 * rate · (price − mark)⁺ per unit, 18 decimals HALF_UP.
 */
export function newLot(
  of: Entered & { unitsDp: number },
  units: bigint,
): { reference: string | null; equalisationCredit: string } {
  if (of.seriesBook !== null)
    return {
      reference: Fraction.of(of.seriesBook.issuePrice, 10n ** BigInt(of.priceDp)).text(of.priceDp),
      equalisationCredit: "0",
    };
  if (of.equalised === null) return { reference: null, equalisationCredit: "0" };
  const { rate, mark } = of.equalised;
  const price = Fraction.of(entryPrice(of), 10n ** BigInt(of.priceDp));
  const bought = Fraction.of(units, 10n ** BigInt(of.unitsDp));
  return {
    reference: price.text(of.priceDp),
    equalisationCredit: rate.times(price.minus(mark).positive()).times(bought).ratioText(),
  };
}

export type LotFacts = {
  readonly series?: string | undefined;
  readonly units: string;
  readonly reference?: string | undefined;
  readonly credit: string;
};

/**
 * What the pieces of some lots take along, in minor units: `cash` on top of units × price (`worth`, exact, 10^-18; below zero a depreciation charge,
 * never more than the proceeds), so that cash and worth together are rounded down once; `fee` for the manager, HALF_UP. Errors: EG400 for a lot
 * without its reference.
 */
export function leavingDues(
  { equalised, unitsDp }: { equalised: Equalised | null; unitsDp: number },
  uses: readonly LotUse[],
  lots: ReadonlyMap<string, LotFacts>,
  worth: bigint,
  currencyDp: number,
): { credit: bigint; fee: bigint } {
  if (equalised === null) return { credit: 0n, fee: 0n };
  let [extra, owed] = [Fraction.ZERO, Fraction.ZERO];
  for (const use of uses) {
    const lot = lots.get(use.lotId);
    if (lot?.reference === undefined)
      throw new EvergreenError("EG400", "lots.reference: a lot under equalisation has its own reference.");
    const units = Fraction.of(lot.units);
    const { gross, refund, depreciation } = duesOf(
      { units, reference: Fraction.of(lot.reference), credit: Fraction.of(lot.credit) },
      equalised.gav,
      equalised.mark,
      equalised.rate,
    );
    const share = Fraction.of(use.units, 10n ** BigInt(unitsDp)).over(units);
    extra = extra.plus(share.times(refund.minus(depreciation)));
    owed = owed.plus(share.times(gross.minus(refund).plus(depreciation)));
  }
  const minor = 10n ** BigInt(currencyDp);
  const value = Fraction.of(worth, 10n ** 18n);
  return {
    credit: value.plus(extra).positive().scaled(minor, "floor") - value.scaled(minor, "floor"),
    fee: owed.scaled(minor, "half_up"),
  };
}
