// Market data of a Parquet file, by DuckDB's own reader: exact decimals as text, whatever the columns were stored as.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { openFile, type Row } from "./file.ts";

const NEEDED = ["series", "as_of", "value"] as const;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_ROWS = 200_000;

export interface ParquetRow {
  series: string;
  as_of: string;
  value: string;
  kind?: string;
  unit?: string;
}

/**
 * Observations with columns series, as_of, value and, where they are there, kind and unit. A double is written out with the fewest digits that give it
 * back. Errors: EG404 no file, EG400 no Parquet, a column that is missing or a value that is, EG413 above 64 MB or 200,000 rows.
 */
export async function readParquetMarket(path: string): Promise<{ rows: ParquetRow[]; sha256: string }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new EvergreenError("EG404", "There is no such file.", { cause: error });
  });
  if (bytes.length > MOST_BYTES) throw new EvergreenError("EG413", `The file is larger than ${MOST_BYTES} bytes.`);
  const file = await openFile(":memory:");
  try {
    const columns = await file
      .rows("select column_name, column_type from (describe select * from read_parquet($path))", { path })
      .catch((error: unknown) => {
        throw new EvergreenError("EG400", "The file is not Parquet that can be read.", { cause: error });
      });
    const names = columns.map((column) => String(column.column_name));
    const missing = NEEDED.find((name) => !names.includes(name));
    if (missing !== undefined) throw new EvergreenError("EG400", `The file has no column ${missing}.`);
    const chosen = [...NEEDED, ...["kind", "unit"].filter((name) => names.includes(name))];
    const as = (name: string) => (name === "as_of" ? "as_of::date::varchar as as_of" : `${name}::varchar as ${name}`);
    const rows = await file
      .rows(`select ${chosen.map(as).join(", ")} from read_parquet($path) limit ${MOST_ROWS + 1}`, { path })
      .catch((error: unknown) => {
        throw new EvergreenError("EG400", "A value of the file is not what its column should hold.", { cause: error });
      });
    if (rows.length > MOST_ROWS) throw new EvergreenError("EG413", `The file has more than ${MOST_ROWS} rows.`);
    return { rows: rows.map(observation), sha256: createHash("sha256").update(bytes).digest("hex") };
  } finally {
    file.close();
  }
}

function observation(row: Row, at: number): ParquetRow {
  const empty = NEEDED.find((name) => typeof row[name] !== "string" || row[name] === "");
  if (empty !== undefined) throw new EvergreenError("EG400", `row ${at + 1}: ${empty} is missing.`);
  const word = (name: "kind" | "unit") => (typeof row[name] === "string" ? { [name]: row[name] } : {});
  return {
    series: String(row.series),
    as_of: String(row.as_of),
    value: String(row.value),
    ...word("kind"),
    ...word("unit"),
  };
}
