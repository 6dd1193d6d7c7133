// The real filing that the figures of the design come from. Skipped in a clean clone; the synthetic tests cover the same code.
import { describe, expect, it } from "vitest";
import { cents, exact, plain, ZERO } from "./decimals.ts";
import { readFiling } from "./read-filing.ts";
import { reconcile } from "./reconcile.ts";
import { SAMPLE, SAMPLE_PRESENT } from "./test-documents.ts";
import { CASH_KEY, toFundImport } from "./to-fund-import.ts";

const reason = SAMPLE_PRESENT
  ? ""
  : " (skipped: the real filing is not beside this checkout, see EVERGREEN_SHARED_DATA)";

describe.skipIf(!SAMPLE_PRESENT)(`a real filing${reason}`, () => {
  it("is read whole: holdings, totals, nothing unknown", async () => {
    const filing = await readFiling(SAMPLE);
    expect(filing.holdings).toHaveLength(55);
    expect(filing.totals).toMatchObject({
      totAssets: "41468995.880000000000",
      totLiabs: "119069.870000000000",
      netAssets: "41349926.010000000000",
    });
    expect(filing).toMatchObject({
      submissionType: "NPORT-P",
      registrant: { cik: "0000311101" },
      series: { id: "S000012000" },
      period: { fiscalYearEnd: "2023-06-30", reportDate: "2022-12-31", isFinalFiling: false },
    });
    expect(filing.unknown).toEqual([]);
    expect(filing.warnings).toEqual([]);
    expect(filing.returns?.classes).toEqual([{ classId: "C000032728", rtn1: "-.05", rtn2: "2.15", rtn3: ".15" }]);
    expect(filing.holdings[0]).toMatchObject({
      line: 83,
      lei: null,
      cusip: "49151FGH7",
      debt: { maturityDt: "2028-08-01", annualizedRt: "5.000000000000" },
    });
    expect(filing.holdings.every((holding) => holding.identifiers.length === 3)).toBe(true);
  });

  it("reconciles to the figures of the design", async () => {
    expect(reconcile(await readFiling(SAMPLE))).toEqual({
      holdings: 55,
      holdingsTotal: "40455026.70",
      netAssets: "41349926.01",
      difference: "894899.31",
      balanceGap: "0.00",
      percentTotal: "97.8357898155",
      warnings: [],
    });
  });

  it("becomes a fund: Σ market value is net assets, loss at +100 basis points, three months of flows", async () => {
    const fund = toFundImport(await readFiling(SAMPLE), { code: "KY1", accession: "0000311101-23-000001" });
    const total = fund.assets.reduce((sum, asset) => sum.plus(exact(asset.market_value)), ZERO);
    expect(cents(total)).toBe("41349926.01");
    expect(fund.assets).toHaveLength(56);
    expect(fund.assets.at(-1)).toMatchObject({ key: CASH_KEY, type: "cash", market_value: "894899.31", issuer: null });
    const shift = (measure: string): string =>
      plain(
        fund.sensitivities
          .filter((row) => row.measure === measure)
          .reduce((sum, row) => sum.plus(exact(row.value)), ZERO),
      );
    expect(cents(shift("dv100"))).toBe("1095028.07");
    expect(cents(plain(exact(shift("dv100")).times(2)))).toBe("2190056.14");
    expect(cents(shift("dv01"))).toBe("10756.51");
    expect(fund.sensitivities).toHaveLength(20);
    expect(fund.reported_flows).toHaveLength(9);
    expect(fund.reported_flows.filter((flow) => flow.kind === "redemption")).toEqual([
      { month: "2022-10-01", kind: "redemption", amount: "681940.53" },
      { month: "2022-11-01", kind: "redemption", amount: "1069086.08" },
      { month: "2022-12-01", kind: "redemption", amount: "1787701.76" },
    ]);
    expect(new Set(fund.assets.map((asset) => asset.strategy))).toEqual(
      new Set(["debt/0-1y", "debt/1-3y", "debt/3-5y", "debt/5-10y", "cash"]),
    );
    expect(fund.assets.some((asset) => "liquid_flag" in asset)).toBe(false);
  });
});
