// CSV to a table: separators found or told, any line ends, a byte order mark, quotes as RFC 4180 has them. Broken quoting refuses the file.
import { CsvError, parse } from "csv-parse/sync";
import type { FileLimits } from "./limits.ts";
import { quoted, refuse, refuseFile, refuseSize } from "./refusals.ts";
import type { Table, TableRow } from "./table.ts";
import { tableOf } from "./table-rows.ts";

export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export interface CsvOptions {
  delimiter?: Delimiter | undefined;
  /** Rows before the header row that are no part of the table. */
  skipRows?: number | undefined;
}

const WORDS: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed.",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quote.",
  INVALID_OPENING_QUOTE:
    "a quote stands in the middle of a cell; a cell with quotes is quoted whole, its quotes doubled.",
};

/** Errors: EG400 broken quoting or no table, EG413 beyond a limit; each with its line. */
export function readCsv(source: string, limits: FileLimits, options: CsvOptions = {}): Table {
  const [, hint, rest] = /^sep=(.)(?:\r\n|\n|\r)([\s\S]*)$/.exec(source) ?? [];
  const hinted = DELIMITERS.find((one) => one === hint);
  const text = hinted === undefined ? source : (rest ?? "");
  const shift = hinted === undefined ? 0 : 1;
  const delimiter = options.delimiter ?? hinted ?? likelyDelimiter(text, options.skipRows ?? 0);
  const rows: TableRow[] = [];
  let line = 1 + shift;
  try {
    parse(text, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: false,
      max_record_size: limits.record,
      raw: true,
      on_record: (given: unknown) => {
        // with `raw` the library hands over both, which its types do not know
        const { raw, record } = given as { raw: string; record: string[] };
        const ends = line;
        line += raw.match(/\r\n|\n|\r/g)?.length ?? 0;
        if (rows.length > limits.rows + 1000) refuseSize(ends, `the file has more than ${limits.rows} rows.`);
        if (record.length > limits.columns) refuseSize(ends, `a row has more than ${limits.columns} columns.`);
        const long = record.find((cell) => cell.length > limits.text);
        if (long !== undefined) refuseSize(ends, `a cell is longer than ${limits.text} characters.`);
        rows.push({ line: ends, cells: record.map((cell) => ({ text: cell, kind: "text" as const })) });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_MAX_RECORD_SIZE") refuseSize(line, `a row is longer than ${limits.record} characters.`);
    refuse(line, WORDS[error.code] ?? `not CSV (${error.code}).`, error);
  }
  return tableOf(rows, limits, options.skipRows ?? 0);
}

/** The separator that stands most often in the header row, outside of quotes. */
function likelyDelimiter(text: string, skipRows: number): Delimiter {
  const header = text.split(/\r\n|\n|\r/).filter((row) => row.trim() !== "")[skipRows] ?? "";
  const bare = header.replace(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((one) => ({ one, count: bare.split(one).length - 1 })).sort(
    (a, b) => b.count - a.count,
  );
  const [most, next] = counts;
  if (most && next && most.count > 0 && most.count === next.count)
    refuseFile(
      `The header row separates by ${quoted(most.one)} as often as by ${quoted(next.one)}; say which in the mapping file.`,
    );
  return most?.one ?? ",";
}
