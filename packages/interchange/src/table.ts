// A table as CSV and XLSX are both read: headers, and rows of cells with the line they stand on.

export interface Cell {
  text: string;
  /** `text`: as typed, still to be understood; `number`: a plain decimal; `date`: YYYY-MM-DD; `broken`: `text` says why it has no value. */
  kind: "text" | "number" | "date" | "broken";
}

export interface TableRow {
  line: number;
  cells: Cell[];
}

export interface Table {
  /** Line of the header row. */
  line: number;
  headers: string[];
  rows: TableRow[];
  /** What the reader noticed and a person should know. */
  notes: string[];
}

export const EMPTY: Cell = { text: "", kind: "text" };
export const isBlank = (cell: Cell | undefined): boolean =>
  cell === undefined || (cell.kind !== "broken" && cell.text.trim() === "");
