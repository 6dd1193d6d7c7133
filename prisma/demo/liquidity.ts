// The liquidity ladder of the demo fund at its date: what can be sold by when, and what may be asked for (R31–R33). Cents.
import { BUCKETS, type Bucket } from "@evergreen-fund/domain";
import type { MonthEnd } from "./fund-life.ts";
import { HOLDINGS } from "./holdings.ts";
import { sum } from "./money.ts";
import { GATE_BPS, LOCK_MONTHS } from "./terms.ts";

export interface Rung {
  side: "asset" | "liability";
  bucket: Bucket;
  capacity: bigint;
  /** What stress adds to it. */
  stress: bigint;
}

/** Commitments that may be called, basis points of net assets. */
const CALLS_BPS: Partial<Record<Bucket, bigint>> = { "30d": 50n, "90d": 80n, "180d": 100n, "365d": 150n };
/** Months whose redemptions fall into the bucket. */
const MONTHS_IN: Partial<Record<Bucket, bigint>> = { "30d": 1n, "90d": 2n, "180d": 3n, "365d": 6n };

/** Redemptions dealt at a month-end, cents. */
export const redemptionsOf = (end: MonthEnd): bigint =>
  sum(end.fills.filter((fill) => fill.direction === "redemption").map((fill) => fill.gross));

/**
 * Assets: fair value by bucket, each position whole in its own. Liabilities: fees due within the week, the average monthly redemption of
 * the last year, and capital calls; under stress the gate is reached at once, and later redemptions grow by half.
 */
export function ladderOf(life: readonly MonthEnd[]): Rung[] {
  const last = life.at(-1)!;
  const year = life.slice(-1 - LOCK_MONTHS, -1);
  const average = sum(year.map(redemptionsOf)) / BigInt(year.length);
  const gate = (last.netAssets * GATE_BPS) / 10_000n;
  const assets = BUCKETS.map((bucket): Rung => {
    const held = HOLDINGS.filter((holding) => holding.bucket === bucket);
    return { side: "asset", bucket, capacity: sum(held.map(({ key }) => last.marks.get(key) ?? 0n)), stress: 0n };
  });
  const liabilities = BUCKETS.map((bucket): Rung => {
    const redemptions = average * (MONTHS_IN[bucket] ?? 0n);
    const calls = (last.netAssets * (CALLS_BPS[bucket] ?? 0n)) / 10_000n;
    const fees = bucket === "7d" ? last.fees : 0n;
    const stress = bucket === "30d" && gate > redemptions ? gate - redemptions : redemptions / 2n;
    return { side: "liability", bucket, capacity: redemptions + calls + fees, stress };
  });
  return [...assets, ...liabilities];
}
