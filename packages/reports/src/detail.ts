// One scenario in full: what each asset loses and by which method, what that rests on and how old it is, liquidity, what is borne, and what the
// numbers do not know.
import type { StressedAsset, StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { type Block, factsBlock, heading, paragraph, tableBlock } from "./document.ts";
import { amountWords, changeShareWords, changeWords, multipleWords, percentWords, survivalWords } from "./figures.ts";
import { byLoss, shareOf } from "./run.ts";

const days = (age: number | null): string => (age === null ? "–" : `${age} d`);
const inputsOf = ({ inputs }: StressedAsset): string =>
  inputs.map(({ series, asOf, value, ageDays }) => `${series} ${value} of ${asOf} (${ageDays} d)`).join("; ") || "none";

/** Largest losses first. `most`: how many assets are shown; what is left out is counted. */
export function assetTable(outcome: StressOutcome, most = Number.POSITIVE_INFINITY): Block[] {
  const rows = byLoss(outcome.byAsset);
  const shown = rows.slice(0, most);
  return [
    tableBlock(
      shown,
      {
        Asset: (row) => row.name,
        ">Before": (row) => amountWords(row.navBefore),
        ">After": (row) => amountWords(row.navAfter),
        ">Change": (row) => changeWords(row.navBefore, row.navAfter),
        ">Change %": (row) => changeShareWords(row.navBefore, row.navAfter),
        Method: (row) => row.method,
        Convexity: (row) => row.convexity,
        ">Age": (row) => days(row.age),
        Inputs: inputsOf,
      },
      "The fund has no assets.",
    ),
    ...(rows.length > shown.length
      ? [
          paragraph(
            `${rows.length - shown.length} more assets lose less; the whole list is in the report of this scenario.`,
          ),
        ]
      : []),
  ];
}

function liquidityBlocks(outcome: StressOutcome): Block[] {
  const before = new Map(outcome.rcrBefore.map((row) => [row.bucket, row]));
  const gaps = new Map(outcome.gaps.map((row) => [row.bucket, row]));
  const breaches = new Map(outcome.breaches.map((row) => [row.bucket, row]));
  return [
    heading(3, "Liquidity"),
    tableBlock(
      outcome.rcr,
      {
        Bucket: (row) => row.bucket,
        ">Cover today": (row) => multipleWords(before.get(row.bucket)?.ratio ?? null),
        ">Assets": (row) => amountWords(row.assets),
        ">Due": (row) => amountWords(row.liabilities),
        ">Cover": (row) => multipleWords(row.ratio),
        ">Gap": (row) => amountWords(gaps.get(row.bucket)?.gap ?? null),
        ">Short of": (row) => amountWords(gaps.get(row.bucket)?.shortfall ?? null),
        ">Required": (row) => multipleWords(breaches.get(row.bucket)?.required ?? null),
      },
      "No ladder.",
    ),
    ...(outcome.liquidations.length === 0
      ? []
      : [
          tableBlock(outcome.liquidations, {
            Paying: (row) => (row.mode === "waterfall" ? "most liquid first" : "a share of everything"),
            ">Asked": (row) => amountWords(row.asked),
            ">Raised": (row) => amountWords(row.raised),
            ">Cost": (row) => amountWords(row.cost),
            ">Short of": (row) => amountWords(row.shortfall),
            ">Distortion": (row) => percentWords(row.distortion),
          }),
        ]),
  ];
}

/** What the fund bears in each scenario (R35), a row each. */
export const reverseTable = (outcomes: readonly StressOutcome[]): Block =>
  tableBlock(outcomes, {
    Scenario: (row) => row.scenarioId,
    ">Largest redemption borne": (row) => amountWords(row.reverse.largestRedemption?.amount ?? null),
    ">of NAV": (row) => percentWords(row.reverse.largestRedemption?.share ?? null),
    "by the end of": (row) => row.reverse.largestRedemption?.bucket ?? "–",
    ">Smallest haircut that breaks it": (row) => percentWords(row.reverse.smallestHaircut?.haircut ?? null),
    "in bucket": (row) => row.reverse.smallestHaircut?.bucket ?? "–",
    ">Survives quarters": (row) => survivalWords(row.survivalQuarters),
  });

/** What the fund bears (R35), with the frontier. */
export function reverseBlocks(outcome: StressOutcome): Block[] {
  const { largestRedemption, smallestHaircut, frontier } = outcome.reverse;
  return [
    factsBlock([
      [
        "Largest redemption borne",
        largestRedemption === null
          ? "–"
          : `${amountWords(largestRedemption.amount)} ${outcome.currency}, ${percentWords(largestRedemption.share)} of NAV (${largestRedemption.bucket})`,
      ],
      [
        "Smallest haircut that breaks it",
        smallestHaircut === null ? "–" : `${percentWords(smallestHaircut.haircut)} (${smallestHaircut.bucket})`,
      ],
      ["Survives, in quarters", survivalWords(outcome.survivalQuarters)],
    ]),
    ...(frontier.length === 0
      ? []
      : [
          tableBlock(frontier, {
            ">Redemption": (row) => percentWords(row.redemption),
            ">Haircut that breaks it": (row) => percentWords(row.haircut),
          }),
        ]),
  ];
}

function cellBlocks({ cells }: StressOutcome): Block[] {
  if (cells === null) return [];
  return [
    heading(3, "Over all cells"),
    factsBlock([
      ["Cells", String(cells.count)],
      ["Method", cells.method],
      ["Mean loss", amountWords(cells.mean)],
      ["Value at risk 95 %, 99 %", `${amountWords(cells.var95)}, ${amountWords(cells.var99)}`],
      ["Expected shortfall 95 %, 99 %", `${amountWords(cells.es95)}, ${amountWords(cells.es99)}`],
      ["Worst", amountWords(cells.worst)],
    ]),
  ];
}

/** One scenario. `assets`: how many assets are listed. */
export function detailBlocks(outcome: StressOutcome, options: { assets?: number; level?: 1 | 2 } = {}): Block[] {
  const last = outcome.periods.at(-1);
  const { exits } = outcome;
  return [
    heading(options.level ?? 2, `${outcome.scenarioId}: ${outcome.title}`),
    factsBlock([
      ["Version", `${outcome.version} (${outcome.scenarioHash})`],
      ["As of", outcome.asOf],
      ["NAV", `${amountWords(outcome.navBefore)} → ${amountWords(outcome.navAfter)} ${outcome.currency}`],
      ["Loss", `${amountWords(outcome.loss)} (${percentWords(shareOf(outcome.loss, outcome.navBefore))})`],
      ...(outcome.seed === null ? [] : [["Seed", outcome.seed] as const]),
      ...(exits === null
        ? []
        : [
            [
              "Owners who leave",
              `${exits.investors}: ask ${amountWords(exits.asked)}, are paid ${amountWords(exits.paid)} (${percentWords(exits.share)})`,
            ] as const,
          ]),
    ]),
    heading(3, "Assets, the largest losses first"),
    ...assetTable(outcome, options.assets),
    ...(last === undefined
      ? []
      : [
          heading(3, "By method, in the last period"),
          tableBlock(last.byMethod, {
            Method: (row) => row.method,
            ">Assets": (row) => String(row.assets),
            ">Change": (row) => amountWords(row.change),
          }),
        ]),
    ...liquidityBlocks(outcome),
    heading(3, "What it bears"),
    ...reverseBlocks(outcome),
    ...(outcome.pacing.length === 0
      ? []
      : [
          heading(3, "Commitments"),
          tableBlock(outcome.pacing, {
            ">Period": (row) => String(row.period),
            ">Called": (row) => amountWords(row.calls),
            ">Paid back": (row) => amountWords(row.distributions),
          }),
        ]),
    ...cellBlocks(outcome),
    ...(outcome.tests.length === 0
      ? []
      : [
          heading(3, "Its own tests"),
          tableBlock(outcome.tests, {
            Test: (row) => row.test,
            Passed: (row) => (row.passed === null ? "not decided" : row.passed ? "yes" : "no"),
            Reason: (row) => row.reason,
          }),
        ]),
    ...(outcome.notes.length === 0 ? [] : [heading(3, "Notes"), ...outcome.notes.map(paragraph)]),
  ];
}
