// A synthetic run for tests: three scenarios, one of them over four quarters, and one that could not be computed.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import type { ReportedOutcome, ReportedRun } from "./run.ts";

export const RUN: ReportedRun = {
  runId: "7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11",
  fund: "SYN",
  kind: "nightly",
  status: "partial",
  asOf: "2026-11-20",
  snapshotName: "20261120T210000Z-1-abc",
  snapshotHash: "ab".repeat(32),
  codeHash: "cd".repeat(32),
  seed: null,
  currency: "USD",
  scenarios: 4,
  done: 3,
  failed: 1,
  reason: null,
  startedAt: "2026-11-20T21:00:00.000Z",
  endedAt: "2026-11-20T21:00:41.000Z",
};

/** Synthetic: 1,000.00 of two assets, of which the second loses what the scenario says. */
export function outcomeOf(scenarioId: string, loss: string, change: Partial<StressOutcome> = {}): StressOutcome {
  const after = (1000 - Number(loss)).toFixed(2);
  const rows = (ratio: string) =>
    BUCKETS.map((bucket) => ({
      bucket,
      assets: "150.00",
      liabilities: bucket === "gt365d" ? "0.00" : "100.00",
      ratio: bucket === "gt365d" ? null : bucket === "30d" ? ratio : "1.5",
    }));
  return StressOutcome.parse({
    scenarioId,
    scenarioHash: "ef".repeat(32),
    version: 1,
    title: `Synthetic ${scenarioId}`,
    fundId: "3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69",
    currency: "USD",
    asOf: "2026-11-20",
    snapshotHash: "ab".repeat(32),
    seed: null,
    navBefore: "1000.00",
    navAfter: after,
    loss,
    periods: [
      {
        period: 1,
        date: "2026-11-20",
        nav: after,
        change: `-${loss}`,
        hedgeMargin: "0.00",
        byMethod: [{ method: "bond-cash-flows", assets: 1, change: `-${loss}` }],
      },
    ],
    byAsset: [
      {
        assetId: "a-cash",
        name: "Cash (synthetic)",
        navBefore: "200.00",
        navAfter: "200.00",
        path: ["200.00"],
        method: "par",
        convexity: "none",
        inputs: [],
        age: null,
      },
      {
        assetId: "b-bond",
        name: "Bond (synthetic)",
        navBefore: "800.00",
        navAfter: (800 - Number(loss)).toFixed(2),
        path: [(800 - Number(loss)).toFixed(2)],
        method: "bond-cash-flows",
        convexity: "full",
        inputs: [{ series: "UST 10Y", asOf: "2026-11-18", value: "0.0412", ageDays: 2 }],
        age: 2,
      },
    ],
    rcrBefore: rows("1.4"),
    rcr: rows("0.8"),
    gaps: BUCKETS.map((bucket) => ({ bucket, gap: "50.00", shortfall: "0.00" })),
    breaches: [{ bucket: "30d", ratio: "0.8", required: "1" }],
    liquidations: [
      { mode: "waterfall", asked: "100.00", raised: "100.00", cost: "1.50", shortfall: "0.00", distortion: "0.12" },
    ],
    reverse: {
      largestRedemption: { bucket: "30d", amount: "120.00", share: "0.12" },
      smallestHaircut: { bucket: "30d", haircut: "0.25" },
      frontier: [
        { redemption: "0.05", haircut: "0.4" },
        { redemption: "0.1", haircut: null },
      ],
    },
    survivalQuarters: ">=20",
    pacing: [{ period: 1, calls: "5.00", distributions: "2.00" }],
    exits: null,
    tests: [{ test: "rcr_min", passed: false, reason: "30d is 0.8, below 1" }],
    cells: null,
    notes: ["Convexity of 1 asset is not known."],
    ...change,
  });
}

const period = (number: number, nav: string) => ({
  period: number,
  date: `2027-0${number * 2}-28`,
  nav,
  change: "-10.00",
  hedgeMargin: "0.00",
  byMethod: [],
});

const row = (ordinal: number, outcome: StressOutcome): ReportedOutcome => ({
  ordinal,
  scenarioId: outcome.scenarioId,
  version: outcome.version,
  title: outcome.title,
  scenarioHash: outcome.scenarioHash,
  status: "done",
  reason: null,
  outcome,
});

export const OUTCOMES: readonly ReportedOutcome[] = [
  row(1, outcomeOf("rates_up100", "40.00")),
  row(
    2,
    outcomeOf("crisis", "200.00", {
      survivalQuarters: "3",
      periods: [period(1, "950.00"), period(2, "870.00"), period(3, "780.00"), period(4, "800.00")],
    }),
  ),
  row(3, outcomeOf("gain", "-10.00")),
  {
    ordinal: 4,
    scenarioId: "no_series",
    version: 2,
    title: "Synthetic without a series",
    scenarioHash: "12".repeat(32),
    status: "failed",
    reason: "The series UST 30Y is missing. (EG404)",
    outcome: null,
  },
];
