// The number of rates and their values against an exact oracle: Sturm chains in whole numbers over flows on regular days, and flows built from
// chosen rates, simple and multiple.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Exact } from "../money.ts";
import { rootsByCells } from "./cells.ts";
import { exactRoots } from "./exact-roots.ts";
import { exponential } from "./exponential.ts";
import { rootsBetween } from "./roots.ts";
import { locate, pointOf, rootsIn, sturmChain } from "./sturm.ts";
import { rateOf } from "./xirr.ts";

const LONG = 120_000;
const RUNS = 10_000;
const FIRST = Date.UTC(2001, 2, 1) / 86_400_000;
const dateOf = (day: number): string => new Date((FIRST + day) * 86_400_000).toISOString().slice(0, 10);
const flowsOf = (amounts: readonly (number | bigint)[], step: number) =>
  amounts.map((amount, i) => ({ date: dateOf(i * step), amount: new Exact(String(amount)) }));

/** Discount factor of one step at the two ends of the range: of the reported rate, hence wider for a window below a year. */
function ends(length: number, step: number): { low: number; high: number } {
  const share = Math.min(1, ((length - 1) * step) / 365);
  const factor = (rate: number): number => (1 + rate) ** (-step / 365 / share);
  return { low: factor(10), high: factor(-0.99) };
}

/** Small whole amounts with zeros, so that multiple roots, roots at 0 % and empty ends happen. */
const amounts = (most: number) =>
  fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -200, max: 200 })), {
    minLength: 2,
    maxLength: most,
  });

/** Amounts with a step, whose window is that of the amounts that are not zero and on whose range's ends no root lies. */
function oracle(values: readonly number[], step: number) {
  const chain = sturmChain(values.map(BigInt));
  const { low, high } = ends(values.length, step);
  const near = 1e-9;
  const inner = rootsIn(chain, pointOf(low * (1 + near)), pointOf(high * (1 - near)));
  const outer = rootsIn(chain, pointOf(low * (1 - near)), pointOf(high * (1 + near)));
  return { chain, low: pointOf(low), high: pointOf(high), count: inner, decided: inner === outer };
}

describe("the number of rates", () => {
  it("is what a Sturm chain counts, whatever the amounts", { timeout: LONG }, () => {
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(amounts(9), fc.constantFrom(365, 365, 730, 91, 30), (values, step) => {
        fc.pre(values.some((value) => value !== 0));
        const { count, decided } = oracle(values, step);
        fc.pre(decided);
        const result = rateOf(flowsOf(values, step));
        const found = result.verdict === "outside_range" ? 0 : result.roots.length;
        seen.set(count, (seen.get(count) ?? 0) + 1);
        expect(found).toBe(count);
        expect(result.ambiguous).toBe(count > 1);
        const told = count > 0 || (result.verdict === "outside_range" && result.reason !== "not_representable");
        expect(result.rate !== null).toBe(told);
      }),
      { numRuns: RUNS },
    );
    // none, one and several all happened, or the test would say little
    expect([0, 1, 2, 3].map((count) => (seen.get(count) ?? 0) > 10)).toEqual([true, true, true, true]);
  });

  it("and the rates are where bisection of the chain finds them", { timeout: LONG }, () => {
    fc.assert(
      fc.property(amounts(24), fc.constantFrom(365, 182, 61), (values, step) => {
        fc.pre(values.some((value) => value !== 0));
        const { chain, low, high, count, decided } = oracle(values, step);
        fc.pre(decided && count > 0);
        const result = rateOf(flowsOf(values, step));
        const width = 1n << 12n;
        const window = Math.min(1, ((values.length - 1) * step) / 365);
        const expected = locate(chain, low, high, width)
          .map((point) => (Number(point) / 2 ** 60) ** ((-365 / step) * window) - 1)
          .reverse();
        expect(result.roots).toHaveLength(expected.length);
        result.roots.forEach(({ rate }, i) => {
          expect(Math.abs(Number(rate) - expected[i]!) / (1 + expected[i]!)).toBeLessThan(1e-9);
        });
      }),
      { numRuns: 400 },
    );
  });
});

