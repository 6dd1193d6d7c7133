// Market data and ESG ratings from tables: header names, numbers with a decimal point, and the line of what is wrong.
import { describe, expect, it } from "vitest";
import { parseMapping } from "./mapping.ts";
import { readEsg, readMarket } from "./read-file.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("market data", () => {
  it("has series, day and value, and kind and unit where the file says them", async () => {
    const { rows, sha256 } = await readMarket(
      bytes(
        "\ufeffSymbol;Date;Close;Kind;Currency\r\nSYN;2026-01-30;1.105;price;USD\r\nSYN 2;2026-01-30;-0.0025;;\r\n",
      ),
    );
    expect(rows).toEqual([
      { series: "SYN", as_of: "2026-01-30", value: "1.105", kind: "price", unit: "USD" },
      { series: "SYN 2", as_of: "2026-01-30", value: "-0.0025" },
    ]);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });
  it("takes decimal commas and other days only where a mapping says so", async () => {
    const file = "series;date;value\nSYN;30.01.2026;1,105\n";
    await expect(readMarket(bytes(file))).rejects.toThrow('line 2: value "1,105" is not a number.');
    const mapping = parseMapping('numbers: { decimal: "," }\ndates: DD.MM.YYYY', "market");
    expect((await readMarket(bytes(file), { mapping })).rows).toEqual([
      { series: "SYN", as_of: "2026-01-30", value: "1.105" },
    ]);
  });
  it.each([
    ["date,value\n2026-01-30,1\n", "No column is the series"],
    ["series,date,value\nSYN,,1\n", "line 2: date is missing"],
    ["series,date,value\nSYN,2026-01-30,\n", "line 2: value is missing"],
    ["series,date,value\n,2026-01-30,1\n,2026-01-30,1\n", "There are 1 more."],
    ["series,date,value\nSYN,2026-02-30,1\n", "is not a day"],
    ["<market/>", "CSV, XLSX or Parquet"],
  ])("refuses %j", async (file, words) => {
    await expect(readMarket(bytes(file))).rejects.toThrow(words);
  });
});

describe("ESG ratings", () => {
  it("have a score and the metrics that the file brings", async () => {
    const { rows } = await readEsg(
      bytes("ISIN,ESG score,E score,Social,Governance\nXX0000000001,61.5,70,,55\nKEY,10,,,\n"),
    );
    expect(rows).toEqual([
      { asset: "XX0000000001", scores: { total: "61.5", environment: "70", governance: "55" } },
      { asset: "KEY", scores: { total: "10" } },
    ]);
  });
  it("are refused without an asset or a score", async () => {
    await expect(readEsg(bytes("asset,score\nKEY,\n"))).rejects.toThrow("line 2: score is missing");
    await expect(readEsg(bytes("asset\nKEY\n"))).rejects.toThrow("No column is the score");
  });
});
