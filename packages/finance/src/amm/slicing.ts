// The largest trade within a limit, and an order cut into slices that keep it: depth-capped slicing. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { parseInput, Share } from "../parse.ts";
import { costText, type Market, marketOf } from "./market.ts";
import { AmmPool, Direction, MOST, type Pool, readPool, someWei, Wei } from "./pool.ts";

const Limit = {
  /** Largest share that a trade may lie below the spot price, above 0 and below 1. */
  limit: Share,
  /** `impact`: without the fee; `cost`: with it. */
  basis: z.enum(["impact", "cost"]).default("impact"),
};

export const AmmMaxTradeInput = z.strictObject({ pool: AmmPool, ...Direction, ...Limit });
export type AmmMaxTradeInput = z.input<typeof AmmMaxTradeInput>;

export const AmmMaxTradeOutput = z.strictObject({
  /** Smallest units of `from`, rounded down; "0" when no size keeps the limit. */
  amountIn: z.string(),
  /** What it is paid. */
  amountOut: z.string(),
});
export type AmmMaxTradeOutput = z.output<typeof AmmMaxTradeOutput>;

type Basis = "impact" | "cost";

/** The largest size up to `most` whose measure is within the limit, found by halving: it keeps it, and one unit more does not (or is above `most`). */
export function largestWithin(market: Market, limit: Fraction, basis: Basis, most: bigint): bigint {
  let low = 0n;
  let high = most + 1n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (market[basis](middle).lte(limit)) low = middle;
    else high = middle;
  }
  return low;
}

function limitOf(text: string): Fraction {
  const limit = Fraction.of(text);
  if (!limit.isPositive || limit.gte(Fraction.ONE))
    throw new EvergreenError("EG400", "The limit must lie above 0 and below 1.");
  return limit;
}

/**
 * The largest trade within a limit of price impact or of all-in cost (R49): of a constant product ⌊x·s/(γ(1−s))⌋, or ⌊x·(γ−1+s)/(γ(1−s))⌋ for s > 1−γ and
 * else 0; of a stable swap the root of its own curve. The limit is one of the curve: that the payment is rounded down to a whole unit is not in it.
 * Errors: EG400 malformed or a limit that is not between 0 and 1, EG413, EG428 as `ammQuote`.
 */
export function ammMaxTrade(input: AmmMaxTradeInput): AmmMaxTradeOutput {
  const { pool, from, to, limit, basis } = parseInput(AmmMaxTradeInput, input);
  const market = marketOf(readPool(pool), from, to);
  const amount = largestWithin(market, limitOf(limit), basis, MOST - market.reserveIn);
  return { amountIn: `${amount}`, amountOut: `${amount === 0n ? 0n : market.out(amount)}` };
}

export const AmmSlicesInput = z.strictObject({
  pool: AmmPool,
  ...Direction,
  /** The whole order, smallest units of `from`. */
  amountIn: Wei,
  ...Limit,
  /** A slice is at most this share of the reserve of `from`. */
  maxShareOfReserve: Share.default("1"),
  maxSlices: z.int().min(1).max(1_000).default(1_000),
});
export type AmmSlicesInput = z.input<typeof AmmSlicesInput>;

export const AmmSlicesOutput = z.strictObject({
  /** The fewest slices whose impact or cost is within the limit, if the pool is back at its reserves before each. */
  slices: z.int(),
  /** Equal slices to the smallest unit, the larger ones first: how many of which size. */
  sizes: z.array(z.strictObject({ amountIn: z.string(), count: z.int() })),
  /** The largest size that the limits allow. */
  largestSlice: z.string(),
  /** Impact and cost of the largest slice, by the curve; 18 decimals, rounded up. */
  impact: z.string(),
  cost: z.string(),
  /** Paid in all, smallest units of `to`: at once, in slices of a pool that is refilled before each, in slices of a pool that is not. */
  outAtOnce: z.string(),
  outRefilled: z.string(),
  outNotRefilled: z.string(),
});
export type AmmSlicesOutput = z.output<typeof AmmSlicesOutput>;

/** What the slices are paid one after the other when nobody refills the pool. */
function paidInTurn(pool: Pool, from: number, to: number, sizes: readonly { size: bigint; count: number }[]): bigint {
  let [state, paid] = [pool, 0n];
  for (const { size, count } of sizes)
    for (let slice = 0; slice < count; slice += 1) {
      const next = marketOf(state, from, to).after(size);
      paid += state.reserves[to]! - next.reserves[to]!;
      state = next;
    }
  return paid;
}

/**
 * How many equal slices keep an order within a limit of impact or cost and a share of the pool's depth (table 4.7, R49). Amounts are smallest units, payments
 * rounded down once per slice. Slices of one pool lower the impact only if it is refilled between them, so both totals are told: refilled slices are paid
 * at least what one shot is, less one unit each; without refilling a constant product pays no more than at once, because the fees of the slices before stay in it.
 * Errors: EG400 malformed or zero, EG413, EG428 as `ammQuote`; EG427 when no slice keeps the limits, or more slices than allowed would be needed.
 */
export function ammSlices(input: AmmSlicesInput): AmmSlicesOutput {
  const { pool: given, from, to, amountIn, limit, basis, ...asked } = parseInput(AmmSlicesInput, input);
  const pool = readPool(given);
  const amount = someWei(amountIn);
  const market = marketOf(pool, from, to);
  const atOnce = market.out(amount);
  const depth = Fraction.of(asked.maxShareOfReserve).times(Fraction.of(market.reserveIn)).scaled(1n, "floor");
  const largest = largestWithin(market, limitOf(limit), basis, depth);
  if (largest === 0n)
    throw new EvergreenError(
      "EG427",
      "No slice keeps the limits; raise the limit above the fee, or the share of the reserve.",
    );
  const slices = (amount + largest - 1n) / largest;
  if (slices > BigInt(asked.maxSlices))
    throw new EvergreenError(
      "EG427",
      "The order needs more slices than allowed; raise the limit or maxSlices, or trade less.",
    );
  const [size, larger] = [amount / slices, amount % slices];
  const sizes = [
    { size: size + 1n, count: Number(larger) },
    { size, count: Number(slices - larger) },
  ].filter(({ count }) => count > 0);
  const first = sizes[0]!.size;
  return {
    slices: Number(slices),
    sizes: sizes.map((each) => ({ amountIn: `${each.size}`, count: each.count })),
    largestSlice: `${largest}`,
    impact: costText(market.impact(first)),
    cost: costText(market.cost(first)),
    outAtOnce: `${atOnce}`,
    outRefilled: `${sizes.reduce((all, each) => all + market.out(each.size) * BigInt(each.count), 0n)}`,
    outNotRefilled: `${paidInTurn(pool, from, to, sizes)}`,
  };
}
