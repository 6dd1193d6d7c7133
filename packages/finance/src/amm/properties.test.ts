// What holds for any pool: no swap lowers the invariant, no round trip gains, a larger size is not paid less, slices, scale; and the stable swap against other ways to it.
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Fraction } from "../fees/fraction.ts";
import { Exact } from "../money.ts";
import { type Market, marketOf, scaledBalances } from "./market.ts";
import { type AmmPool, MOST, type Pool, readPool } from "./pool.ts";
import { ammMaxTrade, ammSlices, largestWithin } from "./slicing.ts";
import { invariantOf } from "./stable-invariant.ts";

// big integers by the thousand: the limit bounds a run on a busy machine, it judges nothing
vi.setConfig({ testTimeout: 600_000 });
const DRAWS = { numRuns: 1_000 } as const;

/** Of any number of bits, so that one unit comes up as often as a reserve of 2^100. */
const amountUpTo = (bits: number) =>
  fc
    .integer({ min: 0, max: bits - 1 })
    .chain((bit) => fc.bigInt({ min: 1n << BigInt(bit), max: (2n << BigInt(bit)) - 1n }));
const feePpm = fc.oneof(fc.constant(0), fc.constant(3000), fc.integer({ min: 0, max: 999_999 }));

const products: fc.Arbitrary<AmmPool> = fc
  .tuple(amountUpTo(108), amountUpTo(108), feePpm)
  .map(([x, y, fee]) => ({ kind: "constant_product", reserves: [`${x}`, `${y}`], feePpm: fee }));
/** Tokens of 0 to 18 decimals, whole tokens within a factor of 2^16 of each other. */
const stables: fc.Arbitrary<AmmPool> = fc
  .tuple(
    fc.array(fc.tuple(amountUpTo(16), fc.integer({ min: 0, max: 18 }), fc.bigInt({ min: 1n, max: 1_000_000n })), {
      minLength: 2,
      maxLength: 4,
    }),
    fc.integer({ min: 1, max: 5_000 }),
    feePpm,
  )
  .map(([tokens, amplification, fee]) => ({
    kind: "stable_swap",
    reserves: tokens.map(([whole, decimals, size]) => `${(whole * size * 10n ** BigInt(decimals)) / 1_000n + 1n}`),
    decimals: tokens.map(([, decimals]) => decimals),
    amplification,
    feePpm: fee,
  }));
const pools = fc.oneof(products, stables).map(readPool);

const invariant = (pool: Pool): bigint =>
  pool.kind === "constant_product"
    ? pool.reserves[0]! * pool.reserves[1]!
    : invariantOf(scaledBalances(pool), pool.amplification);

