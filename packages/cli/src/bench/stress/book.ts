// Synthetic book, scenarios and investors for `bench stress`; the same for the same seed.
import { normalAt } from "@evergreen-fund/finance/random/normal.ts";
import { uniformAt } from "@evergreen-fund/finance/random/philox.ts";
import type { ExposureBook, GateTerms } from "@evergreen-fund/finance/valuation/exposure.ts";
import { type InvestorBook, STEPS } from "@evergreen-fund/finance/valuation/waterfall.ts";
import type { Distribution } from "@evergreen-fund/stress-kernel";

export const BUCKETS = 7;
export const FACTORS = 10;
export const SEED = 20_261_121;
export const CONFIDENCE = 0.95;
export const GATE: GateTerms = { asked: [0.02, 0.03, 0.035, 0.04, 0.04, 0.04], response: 2.5, gate: 0.05 };

/** A whole number below `limit`, of a kind and a position. */
const below = (limit: number, kind: number, at: number): number => Math.floor(uniformAt(SEED, at, kind, 0) * limit);

export function makeBook(assets: number): ExposureBook {
  const values = Float64Array.from({ length: assets }, (_, a) => 100_000 + below(5_000_000, 1, a));
  return {
    form: "exponential",
    factors: FACTORS,
    buckets: BUCKETS,
    // single precision holds them, so that every side adds up the same values
    values: values.map(Math.fround),
    bucketOf: Uint8Array.from(values, (_, a) => below(BUCKETS, 2, a)),
    exposures: Float64Array.from({ length: assets * FACTORS }, (_, i) => Math.fround(0.5 * normalAt(SEED, i, 9, 0))),
  };
}

/** Ten factors of 8 % each, neighbours correlated, drifting down. */
export function distribution(): Distribution {
  const lower = new Float64Array(FACTORS * FACTORS);
  for (let k = 0; k < FACTORS; k += 1) {
    lower[k * FACTORS + k] = k === 0 ? 0.08 : 0.08 * Math.sqrt(0.91);
    if (k > 0) lower[k * FACTORS + k - 1] = 0.08 * 0.3;
  }
  return { mean: new Float64Array(FACTORS).fill(-0.01), lower };
}

/** Whole cents, thresholds in basis points with many small ones, buckets; as columns. */
export function makeInvestors(count: number): InvestorBook {
  return {
    buckets: BUCKETS,
    amounts: Float64Array.from({ length: count }, (_, i) => 1 + below(1_000_000_000, 3, i)),
    thresholds: Uint16Array.from({ length: count }, (_, i) => {
      const share = below(1_000_000, 4, i) / 1_000_000;
      return Math.floor(share * share * (STEPS - 1));
    }),
    bucketOf: Uint8Array.from({ length: count }, (_, i) => below(BUCKETS, 5, i)),
  };
}
