// The dealing day for the calculation registry: every function here is an entry of calc/dealing-calculations.ts. The parts are imported by their paths.
export { CarryInput, CarryOutput, carryOrders, demandNetOfRepeats, RepeatsInput, RepeatsOutput } from "./carry.ts";
export { deal } from "./deal.ts";
export { DealInput, DealOutput } from "./deal-shapes.ts";
export { DraftNavInput, DraftNavOutput, draftNav } from "./draft-nav.ts";
export { DualInput, DualOutput, dualPrice } from "./dual.ts";
export {
  DealingDatesInput,
  DealingDatesOutput,
  dealingCalendar,
  EligibilityInput,
  EligibilityOutput,
  OrderDateInput,
  OrderDateOutput,
  orderDealingDate,
  redemptionEligibility,
} from "./eligibility.ts";
export { EltifInput, EltifOutput, eltifCap } from "./eltif.ts";
export { FundGateInput, FundGateOutput, fundGate } from "./fund-gate.ts";
export { GatePathInput, GatePathOutput, gatePath } from "./gate-path.ts";
export { InKindInput, InKindOutput, redemptionInKind } from "./in-kind.ts";
export { InvestorGateInput, InvestorGateOutput, investorGate } from "./investor-gate.ts";
export { antiDilutionLevy, LevyInput, LevyOutput } from "./levy.ts";
export { LmtVerdictInput, LmtVerdictOutput, lmtPolicyVerdict } from "./lmt-verdict.ts";
export {
  BreakerInput,
  BreakerOutput,
  priceBreaker,
  RollForwardInput,
  RollForwardOutput,
  rollForwardMark,
} from "./marks.ts";
export {
  OrderRootInput,
  OrderRootOutput,
  orderBookRoot,
  VerifyInclusionInput,
  VerifyInclusionOutput,
  verifyInclusion,
} from "./merkle.ts";
export { ClassNavsInput, ClassNavsOutput, classNavs, FundNavInput, FundNavOutput, fundNav } from "./nav.ts";
export { orderTransition, TransitionInput, TransitionOutput } from "./order-states.ts";
export { OutlookInput, OutlookOutput, redemptionOutlook } from "./redemption-outlook.ts";
export { RegimeCheckInput, RegimeCheckOutput, regimeCheck } from "./regime-check.ts";
export { NavErrorInput, NavErrorOutput, navError } from "./restatement.ts";
export {
  openSidePocket,
  PocketValueInput,
  PocketValueOutput,
  pocketValue,
  SidePocketInput,
  SidePocketOutput,
} from "./side-pocket.ts";
export { StrikeInput, StrikeOutput, strikeBlockers } from "./strike.ts";
export { SwingInput, SwingOutput, swingPrice } from "./swing.ts";
export { IssueInput, IssueOutput, issueUnits, RedeemInput, RedeemOutput, redeemUnits } from "./units.ts";
