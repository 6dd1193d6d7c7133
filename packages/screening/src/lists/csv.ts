// Rows of a CSV file: bounded, quotes as RFC 4180 has them or as OFAC writes them. No header is assumed.
import { CsvError, parse } from "csv-parse/sync";
import { type ListLimits, refused, tooLarge } from "./limits.ts";

export function csvRows(text: string, limits: ListLimits, delimiter = ","): string[][] {
  const rows: string[][] = [];
  try {
    parse(text, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: limits.record,
      on_record: (record: string[]) => {
        if (rows.length >= limits.rows) tooLarge(`a file has more than ${limits.rows} rows.`);
        if (record.some((cell) => cell.length > limits.text))
          tooLarge(`row ${rows.length + 1} has a cell of more than ${limits.text} characters.`);
        rows.push(record);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_MAX_RECORD_SIZE") tooLarge(`a row is longer than ${limits.record} characters.`);
    refused(`it is no CSV (${error.code}).`, error);
  }
  return rows;
}

/** Rows by the names of their header, in lower case with _ for whatever is no letter or figure. */
export function headed(rows: readonly string[][]): { header: string[]; rows: Map<string, string>[] } {
  const header = (rows[0] ?? []).map(columnName);
  return {
    header,
    rows: rows.slice(1).map((row) => new Map(header.map((name, at) => [name, (row[at] ?? "").trim()]))),
  };
}

export const columnName = (cell: string): string =>
  cell
    .replace(/^\ufeff/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
