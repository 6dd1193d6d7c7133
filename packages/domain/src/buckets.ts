// The seven liquidity buckets of the regulator's ladder (R31) and the aliases the specification uses.
import { z } from "zod";

export const BUCKETS = ["1d", "7d", "30d", "90d", "180d", "365d", "gt365d"] as const;
export const Bucket = z.enum(BUCKETS);
export type Bucket = z.infer<typeof Bucket>;

/** Upper end of each bucket in calendar days; the last is open. */
export const BUCKET_DAYS: Record<Bucket, number> = {
  "1d": 1,
  "7d": 7,
  "30d": 30,
  "90d": 90,
  "180d": 180,
  "365d": 365,
  gt365d: Number.POSITIVE_INFINITY,
};

/** "T+30" → "30d"; a bucket's own name stays; anything else is undefined. */
export function bucketOf(alias: string): Bucket | undefined {
  const name = /^T\+(\d+)$/.test(alias) ? `${alias.slice(2)}d` : alias;
  return (BUCKETS as readonly string[]).includes(name) ? (name as Bucket) : undefined;
}
