// Rows that several streams lay aside at once come into the table each once, batch after batch; what DuckDB refuses is said, and the next rows come in all the same.
import { type DuckDBDataChunk, INTEGER } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DuckFile, openFile } from "./file.ts";

let file: DuckFile;
beforeAll(async () => {
  file = await openFile(":memory:");
  await file.run("create table taken (n integer); create table checked (n integer check (n >= 0))");
});
afterAll(() => file.close());

const ROWS = 2_048;
const PIECES = 300;
/** The numbers from `first` on. */
const piece = (first: number) => ({
  rows: ROWS,
  fill: (chunk: DuckDBDataChunk) =>
    chunk.setColumnValues(
      0,
      Array.from({ length: ROWS }, (_, n) => first + n),
    ),
});

it("takes every row of several streams once", async () => {
  await file.append("taken", [INTEGER], async (append) => {
    const stream = async (at: number) => {
      for (let n = at; n < PIECES; n += 3) await append(piece(n * ROWS));
    };
    await Promise.all([stream(0), stream(1), stream(2)]);
  });
  const [row] = await file.rows(
    "select count(*)::int as rows, count(distinct n)::int as numbers, max(n) as last from taken",
  );
  expect(row).toEqual({ rows: PIECES * ROWS, numbers: PIECES * ROWS, last: PIECES * ROWS - 1 });
});

it("says what DuckDB refuses and what the stream does, and goes on afterwards", async () => {
  const refused = file.append("checked", [INTEGER], async (append) => append(piece(-5)));
  await expect(refused).rejects.toThrow(/CHECK constraint/);
  await expect(file.append("checked", [INTEGER], () => Promise.reject(new Error("cut off")))).rejects.toThrow(
    "cut off",
  );
  await file.append("checked", [INTEGER], async (append) => append(piece(0)));
  expect(await file.rows("select count(*)::int as rows from checked")).toEqual([{ rows: ROWS }]);
});
