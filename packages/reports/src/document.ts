// A report as blocks, before it is Markdown, PDF or lines of a terminal: every rendering says the same.
import type { Plot } from "./plot.ts";

export interface TableColumn {
  header: string;
  /** Figures stand to the right. */
  figure?: boolean;
}

export type Block =
  | { kind: "heading"; level: 1 | 2 | 3; text: string }
  | { kind: "text"; text: string }
  | { kind: "facts"; rows: readonly (readonly [label: string, value: string])[] }
  | { kind: "table"; columns: readonly TableColumn[]; rows: readonly (readonly string[])[]; none: string }
  | { kind: "plot"; plot: Plot };

export interface ReportDocument {
  title: string;
  /** The only instant in it: when the run ended. ISO 8601 in UTC. */
  at: string;
  /** First part of the names of files beside it. */
  name: string;
  blocks: readonly Block[];
}

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: "heading", level, text });
export const paragraph = (text: string): Block => ({ kind: "text", text });
export const factsBlock = (rows: readonly (readonly [string, string])[]): Block => ({ kind: "facts", rows });

/** A table of rows of any shape; a column beginning with ">" holds figures. */
export function tableBlock<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string>>,
  none = "Nothing to show.",
): Block {
  const named = Object.entries(columns);
  return {
    kind: "table",
    columns: named.map(([name]) => (name.startsWith(">") ? { header: name.slice(1), figure: true } : { header: name })),
    rows: rows.map((row) => named.map(([, value]) => value(row))),
    none,
  };
}
