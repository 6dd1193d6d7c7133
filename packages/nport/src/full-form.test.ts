// Every element and attribute of the form's schema (1.13) in one made-up document: all of it is read, nothing is listed as unknown.
import { describe, expect, it } from "vitest";
import { fullForm } from "./full-form.ts";
import { changed, read } from "./test-documents.ts";

describe("the whole form", () => {
  it("leaves nothing unknown", async () => {
    const filing = await read(fullForm());
    expect(filing.unknown).toEqual([]);
    expect(filing.warnings.map((warning) => warning.code)).toEqual(["amendment", "test_filing"]);
  });

  it("keeps Part B", async () => {
    const filing = await read(fullForm());
    expect(filing).toMatchObject({
      submissionType: "NPORT-P/A",
      accessionNumber: "0000000000-25-000001",
      liveTestFlag: "TEST",
      invstCompanyType: "N-1A",
      classIds: ["C000000001", "C000000002"],
      signedOn: "2026-01-31",
    });
    expect(filing.sensitivities).toEqual({
      currencies: [
        {
          curCd: "USD",
          dv01: { "3m": "1", "1y": "2", "5y": "3", "10y": "4", "30y": "5" },
          dv100: { "3m": "100", "1y": "200", "5y": "300", "10y": "400", "30y": "500" },
        },
        {
          curCd: "EUR",
          dv01: { "3m": "-1", "1y": "0", "5y": "0", "10y": "0", "30y": "0" },
          dv100: { "3m": "-100", "1y": "0", "5y": "0", "10y": "0", "30y": "0" },
        },
      ],
      investmentGrade: { "3m": "6", "1y": "7", "5y": "8", "10y": "9", "30y": "10" },
      nonInvestmentGrade: { "3m": "0.6", "1y": "0.7", "5y": "0.8", "10y": "0.9", "30y": "1" },
    });
    expect(filing.borrowers).toEqual([{ name: "Synthetic Borrower", lei: null, aggrVal: "10.5" }]);
    expect(filing.nonCashCollateral).toEqual([
      { amt: "1", collatrl: "2", invstCat: "UST" },
      { amt: null, collatrl: null, invstCat: "other instrument", otherDesc: "gold" },
    ]);
    expect(filing.returns?.derivatives).toHaveLength(3);
    expect(filing.returns?.derivatives[1]).toEqual({
      contract: "creditContracts",
      instrument: "swapCategory",
      months: [
        { netRealizedGain: "1", netUnrealizedAppr: "-1" },
        { netRealizedGain: "2", netUnrealizedAppr: "-2" },
        { netRealizedGain: null, netUnrealizedAppr: null },
      ],
    });
    expect(filing.programme).toEqual({
      highlyLiquidMinimum: { highlyLiquidInvst: "15.5", daysOfHolding: "2", changed: true, minimums: ["10", null] },
      derivativeCover: [
        { classification: "MLI", fundPct: "1" },
        { classification: "LLI", fundPct: "2" },
        { classification: "ILI", fundPct: "3" },
      ],
      derivativeExposure: {
        derivExposurePct: "8",
        derivCurrencyExposurePct: "1",
        derivIntRateExposurePct: null,
        noOfBusinessDaysInExcess: "0",
      },
      valueAtRisk: {
        medianDailyVarPct: "3.2",
        backtestingResults: "1",
        nameDesignatedIndex: "Synthetic Index",
        indexIdentifier: "SYNX",
        medianVarRatioPct: "90",
      },
      namesRule: { terms: [{ term: "evergreen", definition: "open-ended" }], fundsEightyPercentBasket: "85" },
    });
    expect(filing.notes).toEqual([{ item: "B.5.a", note: "a note" }]);
  });

  it("keeps Part C: conditional forms, debt, repurchase, five kinds of derivatives, lending, liquidity", async () => {
    const { holdings } = await read(fullForm());
    expect(holdings.map((holding) => holding.derivative?.kind)).toEqual([
      undefined,
      undefined,
      "forward",
      "future",
      "swap",
      "option_swaption_warrant",
      "other",
    ]);
    expect(holdings[0]).toMatchObject({
      notDissem: true,
      curCd: "EUR",
      exchangeRt: ".92",
      assetCat: "OTHER",
      assetDesc: "wine",
      issuerCat: "OTHER",
      issuerDesc: "cellar",
      invCountry: "DE",
      invOthCountry: "FR",
      isIncludedFunds80PercentBasket: true,
      descOthUnits: "bottles",
      liquidity: {
        classes: [
          { category: "HLI", pct: "60" },
          { category: "ILI", pct: "40" },
        ],
        circumstances: ["MULTI_SUBADVISORS"],
      },
      identifiers: [
        { scheme: "isin", value: "DE0000000001" },
        { scheme: "ticker", value: "SYN" },
        { scheme: "ticker", value: "SYN2" },
        { scheme: "other", value: "x1", description: "Internal" },
      ],
      debt: {
        isMandatoryConvrtbl: false,
        isContngtConvrtbl: true,
        delta: "withheld",
        references: [{ name: "R", title: "T", curCd: "USD", identifiers: [{ scheme: "cusip", value: "990000002" }] }],
        conversions: [{ convRatio: "1.5", curCd: "USD" }],
      },
      lending: {
        isCashCollateral: true,
        cashCollateralVal: "1.5",
        isNonCashCollateral: true,
        nonCashCollateralVal: "2.5",
        isLoanByFund: true,
        loanVal: "3.5",
      },
    });
    expect(holdings[1]).toMatchObject({
      liquidity: null,
      repurchase: {
        transCat: "Reverse repurchase",
        isCleared: true,
        counterparties: [{ name: "Synthetic Clearing" }],
        isTriParty: false,
        collaterals: [{ invstCat: "Other instrument", desc: "art" }],
      },
    });
    expect(holdings[4]?.derivative).toMatchObject({
      swapFlag: true,
      receives: { kind: "other", description: "index return" },
      pays: {
        kind: "floating",
        floatingRtIndex: "SOFR",
        resets: [{ resetDt: "Month", resetDtUnit: "1", rateTenor: "Day", rateTenorUnit: null }],
      },
      reference: { indexName: "I", components: 3 },
    });
    expect(holdings[5]?.derivative).toMatchObject({
      derivCat: "WAR",
      delta: null,
      reference: {
        nested: {
          kind: "future",
          additional: { name: "Synthetic Future", valUSD: null },
          reference: { issuerName: "S", identifiers: [{ scheme: "isin", value: "US0000000000" }] },
        },
      },
    });
    expect(holdings[6]?.derivative).toMatchObject({
      othDesc: "weather",
      notionals: [
        { amt: "5", curCd: "USD" },
        { amt: null, curCd: null },
      ],
    });
  });

  it("reads the older spelling of one liquidity class and of `desc`", async () => {
    const one = changed(
      changed(fullForm(), "<fundCat>N/A</fundCat>", "<fundCat>MLI</fundCat>"),
      'otherDesc="Internal"',
      'desc="Internal"',
    );
    const { holdings, unknown } = await read(one);
    expect(holdings[1]?.liquidity).toEqual({ classes: [{ category: "MLI", pct: "100" }], circumstances: [] });
    expect(holdings[0]?.identifiers[3]).toEqual({ scheme: "other", value: "x1", description: "Internal" });
    expect(unknown).toEqual([]);
  });
});
