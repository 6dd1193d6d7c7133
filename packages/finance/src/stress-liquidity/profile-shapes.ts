// What profiles of positions and of investors share: amounts per bucket, shares that add up to exactly one, the bucket of a number of days. Pure.
import { BUCKET_DAYS, BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { z } from "zod";
import { pow10, VALUE_DP, valueText } from "../dealing/scaled.ts";
import { type Exact, exactWeights, largestRemainder, ratioText, ZERO } from "../money.ts";

/** One amount per bucket, in the order of BUCKETS. */
export type Amounts = readonly Exact[];

export const BucketTexts = z.record(z.enum(BUCKETS), z.string());
export const ProfileText = z.strictObject({
  /** Money of the input per bucket. */
  amounts: BucketTexts,
  /** Share per bucket, at most 18 decimals, adding up to exactly 1; null where there is nothing. */
  shares: BucketTexts.nullable(),
  /** Share that is cash by the end of each bucket; the last is 1. */
  cumulative: BucketTexts.nullable(),
});
export type ProfileText = z.infer<typeof ProfileText>;

/** The first bucket whose last day is not before `days`; more than 365 is the last one. */
export function bucketOfDays(days: number): Bucket {
  return BUCKETS.find((bucket) => days <= BUCKET_DAYS[bucket]) ?? "gt365d";
}

export function noAmounts(): Exact[] {
  return BUCKETS.map(() => ZERO);
}

export function sumOf(amounts: Amounts): Exact {
  return amounts.reduce((sum, amount) => sum.plus(amount), ZERO);
}

/** Names the seven values by their buckets. */
export function byBucket<Value>(values: readonly Value[]): Record<Bucket, Value> {
  return Object.fromEntries(BUCKETS.map((bucket, position) => [bucket, values[position]])) as Record<Bucket, Value>;
}

/** Amounts, the shares they are (largest remainder at 1e-18, so that they add up to exactly 1) and the running sum of these. */
export function profileText(amounts: Amounts): ProfileText {
  const named = byBucket(amounts.map(ratioText));
  if (sumOf(amounts).isZero()) return { amounts: named, shares: null, cumulative: null };
  const shares = exactWeights(amounts);
  let running = ZERO;
  const cumulative = shares.map((share) => {
    running = running.plus(share);
    return ratioText(running);
  });
  return { amounts: named, shares: byBucket(shares.map(ratioText)), cumulative: byBucket(cumulative) };
}

/** The same from whole numbers of 10^-18. */
export function wholeProfileText(amounts: readonly bigint[]): ProfileText {
  const named = byBucket(amounts.map(valueText));
  if (amounts.every((amount) => amount === 0n)) return { amounts: named, shares: null, cumulative: null };
  const shares = largestRemainder(pow10(VALUE_DP), amounts);
  let running = 0n;
  const cumulative = shares.map((share) => {
    running += share;
    return valueText(running);
  });
  return { amounts: named, shares: byBucket(shares.map(valueText)), cumulative: byBucket(cumulative) };
}
