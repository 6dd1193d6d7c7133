// Models of automated market makers (R48, R49) for the calculation registry: every function here is an entry of calc/amm-calculations.ts.
export { AmmPool } from "./pool.ts";
export { AmmProviderLossInput, AmmProviderLossOutput, ammProviderLoss } from "./provider-loss.ts";
export { AmmQuoteInput, AmmQuoteOutput, AmmSlippageInput, AmmSlippageOutput, ammQuote, ammSlippage } from "./quote.ts";
export {
  AmmMaxTradeInput,
  AmmMaxTradeOutput,
  AmmSlicesInput,
  AmmSlicesOutput,
  ammMaxTrade,
  ammSlices,
} from "./slicing.ts";
