// Registry entries: mandate, drift and rebalancing.
import { z } from "zod";
import { DefaultMandateInput, DefaultMandateOutput, defaultMandate } from "../default-mandate.ts";
import { DriftInput, DriftOutput, drift } from "../drift.ts";
import { Mandate, MandateProblemInput, mandateProblem, RetargetInput, retarget } from "../mandate.ts";
import { benchmarkProblem } from "../rebalancing/benchmark.ts";
import { RebalanceProblem, RebalanceSolution } from "../rebalancing/problem.ts";
import { rebalance } from "../rebalancing/solve.ts";
import { define } from "./entry.ts";
import { FUND, HOLDINGS, MANDATE, PROBLEM } from "./examples.ts";

export const PORTFOLIO_CALCULATIONS = [
  define({
    name: "drift",
    summary: "Weights of assets and sleeves, and how far each is from its target and band",
    source: "R38",
    input: DriftInput,
    output: DriftOutput,
    example: {
      holdings: [
        { id: "a", sleeve: "bonds", value: "62.00" },
        { id: "b", sleeve: "equity", value: "38.00" },
      ],
      sleeveTargets: [
        { id: "bonds", target: "0.5", band: { relative: "0.2" } },
        { id: "equity", target: "0.5", band: { absolute: "0.15" } },
      ],
    },
    calculation: drift,
    call: drift,
  }),
  define({
    name: "default-mandate",
    summary: "A first mandate from a fund's own holdings: shifted weights as targets, bands, limits, liquidity rule",
    source: "R31, R38; assumptions in liquidity-profile-table.ts",
    input: DefaultMandateInput,
    output: DefaultMandateOutput,
    example: FUND,
    calculation: defaultMandate,
    call: defaultMandate,
  }),
  define({
    name: "mandate-problem",
    summary: "The rebalancing problem of a mandate and the holdings as they stand",
    source: "R38",
    input: MandateProblemInput,
    output: RebalanceProblem,
    example: { mandate: MANDATE, holdings: HOLDINGS, cash: { value: "2.00" } },
    calculation: mandateProblem,
    call: mandateProblem,
  }),
  define({
    name: "retarget-mandate",
    summary: "A mandate with other sleeve targets",
    source: "R38",
    input: RetargetInput,
    output: Mandate,
    example: {
      mandate: MANDATE,
      targets: [
        { id: "bonds", target: "0.4" },
        { id: "equity", target: "0.58" },
      ],
    },
    calculation: retarget,
    call: retarget,
  }),
  define({
    name: "rebalance",
    summary:
      "Cost-aware trades that bring a portfolio within its mandate, or the constraints that contradict each other",
    source: "R38",
    input: RebalanceProblem,
    output: RebalanceSolution,
    example: PROBLEM,
    calculation: rebalance,
    call: rebalance,
  }),
  define({
    name: "benchmark-problem",
    summary: "A synthetic rebalancing problem of any size, the same for the same seed",
    source: "made up, labelled synthetic",
    input: z.strictObject({ n: z.int().min(2).max(20_000), seed: z.int().min(0).max(4_294_967_295) }),
    output: RebalanceProblem.extend({ label: z.string() }),
    example: { n: 4, seed: 7 },
    calculation: benchmarkProblem,
    call: ({ n, seed }) => benchmarkProblem(n, seed),
  }),
] as const;
