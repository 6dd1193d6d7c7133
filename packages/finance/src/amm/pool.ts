// A pool of an automated market maker as it stands: what its input looks like, and the whole numbers it is read into. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { parseInput, Share } from "../parse.ts";

/** Parts per million in one. */
export const PPM = 1_000_000n;
/** Largest reserve, 2^112 − 1: what a pair of Uniswap v2 can hold (whitepaper, section 3.7, "Maximum token balance"). */
export const MOST = (1n << 112n) - 1n;

/** Whole number of a token's smallest unit. */
export const Wei = z
  .string()
  .max(80)
  .regex(/^(0|[1-9]\d*)$/, "expected a whole number of smallest units such as 1000000000000000000");

const common = {
  /** Fee in parts per million: 3000 is 0.3 %. One of the two. */
  feePpm: z.int().min(0).max(999_999).optional(),
  /** Fee in basis points, at most two decimals: "30" is 0.3 %, "0.5" is 50 parts per million. */
  feeBps: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,2})?$/, "expected basis points with at most two decimals")
    .optional(),
  /** Share of every reserve that a scenario takes away; what is left is rounded down. */
  depthShock: Share.default("0"),
};
const oneFee = (pool: { feePpm?: number | undefined; feeBps?: string | undefined }) =>
  (pool.feePpm === undefined) !== (pool.feeBps === undefined);
const ONE_FEE = "give feePpm or feeBps, one of the two";

const ConstantProduct = z
  .strictObject({
    kind: z.literal("constant_product"),
    /** Smallest units. */
    reserves: z.array(Wei).length(2),
    ...common,
  })
  .refine(oneFee, ONE_FEE);

const StableSwap = z
  .strictObject({
    kind: z.literal("stable_swap"),
    /** Smallest units of two to eight tokens. */
    reserves: z.array(Wei).min(2).max(8),
    /** Decimals of each token; without them all have 18. */
    decimals: z.array(z.int().min(0).max(18)).optional(),
    /** A as deployed pools publish it, A · n^(n−1) of the whitepaper; in the invariant stands A · n. */
    amplification: z.int().min(1).max(1_000_000),
    ...common,
  })
  .refine(oneFee, ONE_FEE)
  .refine(
    (pool) => pool.decimals === undefined || pool.decimals.length === pool.reserves.length,
    "decimals are of every token, or left out",
  );

export const AmmPool = z.discriminatedUnion("kind", [ConstantProduct, StableSwap]);
export type AmmPool = z.input<typeof AmmPool>;

/** Which token is given (`from`) and which is taken (`to`), by its place among the reserves. */
export const Direction = {
  from: z.int().min(0).max(7).default(0),
  to: z.int().min(0).max(7).default(1),
};

/** A pool in whole numbers. `rates` bring smallest units to 18 decimals; of no meaning for a constant product. */
export type Pool = {
  readonly kind: "constant_product" | "stable_swap";
  readonly reserves: readonly bigint[];
  readonly rates: readonly bigint[];
  readonly feePpm: bigint;
  readonly amplification: bigint;
};

/** Text → whole smallest units. Errors: EG413 above 2^112 − 1. */
export function wei(text: string): bigint {
  const value = BigInt(text);
  if (value > MOST)
    throw new EvergreenError("EG413", "An amount is above 2^112 − 1 smallest units; give a smaller one.");
  return value;
}

/** The same, and something. Errors: EG413, EG400 for zero. */
export function someWei(text: string): bigint {
  const value = wei(text);
  if (value === 0n) throw new EvergreenError("EG400", "An amount is zero; give at least one smallest unit.");
  return value;
}

/** Fee as parts per million. Errors: EG400 for a fee of the whole. */
function feeOf(pool: z.output<typeof AmmPool>): bigint {
  if (pool.feePpm !== undefined) return BigInt(pool.feePpm);
  const ppm = Fraction.of(pool.feeBps!).scaled(100n, "ceil");
  if (ppm >= PPM) throw new EvergreenError("EG400", "A fee takes the whole trade; give less than 10000 basis points.");
  return ppm;
}

/**
 * The pool after its shock. Reserves in smallest units, rounded down; a fee in basis points is exact in parts per million.
 * Errors: EG400 malformed, EG413 a reserve above 2^112 − 1, EG428 a reserve is empty (before the shock or by it).
 */
export function readPool(input: AmmPool): Pool {
  const pool = parseInput(AmmPool, input);
  const left = Fraction.ONE.minus(Fraction.of(pool.depthShock));
  const reserves = pool.reserves.map((reserve) => left.times(Fraction.of(wei(reserve))).scaled(1n, "floor"));
  if (reserves.some((reserve) => reserve === 0n))
    throw new EvergreenError("EG428", "A reserve of the pool is empty, so that it has no price; choose another pool.");
  const decimals = pool.kind === "stable_swap" ? pool.decimals : undefined;
  return {
    kind: pool.kind,
    reserves,
    rates: reserves.map((_, at) => 10n ** BigInt(18 - (decimals?.[at] ?? 18))),
    feePpm: feeOf(pool),
    amplification: pool.kind === "stable_swap" ? BigInt(pool.amplification) : 0n,
  };
}

/** The pool with `amount` more of token `from` and `out` less of token `to`; the whole fee stays in it. Errors: EG413 as `wei`. */
export function moved(pool: Pool, from: number, to: number, amount: bigint, out: bigint): Pool {
  const reserves = pool.reserves.map((reserve, at) =>
    at === from ? reserve + amount : at === to ? reserve - out : reserve,
  );
  if (reserves[from]! > MOST)
    throw new EvergreenError("EG413", "The pool would hold more than 2^112 − 1 smallest units; give a smaller amount.");
  return { ...pool, reserves };
}
