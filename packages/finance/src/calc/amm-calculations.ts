// Registry entries: models of automated market makers.
import {
  AmmMaxTradeInput,
  AmmMaxTradeOutput,
  AmmProviderLossInput,
  AmmProviderLossOutput,
  AmmQuoteInput,
  AmmQuoteOutput,
  AmmSlicesInput,
  AmmSlicesOutput,
  AmmSlippageInput,
  AmmSlippageOutput,
  ammMaxTrade,
  ammProviderLoss,
  ammQuote,
  ammSlices,
  ammSlippage,
} from "../amm/index.ts";
import { define } from "./entry.ts";

/** Synthetic: ten million of one token against one million of another, both of six decimals. */
const PRODUCT = { kind: "constant_product", reserves: ["10000000000000", "1000000000000"], feePpm: 3000 };
/** Synthetic: a stable pair of tokens with 18 and 6 decimals. */
const STABLE = {
  kind: "stable_swap",
  reserves: ["1000000000000000000000000", "1000000000000"],
  decimals: [18, 6],
  amplification: 100,
  feeBps: "4",
};

export const AMM_CALCULATIONS = [
  define({
    name: "amm-quote",
    summary: "What a pool pays for a size, to the smallest unit: prices, impact, slippage, reserves after",
    source: "R48; Uniswap v2 Core (2020); StableSwap whitepaper (Egorov, 2019)",
    input: AmmQuoteInput,
    output: AmmQuoteOutput,
    example: { pool: PRODUCT, amountIn: "100000000000" },
    calculation: ammQuote,
    call: ammQuote,
  }),
  define({
    name: "amm-max-trade",
    summary: "The largest trade of a pool within a limit of price impact or of all-in cost",
    source: "R49",
    input: AmmMaxTradeInput,
    output: AmmMaxTradeOutput,
    example: { pool: PRODUCT, limit: "0.01", basis: "cost" },
    calculation: ammMaxTrade,
    call: ammMaxTrade,
  }),
  define({
    name: "amm-slices",
    summary: "How many equal slices keep an order within a limit of impact and of depth, and what they are paid",
    source: "R49, table 4.7",
    input: AmmSlicesInput,
    output: AmmSlicesOutput,
    example: { pool: PRODUCT, amountIn: "500000000000", limit: "0.01", maxShareOfReserve: "0.02" },
    calculation: ammSlices,
    call: ammSlices,
  }),
  define({
    name: "amm-slippage",
    summary: "Expected slippage of sizes on a pool, and what was executed against it",
    source: "R48",
    input: AmmSlippageInput,
    output: AmmSlippageOutput,
    example: { pool: STABLE, trades: [{ amountIn: "1000000000000000000000", executedOut: "999000000" }] },
    calculation: ammSlippage,
    call: ammSlippage,
  }),
  define({
    name: "amm-provider-loss",
    summary: "What a liquidity provider lost against holding when the price moved, fees left out",
    source: "1 − 2√r/(1+r) of x·y = k; the stable invariant (Egorov, 2019)",
    input: AmmProviderLossInput,
    output: AmmProviderLossOutput,
    example: { pool: PRODUCT, priceRatio: "4" },
    calculation: ammProviderLoss,
    call: ammProviderLoss,
  }),
] as const;
