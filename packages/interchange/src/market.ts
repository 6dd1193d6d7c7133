// Market data and ESG ratings of a table: observations by series and day, scores by asset. Numbers have a decimal point, as machines write them.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { TableFields } from "./fields.ts";
import { type MappingFile, mapColumns } from "./mapping.ts";
import { quoted, type RowProblem, refuseFile } from "./refusals.ts";
import type { Table } from "./table.ts";

/** One observation; kind and unit where the file says them (they must agree with those of the series). */
export interface MarketRow {
  series: string;
  as_of: string;
  value: string;
  kind?: string;
  unit?: string;
}

/** Scores of one asset on the provider's scale, by metric; `total` is the score itself. */
export interface EsgRow {
  asset: string;
  scores: Readonly<Record<string, string>>;
}

export const ESG_METRICS = ["environment", "social", "governance"] as const;

/** What a program writes: no thousands, a point. A mapping file may say otherwise. */
const MACHINE: MappingFile = { numbers: { decimal: ".", group: "" } };

/** A file of figures is taken whole or not at all: the first problem refuses it. Errors: EG400 with line and column. */
function refuseFirst(problems: readonly RowProblem[]): void {
  const [first] = problems;
  if (!first) return;
  const more = problems.length === 1 ? "" : ` There are ${problems.length - 1} more.`;
  const column = first.column === undefined ? "" : `${quoted(first.column).slice(1, -1)} `;
  throw new EvergreenError("EG400", `line ${first.line}: ${column}${first.reason}${more}`);
}

/** Observations of a table. Errors: EG400 when a column is missing or a row is not one, with its line. */
export function marketRowsOf(table: Table, given: MappingFile | undefined): MarketRow[] {
  const mapping = { ...MACHINE, ...given };
  const fields = new TableFields(table, mapColumns(table, "market", mapping), mapping);
  for (const field of ["series", "as_of", "value"] as const)
    if (!fields.has(field)) refuseFile(`No column is the ${field}; the header names series, as_of and value.`);
  const problems: RowProblem[] = [];
  const rows = table.rows.map((line): MarketRow => {
    const row = fields.row(line);
    const [series, as_of, value] = [row.required("series"), row.date("as_of"), row.decimal("value")];
    const [kind, unit] = [row.text("kind"), row.text("unit")];
    if (row.problems.length === 0 && as_of === null) row.problem("as_of", "is missing.");
    if (row.problems.length === 0 && value === null) row.problem("value", "is missing.");
    problems.push(...row.problems);
    const words = { ...(kind === null ? {} : { kind }), ...(unit === null ? {} : { unit }) };
    return { series: series ?? "", as_of: as_of ?? "", value: value ?? "", ...words };
  });
  refuseFirst(problems);
  return rows;
}

/** Scores of a table. Errors as of `marketRowsOf`. */
export function esgRowsOf(table: Table, given: MappingFile | undefined): EsgRow[] {
  const mapping = { ...MACHINE, ...given };
  const fields = new TableFields(table, mapColumns(table, "esg", mapping), mapping);
  for (const field of ["asset", "score"] as const)
    if (!fields.has(field)) refuseFile(`No column is the ${field}; the header names asset and score.`);
  const problems: RowProblem[] = [];
  const rows = table.rows.map((line): EsgRow => {
    const row = fields.row(line);
    const [asset, total] = [row.required("asset"), row.decimal("score")];
    if (row.problems.length === 0 && total === null) row.problem("score", "is missing.");
    const parts = ESG_METRICS.flatMap((metric) => {
      const score = fields.has(metric) ? row.decimal(metric) : null;
      return score === null ? [] : [[metric, score] as const];
    });
    problems.push(...row.problems);
    return { asset: asset ?? "", scores: { total: total ?? "", ...Object.fromEntries(parts) } };
  });
  refuseFirst(problems);
  return rows;
}
