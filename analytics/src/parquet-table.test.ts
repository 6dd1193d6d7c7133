// A table as Parquet, read back: exact decimals, days, nothing where nothing was.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openFile } from "./file.ts";
import { parquetOf } from "./parquet-table.ts";

it("keeps decimals exact and days as days", async () => {
  const bytes = await parquetOf(
    [
      { name: "id", kind: "text" },
      { name: "amount", kind: "decimal" },
      { name: "day", kind: "date" },
    ],
    [
      ["a'\"b", "12345678901234567.890000000000000001", "2026-01-30"],
      ["", "-0.1", ""],
    ],
  );
  const folder = mkdtempSync(join(tmpdir(), "evergreen-parquet-"));
  const file = await openFile(":memory:");
  try {
    writeFileSync(join(folder, "t.parquet"), bytes);
    expect(
      await file.rows("select id, amount, day::varchar as day from read_parquet($path)", {
        path: join(folder, "t.parquet"),
      }),
    ).toEqual([
      { id: "a'\"b", amount: "12345678901234567.890000000000000001", day: "2026-01-30" },
      { id: null, amount: "-0.100000000000000000", day: null },
    ]);
  } finally {
    file.close();
    rmSync(folder, { recursive: true });
  }
});

it("takes no name that is not one of a column", async () => {
  await expect(parquetOf([{ name: 'a"; drop', kind: "text" }], [])).rejects.toThrow("names no column");
});
