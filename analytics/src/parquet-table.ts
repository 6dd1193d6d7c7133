// A table of texts as Parquet (zstd), decimals as DECIMAL(38,18) and days as DATE, by DuckDB's own writer.
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "./file.ts";

export interface ParquetColumn {
  /** Small letters, digits and underscores. */
  name: string;
  kind: "text" | "decimal" | "date";
}

const TYPES = { text: "VARCHAR", decimal: "DECIMAL(38,18)", date: "DATE" } as const;
const ROWS_AT_ONCE = 5_000;

/** The bytes of the file; an empty text is null. Errors: a text that is no decimal or day where one should be. */
export async function parquetOf(
  columns: readonly ParquetColumn[],
  rows: readonly (readonly string[])[],
): Promise<Uint8Array> {
  for (const { name } of columns) if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`${name} names no column`);
  const path = join(tmpdir(), `evergreen-${randomUUID()}.parquet`);
  const file = await openFile(":memory:");
  try {
    await file.run(`create table t (${columns.map(({ name, kind }) => `"${name}" ${TYPES[kind]}`).join(", ")})`);
    const cells = columns.map(({ kind }, at) => `nullif(r[${at + 1}], '')::${TYPES[kind]}`).join(", ");
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
      await file.run(
        `insert into t select ${cells} from (select unnest(from_json($rows::json, '[["VARCHAR"]]')) as r)`,
        {
          rows: JSON.stringify(rows.slice(from, from + ROWS_AT_ONCE)),
        },
      );
    await file.run(`copy t to '${path.replaceAll("'", "''")}' (format parquet, compression zstd)`);
    return await readFile(path);
  } finally {
    file.close();
    await rm(path, { force: true });
  }
}
