// Workbooks: read back by the reader of imports, exact figures as numbers, no text that runs, the same bytes again.

import { DEFAULT_LIMITS } from "@evergreen-fund/interchange/limits.ts";
import { readXlsx } from "@evergreen-fund/interchange/read-xlsx.ts";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { workbookOf } from "./workbook.ts";

const read = (bytes: Uint8Array) => readXlsx(Buffer.from(bytes), DEFAULT_LIMITS);
const sheetOf = (bytes: Uint8Array): string => new TextDecoder().decode(unzipSync(bytes)["xl/worksheets/sheet1.xml"]);
const table = (rows: string[][]) => ({
  name: "Holdings: what [it] is worth today, in full",
  columns: [{ header: "Class" }, { header: "Worth (USD)", figure: true }, { header: "Day" }],
  rows,
});

describe("a workbook", () => {
  it("gives back what was put in: text, decimals as numbers, days as days", async () => {
    const { headers, rows } = await read(
      workbookOf(
        table([
          ['A & <B> "c"', "1234567.80", "2026-01-30"],
          ["B", "-0.0001", ""],
          ["", "12", "2026-02-28"],
        ]),
      ),
    );
    expect(headers).toEqual(["Class", "Worth (USD)", "Day"]);
    expect(rows.map(({ cells }) => cells.map(({ kind, text }) => `${kind}:${text}`))).toEqual([
      ['text:A & <B> "c"', "number:1234567.8", "date:2026-01-30"],
      ["text:B", "number:-0.0001"],
      ["text:", "number:12", "date:2026-02-28"],
    ]);
  });

  it("stores the decimal as it was written and keeps one of more digits than a spreadsheet has as text", () => {
    const sheet = sheetOf(
      workbookOf(
        table([
          ["A", "1234567.80", ""],
          ["B", "1234567890123456.78", ""],
        ]),
      ),
    );
    expect(sheet).toContain("<v>1234567.80</v>");
    expect(sheet).toContain("1234567890123456.78</t>");
    expect(sheet).not.toContain("<v>1234567890123456");
  });

  it.each(["=1+1", "+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://x")'])("never lets %j run", (text) => {
    const sheet = sheetOf(workbookOf(table([[text, text, text]])));
    expect(sheet).not.toContain("<f");
    expect(sheet.match(/t="inlineStr"/g)).toHaveLength(3 + 3);
  });

  it("keeps a number that stands in a column of words a word", () => {
    expect(sheetOf(workbookOf(table([["007", "1", ""]])))).toContain(">007</t>");
  });

  it("drops what XML cannot hold, and is the same bytes again", async () => {
    const hostile = table([["a\u0000b\ufffe\u202ec", "1", ""]]);
    expect(workbookOf(hostile)).toEqual(workbookOf(hostile));
    expect((await read(workbookOf(hostile))).rows[0]?.cells[0]?.text).toBe("a b c");
  });

  it("names columns beyond Z", async () => {
    const wide = {
      name: "w",
      columns: Array.from({ length: 60 }, (_, n) => ({ header: `c${n}` })),
      rows: [Array.from({ length: 60 }, (_, n) => `v${n}`)],
    };
    const { headers, rows } = await read(workbookOf(wide));
    expect(headers.at(-1)).toBe("c59");
    expect(rows[0]?.cells.map(({ text }) => text)).toEqual(wide.rows[0]);
  });
});
