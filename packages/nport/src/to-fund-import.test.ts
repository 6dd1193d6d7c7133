// Filing → fund: keys, cents, the line of other net assets, sensitivities, flows, and what is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cents, exact, ZERO } from "./decimals.ts";
import type { Filing } from "./filing.ts";
import type { Holding } from "./filing-holding.ts";
import { fullForm } from "./full-form.ts";
import { FundImport } from "./fund-import.ts";
import { reconcile } from "./reconcile.ts";
import { syntheticXml } from "./synthetic-filing.ts";
import { changed, read, refusal } from "./test-documents.ts";
import { CASH_KEY, CASH_NAME, toFundImport } from "./to-fund-import.ts";

async function filingWith(holdings: Partial<Holding>[], over: Partial<Filing> = {}): Promise<Filing> {
  const filing = await read(syntheticXml({ holdings: 0 }));
  const complete = holdings.map((holding, at) => ({
    line: at + 1,
    name: "Synthetic",
    identifiers: [],
    valUSD: "1",
    ...holding,
  }));
  return { ...filing, holdings: complete, holdingCount: complete.length, ...over };
}
const total = (fund: FundImport): string =>
  cents(fund.assets.reduce((sum, asset) => sum.plus(exact(asset.market_value)), ZERO));

describe("a fund from a filing", { timeout: 60_000 }, () => {
  it("adds up to net assets to the cent, with keys that are unique, whatever the values", async () => {
    const value = fc.oneof(
      fc.constantFrom("0.005", "-0.005", ".015", "0", "-0.00", "100", null),
      fc
        .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.nat({ max: 999_999 }))
        .map(([whole, part]) => `${whole}.${String(part).padStart(6, "0")}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, fc.constantFrom("990000002", "000000000", null, undefined, "odd/2")), {
          maxLength: 40,
        }),
        value,
        async (lines, net) => {
          const filing = await filingWith(lines.map(([valUSD, cusip]) => ({ valUSD, cusip })));
          filing.totals = { ...filing.totals, netAssets: net ?? "7" };
          const fund = toFundImport(filing);
          expect(total(fund)).toBe(cents(net ?? "7"));
          expect(new Set(fund.assets.map((asset) => asset.key)).size).toBe(lines.length + 1);
          expect(fund.reconciliation.difference).toBe(reconcile(filing).difference);
          expect(fund.assets.every((asset) => /^-?\d+\.\d\d$/.test(asset.market_value))).toBe(true);
        },
      ),
      { numRuns: 80 },
    );
  });

  it("takes the leverage of its holdings from what the fund has borrowed, or says why it cannot", async () => {
    const with_ = async (totals: Record<string, string | null | undefined>) => {
      const filing = await filingWith([{ valUSD: "70", cusip: "990000002" }]);
      filing.totals = { ...filing.totals, netAssets: "75", ...totals } as Filing["totals"];
      return toFundImport(filing).assets.map(({ attributes }) => [attributes.leverage, attributes.leverage_reason]);
    };
    // 20 from banks within a year and 5 from others after it, beside 75 of net assets: a quarter; the line of other net assets too
    expect(await with_({ amtPayOneYrBanksBorr: "20", amtPayAftOneYrOther: "5.00" })).toEqual([
      ["0.25", undefined],
      ["0.25", undefined],
    ]);
    expect((await with_({}))[0]).toEqual(["0", undefined]);
    const why = async (totals: Record<string, string | null | undefined>) => (await with_(totals))[0];
    expect(await why({ amtPayOneYrOther: null, amtPayOneYrBanksBorr: undefined })).toEqual([
      null,
      expect.stringMatching(/^the filing does not say what the fund has borrowed: 2 of 8/),
    ]);
    expect(await why({ amtPayOneYrOther: "-1" })).toEqual([null, expect.stringContaining("below zero")]);
    expect(await why({ netAssets: "-1" })).toEqual([null, expect.stringContaining("no net assets")]);
  });

  it("survives JSON unchanged and is what its schema says", async () => {
    const fund = toFundImport(await read(fullForm()), { code: "FULL", accession: "0000000000-25-000002" });
    expect(JSON.parse(JSON.stringify(fund))).toEqual(fund);
    expect(FundImport.parse(fund)).toEqual(fund);
    expect(fund).toMatchObject({
      code: "FULL",
      name: "Synthetic Trust",
      currency: "USD",
      as_of: "2025-12-31",
      source: {
        kind: "nport",
        submission_type: "NPORT-P/A",
        cik: "0000000001",
        series_id: "S000000001",
        accession: "0000000000-25-000002",
        period: "2025-12-31",
        fiscal_year_end: "2026-06-30",
      },
      totals: { total_assets: "1010.00", total_liabilities: "10.00", net_assets: "1000.00" },
    });
    expect(fund.assets[0]).toMatchObject({
      key: "isin:DE0000000001",
      name: "Synthetic Wine Notes",
      type: "other",
      strategy: "other",
      issuer: "Synthetic Wine",
      identifiers: [
        { scheme: "isin", value: "DE0000000001" },
        { scheme: "ticker", value: "SYN" },
        { scheme: "ticker", value: "SYN2" },
        { scheme: "other:internal", value: "x1" },
        { scheme: "lei", value: "5493006TF05454RBY690" },
      ],
      category: "OTHER",
      issuer_category: "OTHER",
      country: "DE",
      currency: "EUR",
      balance: "12",
      units: "OU",
      market_value: "700.00",
      fair_value_level: "3",
      maturity: "2030-06-30",
      coupon: "4.5",
      liquid_flag: true,
      attributes: { value_reported: "700", exchange_rate: ".92", restricted: true, category_described: "wine" },
    });
    expect(fund.assets.at(-1)).toMatchObject({
      key: CASH_KEY,
      name: CASH_NAME,
      type: "cash",
      strategy: "cash",
      market_value: "240.00",
    });
  });

  it("gives a line of cash to a fund that holds nothing else", async () => {
    const fund = toFundImport(await read(syntheticXml({ holdings: 0 })));
    expect(fund.assets.map((asset) => [asset.key, asset.market_value])).toEqual([[CASH_KEY, "1000000.00"]]);
    expect(fund.reconciliation.warnings.map((warning) => warning.code)).toContain("no_holdings");
  });

  it("makes the difference negative when holdings exceed net assets", async () => {
    const filing = await filingWith([{ valUSD: "1000001.25" }]);
    expect(toFundImport(filing).assets.at(-1)).toMatchObject({ key: CASH_KEY, market_value: "-1.25" });
  });
});

describe("keys", () => {
  it("go by CUSIP, then ISIN, then what names the position; a second line gets a number", async () => {
    const isin = { identifiers: [{ scheme: "isin" as const, value: "US0378331005" }] };
    const fund = toFundImport(
      await filingWith([
        { cusip: "990000002" },
        { cusip: "990000002" },
        { cusip: "000000000", ...isin },
        { cusip: null, ...isin },
        { title: "A" },
        { title: "B" },
        { title: "A" },
      ]),
    );
    const keys = fund.assets.map((asset) => asset.key);
    expect(keys.slice(0, 4)).toEqual([
      "cusip:990000002",
      "cusip:990000002/2",
      "isin:US0378331005",
      "isin:US0378331005/2",
    ]);
    expect(keys[4]).toMatch(/^name:[0-9a-f]{20}$/);
    expect(keys[5]).not.toBe(keys[4]);
    expect(keys[6]).toBe(`${keys[4]}/2`);
  });
  it("do not depend on the value or the order of other lines", async () => {
    const one = toFundImport(await filingWith([{ title: "A", valUSD: "1" }, { title: "B" }]));
    const two = toFundImport(await filingWith([{ title: "B" }, { title: "A", valUSD: "9" }]));
    expect(one.assets[0]?.key).toBe(two.assets[1]?.key);
  });
});

describe("liquidity, sensitivities, flows", () => {
  it.each([
    [
      [
        ["HLI", "50"],
        ["ILI", "50"],
      ],
      true,
    ],
    [
      [
        ["MLI", "30"],
        ["HLI", "20"],
        ["LLI", "50"],
      ],
      true,
    ],
    [
      [
        ["HLI", "49.99"],
        ["LLI", "50.01"],
      ],
      false,
    ],
    [[["ILI", "100"]], false],
  ])("classes %j make liquid_flag %j", async (classes, flag) => {
    const filing = await filingWith([
      {
        liquidity: {
          classes: (classes as [string, string][]).map(([category, pct]) => ({ category, pct })),
          circumstances: [],
        },
      },
    ]);
    expect(toFundImport(filing).assets[0]?.liquid_flag).toBe(flag);
  });

  it("keeps every currency and grade, leaves N/A out", async () => {
    const document = changed(changed(fullForm(), 'period3Mon="-1"', 'period3Mon="N/A"'), 'period30Yr="10"', "");
    const { sensitivities } = toFundImport(await read(document));
    expect(
      sensitivities.filter((row) => row.currency === "EUR" && row.measure === "dv01").map((row) => row.tenor),
    ).toEqual(["1y", "5y", "10y", "30y"]);
    expect(sensitivities.filter((row) => row.grade === "investment_grade").map((row) => row.value)).toEqual([
      "6",
      "7",
      "8",
      "9",
    ]);
    expect(sensitivities.filter((row) => row.grade === "non_investment_grade").map((row) => row.value)).toEqual([
      "0.6",
      "0.7",
      "0.8",
      "0.9",
      "1",
    ]);
    expect(sensitivities.find((row) => row.measure === "dv01")).not.toHaveProperty("grade");
  });

  it("adds up a currency that stands twice, so that no row stands twice", async () => {
    const fund = toFundImport(await read(changed(fullForm(), "<curMetric><curCd>EUR", "<curMetric><curCd>USD")));
    const rows = fund.sensitivities.filter((row) => row.measure === "dv100");
    expect(rows.map((row) => [row.tenor, row.value])).toEqual([
      ["3m", "0"],
      ["1y", "200"],
      ["5y", "300"],
      ["10y", "400"],
      ["30y", "500"],
    ]);
    expect(fund.reconciliation.warnings).toContainEqual({
      code: "sensitivity_repeated",
      message: expect.any(String),
      count: 10,
    });
  });

  it("remarks a filer who signs losses as negative, and a sensitivity without a currency", async () => {
    const negative = fullForm().replaceAll(/(<intrstRtRiskdv100 period3Mon=")100/g, "$1-9999");
    const codes = async (document: string): Promise<string[]> =>
      toFundImport(await read(document)).reconciliation.warnings.map((warning) => warning.code);
    expect(await codes(fullForm())).not.toContain("sensitivity_sign");
    expect(await codes(negative)).toContain("sensitivity_sign");
    expect(await codes(changed(fullForm(), "<curMetric><curCd>USD", "<curMetric><curCd>N/A"))).toContain(
      "sensitivity_currency",
    );
  });

  it("gives no row to a flow that was not reported, and keeps a negative one", async () => {
    const fund = toFundImport(await read(fullForm()));
    expect(fund.reported_flows).toHaveLength(8);
    expect(fund.reported_flows).toContainEqual({ month: "2025-11-01", kind: "sale", amount: "-4.00" });
    const warnings = new Map(fund.reconciliation.warnings.map((warning) => [warning.code, warning.count]));
    expect([warnings.get("flow_not_reported"), warnings.get("negative_flow")]).toEqual([1, 1]);
  });
});

describe("what is refused", () => {
  it.each([{ code: "ky 1" }, { code: "" }, { code: "X".repeat(21) }, { accession: "123" }])("%j", async (options) => {
    const filing = await read(syntheticXml({ holdings: 1 }));
    expect(await refusal(Promise.resolve().then(() => toFundImport(filing, options)))).toMatchObject({
      code: "EG400",
      message: expect.stringMatching(/code|accession/),
    });
  });
  it("a filing whose holdings went elsewhere", async () => {
    const filing = await read(syntheticXml({ holdings: 1 }), { onHolding: () => undefined });
    expect(await refusal(Promise.resolve().then(() => toFundImport(filing)))).toMatchObject({ code: "EG400" });
  });
});
