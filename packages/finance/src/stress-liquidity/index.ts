// Liquidity under stress for the calculation registry: every function here is an entry of calc/stress-calculations.ts. The parts are imported by their paths.
export { AssetProfileInput, AssetProfileOutput, assetProfile } from "./asset-profile.ts";
export { CombinedLadderInput, CombinedLadderOutput, combinedLadder } from "./combined-ladder.ts";
export { ConcentrationExitsInput, ConcentrationExitsOutput, concentrationExits } from "./concentration.ts";
export { CoverTrendInput, CoverTrendOutput, coverTrend } from "./cover-trend.ts";
export { FillPathInput, FillPathOutput, fillPath } from "./fill-path.ts";
export { InvestorProfileInput, InvestorProfileOutput, investorProfile } from "./investor-profile.ts";
export { LiquidationInput, LiquidationOutput, liquidate } from "./liquidation.ts";
export { commitmentPacing, PacingInput, PacingOutput } from "./pacing.ts";
export { PacingShapeInput, PacingShapeOutput, pacingShape } from "./pacing-shape.ts";
export { PortfolioCheckInput, PortfolioCheckOutput, portfolioCheck } from "./portfolio-check.ts";
export { ProgrammeVerdictInput, ProgrammeVerdictOutput, programmeVerdict } from "./programme-verdict.ts";
export { RedemptionWaterfallInput, RedemptionWaterfallOutput, redemptionWaterfall } from "./redemption-waterfall.ts";
export { liquidityRemedy, RemedyInput, RemedyOutput } from "./remedy.ts";
export {
  ReverseFrontierInput,
  ReverseFrontierOutput,
  ReverseInput,
  ReverseOutput,
  reverseFrontier,
  reverseStress,
} from "./reverse.ts";
export { SecClassesInput, SecClassesOutput, secClasses } from "./sec-classes.ts";
export { SurvivalInput, SurvivalOutput, survivalQuarters } from "./survival.ts";
