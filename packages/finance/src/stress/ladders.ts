// The asset side of a moment under stress and both ladders in one: values by bucket, haircut, what finds a buyer, dealing cost, slip, each by the bucket a position
// comes from; cash apart (R33). Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { decimal, type Exact, ONE, ZERO } from "../money.ts";
import { noAmounts } from "../stress-liquidity/profile-shapes.ts";
import { isCash } from "./asset-kinds.ts";
import type { BookAsset, FundBook } from "./book.ts";
import type { Owed } from "./owed.ts";
import type { Levels } from "./paths.ts";
import type { ShardAsset } from "./shards.ts";
import type { FundTerms } from "./terms-of-fund.ts";

export interface Side {
  cash: Exact;
  /** Value per bucket without cash, before anything is lost in a sale. */
  values: Exact[];
  /** Share of the value of a bucket that a sale brings. */
  kept: Exact[];
  /** Position of the bucket in which it arrives. */
  arrives: number[];
  /** What arrives in each bucket. */
  proceeds: Exact[];
}

/** Value of each position at the end of a period (0: today), cash it paid on the way apart. */
export function valuesAt(
  book: FundBook,
  shard: ReadonlyMap<string, ShardAsset>,
  period: number,
): { asset: BookAsset; value: Exact }[] {
  return book.assets.map((asset) => {
    const found = shard.get(asset.id)!;
    return { asset, value: decimal(period === 0 ? found.before : found.periods[period - 1]!.value) };
  });
}

/** Cash and positions by bucket. A bucket below zero (payables, short positions) takes from cash and then from the next ones. */
export function sideAt(
  book: FundBook,
  shard: ReadonlyMap<string, ShardAsset>,
  { levels, period, terms }: { levels: Levels | null; period: number; terms: FundTerms },
  notes: Set<string>,
): Side {
  let cash = ZERO;
  const values = noAmounts();
  for (const { asset, value } of valuesAt(book, shard, period)) {
    const at = BUCKETS.indexOf(asset.bucket);
    if (isCash(asset)) cash = cash.plus(value);
    else values[at] = values[at]!.plus(value);
  }
  if (period > 0) for (const { periods } of shard.values()) cash = cash.plus(periods[period - 1]!.paid);
  let owing = ZERO;
  const take = (amount: Exact): Exact => {
    const left = amount.plus(owing);
    owing = left.lt(0) ? left : ZERO;
    return left.lt(0) ? ZERO : left;
  };
  cash = take(cash);
  const held = values.map(take);
  if (owing.lt(0)) notes.add("What the fund owes is more than all it holds: nothing is left to sell.");
  const moved = (name: "haircut" | "sellable" | "slippage" | "bid_ask", bucket: Bucket): Exact | null =>
    levels === null || period === 0 ? null : levels.term(name, [bucket], period);
  const kept = BUCKETS.map((bucket) => {
    const wider = moved("bid_ask", bucket);
    if (wider !== null && terms.costs === null)
      notes.add("The fund's mandate has no dealing costs: a wider bid and ask has nothing to act on.");
    const cost = wider === null ? ZERO : (terms.costs?.get(bucket) ?? ZERO).times(wider);
    const share = ONE.minus(moved("haircut", bucket) ?? ZERO)
      .times(moved("sellable", bucket) ?? ONE)
      .minus(cost);
    return share.lt(0) ? ZERO : share;
  });
  const arrives = BUCKETS.map((bucket, at) =>
    Math.min(BUCKETS.length - 1, at + (moved("slippage", bucket)?.toNumber() ?? 0)),
  );
  const proceeds = noAmounts();
  held.forEach((value, at) => {
    const to = arrives[at]!;
    proceeds[to] = proceeds[to]!.plus(value.times(kept[at]!));
  });
  return { cash, values: held, kept, arrives, proceeds };
}

/** Amounts per bucket with 18 decimals at most, zeros left out: as the ladder takes them. */
export const amountsOf = (amounts: readonly Exact[]): Partial<Record<Bucket, string>> =>
  Object.fromEntries(BUCKETS.flatMap((bucket, at) => (amounts[at]!.isZero() ? [] : [[bucket, text(amounts[at]!)]])));

/** A plain decimal that is not negative, 18 decimals. */
export const text = (amount: Exact): string => amount.toDecimalPlaces(18).toFixed();

/** What `liquidityLadder` and `combinedLadder` take: haircuts and slip are in the proceeds already. */
export function ladderOf(side: Side, owed: Owed, nav: Exact) {
  return {
    cash: text(side.cash),
    assets: amountsOf(side.proceeds),
    liabilities: {
      redemptions: amountsOf(owed.redemptions.map((amount, at) => amount.plus(owed.accepted[at]!))),
      calls: amountsOf(owed.calls),
      debt: amountsOf(owed.debt),
      margin: amountsOf(owed.margin),
    },
    nav: text(nav.lt(0) ? ZERO : nav),
  };
}
