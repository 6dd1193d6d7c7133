// Two outcomes side by side: what differs in NAV, cover and each asset, and what must be known before the difference means anything.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { currencyExponent, decimal, fixed, ratioText } from "@evergreen-fund/finance/money.ts";
import type { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { type Block, heading, paragraph, tableBlock } from "./document.ts";
import { amountWords, multipleWords } from "./figures.ts";
import type { ReportedRun } from "./run.ts";

export interface Side {
  run: ReportedRun;
  outcome: StressOutcome;
}

export interface Difference {
  scenarioA: string;
  scenarioB: string;
  navBefore: { a: string; b: string; difference: string };
  navAfter: { a: string; b: string; difference: string };
  loss: { a: string; b: string; difference: string };
  cover: { bucket: string; a: string | null; b: string | null; difference: string | null }[];
  /** Value after, per asset of either; null where one side has no such asset. */
  byAsset: { assetId: string; name: string; a: string | null; b: string | null; difference: string }[];
  warnings: string[];
}

/** b − a in the unit of the currency. */
const change = (a: string, b: string, currency: string): string =>
  fixed(decimal(b).minus(decimal(a)), currencyExponent(currency));

/** Words for what makes the two sides not comparable. */
export function warningsOf(a: Side, b: Side): string[] {
  const differ: readonly (readonly [string, string | null, string | null])[] = [
    ["snapshots", a.run.snapshotHash, b.run.snapshotHash],
    ["versions of the code", a.run.codeHash, b.run.codeHash],
    ["days of valuation", a.outcome.asOf, b.outcome.asOf],
    ["funds", a.run.fund, b.run.fund],
    ["currencies", a.outcome.currency, b.outcome.currency],
    ["seeds", a.outcome.seed, b.outcome.seed],
    ["scenarios", a.outcome.scenarioHash, b.outcome.scenarioHash],
  ];
  return differ.flatMap(([what, left, right]) =>
    left === right ? [] : [`The ${what} differ: ${short(left)} and ${short(right)}.`],
  );
}
const short = (value: string | null): string =>
  value === null ? "none" : /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;

/** Assets by the size of the difference, the largest first. Amounts of two currencies are not subtracted: their difference is in A's unit. */
export function differenceOf(a: Side, b: Side): Difference {
  const { currency } = a.outcome;
  const pair = (left: string, right: string) => ({ a: left, b: right, difference: change(left, right, currency) });
  const ratioOf = (side: Side, bucket: string): string | null =>
    side.outcome.rcr.find((row) => row.bucket === bucket)?.ratio ?? null;
  const assets = new Map<string, { name: string; a: string | null; b: string | null }>();
  for (const { assetId, name, navAfter } of a.outcome.byAsset) assets.set(assetId, { name, a: navAfter, b: null });
  for (const { assetId, name, navAfter } of b.outcome.byAsset)
    assets.set(assetId, { name, a: assets.get(assetId)?.a ?? null, b: navAfter });
  return {
    scenarioA: a.outcome.scenarioId,
    scenarioB: b.outcome.scenarioId,
    navBefore: pair(a.outcome.navBefore, b.outcome.navBefore),
    navAfter: pair(a.outcome.navAfter, b.outcome.navAfter),
    loss: pair(a.outcome.loss, b.outcome.loss),
    cover: BUCKETS.map((bucket) => {
      const [left, right] = [ratioOf(a, bucket), ratioOf(b, bucket)];
      const known = left !== null && right !== null;
      return { bucket, a: left, b: right, difference: known ? ratioText(decimal(right).minus(decimal(left))) : null };
    }),
    byAsset: [...assets]
      .map(([assetId, row]) => ({ assetId, ...row, difference: change(row.a ?? "0", row.b ?? "0", currency) }))
      .sort((x, y) => decimal(y.difference).abs().cmp(decimal(x.difference).abs()) || (x.assetId < y.assetId ? -1 : 1)),
    warnings: warningsOf(a, b),
  };
}

export function differenceBlocks(of: Difference): Block[] {
  return [
    heading(2, `A: ${of.scenarioA}, B: ${of.scenarioB}`),
    ...of.warnings.map(paragraph),
    tableBlock(
      [
        { what: "NAV before", ...of.navBefore },
        { what: "NAV after", ...of.navAfter },
        { what: "Loss", ...of.loss },
      ],
      {
        Figure: (row) => row.what,
        ">A": (row) => amountWords(row.a),
        ">B": (row) => amountWords(row.b),
        ">B − A": (row) => amountWords(row.difference),
      },
    ),
    tableBlock(of.cover, {
      Cover: (row) => row.bucket,
      ">A": (row) => multipleWords(row.a),
      ">B": (row) => multipleWords(row.b),
      ">B − A": (row) => multipleWords(row.difference),
    }),
    tableBlock(
      of.byAsset.filter((row) => row.a === null || row.b === null || !decimal(row.difference).isZero()),
      {
        "Asset that differs": (row) => row.name,
        ">A": (row) => amountWords(row.a),
        ">B": (row) => amountWords(row.b),
        ">B − A": (row) => amountWords(row.difference),
      },
      "No asset differs.",
    ),
  ];
}
