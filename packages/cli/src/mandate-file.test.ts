// A mandate from a file and targets merged into one: what fits is taken as it is, everything else is refused by name.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { defaultMandate } from "@evergreen-fund/finance/default-mandate.ts";
import { describe, expect, it } from "vitest";
import { readMandate, withTargets } from "./mandate-file.ts";

const holding = (id: string, sleeve: string, value: string) => ({
  id,
  sleeve,
  value,
  issuer: id,
  category: "DBT",
  issuerCategory: "UST",
  payoffProfile: "Long",
});
const { mandate } = defaultMandate({
  currency: "USD",
  asOf: "2025-12-31",
  netAssets: "1000000.00",
  holdings: [
    holding("a", "debt/0-1y", "500000.00"),
    holding("b", "debt/1-3y", "480000.00"),
    holding("c", "cash", "20000.00"),
  ],
});
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof EvergreenError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "taken";
};

describe("readMandate", () => {
  it("takes a mandate bare or as `mandate show` prints it", () => {
    expect(readMandate(mandate).body).toEqual(mandate);
    expect(readMandate({ code: "KY1", version: 3, mandate }).body).toEqual(mandate);
  });
  it.each([
    ["nothing", null, /^EG400 /],
    ["a list", [], /^EG400 /],
    ["a word too much", { ...mandate, surprise: 1 }, /^EG400 .*surprise/],
    ["a target that is a number", { ...mandate, cash: { ...mandate.cash, target: 0.02 } }, /^EG400 .*cash\.target/],
    [
      "targets that do not add up",
      { ...mandate, cash: { ...mandate.cash, target: "0.03" } },
      /^EG400 .*add up to 1\.01, not 1/,
    ],
  ])("refuses %s", (_name, document, expected) => {
    expect(refusal(() => readMandate(document))).toMatch(expected);
  });
});

describe("withTargets", () => {
  it("replaces what is named and keeps the rest", () => {
    const { mandate: changed } = withTargets(mandate, { "debt/0-1y": "0.3", "debt/1-3y": "0.6", cash: "0.1" });
    expect(changed.sleeves.map(({ id, target }) => [id, target])).toEqual([
      ["debt/0-1y", "0.3"],
      ["debt/1-3y", "0.6"],
    ]);
    expect(changed.cash.target).toBe("0.1");
    expect(changed.limits).toEqual(mandate.limits);
    expect(readMandate(changed).mandate).toEqual(changed);
  });
  it.each([
    ["an unknown sleeve", { "equity/US": "0.1" }, /^EG400 .*equity\/US/],
    ["a share above one", { cash: "1.5" }, /^EG400 .*cash/],
    ["a number", { cash: 0.1 }, /^EG400 .*cash/],
    ["targets that do not add up", { cash: "0.5" }, /^EG400 .*add up to/],
    ["no targets", {}, /^EG400 /],
    ["a list", ["cash"], /^EG400 /],
  ])("refuses %s", (_name, document, expected) => {
    expect(refusal(() => withTargets(mandate, document))).toMatch(expected);
  });
});
