// A table as Parquet: names of columns, exact decimals, days and texts, as DuckDB reads them back.
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "@evergreen-fund/analytics/file.ts";
import { expect, it } from "vitest";
import { columnNames, kindOf, tableFile } from "./table-file.ts";

it("names columns by their headers, each once", () => {
  expect(columnNames(["Worth (USD)", "Due", "Due", "%", "1st", "Größe"])).toEqual([
    "worth_usd",
    "due",
    "due_2",
    "column",
    "st",
    "gro_e",
  ]);
});

it.each([
  [["1.5", "", "-20"], true, "decimal"],
  [["1.5"], false, "text"],
  [["1e5"], true, "text"],
  [["2026-11-02", ""], false, "date"],
  [["2026-13-02"], false, "text"],
  [["", ""], true, "text"],
])("%j, a figure %s: %s", (values, figure, kind) => expect(kindOf(values, figure)).toBe(kind));

it("writes what was shown, to the last digit", async () => {
  const content = await tableFile({
    columns: [{ header: "Day" }, { header: "Worth (USD)", figure: true }, { header: "Why" }],
    rows: [
      ["2026-11-02", "12345678901234567890.123456789012345678", "=1+1, 'quoted'"],
      ["", "", ""],
    ],
  });
  const path = join(tmpdir(), `evergreen-table-${process.pid}.parquet`);
  await writeFile(path, content);
  const file = await openFile(":memory:");
  try {
    const rows = await file.rows(
      `select day::varchar as day, worth_usd::varchar as worth, why, typeof(worth_usd) as kind from '${path}'`,
    );
    expect(rows).toEqual([
      {
        day: "2026-11-02",
        worth: "12345678901234567890.123456789012345678",
        why: "=1+1, 'quoted'",
        kind: "DECIMAL(38,18)",
      },
      { day: null, worth: null, why: null, kind: "DECIMAL(38,18)" },
    ]);
  } finally {
    file.close();
  }
});

it.each([
  ["nothing", null],
  ["no columns", { columns: [], rows: [] }],
  ["a row that is too short", { columns: [{ header: "A" }, { header: "B" }], rows: [["1"]] }],
  ["a number", { columns: [{ header: "A" }], rows: [[1]] }],
])("refuses %s", async (_what, table) => {
  await expect(tableFile(table)).rejects.toMatchObject({ code: "EG400" });
});
