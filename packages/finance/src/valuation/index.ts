// The valuation room: what bonds, listed and private assets are worth, today and along a scenario; and large runs by factor exposures.
export { BondSpreadInput, BondSpreadOutput, BondValueInput, BondValueOutput, bondSpread, bondValue } from "./bond.ts";
export { ExposureLossInput, ExposureLossOutput, exposureLoss } from "./exposure-loss.ts";
export { ExposureRowsInput, ExposureRowsOutput, exposureRows } from "./exposure-rows.ts";
export { RedemptionRunInput, RedemptionRunOutput, redemptionRun } from "./redemption-run.ts";
export { RevalueInput, RevalueOutput, revalue } from "./revalue.ts";
