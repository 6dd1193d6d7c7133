// What a liquidity provider lost against holding the tokens when their price moved (impermanent loss). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { Decimal } from "decimal.js";
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { decimal, Exact, ONE } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import { costText, marketOf, scaledBalances, stablePrice } from "./market.ts";
import { AmmPool, Direction, type Pool, readPool } from "./pool.ts";
import { balanceAt, invariantOf } from "./stable-invariant.ts";

export const AmmProviderLossInput = z.strictObject({
  pool: AmmPool,
  ...Direction,
  /** New price of `from` in `to` over the pool's spot price: "2" when it doubled. From 0.000001 to 1000000. */
  priceRatio: NonNegative,
});
export type AmmProviderLossInput = z.input<typeof AmmProviderLossInput>;

export const AmmProviderLossOutput = z.strictObject({
  /** Share of the value of holding that providing gave up, fees left out; 18 decimals, rounded up. */
  loss: z.string(),
});
export type AmmProviderLossOutput = z.output<typeof AmmProviderLossOutput>;

/** 1 − 2√r/(1+r): what follows from x·y = k when arbitrage has brought the pool's price to r times the old one. */
function lossOfProduct(ratio: Decimal): string {
  const loss = ONE.minus(ratio.sqrt().times(2).div(ratio.plus(1)));
  return Fraction.of(loss.toFixed(18, Decimal.ROUND_CEIL)).positive().ratioText();
}

/** The balances on the same invariant at which the price is r times today's, found by halving; then their value against holding. */
function lossOfStable(pool: Pool, from: number, to: number, ratio: Fraction): string {
  const held = scaledBalances(pool);
  const d = invariantOf(held, pool.amplification);
  const at = (x: bigint): bigint[] => {
    const next = held.map((balance, place) => (place === from ? x : balance));
    return next.map((balance, place) => (place === to ? balanceAt(next, to, d, pool.amplification) : balance));
  };
  const price = (balances: readonly bigint[]) => stablePrice(balances, from, to, d, pool.amplification);
  const target = price(held).times(ratio);
  let [low, high] = [held[from]!, held[from]!];
  for (let step = 0; step < 400 && price(at(low)).lt(target) && low > 1n; step += 1) low /= 2n;
  for (let step = 0; step < 400 && price(at(high)).gt(target); step += 1) high *= 2n;
  if (low === 0n || price(at(low)).lt(target) || price(at(high)).gt(target))
    throw new EvergreenError("EG428", "The pool cannot come to that price; give a price ratio nearer to one.");
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (price(at(middle)).gte(target)) low = middle;
    else high = middle;
  }
  const value = (balances: readonly bigint[]) =>
    target.times(Fraction.of(balances[from]!)).plus(Fraction.of(balances[to]!));
  return costText(Fraction.ONE.minus(value(at(low)).over(value(held))).positive());
}

/**
 * Loss of a liquidity provider against holding, once arbitrage has brought the pool to the new price; fees earned are not in it. A share, 18 decimals, rounded up.
 * Constant product: 1 − 2√r/(1+r), from x·y = k ("Uniswap v2 Core", 2020). Stable swap: the balances on its own invariant (Egorov, 2019), two tokens.
 * Errors: EG400 malformed, a ratio outside 0.000001 to 1000000, or a stable pool of more than two tokens; EG413, EG428 as `ammQuote`, EG428 for a price it cannot reach.
 */
export function ammProviderLoss(input: AmmProviderLossInput): AmmProviderLossOutput {
  const { pool: given, from, to, priceRatio } = parseInput(AmmProviderLossInput, input);
  const pool = readPool(given);
  marketOf(pool, from, to);
  const ratio = decimal(priceRatio);
  if (ratio.lt(new Exact("0.000001")) || ratio.gt(1_000_000))
    throw new EvergreenError("EG400", "The price ratio must lie from 0.000001 to 1000000.");
  if (pool.kind === "constant_product") return { loss: lossOfProduct(ratio) };
  if (pool.reserves.length !== 2)
    throw new EvergreenError("EG400", "The loss of a stable pool is known for two tokens; give a pool of two.");
  return { loss: lossOfStable(pool, from, to, Fraction.of(priceRatio)) };
}
