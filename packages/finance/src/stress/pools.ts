// Pools of a fund's units under a scenario: what a ladder of sizes is expected to be paid as the pool stands, and at the scenario's least depth (R48). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { type AmmPool, MOST, Wei } from "../amm/pool.ts";
import { ammSlippage } from "../amm/quote.ts";
import { type Exact, ONE, ratioText } from "../money.ts";
import type { StressOutcome } from "./outcome.ts";

/** A version of a pool as it is recorded: reserves in whole smallest units; token 0 are units of the class, token 1 is cash. */
export const BookPool = z.strictObject({
  id: z.string().min(1).max(100),
  pool: z.string().min(1).max(40),
  curve: z.enum(["constant_product", "stable_swap"]),
  reserveUnits: Wei,
  reserveCash: Wei,
  unitDecimals: z.int().min(0).max(18),
  cashDecimals: z.int().min(0).max(18),
  feePpm: z.int().min(0).max(999_999),
  amplification: z.int().min(1).max(1_000_000).nullable(),
});
export type BookPool = z.output<typeof BookPool>;

export const DIRECTIONS = ["sell", "buy"] as const;
export type PoolDirection = (typeof DIRECTIONS)[number];

/** Sizes that are looked at, as parts per thousand of the reserve of what is given. */
const LADDER = [1n, 5n, 10n, 50n, 100n] as const;

/** The pool in the words of the curves. `depth`: what is left of every reserve, 0 to 1. */
export function curveOf(pool: Omit<BookPool, "id" | "pool">, depth: Exact = ONE): AmmPool {
  const common = {
    reserves: [pool.reserveUnits, pool.reserveCash],
    feePpm: pool.feePpm,
    depthShock: ratioText(ONE.minus(depth)),
  };
  return pool.curve === "constant_product"
    ? { kind: "constant_product", ...common }
    : {
        kind: "stable_swap",
        ...common,
        decimals: [pool.unitDecimals, pool.cashDecimals],
        amplification: pool.amplification ?? 1,
      };
}

/** `sell`: units for cash. */
export const directionOf = (direction: PoolDirection): { from: number; to: number } =>
  direction === "sell" ? { from: 0, to: 1 } : { from: 1, to: 0 };

/** The ladder of sizes of a direction, whole smallest units, rounded down, none twice, none of nothing and none above what a pool can hold. */
export function ladderOfSizes(
  pool: Pick<BookPool, "reserveUnits" | "reserveCash">,
  direction: PoolDirection,
): string[] {
  const reserve = BigInt(direction === "sell" ? pool.reserveUnits : pool.reserveCash);
  const sizes = [...new Set(LADDER.map((part) => (reserve * part) / 1_000n))];
  return sizes.filter((size) => size > 0n && reserve + size <= MOST).map(String);
}

type Trades = ReturnType<typeof ammSlippage>["trades"];

/** Null where the pool has nothing left, or lies so far out of balance that it has no price. */
function slippageAt(pool: BookPool, direction: PoolDirection, sizes: readonly string[], depth: Exact): Trades | null {
  try {
    const trades = sizes.map((amountIn) => ({ amountIn }));
    return ammSlippage({ pool: curveOf(pool, depth), ...directionOf(direction), trades }).trades;
  } catch (error) {
    if (error instanceof EvergreenError && error.code === "EG428") return null;
    throw error;
  }
}

/**
 * What every pool is expected to pay for its ladder of sizes: as it stands, and with `depth` of its reserves left. Whole smallest units rounded down, slippage as a
 * share rounded up (R48). A pool without a price in either state is told in `notes`. Errors: EG413 as `ammSlippage`.
 */
export function poolsAt(
  pools: readonly BookPool[],
  depth: Exact,
  notes: Set<string>,
): NonNullable<StressOutcome["pools"]> {
  return pools.flatMap((pool) =>
    DIRECTIONS.flatMap((direction) => {
      const sizes = ladderOfSizes(pool, direction);
      const [expected, stressed] = [ONE, depth].map((left) =>
        sizes.length === 0 ? null : slippageAt(pool, direction, sizes, left),
      );
      if (!expected || !stressed)
        notes.add(`Pool ${pool.pool} is empty or has no price: nothing can be expected of it.`);
      return (expected ?? []).map((trade, at) => ({
        poolId: pool.id,
        pool: pool.pool,
        direction,
        amountIn: trade.amountIn,
        expectedOut: trade.expectedOut,
        expectedSlippage: trade.expectedSlippage,
        depth: ratioText(depth),
        stressedOut: stressed?.[at]?.expectedOut ?? null,
        stressedSlippage: stressed?.[at]?.expectedSlippage ?? null,
      }));
    }),
  );
}

export interface ExecutedTrade {
  direction: PoolDirection;
  amountIn: string;
  amountOut: string;
}

/**
 * What was executed in a version of a pool beside what it let expect, each trade for itself on the reserves as they are recorded: shares, 18 decimals, rounded up;
 * `beyondExpected` above zero is worse than expected. Errors: EG400, EG413, EG428 as `ammSlippage`.
 */
export function executedSlippage<T extends ExecutedTrade>(
  pool: Omit<BookPool, "id" | "pool">,
  trades: readonly T[],
): (T & { expectedOut: string; expectedSlippage: string; executedSlippage: string; beyondExpected: string })[] {
  return trades.map((trade) => {
    const [found] = ammSlippage({
      pool: curveOf(pool),
      ...directionOf(trade.direction),
      trades: [{ amountIn: trade.amountIn, executedOut: trade.amountOut }],
    }).trades;
    return {
      ...trade,
      expectedOut: found!.expectedOut,
      expectedSlippage: found!.expectedSlippage,
      executedSlippage: found!.executedSlippage!,
      beyondExpected: found!.beyondExpected!,
    };
  });
}
