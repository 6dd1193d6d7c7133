// The profile table: every row adds up, can be reached, and the first match wins. Stressed liabilities: the larger of two figures.
import { BUCKETS } from "@evergreen-fund/domain";
import { describe, expect, it } from "vitest";
import { liquidityProfile, type ProfileInput, stressedLiabilities } from "./liquidity-profile.ts";
import { CLASS_ROWS, COST_ROWS, PROFILE_ROWS } from "./liquidity-profile-table.ts";
import { Exact } from "./money.ts";

const sum = (shares: Partial<Record<string, string>>) =>
  Object.values(shares)
    .reduce((acc: Exact, share) => acc.plus(share ?? 0), new Exact(0))
    .toFixed();

describe("the table", () => {
  it.each([...PROFILE_ROWS, ...Object.values(CLASS_ROWS)])(
    "row $words: shares add up to one, in known buckets",
    (row) => {
      expect(sum(row.shares)).toBe("1");
      expect(BUCKETS).toEqual(expect.arrayContaining(Object.keys(row.shares)));
    },
  );

  it.each(PROFILE_ROWS.map((row, position) => ({ ...row, position })))(
    "row $position can be reached: $words",
    (row) => {
      const known = (value: string) => (value === "*" ? undefined : value);
      const holding = {
        category: known(row.category) ?? "SOMETHING",
        issuerCategory: known(row.issuer),
        fairValueLevel: known(row.level),
        rating: known(row.rating),
      } as ProfileInput;
      expect(liquidityProfile(holding).rule).toBe(`row:${row.position}`);
    },
  );

  it("ends with a row for everything, and so do the costs", () => {
    expect(PROFILE_ROWS.at(-1)).toMatchObject({ category: "*", issuer: "*", level: "*", rating: "*", tradable: false });
    expect(COST_ROWS.at(-1)).toMatchObject({ category: "*", issuerCategory: "*" });
  });

  it.each([
    [{ category: "DBT", issuerCategory: "UST", fairValueLevel: "2" }, { "1d": "1" }, true],
    [{ category: "DBT", issuerCategory: "UST", fairValueLevel: "3" }, { gt365d: "1" }, false],
    [{ category: "DBT", issuerCategory: "MUN", fairValueLevel: "2" }, { "7d": "0.5", "30d": "0.5" }, true],
    [
      { category: "DBT", issuerCategory: "CORP", fairValueLevel: "2", rating: "high_yield" },
      { "30d": "0.5", "90d": "0.5" },
      true,
    ],
    [{ category: "EC", issuerCategory: "PF", fairValueLevel: "2" }, { gt365d: "1" }, false],
    [{ category: "DBT", fairValueLevel: "2", liquidityClass: "ILI" }, { gt365d: "1" }, false],
    [{ category: "EC", fairValueLevel: "1", payoffProfile: "Short" }, { "7d": "1" }, false],
    [{ category: "DFE", fairValueLevel: "2", payoffProfile: "N/A" }, { gt365d: "1" }, false],
    [{}, { gt365d: "1" }, false],
  ] as const)("%j is %j, tradable %s", (holding, shares, tradable) => {
    expect(liquidityProfile(holding)).toMatchObject({ shares, tradable });
  });
});

describe("stressed liabilities", () => {
  it.each([
    [["681940.53", "1069086.08", "1787701.76"], "41349926.01", "2681552.64", "largest_month"],
    [["1.00"], "41349926.01", "413499.27", "floor"],
    [[], "1000.00", "10.00", "floor"],
    // rounded up to the cent, never down
    [["0.01"], "0.10", "0.02", "largest_month"],
    [["5.00"], "-100.00", "7.50", "largest_month"],
  ] as const)("of %j with net assets %s are %s", (monthlyRedemptions, netAssets, stressed, basis) => {
    expect(
      stressedLiabilities({ currency: "USD", monthlyRedemptions: [...monthlyRedemptions], netAssets }),
    ).toMatchObject({ stressed, basis });
  });
});
