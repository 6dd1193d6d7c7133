// The ladder that a stress run leaves: what arrives and what falls due in each bucket itself, from the cover up to each (R33). Pure.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import { decimal, type Exact, ZERO } from "../money.ts";
import type { CoverRow } from "../stress/outcome.ts";

export type StressRung = {
  side: "asset" | "liability";
  bucket: Bucket;
  /** Fund currency, as exact as the cover's own figures. */
  capacity: string;
};

/**
 * The rungs of a scenario: A(h) − A(h−1) and L(h) − L(h−1). A ladder's rung cannot be below zero; where A(h) falls from one bucket to the next (something must be paid
 * out of it again), what is there earlier counts only as far as it stays: A'(h) = max(0, min of A from h on). Liabilities keep what was due: L'(h) = max(0,
 * max of L up to h). So the rungs never say more cover than the run found. A bucket that is not named has the figure of the one before. 14 rungs.
 */
export function stressRungs(cover: readonly CoverRow[]): StressRung[] {
  const assets = running(cover, ({ assets: amount }) => amount);
  for (let h = BUCKETS.length - 2; h >= 0; h -= 1) if (assets[h]!.gt(assets[h + 1]!)) assets[h] = assets[h + 1]!;
  const due = running(cover, ({ liabilities }) => liabilities);
  for (let h = 1; h < BUCKETS.length; h += 1) if (due[h]!.lt(due[h - 1]!)) due[h] = due[h - 1]!;
  const rungs = (side: StressRung["side"], sums: readonly Exact[]): StressRung[] => {
    const above = sums.map((sum) => (sum.lt(0) ? ZERO : sum));
    return BUCKETS.map((bucket, h) => ({ side, bucket, capacity: above[h]!.minus(above[h - 1] ?? ZERO).toFixed() }));
  };
  return [...rungs("asset", assets), ...rungs("liability", due)];
}

function running(cover: readonly CoverRow[], of: (row: CoverRow) => string): Exact[] {
  const named = new Map(cover.map((row) => [row.bucket, decimal(of(row))]));
  let last: Exact = ZERO;
  return BUCKETS.map((bucket) => {
    last = named.get(bucket) ?? last;
    return last;
  });
}

/** What stress adds to each rung and takes from it: after − before, bucket by bucket. Fund currency. */
export function rungChanges(before: readonly CoverRow[], after: readonly CoverRow[]): StressRung[] {
  const was = stressRungs(before);
  return stressRungs(after).map((rung, at) => ({
    ...rung,
    capacity: decimal(rung.capacity).minus(was[at]!.capacity).toFixed(),
  }));
}
