// The valuation room: what bonds, listed and private assets are worth, today and along a scenario; and large runs by factor exposures.
export { BondSpreadInput, BondSpreadOutput, BondValueInput, BondValueOutput, bondSpread, bondValue } from "./bond.ts";
export { RevalueInput, RevalueOutput, revalue } from "./revalue.ts";