describe("flows built from chosen rates", () => {
  /** Σ amount·v^i = Π (q·v − p)^times has the roots 1 + r = q/p. */
  const built = (factors: readonly [p: bigint, q: bigint, times: number][]): bigint[] =>
    factors
      .flatMap(([p, q, times]) => Array.from({ length: times }, () => [p, q] as const))
      .reduce<bigint[]>(
        (product, [p, q]) =>
          Array.from({ length: product.length + 1 }, (_, i) => -p * (product[i] ?? 0n) + q * (product[i - 1] ?? 0n)),
        [1n],
      );

  it.each([
    ["a root that touches zero", [[10n, 11n, 2]], ["0.1"]],
    ["a root that counts three times", [[4n, 5n, 3]], ["0.25"]],
    [
      "two that touch",
      [
        [10n, 11n, 2],
        [10n, 13n, 2],
      ],
      ["0.1", "0.3"],
    ],
    [
      "one that touches, one that crosses",
      [
        [10n, 9n, 2],
        [2n, 3n, 1],
      ],
      ["-0.1", "0.5"],
    ],
    [
      "two a ten-millionth apart",
      [
        [10_000_000n, 11_000_000n, 1],
        [10_000_000n, 11_000_001n, 1],
      ],
      ["0.1", "0.1000001"],
    ],
    [
      "seven rates from −90 % to 570 %",
      Array.from({ length: 7 }, (_, i) => [10n, BigInt(i * 11 + 1), 1] as const),
      Array.from({ length: 7 }, (_, i) => String(Number(((i * 11 + 1) / 10 - 1).toFixed(1)))),
    ],
    [
      "roots outside beside one inside",
      [
        [1n, 12n, 1],
        [1000n, 9n, 1],
        [100n, 107n, 1],
      ],
      ["0.07"],
    ],
    [
      "roots at the ends, which are excluded",
      [
        [1n, 11n, 1],
        [100n, 1n, 1],
      ],
      [],
    ],
  ] as [string, [bigint, bigint, number][], string[]][])("%s", { timeout: LONG }, (_what, factors, expected) => {
    const result = rateOf(flowsOf(built(factors), 365));
    expect(result.roots).toHaveLength(expected.length);
    // several sign changes: a log rate is known to 1e-11, and a rate to that times 1 + r
    for (const [i, { rate }] of result.roots.entries())
      expect(Math.abs(Number(rate) - Number(expected[i])), rate).toBeLessThan(1e-11 * (1 + Number(expected[i])));
    expect(result.verdict).toBe(
      expected.length > 1 ? "ambiguous" : expected.length === 1 ? "non_conventional" : "no_root",
    );
  });

  it("reports the rate nearest to 10 %, of two as near the lower", () => {
    expect(
      rateOf(
        flowsOf(
          built([
            [10n, 13n, 1],
            [100n, 104n, 1],
          ]),
          365,
        ),
      ).rate,
    ).toBe("0.04");
    expect(
      rateOf(
        flowsOf(
          built([
            [10n, 12n, 1],
            [10n, 14n, 1],
            [10n, 3n, 1],
          ]),
          365,
        ),
      ).rate,
    ).toBe("0.2");
  });
});

describe("floating point and 60 digits", () => {
  it("find the same roots wherever floating point dares to answer", { timeout: LONG }, () => {
    let answered = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: -999, max: 999 })), {
          selector: ([day]) => day,
          minLength: 3,
          maxLength: 12,
        }),
        (rows) => {
          const flows = rows
            .filter(([, amount]) => amount !== 0)
            .sort(([a], [b]) => a - b)
            .map(([day, amount]) => ({ day, amount: new Exact(amount) }));
          fc.pre(flows.length > 1);
          const start = flows[0]!.day;
          const [low, high] = [Math.log(0.01), Math.log(11)];
          const found = rootsBetween(
            Float64Array.from(flows, ({ amount }) => amount.toNumber()),
            Float64Array.from(flows, ({ day }) => (day - start) / 365),
            low,
            high,
          );
          if (found === undefined) return;
          answered += 1;
          const exact = exactRoots(flows, low, high);
          expect(found).toHaveLength(exact.length);
          found.forEach((s, i) => {
            expect(Math.abs(s - exact[i]!)).toBeLessThan(1e-11);
          });
        },
      ),
      { numRuns: 40 },
    );
    expect(answered).toBeGreaterThan(30);
  });

  it("find the same roots in cells as by recursion", { timeout: LONG }, () => {
    let answered = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 3, maxLength: 14 }),
        fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 14, maxLength: 14 }),
        (gaps, sizes) => {
          const times = Float64Array.from(gaps, (_, i) => gaps.slice(0, i).reduce((a, b) => a + b, 0) / 365);
          const values = times.map((_, i) => (i % 2 === 0 ? -sizes[i]! : sizes[i]!));
          const cells = rootsByCells(values, times, -4.6, 2.4);
          const expected = rootsBetween(values, times, -4.6, 2.4);
          if (cells === undefined || expected === undefined) return;
          answered += 1;
          expect(cells).toHaveLength(expected.length);
          cells.forEach((s, i) => {
            expect(Math.abs(s - expected[i]!)).toBeLessThan(1e-11);
          });
        },
      ),
      { numRuns: 3_000 },
    );
    expect(answered).toBeGreaterThan(2_900);
  });

  it("says nothing where a root touches zero", () => {
    expect(rootsBetween(Float64Array.of(-1, 2, -1), Float64Array.of(0, 1, 2), -4, 2)).toBeUndefined();
    expect(rootsBetween(Float64Array.of(-1, 2.5, -1), Float64Array.of(0, 1, 2), -4, 2)).toHaveLength(2);
  });

  it("has an exponential of its own within two units in the last place", () => {
    fc.assert(
      fc.property(fc.double({ min: -690, max: 690, noNaN: true }), (x) => {
        expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(5e-16);
      }),
      { numRuns: RUNS },
    );
  });
});
