// A synthetic rebalancing problem of any size for benchmarks: factor model, sleeves, caps, six liquidity floors, turnover limit and trading
// costs. All figures are made up by a seeded generator; the same size and seed give the same problem on every machine.
import { BUCKETS, EvergreenError } from "@evergreen-fund/domain";
import type { RebalanceInput } from "./problem.ts";

/** Evenly spread numbers in 0..1 from a 32-bit seed (splitmix-style mixing of a counter); no cryptographic claim. */
export function seededRandom(seed: number): () => number {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const NAV_CENTS = 1e11;

/**
 * `n` assets (2 to 20,000) in max(4, n/50) sleeves, max(10, n/100) factors, six liquidity floors. A hidden portfolio defines targets and
 * floors, the holdings are that portfolio after a random drift, so that bands are broken but a way back exists. Errors: EG400 for n out of range.
 */
export function benchmarkProblem(n: number, seed: number): RebalanceInput & { label: string } {
  if (!Number.isInteger(n) || n < 2 || n > 20_000)
    throw new EvergreenError("EG400", "n must be a whole number from 2 to 20000.");
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sleeveCount = Math.max(4, Math.floor(n / 50));
  const factorCount = Math.max(10, Math.floor(n / 100));
  const wanted = normalise(
    Array.from({ length: n }, () => Math.exp(0.5 * normal())),
    0.98,
  );
  const drifted = normalise(
    wanted.map((weight) => weight * Math.exp(0.3 * normal())),
    0.97,
  );
  const cents = drifted.map((weight) => Math.round(weight * NAV_CENTS));
  const cashCents = NAV_CENTS - cents.reduce((a, b) => a + b, 0);
  const exposures = Array.from({ length: n }, () => Array.from({ length: factorCount }, () => round(normal(), 6)));
  const speed = Array.from({ length: n }, () => Math.floor(random() * BUCKETS.length));
  const sleeveOf = Array.from({ length: n }, (_, i) => i % sleeveCount);
  const sleeveTargets = Array.from({ length: sleeveCount }, (_, k) =>
    round(
      wanted.reduce((acc, weight, i) => acc + (sleeveOf[i] === k ? weight : 0), 0),
      9,
    ),
  );
  const cashTarget = round(1 - sleeveTargets.reduce((a, b) => a + b, 0), 9);
  return {
    label: `synthetic benchmark problem, n = ${n}, seed = ${seed}`,
    currency: "USD",
    form: "lp",
    assets: Array.from({ length: n }, (_, i) => ({
      id: `SYN-${String(i).padStart(5, "0")}`,
      sleeve: `sleeve-${sleeveOf[i]}`,
      value: money(cents[i]!),
      liquidity: { [BUCKETS[speed[i]!]!]: "1" },
      buyBps: String(2 + Math.floor(random() * 30)),
      sellBps: String(2 + Math.floor(random() * 30)),
      exposures: Object.fromEntries(exposures[i]!.map((loading, k) => [`factor-${k}`, text(loading, 6)])),
    })),
    cash: { value: money(cashCents), target: text(cashTarget, 9), min: "0.005", max: "0.05" },
    sleeves: sleeveTargets.map((target, k) => ({
      id: `sleeve-${k}`,
      target: text(target, 9),
      band: { relative: "0.05" },
    })),
    factors: Array.from({ length: factorCount }, (_, k) => ({
      id: `factor-${k}`,
      target: text(
        wanted.reduce((acc, weight, i) => acc + weight * exposures[i]![k]!, 0),
        9,
      ),
    })),
    limits: { assetMax: text(Math.min(1, Math.max(4 / n, ...wanted) * 1.05), 6), turnoverMax: "0.4" },
    liquidity: BUCKETS.slice(0, 6).map((horizon, h) => {
      const liquid = wanted.reduce((acc, weight, i) => acc + (speed[i]! <= h ? weight : 0), 0);
      return { horizon, stressedLiabilities: money(Math.round(liquid * 0.98 * NAV_CENTS)), cover: "1" };
    }),
    objective: { deviationPriceBps: "40" },
  };
}

function normalise(weights: number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (weight * total) / sum);
}

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
const text = (value: number, digits: number): string => value.toFixed(digits);
const money = (cents: number): string => (cents / 100).toFixed(2);
