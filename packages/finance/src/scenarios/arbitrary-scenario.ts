// Arbitrary scenarios for the property tests: any factors in any form, with periods, grids, draws, and a parent to extend.
import type { Distribution, FactorValue, Scenario } from "@evergreen-fund/domain/scenarios/index.ts";
import fc from "fast-check";

export const RUNS = { numRuns: 10_000 } as const;

const decimals = (least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: Math.ceil(least * 1000), max: Math.floor(most * 1000) }).map((n) => String(n / 1000));

/** Levels with a neutral value that can take any form, then flows, then terms. */
const POOL = {
  "rates.parallel.USD": [-1000, 2000],
  "rates.key.EUR.10y": [-500, 500],
  "spread.high_yield": [-200, 3000],
  "fx.GBP": [-0.9, 2],
  "equity.us.energy": [-1, 1],
  "price.private_equity": [-1, 1],
  "haircut.30d": [0, 1],
  "sellable.90d": [0, 1],
  "redemptions.share_of_nav": [0, 1],
  "subscriptions.times": [0, 3],
  "calls.times.all": [0, 3],
} as const;
const ADDRESSES = Object.keys(POOL) as (keyof typeof POOL)[];
const FLOWS = new Set(["redemptions.share_of_nav", "subscriptions.times", "calls.times.all"]);
const SPARE = ["equity.japan.all", "volatility.fx", "haircut.7d"] as const;
const DRAWN = ["bid_ask.all", "equity.uk.all", "spread.unrated"] as const;

const formsOf = (address: keyof typeof POOL, count: number | null): fc.Arbitrary<FactorValue> => {
  const [least, most] = POOL[address];
  const one = decimals(least, most);
  if (count === null) return one;
  const path = fc.array(one, { minLength: count, maxLength: count });
  const forms: fc.Arbitrary<FactorValue>[] = [
    one,
    path,
    fc.record({ path, lag: fc.nat(count - 1) }),
    fc
      .nat(count - 1)
      .chain((from) =>
        fc.record({ value: one, from: fc.constant(from + 1), to: fc.integer({ min: from + 1, max: count }) }),
      ),
  ];
  if (!FLOWS.has(address))
    forms.push(
      fc
        .nat(count - 1)
        .chain((lag) =>
          fc.record({ value: one, over: fc.integer({ min: 1, max: count - lag }), lag: fc.constant(lag) }),
        ),
    );
  return fc.oneof(...forms);
};

const DISTRIBUTIONS: Record<(typeof DRAWN)[number], fc.Arbitrary<Distribution>> = {
  "bid_ask.all": fc.record({ distribution: fc.constant("lognormal"), mu: decimals(-1, 1), sigma: decimals(0.001, 1) }),
  "equity.uk.all": fc.record({
    distribution: fc.constant("normal"),
    mean: decimals(-0.2, 0.2),
    sd: decimals(0.001, 0.6),
  }),
  "spread.unrated": fc.record({
    distribution: fc.constant("triangular"),
    from: decimals(0, 100),
    mode: decimals(100, 200),
    to: decimals(200, 300),
  }),
};

const body = {
  title: "Synthetic",
  version: 1,
  about: "Synthetic scenario of a test.",
  sources: [{ words: "A test.", evidence: "derived" as const }],
};

/** A scenario that resolves, and the one it extends (when it does). */
export const arbitraryFamily: fc.Arbitrary<{ child: Scenario; parent: Scenario }> = fc
  .record({
    count: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
    chosen: fc.uniqueArray(fc.constantFrom(...ADDRESSES), { maxLength: 7 }),
    split: fc.nat(7),
    axes: fc.uniqueArray(fc.constantFrom(...SPARE), { maxLength: 3 }),
    drawn: fc.uniqueArray(fc.constantFrom(...DRAWN), { maxLength: 3 }),
    extended: fc.boolean(),
  })
  .chain(({ count, chosen, split, axes, drawn, extended }) =>
    fc
      .record({
        values: fc.tuple(...chosen.map((address) => formsOf(address, count))),
        overridden: fc.tuple(...chosen.map((address) => fc.option(formsOf(address, count), { nil: undefined }))),
        axisValues: fc.tuple(
          ...axes.map(() =>
            fc.oneof(
              fc.uniqueArray(decimals(0, 1), { minLength: 1, maxLength: 4 }),
              fc.record({ from: decimals(0, 0.2), to: decimals(0.2, 0.9), step: decimals(0.25, 1) }),
            ),
          ),
        ),
        distributions: fc.tuple(...drawn.map((address) => DISTRIBUTIONS[address])),
        rows: fc.integer({ min: 1, max: 4 }),
        seed: fc.nat(Number.MAX_SAFE_INTEGER),
        each: fc.constantFrom("once" as const, "each_period" as const),
        rho: decimals(-0.4, 0.9),
      })
      .map(({ values, overridden, axisValues, distributions, rows, seed, each, rho }) => {
        const entries = chosen.map((address, i): [string, FactorValue] => [address, values[i] as FactorValue]);
        const theirs = extended ? entries.slice(0, split) : [];
        const changed = theirs.flatMap(([address], i): [string, FactorValue][] =>
          overridden[i] === undefined ? [] : [[address, overridden[i]]],
        );
        const periods = count === null ? {} : { periods: { unit: "quarter" as const, count } };
        const parent: Scenario = {
          ...body,
          id: "parent",
          ...periods,
          factors: Object.fromEntries(theirs),
          reports: ["rcr"],
        };
        const child: Scenario = {
          ...body,
          id: "child",
          ...(extended ? { extends: "parent" } : periods),
          factors: Object.fromEntries(entries.slice(theirs.length)),
          ...(changed.length === 0 ? {} : { override: { factors: Object.fromEntries(changed) } }),
          ...(axes.length === 0
            ? {}
            : { grid: Object.fromEntries(axes.map((axis, i) => [axis, axisValues[i] as string[]])) }),
          ...(drawn.length === 0
            ? {}
            : {
                monteCarlo: {
                  seed,
                  count: rows,
                  drawn: each,
                  draws: Object.fromEntries(drawn.map((address, i) => [address, distributions[i] as Distribution])),
                  ...(drawn.length < 2
                    ? {}
                    : {
                        correlation: {
                          of: drawn,
                          matrix: drawn.map((_, i) => drawn.map((__, j) => (i === j ? "1" : rho))),
                        },
                      }),
                },
              }),
          tests: [{ test: "rcr", atLeast: "1", buckets: ["90d", "30d"] }],
          reports: ["valuation", "rcr"],
        };
        return { child, parent };
      }),
  );

/** The same value with the keys of every object in another order. */
export function reordered<T>(value: T, turn: number): T {
  if (Array.isArray(value)) return value.map((one: unknown) => reordered(one, turn)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [key, reordered(one, turn)]);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].reverse()) as T;
}
