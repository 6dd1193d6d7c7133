// Reports of stress runs: one document, rendered as Markdown with SVG plots, as PDF, or as the blocks a terminal shows.

export { type Difference, differenceBlocks, differenceOf, type Side, warningsOf } from "./compare.ts";
export { detailBlocks, reverseBlocks, reverseTable } from "./detail.ts";
export type { Block, ReportDocument, TableColumn } from "./document.ts";
export { amountWords, changeWords, multipleWords, percentWords, survivalWords } from "./figures.ts";
export { markdownOf, type SvgFile } from "./markdown.ts";
export { morningDocument, morningReport, scenarioDocument } from "./morning-report.ts";
export { missingTable, overviewTable, runFacts } from "./overview.ts";
export { pdfOf } from "./pdf.ts";
export { concluded, type Measures, measuresOf, type ReportedOutcome, type ReportedRun, shareOf } from "./run.ts";
export {
  type AccountRow,
  accountRows,
  footShown,
  letterDocument,
  type ReportedStatement,
  statementDocument,
  statementFacts,
  statementTitle,
} from "./statement-report.ts";
