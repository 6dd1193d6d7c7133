// R30: NAV errors, who is owed what, by whom. Vectors derived with Python's fractions, apart from this code.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { navError } from "./restatement.ts";

const coded = (code: string) => expect.objectContaining({ code });
const deals = [
  { id: "d1", investorId: "in", direction: "subscription" as const, units: "98.5221", amount: "10000.00" },
  { id: "d2", investorId: "out", direction: "redemption" as const, units: "250.1234" },
];
const facts = { currency: "EUR", fundKind: "equity_or_other" as const, published: "101.50", correct: "100.20", deals };

describe("R30 vectors", () => {
  it("101.50 for 100.20: 1.2974 %, material; 10,000 bought 98.5221 units and was due 99.8003", () => {
    const out = navError(facts);
    expect(out).toMatchObject({
      error: "0.012974051896207585",
      tolerance: "0.01",
      material: true,
      direction: "overstated",
    });
    expect(out.deals).toMatchObject([
      {
        case: "subscriber_overpaid",
        unitsDealt: "98.5221",
        unitsDue: "99.8003",
        difference: "128.08",
        owedTo: "investor",
        owedBy: "fund",
      },
      {
        case: "redeemer_overpaid",
        cashDue: "25062.36",
        difference: "325.17",
        owedTo: "fund",
        owedBy: "responsible_party",
      },
    ]);
    expect(out.investors).toEqual([{ id: "in", owed: "128.08", pays: true }]);
    expect(out.fund).toEqual({ paysToInvestors: "128.08", receivesFromResponsibleParty: "325.17" });
  });

  it("98.80 for 100.20: redeemers are owed, and the excess units of subscribers are made good to the fund", () => {
    const out = navError({ ...facts, published: "98.80", deals: [{ ...deals[0]!, units: "101.2145" }, deals[1]!] });
    expect(out).toMatchObject({ error: "0.013972055888223553", direction: "understated", material: true });
    expect(out.deals).toMatchObject([
      { case: "subscriber_excess_units", difference: "141.71", owedTo: "fund", owedBy: "responsible_party" },
      { case: "redeemer_underpaid", difference: "350.18", owedTo: "investor", owedBy: "fund" },
    ]);
  });

  it.each([
    ["money_market", undefined, "0.002"],
    ["bond_or_mixed", undefined, "0.005"],
    ["equity_or_other", undefined, "0.01"],
    ["professional", "0.03", "0.03"],
    ["professional", undefined, "0.05"],
  ] as const)("%s with its own %s: %s, strictly", (fundKind, tolerance, limit) => {
    const at = (published: string) =>
      navError({ currency: "EUR", fundKind, tolerance, published, correct: "1000.0000", priceDp: 4 });
    const price = 1_000 * (1 + Number(limit));
    expect(at(price.toFixed(4))).toMatchObject({ tolerance: limit, material: false });
    expect(at((price + 0.0001).toFixed(4))).toMatchObject({ material: true });
  });

  it("pays nobody below the de-minimis, nor for an error that is not material", () => {
    expect(navError({ ...facts, deMinimis: "128.09" }).investors).toEqual([{ id: "in", owed: "128.08", pays: false }]);
    expect(navError({ ...facts, published: "100.21" }).fund).toEqual({
      paysToInvestors: "0.00",
      receivesFromResponsibleParty: "0.00",
    });
    expect(navError({ ...facts, published: "100.20" })).toMatchObject({ direction: "none", material: false });
  });

  it.each([
    ["a price of nothing", { correct: "0" }],
    ["a tolerance that is not the fund's to set", { tolerance: "0.02" }],
    ["a professional fund above 5 %", { fundKind: "professional" as const, tolerance: "0.0501" }],
  ])("refuses %s", (_what, change) => {
    expect(() => navError({ ...facts, ...change })).toThrow(coded("EG400"));
  });
});

it("R30 for any error: each difference is units × Δ rounded up, what is paid is what investors are owed, and never asked of them", {
  timeout: LONG,
}, () => {
  const price = fc.bigInt(1n, 10n ** 8n);
  const deal = fc.record({ units: fc.bigInt(0n, 10n ** 10n), buys: fc.boolean(), investor: fc.nat({ max: 2 }) });
  const at4 = (n: bigint): string => `${n / 10_000n}.${String(n % 10_000n).padStart(4, "0")}`;
  const cents = (text: string): bigint => BigInt(text.replace(".", ""));
  fc.assert(
    fc.property(
      price,
      price,
      fc.array(deal, { maxLength: 5 }),
      fc.nat({ max: 5_000 }),
      (published, correct, rows, least) => {
        const gap = published > correct ? published - correct : correct - published;
        const out = navError({
          currency: "EUR",
          fundKind: "equity_or_other",
          published: at4(published),
          correct: at4(correct),
          deMinimis: `${Math.floor(least / 100)}.${String(least % 100).padStart(2, "0")}`,
          deals: rows.map((row, i) => ({
            id: `d${i}`,
            investorId: `i${row.investor}`,
            direction: row.buys ? "subscription" : "redemption",
            units: at4(row.units),
          })),
        });
        must(out.material === gap * 100n > correct, "material above one in a hundred");
        let [owed, claimed] = [new Map<string, bigint>(), 0n];
        for (const [i, row] of rows.entries()) {
          const got = out.deals.find(({ id }) => id === `d${i}`);
          const exact = row.units * gap; // 10^-8
          const difference = cents(got?.difference ?? "");
          must(difference * 1_000_000n >= exact && (difference - 1n) * 1_000_000n < exact, "rounded up at the cent");
          const toInvestor = gap > 0n && row.buys === published > correct;
          must(got?.owedTo === (gap === 0n ? "nobody" : toInvestor ? "investor" : "fund"), "who is owed");
          must(got?.owedBy === (gap === 0n ? "nobody" : toInvestor ? "fund" : "responsible_party"), "who owes");
          const name = `i${row.investor}`;
          if (toInvestor) owed = owed.set(name, (owed.get(name) ?? 0n) + difference);
          else if (gap > 0n) claimed += difference;
        }
        const paid = [...owed.values()].filter((sum) => out.material && sum > 0n && sum >= BigInt(least));
        must(cents(out.fund.paysToInvestors) === paid.reduce((sum, part) => sum + part, 0n), "what is paid");
        must(cents(out.fund.receivesFromResponsibleParty) === (out.material ? claimed : 0n), "what is made good");
      },
    ),
    RUNS,
  );
});
