// The public rules of fees: R20 to R26, each with its schemas.
export { CrystallisationInput, CrystallisationOutput, crystallisation } from "./crystallisation.ts";
export { EqualisationInput, EqualisationOutput, equalisation } from "./equalisation.ts";
export { HighWaterMarkInput, HighWaterMarkOutput, HighWaterPolicy, highWaterMark } from "./high-water-mark.ts";
export { HurdleFeeInput, HurdleFeeOutput, HurdleRate, hurdleFee, PerformanceTerms } from "./hurdle.ts";
export { LotEvent, LotPosting } from "./lot-events.ts";
export {
  accrueManagementFee,
  ContinuousFeeInput,
  ContinuousFeeOutput,
  continuousManagementFee,
  ManagementFeeInput,
  ManagementFeeOutput,
} from "./management-fee.ts";
export { PerformanceFeeInput, PerformanceFeeOutput, performanceFee } from "./performance-fee.ts";
export { SeriesInput, SeriesOutput, seriesAccounting } from "./series.ts";
export { WaterfallInput, WaterfallOutput, waterfall } from "./waterfall.ts";
