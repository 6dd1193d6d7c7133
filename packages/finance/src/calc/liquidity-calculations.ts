// Registry entries: money, liquidity and sensitivities.
import { AllocationInput, AllocationOutput, allocateLargestRemainder } from "../allocation.ts";
import {
  CoverageInput,
  CoverageOutput,
  HqlaInput,
  HqlaOutput,
  hqlaCoverage,
  LadderInput,
  LadderOutput,
  liquidityCoverage,
  liquidityLadder,
} from "../liquidity.ts";
import {
  liquidityProfile,
  ProfileInput,
  ProfileOutput,
  StressedLiabilitiesInput,
  StressedLiabilitiesOutput,
  stressedLiabilities,
} from "../liquidity-profile.ts";
import { RateShockInput, RateShockOutput, rateShockLoss } from "../sensitivities.ts";
import { define } from "./entry.ts";

export const LIQUIDITY_CALCULATIONS = [
  define({
    name: "allocate-largest-remainder",
    summary: "Divides an amount among holders to the last minor unit; nothing is lost, ties go to the smallest id",
    source: "largest remainder method",
    input: AllocationInput,
    output: AllocationOutput,
    example: {
      total: "100.00",
      currency: "USD",
      shares: [
        { id: "a", weight: "1" },
        { id: "b", weight: "1" },
        { id: "c", weight: "1" },
      ],
    },
    calculation: allocateLargestRemainder,
    call: allocateLargestRemainder,
  }),
  define({
    name: "liquidity-rcr",
    summary: "Liquidity ladder: assets, liabilities, coverage, gap and shortfall per bucket, plain or stressed",
    source: "R31, R33 (time to liquidation)",
    input: LadderInput,
    output: LadderOutput,
    example: {
      cash: "8",
      assets: { "7d": "5", "30d": "7", "90d": "5", "180d": "5", "365d": "10", gt365d: "60" },
      liabilities: { redemptions: { "30d": "5", "90d": "10", "180d": "15", "365d": "20", gt365d: "50" } },
      nav: "100",
    },
    calculation: liquidityLadder,
    call: liquidityLadder,
  }),
  define({
    name: "hqla-coverage",
    summary: "Coverage of outflows by weighted high-quality liquid assets",
    source: "R33 (HQLA weights)",
    input: HqlaInput,
    output: HqlaOutput,
    example: {
      positions: [
        { id: "bill", value: "50", weight: "1" },
        { id: "bond", value: "40", weight: "0.85" },
      ],
      outflows: "60",
    },
    calculation: hqlaCoverage,
    call: hqlaCoverage,
  }),
  define({
    name: "liquidity-coverage",
    summary: "Whether 30-day assets cover stressed 30-day liabilities 1.2 times",
    source: "R38",
    input: CoverageInput,
    output: CoverageOutput,
    example: { assets30d: "41349926.01", stressedLiabilities30d: "2681552.64" },
    calculation: liquidityCoverage,
    call: liquidityCoverage,
  }),
  define({
    name: "liquidity-profile",
    summary: "How fast one holding can be cash, by category, issuer, fair-value level and rating",
    source: "R31; assumptions in liquidity-profile-table.ts",
    input: ProfileInput,
    output: ProfileOutput,
    example: { category: "DBT", issuerCategory: "MUN", fairValueLevel: "2" },
    calculation: liquidityProfile,
    call: liquidityProfile,
  }),
  define({
    name: "stressed-liabilities",
    summary: "Stressed 30-day liabilities from the reported months of redemptions, with a floor",
    source: "1.5 × the largest month, at least 1 % of net assets",
    input: StressedLiabilitiesInput,
    output: StressedLiabilitiesOutput,
    example: {
      currency: "USD",
      monthlyRedemptions: ["681940.53", "1069086.08", "1787701.76"],
      netAssets: "41349926.01",
    },
    calculation: stressedLiabilities,
    call: stressedLiabilities,
  }),
  define({
    name: "rate-shock-loss",
    summary: "Loss under a parallel rate shift, linear in the reported DV100",
    source: "SEC Form N-PORT item B.3; method dv100_linear",
    input: RateShockInput,
    output: RateShockOutput,
    example: {
      dv100: [
        { currency: "USD", tenor: "1Yr", amount: "279369.315086266604" },
        { currency: "USD", tenor: "5Yr", amount: "543997.095466088216" },
      ],
      shockBps: 100,
    },
    calculation: rateShockLoss,
    call: rateShockLoss,
  }),
] as const;
