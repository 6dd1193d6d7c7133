// The public API of the finance package. Money primitives (Exact, minor units, largest remainder) are in money.ts, by their own path.
export { AllocationInput, AllocationOutput, allocateLargestRemainder } from "./allocation.ts";
export * from "./amm/index.ts";
export { Band } from "./bands.ts";
export type { Calculation } from "./calc/entry.ts";
export { CALCULATIONS, calculationNamed, calculationSchema, runCalculation } from "./calc.ts";
export * from "./dealing/index.ts";
export { DefaultMandateInput, DefaultMandateOutput, defaultMandate, OTHER_NET_ASSETS } from "./default-mandate.ts";
export { DriftInput, DriftOutput, drift } from "./drift.ts";
export { type EsgCoverage, EsgCoverageInput, EsgCoverageOutput, EsgHolding, esgCoverage } from "./esg/coverage.ts";
export * from "./fees/index.ts";
export {
  BucketAmounts,
  BucketShares,
  CoverageInput,
  CoverageOutput,
  HqlaInput,
  HqlaOutput,
  hqlaCoverage,
  LadderInput,
  LadderOutput,
  liquidityCoverage,
  liquidityLadder,
} from "./liquidity.ts";
export {
  liquidityProfile,
  ProfileInput,
  ProfileOutput,
  StressedLiabilitiesInput,
  StressedLiabilitiesOutput,
  stressedLiabilities,
} from "./liquidity-profile.ts";
export { Mandate, MandateHolding, MandateProblemInput, mandateProblem, RetargetInput, retarget } from "./mandate.ts";
export * from "./onboarding/index.ts";
export { benchmarkProblem } from "./rebalancing/benchmark.ts";
export {
  CASH,
  Check,
  RebalanceAsset,
  type RebalancedPortfolio,
  type RebalanceInput,
  RebalanceProblem,
  RebalanceSolution,
  Trade,
} from "./rebalancing/problem.ts";
export { type Relaxation, type RelaxationResult, relaxation } from "./rebalancing/relaxation.ts";
export { rebalance, warmUp } from "./rebalancing/solve.ts";
export { StaleShareInput, StaleShareOutput, staleShare } from "./returns/labels.ts";
export {
  DirectAlphaOutput,
  directAlpha,
  KsPmeOutput,
  ksPme,
  PmeInput,
  PmePlusOutput,
  pmePlus,
} from "./returns/market-equivalent.ts";
export { ModifiedDietzInput, ModifiedDietzOutput, modifiedDietz } from "./returns/modified-dietz.ts";
export { fundMultiples, MultiplesInput, MultiplesOutput } from "./returns/multiples.ts";
export { PerformanceInput, PerformanceOutput, performance } from "./returns/performance.ts";
export {
  TwrInput,
  TwrOutput,
  timeWeightedReturn,
  UnitPriceTwrInput,
  UnitPriceTwrOutput,
  unitPriceReturn,
} from "./returns/time-weighted.ts";
export { UnitPerformanceInput, UnitPerformanceOutput, unitPerformance } from "./returns/unit-performance.ts";
export { XirrInput, XirrOutput, xirr } from "./returns/xirr.ts";
export { RateShockInput, RateShockOutput, rateShockLoss } from "./sensitivities.ts";
export * from "./statement/index.ts";
export * from "./stress-liquidity/index.ts";
export * from "./valuation/index.ts";
