// Rows on their way into DuckDB: from the bytes of a COPY they are what they were, however the bytes are cut; and the module is what its source compiles to.
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileArrival } from "../build.ts";
import { receiveRows } from "./arrival.ts";
import { typeOf } from "./columns.ts";
import { openFile } from "./file.ts";

/** A number as Postgres sends it: count of groups, weight of the first, sign, digits after the point, the groups; no group of zeros at either end. */
function sent(text: string): Buffer {
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
  return Buffer.from(view.buffer);
}

/** What COPY sends for these rows in its binary form; null is no value. */
function copied(rows: readonly (readonly (Buffer | null)[])[]): Buffer {
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeIntBE(value, 0, bytes);
    return buffer;
  };
  const row = (values: readonly (Buffer | null)[]): Buffer[] => [
    number(values.length, 2),
    ...values.flatMap((value) => (value === null ? [number(-1, 4)] : [number(value.length, 4), value])),
  ];
  const header = [Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)];
  return Buffer.concat([...header, ...rows.flatMap(row), number(-1, 2)]);
}

/** What DuckDB reads after the bytes have arrived in pieces of that size; the columns as its catalogue writes them. */
async function taken(types: readonly string[], bytes: Buffer, size = 65_536): Promise<unknown[][]> {
  const file = await openFile(":memory:");
  try {
    const columns = types.map((type, at) => `c${at} ${type}`);
    await file.run(`create table taken (${columns.join(", ")})`);
    const made = types.map(typeOf);
    // each with memory of its own, as from a socket
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      Buffer.from(Uint8Array.from(bytes.subarray(n * size, (n + 1) * size)).buffer),
    );
    await file.append(
      "taken",
      made.map(({ duckdb }) => duckdb),
      (append) => receiveRows([Readable.from(pieces)], made, append),
    );
    const rows = await file.rows(
      `select ${types.map((_, at) => `c${at}::varchar as c${at}`).join(", ")} from taken order by rowid`,
    );
    return rows.map((row) => Object.values(row));
  } finally {
    file.close();
  }
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
    const found = await taken([`DECIMAL(38,${scale})`], copied(texts.map((text) => [sent(text)])));
    expect(found.flat()).toEqual(texts);
  });

  it("is refused when the column cannot hold it", async () => {
    const take = (text: string) => taken(["DECIMAL(38,4)"], copied([[sent(text)]]));
    await expect(take("1.2345")).resolves.toEqual([["1.2345"]]);
    for (const text of ["1.23456", "0.00000001", `${"9".repeat(36)}.0000`])
      await expect(take(text)).rejects.toThrow(/mirrored column/);
  });
});

describe("rows of texts", () => {
  const text = fc.option(fc.string({ maxLength: 40, unit: "grapheme" }), { nil: null });
  const rows = fc.sample(fc.tuple(text, text), { numRuns: 5_000, seed: 11 });
  const bytes = copied(rows.map((row) => row.map((one) => (one === null ? null : Buffer.from(one)))));

  it.each([7, 1_000, 65_536, bytes.length])("are what they were when they come in pieces of %i bytes", async (size) => {
    expect(await taken(["VARCHAR", "VARCHAR"], bytes, size)).toEqual(rows);
  });

  it("may be longer than everything that arrives at once, and more than the list of long texts holds", async () => {
    const long = [
      ["x".repeat(300_000), "y"],
      ...Array.from({ length: 5_000 }, (_, n) => [`a long text of row ${n}`, `another of ${n}`]),
    ];
    expect(await taken(["VARCHAR", "VARCHAR"], copied(long.map((row) => row.map((one) => Buffer.from(one)))))).toEqual(
      long,
    );
  });

  it("are refused when the bytes end early or are of other columns", async () => {
    await expect(taken(["VARCHAR", "VARCHAR"], bytes.subarray(0, -3))).rejects.toThrow(/no rows of the mirrored table/);
    await expect(taken(["VARCHAR"], bytes)).rejects.toThrow(/no rows of the mirrored table/);
    await expect(taken(["UUID", "VARCHAR"], copied([[Buffer.from("short"), null]]))).rejects.toThrow(/no rows/);
  });
});

it("the module in the repository is what its source compiles to", { timeout: 300_000 }, async () => {
  const kept = await readFile(new URL("../arrival.wasm", import.meta.url));
  expect(Buffer.from(await compileArrival()).equals(kept)).toBe(true);
});