describe("R48 for any pool and size", () => {
  it("no swap lowers the invariant, and none empties a reserve", () => {
    fc.assert(
      fc.property(pools, amountUpTo(108), (pool, amount) => {
        const after = marketOf(pool, 0, 1).after(amount);
        expect(invariant(after) >= invariant(pool)).toBe(true);
        expect(after.reserves[1]! > 0n).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it("no round trip gains", () => {
    fc.assert(
      fc.property(pools, amountUpTo(108), (pool, amount) => {
        const there = marketOf(pool, 0, 1);
        const got = there.out(amount);
        if (got === 0n) return;
        expect(marketOf(there.after(amount), 1, 0).out(got) <= amount).toBe(true);
      }),
      DRAWS,
    );
  });

  it("a larger size is not paid less, nor at a better price", () => {
    fc.assert(
      fc.property(pools, amountUpTo(100), amountUpTo(100), (pool, size, more) => {
        const market = marketOf(pool, 0, 1);
        expect(market.out(size + more) >= market.out(size)).toBe(true);
        if (pool.kind === "constant_product") expect(market.impact(size + more).gte(market.impact(size))).toBe(true);
        // never above the spot price, whatever the size
        expect(Fraction.of(market.out(size)).lte(market.spot.times(Fraction.of(size)))).toBe(true);
      }),
      DRAWS,
    );
  });

  it("a pool and a size k times as large are paid k times as much, but for rounding", () => {
    fc.assert(
      fc.property(pools, amountUpTo(100), fc.bigInt({ min: 2n, max: 16n }), (pool, size, k) => {
        fc.pre((pool.reserves[0]! + size) * k <= MOST && pool.reserves[1]! * k <= MOST);
        const small = marketOf(pool, 0, 1).out(size);
        const scaled = { ...pool, reserves: pool.reserves.map((reserve) => reserve * k) };
        const large = marketOf(scaled, 0, 1).out(size * k);
        expect(large >= small * k).toBe(true);
        expect(large <= small * k + 2n * k).toBe(true);
      }),
      DRAWS,
    );
  });
});

describe("R49 for any limit", () => {
  const limits = fc.integer({ min: 1, max: 9_999 }).map((bps) => `${bps / 10_000}`);
  const basis = fc.constantFrom("impact" as const, "cost" as const);

  it("the largest trade of a constant product is the closed form, rounded down", () => {
    fc.assert(
      fc.property(products, limits, basis, (pool, limit, by) => {
        const x = Fraction.of(BigInt(pool.reserves[0]!));
        const [s, gamma] = [Fraction.of(limit), Fraction.of(1_000_000n - BigInt(pool.feePpm!), 1_000_000n)];
        const top = by === "impact" ? s : gamma.minus(Fraction.ONE).plus(s);
        const form = x
          .times(top.positive())
          .over(gamma.times(Fraction.ONE.minus(s)))
          .scaled(1n, "floor");
        const room = MOST - BigInt(pool.reserves[0]!);
        expect(BigInt(ammMaxTrade({ pool, limit, basis: by }).amountIn)).toBe(form < room ? form : room);
      }),
      { numRuns: 10_000 },
    );
  });

  it("the largest trade of a stable pool keeps the limit and one unit more does not", () => {
    fc.assert(
      fc.property(stables, limits, basis, (given, limit, by) => {
        const market: Market = marketOf(readPool(given), 0, 1);
        const most = MOST - market.reserveIn;
        const amount = largestWithin(market, Fraction.of(limit), by, most);
        if (amount > 0n) expect(market[by](amount).lte(Fraction.of(limit))).toBe(true);
        if (amount < most) expect(market[by](amount + 1n).gt(Fraction.of(limit))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("slices add up, are the fewest, and refilled are never paid less than one shot, less a unit each", () => {
    fc.assert(
      fc.property(fc.oneof(products, stables), limits, amountUpTo(70), (pool, limit, amount) => {
        const asked = { pool, limit, amountIn: `${amount}`, maxSlices: 20 };
        const answer = orNothing(() => ammSlices(asked));
        if (answer === undefined) return;
        const [n, largest] = [BigInt(answer.slices), BigInt(answer.largestSlice)];
        const sizes = answer.sizes.map((size) => [BigInt(size.amountIn), BigInt(size.count)] as const);
        expect(sizes.reduce((all, [size, count]) => all + size * count, 0n)).toBe(amount);
        expect(sizes.every(([size]) => size <= largest)).toBe(true);
        expect((n - 1n) * largest < amount).toBe(true);
        // the fee of a stable pool is rounded up for itself: one unit more each
        const units = pool.kind === "constant_product" ? n : 2n * n;
        expect(BigInt(answer.outRefilled) >= BigInt(answer.outAtOnce) - units).toBe(true);
        expect(BigInt(answer.outRefilled) >= BigInt(answer.outNotRefilled) - units).toBe(true);
        if (pool.kind === "constant_product")
          expect(BigInt(answer.outNotRefilled) <= BigInt(answer.outAtOnce)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

/** undefined where the order cannot be cut (EG427); anything else is thrown on. */
function orNothing<Answer>(call: () => Answer): Answer | undefined {
  try {
    return call();
  } catch (error) {
    if ((error as { code?: string }).code === "EG427") return undefined;
    throw error;
  }
}

describe("the stable swap by other ways", () => {
  const pairs = fc.record({
    x: fc.bigInt({ min: 10n ** 18n, max: 10n ** 24n }),
    y: fc.bigInt({ min: 10n ** 18n, max: 10n ** 24n }),
    amount: fc.bigInt({ min: 1n, max: 10n ** 23n }),
    amplification: fc.integer({ min: 1, max: 2_000 }),
  });
  const outOf = ({ x, y, amount, amplification }: { x: bigint; y: bigint; amount: bigint; amplification: number }) =>
    marketOf(readPool({ kind: "stable_swap", reserves: [`${x}`, `${y}`], amplification, feePpm: 0 }), 0, 1).out(amount);

  it("to the wei what halving on the whitepaper's equation gives, with 60 digits", () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        const [x, y, dx] = [pair.x, pair.y, pair.amount].map((value) => new Exact(`${value}`)) as [Exact, Exact, Exact];
        const ann = new Exact(2 * pair.amplification);
        // Ann·(x + y) + D − Ann·D − D³/(4xy): falls in D, rises in y
        const equation = (a: Exact, b: Exact, d: Exact) =>
          ann
            .times(a.plus(b))
            .plus(d)
            .minus(ann.times(d))
            .minus(d.pow(3).div(a.times(b).times(4)));
        const halve = (from: Exact, to: Exact, low: (middle: Exact) => boolean): Exact => {
          let [lo, hi] = [from, to];
          for (let step = 0; step < 170; step += 1) {
            const middle = lo.plus(hi).div(2);
            if (low(middle)) lo = middle;
            else hi = middle;
          }
          return hi;
        };
        const d = halve(new Exact(0), x.plus(y), (middle) => equation(x, y, middle).gt(0));
        const rest = halve(new Exact(0), y, (middle) => middle.isZero() || equation(x.plus(dx), middle, d).lt(0));
        expect(`${outOf(pair)}`).toBe(y.minus(rest).floor().toFixed(0));
      }),
      { numRuns: 100 },
    );
  });

  it("within two wei what truncating steps give, as deployed pools take them, for pools within a factor of 100", () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        // further out of balance a truncated D is paid for many times over
        fc.pre(pair.x <= 100n * pair.y && pair.y <= 100n * pair.x);
        const ann = 2n * BigInt(pair.amplification);
        const sum = pair.x + pair.y;
        let [d, last] = [sum, 0n];
        let steps = 0;
        // truncating steps may swing for ever; deployed pools give up at 255 and so does this comparison
        while ((d - last > 1n || last - d > 1n) && steps++ < 255) {
          const cube = (((d * d) / (2n * pair.x)) * d) / (2n * pair.y);
          [last, d] = [d, ((ann * sum + 2n * cube) * d) / ((ann - 1n) * d + 3n * cube)];
        }
        const b = pair.x + pair.amount + d / ann;
        const c = (((d * d) / (2n * (pair.x + pair.amount))) * d) / (2n * ann);
        let [y, before] = [d, 0n];
        while ((y - before > 1n || before - y > 1n) && steps++ < 510) [before, y] = [y, (y * y + c) / (2n * y + b - d)];
        fc.pre(steps < 255);
        const away = outOf(pair) - (pair.y - y - 1n);
        expect(away >= -2n && away <= 2n).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
