// Orders of a class whose performance fee is by series (R25): one enters at the issue price, and leaves lot by lot at the price of the lot's series. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import type { DealFacts } from "./deal-shapes.ts";
import type { LotUse } from "./lots.ts";
import { ulpValue } from "./pro-rata.ts";
import { type Fraction, halfUpDiv, scaledOf } from "./scaled.ts";
import { priceWith } from "./swing.ts";
import { cashOf } from "./units.ts";

/** Prices in 10^-priceDp, units in 10^-unitsDp, fee in minor units. */
export type SeriesBook = {
  readonly issuePrice: bigint;
  readonly series: ReadonlyMap<string, { readonly price: bigint; readonly units: bigint; readonly fee: bigint }>;
};

type ClassFacts = DealFacts["classes"][number];

/** Null for a class that has one price for everybody. Errors: EG400 for a price or units of zero. */
export function seriesBookOf({ bySeries, dealing }: ClassFacts, currencyDp: number): SeriesBook | null {
  if (bySeries === undefined || dealing.fees.performance.method !== "series") return null;
  const { units_dp: unitsDp, price_dp: priceDp } = dealing;
  const series = new Map(
    bySeries.series.map((row) => [
      row.id,
      {
        price: scaledOf(row.price, priceDp, "classes.bySeries.price"),
        units: scaledOf(row.units, unitsDp, "classes.bySeries.units"),
        fee: scaledOf(row.fee, currencyDp, "classes.bySeries.fee"),
      },
    ]),
  );
  const issuePrice = scaledOf(bySeries.issuePrice, priceDp, "classes.bySeries.issuePrice");
  if (issuePrice <= 0n || [...series.values()].some(({ price, units }) => price <= 0n || units <= 0n))
    throw new EvergreenError("EG400", "classes.bySeries: expected prices and units above 0.");
  return { issuePrice, series };
}

export type Piece = LotUse & {
  /** In 10^-priceDp; amount and fee in minor units; residual exact in 10^-18; `ulp` = value of 10^-unitsDp units in 10^-18. */
  readonly price: bigint;
  readonly ulp: bigint;
  readonly amount: bigint;
  readonly residual: bigint;
  readonly performanceFee: bigint;
};

/**
 * What the pieces of some lots come to: each down to the minor unit at the price of its series (as `priced` changes it), with its share of the fee of the
 * series, HALF_UP. Errors: EG400 for a lot of no series that is priced.
 */
export function piecesOf(
  book: SeriesBook,
  uses: readonly LotUse[],
  lots: ReadonlyMap<string, { readonly series?: string | undefined }>,
  priced: (price: bigint) => bigint,
  { unitsDp, priceDp, currencyDp }: { unitsDp: number; priceDp: number; currencyDp: number },
): Piece[] {
  return uses.map((use) => {
    const series = book.series.get(lots.get(use.lotId)?.series ?? "");
    if (series === undefined) throw new EvergreenError("EG400", "lots.series: a lot is of no series that has a price.");
    const price = priced(series.price);
    const ulp = ulpValue(price, unitsDp, priceDp);
    const { cash, residual } = cashOf(use.units, ulp, currencyDp);
    const performanceFee = halfUpDiv(series.fee * use.units, series.units);
    return { ...use, price, ulp, amount: cash, residual, performanceFee };
  });
}

/** The price of the pieces, or where they have several what a unit got on average, HALF_UP at the price's decimals; null where it is nothing. */
export function averagePrice(
  pieces: readonly Piece[],
  { unitsDp, priceDp, currencyDp }: { unitsDp: number; priceDp: number; currencyDp: number },
): bigint | null {
  const [first] = pieces;
  if (first === undefined) return null;
  if (pieces.every(({ price }) => price === first.price)) return first.price;
  const amount = pieces.reduce((sum, piece) => sum + piece.amount, 0n);
  const units = pieces.reduce((sum, piece) => sum + piece.units, 0n);
  const price = halfUpDiv(amount * 10n ** BigInt(unitsDp + priceDp), units * 10n ** BigInt(currencyDp));
  return price === 0n ? null : price;
}

/** The price of a series under a swing or a bid, as a function. */
export const withFactor =
  (factor: Fraction) =>
  (price: bigint): bigint =>
    priceWith(price, factor);
