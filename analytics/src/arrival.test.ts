// Decimals on their way into DuckDB: from Postgres' groups of four digits they are what they were, at every length and sign.
import { DECIMAL, DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "./file.ts";
import { writeNumber } from "./wire-number.ts";

/** A number as Postgres sends it: count of groups, weight of the first, sign, digits after the point, the groups; no group of zeros at either end. */
function sent(text: string): DataView {
  const [whole = "", part = ""] = text.replace("-", "").split(".");
  const before = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const groups = ((before + part.padEnd(Math.ceil(part.length / 4) * 4, "0")).match(/.{4}/g) ?? []).map(Number);
  let weight = before.length / 4 - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight -= 1;
  }
  while (groups.at(-1) === 0) groups.pop();
  const view = new DataView(new ArrayBuffer(8 + 2 * groups.length));
  view.setUint16(0, groups.length);
  view.setInt16(2, groups.length === 0 ? 0 : weight);
  view.setUint16(4, text.startsWith("-") ? 0x4000 : 0);
  view.setUint16(6, part.length);
  for (const [at, group] of groups.entries()) view.setUint16(8 + 2 * at, group);
  return view;
}

/** What DuckDB reads where it was written. */
async function taken(texts: readonly string[], scale: number): Promise<unknown[]> {
  const file = await openFile(":memory:");
  await file.run(`create table taken (value decimal(38, ${scale}))`);
  const chunk = DuckDBDataChunk.create([DECIMAL(38, scale)]);
  await file.append("main", "taken", async (append) => {
    for (let first = 0; first < texts.length; first += 2048) {
      const some = texts.slice(first, first + 2048);
      const bytes = new DataView(new ArrayBuffer(16 * some.length));
      for (const [at, text] of some.entries()) writeNumber(bytes, 16 * at, sent(text), 0, scale);
      chunk.reset();
      chunk.rowCount = some.length;
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, 0);
      duckdb.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, 0, bytes.byteLength);
      append(chunk);
    }
  });
  const rows = await file.rows("select value::varchar as value from taken order by rowid");
  file.close();
  return rows.map(({ value }) => value);
}

describe("a decimal read from groups of digits", () => {
  it.each([4, 18])("of scale %i is the decimal of its text", async (scale) => {
    const value = fc
      .tuple(fc.bigInt({ min: -(10n ** 38n - 1n), max: 10n ** 38n - 1n }), fc.integer({ min: 1, max: 38 }))
      .map(([units, length]) => {
        const cut = units % 10n ** BigInt(length);
        const text = String(cut < 0n ? -cut : cut).padStart(scale + 1, "0");
        return `${cut < 0n ? "-" : ""}${text.slice(0, -scale)}.${text.slice(-scale)}`;
      });
    const texts = [
      ...[
        "0",
        "1",
        "9",
        "10",
        "9999",
        "10000",
        "99999999999999999",
        "100000000000000000",
        "9".repeat(38 - scale),
      ].flatMap((whole) =>
        ["0".repeat(scale), `${"0".repeat(scale - 1)}1`, "9".repeat(scale)].flatMap((part) =>
          Number(whole + part) === 0 ? [`${whole}.${part}`] : [`${whole}.${part}`, `-${whole}.${part}`],
        ),
      ),
      ...fc.sample(value, { numRuns: 10_000, seed: 7 }),
    ];
    expect(await taken(texts, scale)).toEqual(texts);
  });

  it("is refused when the column cannot hold it", () => {
    const write = (text: string) => () => writeNumber(new DataView(new ArrayBuffer(16)), 0, sent(text), 0, 4);
    expect(write("1.2345")).not.toThrow();
    for (const text of ["1.23456", "0.00000001", `${"9".repeat(36)}.0000`])
      expect(write(text)).toThrow(/mirrored column/);
  });
});
