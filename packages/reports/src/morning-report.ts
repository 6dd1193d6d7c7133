// The morning report of a stress run: every scenario on its first pages, then each of them with its largest losses. Pure: the same run, the same bytes.
import { detailBlocks } from "./detail.ts";
import { heading, type ReportDocument } from "./document.ts";
import { markdownOf, type SvgFile } from "./markdown.ts";
import { overviewBlocks } from "./overview.ts";
import { pdfOf } from "./pdf.ts";
import { concluded, type ReportedOutcome, type ReportedRun } from "./run.ts";

/** Assets listed per scenario; the whole list is in the report of one scenario. */
const LARGEST = 10;

const titleOf = (run: ReportedRun): string => `Stress of ${run.fund} as of ${run.asOf ?? run.startedAt.slice(0, 10)}`;
const nameOf = (run: ReportedRun): string => `stress-${run.runId.slice(0, 8)}`;

/** What the report says, before it is rendered. */
export function morningDocument(run: ReportedRun, outcomes: readonly ReportedOutcome[]): ReportDocument {
  const ordered = [...outcomes].sort((a, b) => a.ordinal - b.ordinal);
  return {
    title: titleOf(run),
    at: run.endedAt ?? run.startedAt,
    name: nameOf(run),
    blocks: [
      heading(1, titleOf(run)),
      ...overviewBlocks(run, ordered),
      ...concluded(ordered).flatMap((outcome) => detailBlocks(outcome, { assets: LARGEST })),
    ],
  };
}

/** One scenario of a run in full. */
export const scenarioDocument = (run: ReportedRun, { outcome, scenarioId }: ReportedOutcome): ReportDocument => ({
  title: `${titleOf(run)}: ${scenarioId}`,
  at: run.endedAt ?? run.startedAt,
  name: `${nameOf(run)}-${scenarioId}`,
  blocks: outcome === null ? [heading(1, `${scenarioId} was not computed`)] : detailBlocks(outcome, { level: 1 }),
});

/** Markdown with its SVG files, and the same as PDF. Reads no clock: the only instants are the run's own. */
export async function morningReport(
  run: ReportedRun,
  outcomes: readonly ReportedOutcome[],
): Promise<{ markdown: string; svgs: SvgFile[]; pdf: Uint8Array }> {
  const document = morningDocument(run, outcomes);
  return { ...markdownOf(document), pdf: await pdfOf(document) };
}
