// What adds up is silent, what does not is one warning with a line and a count.
import { describe, expect, it } from "vitest";
import type { Filing } from "./filing.ts";
import type { Holding } from "./filing-holding.ts";
import { Reconciler, reconcile } from "./reconcile.ts";

const totals = (over: Partial<Filing["totals"]> = {}): Filing["totals"] => ({
  totAssets: "1010",
  totLiabs: "10",
  netAssets: "1000",
  ...over,
});
const holding = (line: number, over: Partial<Holding> = {}): Holding => ({
  line,
  name: "Synthetic",
  identifiers: [],
  valUSD: "480",
  pctVal: "48",
  ...over,
});
const codes = (filing: Pick<Filing, "totals" | "holdings">): string[] =>
  reconcile(filing).warnings.map((warning) => warning.code);

describe("reconcile", () => {
  it("is silent when all adds up", () => {
    expect(reconcile({ totals: totals(), holdings: [holding(1), holding(2)] })).toEqual({
      holdings: 2,
      holdingsTotal: "960.00",
      netAssets: "1000.00",
      difference: "40.00",
      balanceGap: "0.00",
      percentTotal: "96",
      warnings: [],
    });
  });

  it("adds exactly, whatever the spelling", () => {
    const values = ["0.1", "+.2", "-0.30", "999999999999999999999999", ".000000000000000000000001"];
    const sums = reconcile({
      totals: totals(),
      holdings: values.map((valUSD, at) => holding(at + 1, { valUSD, pctVal: null })),
    });
    expect(sums.holdingsTotal).toBe("999999999999999999999999.000000000000000000000001");
    expect(sums.difference).toBe("-999999999999999999998999.000000000000000000000001");
  });

  it.each<[string, Partial<Filing["totals"]>, Holding[], string[]]>([
    ["totals that do not close", { totAssets: "1010.01" }, [holding(1), holding(2)], ["totals_differ"]],
    ["a difference beyond 10 %", {}, [holding(1)], ["large_difference"]],
    ["a difference of exactly 10 %", {}, [holding(1, { valUSD: "900", pctVal: "90" })], []],
    ["a negative difference beyond 10 %", {}, [holding(1, { valUSD: "1101", pctVal: "110.1" })], ["large_difference"]],
    ["no holdings", {}, [], ["large_difference", "no_holdings"]],
    [
      "net assets of zero",
      { totAssets: "10", netAssets: "0" },
      [holding(1, { valUSD: "0", pctVal: "0" })],
      ["percent_unchecked"],
    ],
    [
      "negative net assets",
      { totAssets: "-990", netAssets: "-1000" },
      [holding(1, { valUSD: "-960", pctVal: "96" })],
      ["negative_net_assets"],
    ],
    ["negative liabilities", { totAssets: "990", totLiabs: "-10" }, [holding(1), holding(2)], ["negative_liabilities"]],
    ["miscellaneous securities", { assetsAttrMiscSec: "40" }, [holding(1), holding(2)], ["miscellaneous_securities"]],
    ["a value that is N/A", {}, [holding(1), holding(2), holding(3, { valUSD: null })], ["value_not_reported"]],
    ["a percentage within 0.01 points", {}, [holding(1, { pctVal: "48.01" }), holding(2)], []],
    ["a percentage beyond 0.01 points", {}, [holding(1, { pctVal: "48.0101" }), holding(2)], ["percent_differs"]],
    ["a ratio instead of a percentage", {}, [holding(1, { pctVal: "0.48" }), holding(2)], ["percent_differs"]],
    [
      "liquidity that adds up",
      {},
      [holding(1, { liquidity: { classes: [{ category: "HLI", pct: "99.995" }], circumstances: [] } }), holding(2)],
      [],
    ],
    [
      "liquidity that does not",
      {},
      [
        holding(1, {
          liquidity: {
            classes: [
              { category: "HLI", pct: "60" },
              { category: "ILI", pct: "30" },
            ],
            circumstances: [],
          },
        }),
        holding(2),
      ],
      ["liquidity_percent"],
    ],
    [
      "the same CUSIP",
      {},
      [holding(1, { cusip: "990000002" }), holding(2, { cusip: "990000002" })],
      ["duplicate_identifier"],
    ],
    ["no CUSIP, written as zeros", {}, [holding(1, { cusip: "000000000" }), holding(2, { cusip: "000000000" })], []],
    [
      "the same ISIN",
      {},
      [
        holding(1, { identifiers: [{ scheme: "isin", value: "X" }] }),
        holding(2, { identifiers: [{ scheme: "isin", value: "X" }] }),
      ],
      ["duplicate_identifier"],
    ],
    [
      "the same ticker, which issuers share",
      {},
      [
        holding(1, { identifiers: [{ scheme: "ticker", value: "X" }] }),
        holding(2, { identifiers: [{ scheme: "ticker", value: "X" }] }),
      ],
      [],
    ],
  ])("%s", (_what, over, holdings, expected) => {
    expect(codes({ totals: totals(over), holdings })).toEqual(expected);
  });

  it("names the first line and counts the rest, without figures", () => {
    const holdings = [3, 5, 8].map((line) => holding(line, { cusip: "990000002", pctVal: "1", valUSD: "320" }));
    expect(reconcile({ totals: totals(), holdings }).warnings).toEqual([
      { code: "duplicate_identifier", message: "Another holding has the same CUSIP.", line: 5, count: 2 },
      { code: "percent_differs", message: expect.stringMatching(/0\.01 points/), line: 3, count: 3 },
    ]);
  });

  it("gives the same answer holding by holding", () => {
    const holdings = [holding(1), holding(2, { cusip: "990000002" })];
    const reconciler = new Reconciler();
    for (const item of holdings) reconciler.add(item);
    expect(reconciler.finish(totals())).toEqual(reconcile({ totals: totals(), holdings }));
  });
});
