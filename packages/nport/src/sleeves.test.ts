// The sleeve table: every category of the form has a row, bands have the right ends, and the README prints the same table.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Holding } from "./filing-holding.ts";
import { ASSET_CODES } from "./read-position.ts";
import { FUND_SLEEVES, maturityBand, SLEEVES, sleeveOf } from "./sleeves.ts";

const holding = (over: Partial<Holding>): Holding => ({
  line: 1,
  name: "Synthetic",
  identifiers: [],
  valUSD: "1",
  ...over,
});

describe("maturity bands", () => {
  it.each([
    ["2025-12-31", "2025-12-30", "past-due"],
    ["2025-12-31", "2025-12-31", "0-1y"],
    ["2025-12-31", "2026-12-30", "0-1y"],
    ["2025-12-31", "2026-12-31", "1-3y"],
    ["2025-12-31", "2028-12-30", "1-3y"],
    ["2025-12-31", "2028-12-31", "3-5y"],
    ["2025-12-31", "2030-12-31", "5-10y"],
    ["2025-12-31", "2035-12-30", "5-10y"],
    ["2025-12-31", "2035-12-31", "10y+"],
    ["2025-12-31", "9999-12-31", "10y+"],
    ["2024-02-29", "2025-02-27", "0-1y"],
    ["2024-02-29", "2025-02-28", "1-3y"],
    ["2023-02-28", "2024-02-29", "1-3y"],
    ["2025-12-31", null, "undated"],
    ["2025-12-31", undefined, "undated"],
  ])("seen from %s, %s is %s", (asOf, maturity, band) => {
    expect(maturityBand(asOf, maturity)).toBe(band);
  });
});

describe("sleeves", () => {
  it.each<[Partial<Holding>, string, string]>([
    [{ assetCat: "DBT", issuerCat: "MUN", debt: { maturityDt: "2029-01-01" } }, "bond", "debt/3-5y"],
    [{ assetCat: "DBT" }, "bond", "debt/undated"],
    [{ assetCat: "LON", debt: { maturityDt: null } }, "loan", "loans/undated"],
    [{ assetCat: "ABS-CBDO", debt: { maturityDt: "2026-01-01" } }, "asset_backed", "asset-backed/0-1y"],
    [{ assetCat: "EC", issuerCat: "CORP", invCountry: "JP" }, "equity", "equity/JP"],
    [{ assetCat: "EC", issuerCat: "CORP", invCountry: null }, "equity", "equity/unknown"],
    [{ assetCat: "EC", issuerCat: "CORP", invCountry: "Mars" }, "equity", "equity/unknown"],
    [{ assetCat: "EC", issuerCat: "PF", invCountry: "KY" }, "private_fund", "private-funds/KY"],
    [{ assetCat: "OTHER", issuerCat: "RF", invCountry: "US" }, "registered_fund", "registered-funds/US"],
    [{ assetCat: "DBT", issuerCat: "PF", debt: { maturityDt: "2026-01-01" } }, "bond", "debt/0-1y"],
    [{ assetCat: "STIV", issuerCat: "RF" }, "short_term_vehicle", "short-term"],
    [{ assetCat: "DFE" }, "derivative", "derivatives"],
    [{ assetCat: null }, "other", "other"],
    [{}, "other", "other"],
    [{ assetCat: "constructor", issuerCat: "toString" }, "other", "other"],
    [{ assetCat: "EC", issuerCat: "constructor", invCountry: "US" }, "equity", "equity/US"],
  ])("%j is %s in %s", (over, type, sleeve) => {
    expect(sleeveOf(holding(over), "2025-12-31")).toEqual({ type, sleeve });
  });

  it("has a row for every category of the form", () => {
    expect(new Set(Object.keys(SLEEVES))).toEqual(ASSET_CODES);
  });

  it("is the table the README prints", () => {
    const readme = readFileSync(resolve(import.meta.dirname, "../README.md"), "utf8");
    const cells = (line: string): string[] =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", ""));
    const printed = readme
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map(cells)
      .filter(([head = ""]) => /^[A-Z]{2}/.test(head));
    const one = ([, type = "", sleeve = "", by = ""]: string[]): object => ({ type, sleeve, by });
    const stakes = printed.filter(([head = ""]) => head.includes(" of issuer "));
    const plain = printed.filter((row) => !stakes.includes(row));
    expect(
      Object.fromEntries(plain.flatMap((row) => (row[0] ?? "").split(", ").map((category) => [category, one(row)]))),
    ).toEqual(SLEEVES);
    expect(Object.fromEntries(stakes.map((row) => [(row[0] ?? "").split(" ").at(-1), one(row)]))).toEqual(FUND_SLEEVES);
    expect(stakes.map(([head = ""]) => head.split(" of ")[0])).toEqual(["EC, EP, RE, OTHER", "EC, EP, RE, OTHER"]);
  });
});
