// Every scenario of a run on one page: what is lost, where cover is least, what is borne, what could not be computed; with its plots.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { type Block, factsBlock, heading, paragraph, tableBlock } from "./document.ts";
import { amountWords, multipleWords, percentWords, survivalWords } from "./figures.ts";
import { barPlot, gridPlot, linePlot, type Tone } from "./plot.ts";
import { concluded, measuresOf, type ReportedOutcome, type ReportedRun, shareOf } from "./run.ts";

const double = (ratio: string | null): number => (ratio === null ? 0 : decimal(ratio).toNumber());

export const runFacts = (run: ReportedRun): Block =>
  factsBlock([
    ["Fund", run.fund],
    ["Run", run.runId],
    ["Kind", run.kind.replaceAll("_", " ")],
    [
      "State",
      `${run.status}: ${run.done} of ${run.scenarios} done, ${run.failed} failed${run.reason === null ? "" : ` (${run.reason})`}`,
    ],
    ["As of", run.asOf ?? "–"],
    ["Snapshot", run.snapshotName === null ? "–" : `${run.snapshotName} (content ${run.snapshotHash ?? "–"})`],
    ["Code", run.codeHash ?? "–"],
    ["Seed", run.seed ?? "none"],
    ["Currency", run.currency],
    ["Began", run.startedAt],
    ["Ended", run.endedAt ?? "–"],
  ]);

export function overviewTable(outcomes: readonly StressOutcome[]): Block {
  return tableBlock(
    outcomes.map(measuresOf),
    {
      Scenario: (row) => row.scenarioId,
      ">NAV before": (row) => amountWords(row.navBefore),
      ">NAV after": (row) => amountWords(row.navAfter),
      ">Loss": (row) => amountWords(row.loss),
      ">Loss %": (row) => percentWords(row.lossShare),
      "Worst bucket": (row) => row.worst?.bucket ?? "–",
      ">Cover": (row) => multipleWords(row.worst?.ratio ?? null),
      Breaches: (row) => row.breaches.join(", ") || "none",
      ">Bears redemptions of": (row) => percentWords(row.largestRedemption),
      ">Survives quarters": (row) => survivalWords(row.survivalQuarters),
    },
    "No scenario has been computed yet.",
  );
}

/** What is not computed, with its reason. */
export function missingTable(outcomes: readonly ReportedOutcome[]): Block {
  return tableBlock(
    outcomes.filter(({ status }) => status !== "done"),
    {
      Scenario: (row) => row.scenarioId,
      State: (row) => row.status,
      Reason: (row) => row.reason ?? "–",
    },
    "Every scenario was computed.",
  );
}

const toneOf = (ratio: string | null): Tone | null => {
  if (ratio === null) return null;
  return decimal(ratio).lt(1) ? "bad" : decimal(ratio).lt("1.2") ? "near" : "good";
};

function coverBlocks(outcomes: readonly StressOutcome[]): Block[] {
  const ratioOf = (outcome: StressOutcome, bucket: string): string | null =>
    outcome.rcr.find((row) => row.bucket === bucket)?.ratio ?? null;
  const plot = gridPlot(
    "cover",
    "Cover by bucket, in the period in which it is least (red below 1, yellow below 1.2)",
    BUCKETS,
    outcomes.map((outcome) => ({
      name: outcome.scenarioId,
      cells: BUCKETS.map((bucket) => {
        const ratio = ratioOf(outcome, bucket);
        return { label: multipleWords(ratio), tone: toneOf(ratio) };
      }),
    })),
  );
  const table = tableBlock(outcomes, {
    Scenario: (row) => row.scenarioId,
    ...Object.fromEntries(
      BUCKETS.map((bucket) => [`>${bucket}`, (row: StressOutcome) => multipleWords(ratioOf(row, bucket))]),
    ),
  });
  return [heading(2, "Cover by bucket"), { kind: "plot", plot }, table];
}

