// Pools under a scenario, against the curve worked out by hand: sizes, what is expected of them, what is left at the least depth, what was executed. Synthetic.
import { expect, it } from "vitest";
import { resolved } from "../scenarios/test-scenario.ts";
import { concludeStress, shardsOf, valueShard } from "./index.ts";
import type { StressOutcome } from "./outcome.ts";
import { BookPool, executedSlippage, ladderOfSizes } from "./pools.ts";
import { bookAsset, testBook } from "./test-book.ts";

/** 10,000.0000 units against 1,000,000.00, 0.3 %. */
const POOL = {
  id: "pool-1",
  pool: "SYN-POOL",
  curve: "constant_product",
  reserveUnits: "100000000",
  reserveCash: "100000000",
  unitDecimals: 4,
  cashDecimals: 2,
  feePpm: 3_000,
  amplification: null,
};
const run = (pools: readonly object[], given: object): StressOutcome => {
  const book = testBook([bookAsset("a", "cash", { bucket: "1d", value: "20.00" })], { pools });
  const scenario = resolved(given);
  return concludeStress(
    book,
    scenario,
    shardsOf(book).map((shard) => valueShard(book, scenario, shard)),
  );
};
/** ⌊dx·997·y / (1000x + 997dx)⌋ (R48), of a share of the reserves. */
const paid = (dx: bigint, left: bigint): string => {
  const x = (100_000_000n * left) / 100n;
  return String((dx * 997n * x) / (1_000n * x + 997n * dx));
};

it("expects by size what the curve pays, and less of it at the least depth of any period", () => {
  const { pools, notes } = run([POOL], {
    periods: { unit: "month", count: 3 },
    factors: { pool_depth: [0.8, 0.25, 1] },
  });
  expect(pools?.map(({ direction, amountIn }) => [direction, amountIn])).toEqual(
    ["sell", "buy"].flatMap((direction) =>
      ["100000", "500000", "1000000", "5000000", "10000000"].map((size) => [direction, size]),
    ),
  );
  for (const row of pools ?? []) {
    expect(row.depth).toBe("0.25");
    expect(row.expectedOut).toBe(paid(BigInt(row.amountIn), 100n));
    expect(row.stressedOut).toBe(paid(BigInt(row.amountIn), 25n));
    expect(Number(row.stressedSlippage)).toBeGreaterThan(Number(row.expectedSlippage));
  }
  expect(notes.join()).not.toMatch(/pool_depth|SYN-POOL/);
});

it("without the factor nothing is stressed; a pool that is drained has no price, and that is said", () => {
  const calm = run([POOL], { factors: { "subscriptions.times": 1 } }).pools ?? [];
  expect(calm.every((row) => row.depth === "1" && row.stressedOut === row.expectedOut)).toBe(true);
  const drained = run([POOL], { factors: { pool_depth: 0 } });
  expect(drained.pools?.map(({ stressedOut }) => stressedOut)).toEqual(Array(10).fill(null));
  expect(drained.notes).toContain("Pool SYN-POOL is empty or has no price: nothing can be expected of it.");
});

it("a fund without pools has none in its outcome, and the factor is told as one without a place to act", () => {
  const outcome = run([], { factors: { pool_depth: 0.5 } });
  expect(outcome).not.toHaveProperty("pools");
  expect(outcome.notes).toContain("Without a place to act in this fund: pool_depth.");
});

it("another name of the factor, and more than the whole pool, are errors", () => {
  expect(() => resolved({ factors: { pools_depth: 0.5 } })).toThrow(/no such factor/);
  expect(() => resolved({ factors: { pool_depth: 1.5 } })).toThrow(/0 to 1/);
});

it("a stable pool keeps its price longer, and large reserves stay exact to the unit", () => {
  const half = ((1n << 111n) - 1n).toString();
  const stable = BookPool.parse({
    ...POOL,
    curve: "stable_swap",
    amplification: 200,
    unitDecimals: 18,
    cashDecimals: 18,
  });
  const [curve] = run([stable], { factors: { pool_depth: 0.5 } }).pools ?? [];
  const [product] = run([POOL], { factors: { pool_depth: 0.5 } }).pools ?? [];
  expect(Number(curve?.stressedSlippage)).toBeLessThan(Number(product?.stressedSlippage));
  const huge = run([{ ...POOL, reserveUnits: half, reserveCash: half }], { factors: { pool_depth: 0.5 } }).pools ?? [];
  const [first] = huge;
  const dx = BigInt(first?.amountIn ?? 0);
  expect(first?.expectedOut).toBe(String((dx * 997n * BigInt(half)) / (1_000n * BigInt(half) + 997n * dx)));
});

it("a pool of a handful of units has no size twice and none of nothing; a full one takes nothing more", () => {
  const full = ((1n << 112n) - 1n).toString();
  expect(ladderOfSizes({ reserveUnits: full, reserveCash: "9" }, "sell")).toEqual([]);
  expect(ladderOfSizes({ reserveUnits: "100", reserveCash: "9" }, "sell")).toEqual(["1", "5", "10"]);
  expect(ladderOfSizes({ reserveUnits: "100", reserveCash: "9" }, "buy")).toEqual([]);
});

it("what was executed stands beside what was expected: paid less is beyond it", () => {
  const pool = BookPool.parse(POOL);
  const [worse, same] = executedSlippage(pool, [
    { direction: "sell" as const, amountIn: "1000000", amountOut: String(BigInt(paid(1_000_000n, 100n)) - 100n) },
    { direction: "buy" as const, amountIn: "1000000", amountOut: paid(1_000_000n, 100n) },
  ]);
  expect(worse?.beyondExpected).toBe("0.0001");
  expect(same?.beyondExpected).toBe("0");
});
