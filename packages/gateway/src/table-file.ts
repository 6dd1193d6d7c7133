// A table that somebody looks at as a Parquet file: the browser hands over what it shows, and DuckDB writes it. Nothing is kept.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";

const MOST_ROWS = 100_000;
const Table = z.strictObject({
  columns: z
    .array(z.strictObject({ header: z.string().max(200), figure: z.boolean().optional() }))
    .min(1)
    .max(100),
  rows: z.array(z.array(z.string().max(10_000))).max(MOST_ROWS),
});

/** Exact in 38 digits, of which 18 are decimals. */
const DECIMAL = /^-?\d{1,20}(\.\d{1,18})?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** "Worth (USD)" as worth_usd; two columns of one name get a number. */
export function columnNames(headers: readonly string[]): string[] {
  const taken = new Set<string>();
  return headers.map((header) => {
    const plain = header
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^[_0-9]+|_+$/g, "");
    const name = plain === "" ? "column" : plain;
    let free = name;
    for (let n = 2; taken.has(free); n += 1) free = `${name}_${n}`;
    taken.add(free);
    return free;
  });
}

/** A column of figures holds decimals, one of days dates, anything else texts; what is empty decides nothing. */
export function kindOf(values: readonly string[], figure: boolean): "decimal" | "date" | "text" {
  const said = values.filter((value) => value !== "");
  if (said.length === 0) return "text";
  if (figure && said.every((value) => DECIMAL.test(value))) return "decimal";
  return said.every((value) => DAY.test(value) && !Number.isNaN(Date.parse(value))) ? "date" : "text";
}

/** The bytes of the file. Errors: EG400 it is no table. */
export async function tableFile(given: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const table = Table.safeParse(given);
  if (!table.success || table.data.rows.some((row) => row.length !== table.data.columns.length))
    throw new EvergreenError("EG400", "A table has columns and rows of as many texts, at most 100,000 of them.");
  const { columns, rows } = table.data;
  const names = columnNames(columns.map(({ header }) => header));
  const { parquetOf } = await import("@evergreen-fund/analytics");
  const content = await parquetOf(
    columns.map(({ figure = false }, at) => ({
      name: names[at] ?? "column",
      kind: kindOf(
        rows.map((row) => row[at] ?? ""),
        figure,
      ),
    })),
    rows,
  );
  return new Uint8Array(content);
}