function survivalBlocks(outcomes: readonly StressOutcome[]): Block[] {
  const rows = outcomes.filter(({ survivalQuarters }) => survivalQuarters !== null);
  if (rows.length === 0) return [];
  const quarters = (text: string): number => Number(text.replace(/^>=/, ""));
  return [
    heading(2, "Survival at the largest gate"),
    {
      kind: "plot",
      plot: barPlot(
        "survival",
        "Quarters in a row in which the gate is paid in full",
        rows.map(({ scenarioId, survivalQuarters }) => ({
          name: scenarioId,
          value: quarters(survivalQuarters ?? "0"),
          label: survivalWords(survivalQuarters),
        })),
      ),
    },
    tableBlock(rows, {
      Scenario: (row) => row.scenarioId,
      ">Quarters": (row) => survivalWords(row.survivalQuarters),
    }),
  ];
}

function pathBlocks(outcomes: readonly StressOutcome[]): Block[] {
  const rows = outcomes.filter(({ periods }) => periods.length > 1);
  if (rows.length === 0) return [];
  return [
    heading(2, "Paths of several periods"),
    {
      kind: "plot",
      plot: linePlot(
        "path",
        "NAV by period, in percent of NAV before",
        rows.map((row) => ({
          name: row.scenarioId,
          values: [100, ...row.periods.map(({ nav }) => double(shareOf(nav, row.navBefore)) * 100)],
        })),
        (value) => `${value.toFixed(1)} %`,
      ),
    },
    tableBlock(
      rows.flatMap((row) => row.periods.map((period) => ({ row, ...period }))),
      {
        Scenario: ({ row }) => row.scenarioId,
        ">Period": ({ period }) => String(period),
        Date: ({ date }) => date,
        ">NAV": ({ nav }) => amountWords(nav),
        ">Of NAV before": ({ nav, row }) => percentWords(shareOf(nav, row.navBefore)),
        ">Margin called": ({ hedgeMargin }) => amountWords(hedgeMargin),
      },
    ),
  ];
}

/** Where NAV is lowest on the way, if that is lower than where every scenario ends. Null where no path goes lower. */
function lowestOnTheWay(outcomes: readonly StressOutcome[]): string | null {
  let lowest: { share: string; words: string } | null = null;
  let end: string | null = null;
  for (const { scenarioId, navBefore, navAfter, periods } of outcomes) {
    const after = shareOf(navAfter, navBefore);
    if (after !== null && (end === null || decimal(after).lt(end))) end = after;
    for (const { period, date, nav } of periods) {
      const share = shareOf(nav, navBefore);
      if (share !== null && (lowest === null || decimal(share).lt(lowest.share)))
        lowest = {
          share,
          words: `${percentWords(share)} of NAV before, in period ${period} (${date}) of ${scenarioId}`,
        };
    }
  }
  if (lowest === null || end === null || decimal(lowest.share).gte(end)) return null;
  return ` On the way NAV is lowest at ${lowest.words}.`;
}

/** Overview of a run with its plots, each with its table. */
export function overviewBlocks(run: ReportedRun, outcomes: readonly ReportedOutcome[]): Block[] {
  const done = concluded(outcomes);
  const worst = done.reduce<StressOutcome | null>(
    (most, one) => (most === null || decimal(one.loss).gt(decimal(most.loss)) ? one : most),
    null,
  );
  const breached = done.filter(({ breaches }) => breaches.length > 0).length;
  return [
    runFacts(run),
    paragraph(
      worst === null
        ? "No scenario has been computed."
        : `The largest loss at the end of a scenario is ${amountWords(worst.loss)} ${run.currency} (${percentWords(shareOf(worst.loss, worst.navBefore))} of NAV) under ${worst.scenarioId}; ${breached} of ${done.length} scenarios leave a bucket below the cover that is required.${lowestOnTheWay(done) ?? ""}`,
    ),
    heading(2, "All scenarios"),
    ...(done.length === 0
      ? []
      : [
          {
            kind: "plot",
            plot: barPlot(
              "nav",
              "NAV after each scenario, in percent of NAV before",
              done.map((row) => ({
                name: row.scenarioId,
                value: double(shareOf(row.navAfter, row.navBefore)),
                label: percentWords(shareOf(row.navAfter, row.navBefore)),
              })),
              { at: 1, label: "NAV before" },
            ),
          } as const,
        ]),
    overviewTable(done),
    heading(2, "Not computed"),
    missingTable(outcomes),
    ...(done.length === 0 ? [] : [...coverBlocks(done), ...survivalBlocks(done), ...pathBlocks(done)]),
  ];
}
