// Quotes of a pool and the slippage it lets expect: per size, and against what was executed. Pure.
import { z } from "zod";
import { Fraction } from "../fees/fraction.ts";
import { parseInput } from "../parse.ts";
import { costText, type Market, marketOf, priceText } from "./market.ts";
import { AmmPool, Direction, readPool, someWei, Wei, wei } from "./pool.ts";

export const AmmQuoteInput = z.strictObject({
  pool: AmmPool,
  ...Direction,
  /** Smallest units of `from`. */
  amountIn: Wei,
});
export type AmmQuoteInput = z.input<typeof AmmQuoteInput>;

export const AmmQuoteOutput = z.strictObject({
  /** Smallest units of `to`, rounded down; "0" when the size is worth less than one. */
  amountOut: z.string(),
  /** Smallest units of `to` per smallest unit of `from` before the trade and its fee, 18 decimals, rounded down. */
  spotPrice: z.string(),
  /** amountOut / amountIn, 18 decimals, rounded down. */
  executionPrice: z.string(),
  /** Share by which the price without the fee lies below the spot price, 18 decimals, rounded up. */
  priceImpact: z.string(),
  /** Share by which the execution price lies below the spot price: impact, fee and rounding; 18 decimals, rounded up. */
  slippage: z.string(),
  /** The fee that the pool takes, as a share of the size (constant product) or of the payment (stable swap). */
  feeShare: z.string(),
  /** Smallest units of every token after the trade; the fee stays in the pool. */
  reservesAfter: z.array(z.string()),
});
export type AmmQuoteOutput = z.output<typeof AmmQuoteOutput>;

/** 1 − paid / (amount · spot). */
const slippageOf = (market: Market, amount: bigint, paid: bigint): Fraction =>
  Fraction.ONE.minus(Fraction.of(paid).over(market.spot.times(Fraction.of(amount))));

/**
 * What a pool pays for a size, in whole smallest units and never rounded in favour of the taker, with its prices and costs (R48).
 * Sources and rounding of each model: market.ts. Errors: EG400 malformed or zero, EG413 above 2^112 − 1, EG428 an empty pool or an invariant that does not converge.
 */
export function ammQuote(input: AmmQuoteInput): AmmQuoteOutput {
  const { pool: given, from, to, amountIn } = parseInput(AmmQuoteInput, input);
  const pool = readPool(given);
  const amount = someWei(amountIn);
  const market = marketOf(pool, from, to);
  const out = market.out(amount);
  return {
    amountOut: `${out}`,
    spotPrice: priceText(market.spot),
    executionPrice: priceText(Fraction.of(out, amount)),
    priceImpact: costText(market.impact(amount)),
    slippage: costText(slippageOf(market, amount, out)),
    feeShare: costText(market.fee),
    reservesAfter: market.after(amount).reserves.map(String),
  };
}

export const AmmSlippageInput = z.strictObject({
  pool: AmmPool,
  ...Direction,
  trades: z
    .array(
      z.strictObject({
        /** Smallest units of `from`. */
        amountIn: Wei,
        /** Smallest units of `to` that were paid, where it was executed. */
        executedOut: Wei.optional(),
      }),
    )
    .min(1)
    .max(1_000),
});
export type AmmSlippageInput = z.input<typeof AmmSlippageInput>;

export const AmmSlippageOutput = z.strictObject({
  trades: z.array(
    z.strictObject({
      amountIn: z.string(),
      expectedOut: z.string(),
      /** Share below the spot price, 18 decimals, rounded up. */
      expectedSlippage: z.string(),
      /** The same of what was paid, below zero where it was more than the spot price; null: not executed. */
      executedSlippage: z.string().nullable(),
      /** executed − expected, from the figures before they were rounded; above zero: worse than the pool let expect. */
      beyondExpected: z.string().nullable(),
    }),
  ),
});
export type AmmSlippageOutput = z.output<typeof AmmSlippageOutput>;

/**
 * Expected slippage of each size on the pool as it stands, each for itself, and the slippage of what was executed (R48). Shares, 18 decimals, rounded up.
 * Errors: EG400 malformed or zero, EG413 above 2^112 − 1 or more than 1,000 trades, EG428 as `ammQuote`.
 */
export function ammSlippage(input: AmmSlippageInput): AmmSlippageOutput {
  const { pool, from, to, trades } = parseInput(AmmSlippageInput, input);
  const market = marketOf(readPool(pool), from, to);
  return {
    trades: trades.map(({ amountIn, executedOut }) => {
      const amount = someWei(amountIn);
      const out = market.out(amount);
      const expected = slippageOf(market, amount, out);
      const executed = executedOut === undefined ? null : slippageOf(market, amount, wei(executedOut));
      return {
        amountIn,
        expectedOut: `${out}`,
        expectedSlippage: costText(expected),
        executedSlippage: executed && costText(executed),
        beyondExpected: executed && costText(executed.minus(expected)),
      };
    }),
  };
}
