// What the generator says it wrote is what the reader reads: every parameter, every field. And it is deterministic, valid and labelled.
import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reconcile } from "./reconcile.ts";
import { scaled, syntheticFacts, syntheticXml, writeSyntheticFiling } from "./synthetic-filing.ts";
import {
  isinOf,
  SYNTHETIC_KINDS,
  type SyntheticOptions,
  syntheticCusip,
  syntheticHolding,
  syntheticLei,
} from "./synthetic-holding.ts";
import { read, refusal } from "./test-documents.ts";

const options: fc.Arbitrary<Partial<SyntheticOptions>> = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    holdings: fc.integer({ min: 0, max: 30 }),
    mix: fc.dictionary(fc.constantFrom(...SYNTHETIC_KINDS), fc.integer({ min: 0, max: 9 })),
    cashShareBps: fc.integer({ min: 0, max: 9000 }),
    missingBps: fc.constantFrom(0, 2500, 10_000),
    derivatives: fc.integer({ min: 0, max: 4 }),
    liquidityClasses: fc.boolean(),
    flowsNotAvailable: fc.boolean(),
    reportDate: fc
      .date({ min: new Date("1990-01-01"), max: new Date("2040-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    submissionType: fc.constantFrom("NPORT-P", "NPORT-P/A", "NPORT-NP", "NPORT-NP/A"),
  })
  .map((all) => ({ ...all, derivatives: Math.min(all.derivatives, all.holdings) }));

describe("round trip", { timeout: 120_000 }, () => {
  it("reads exactly what was made up", async () => {
    await fc.assert(
      fc.asyncProperty(options, async (input) => {
        const facts = syntheticFacts(input);
        const filing = await read(syntheticXml(input));
        expect(filing.unknown).toEqual([]);
        expect(filing.submissionType).toBe(input.submissionType);
        expect(filing.period.reportDate).toBe(input.reportDate);
        expect(filing.totals).toMatchObject({
          netAssets: `${scaled(facts.netAssetsCents, 2)}0000000000`,
          totLiabs: scaled(facts.totalLiabilitiesCents, 2),
        });
        expect(filing.sensitivities?.currencies[0]?.dv01?.["5y"]).toBe(scaled(facts.dv01["5y"], 12));
        expect(filing.sensitivities?.currencies[0]?.dv100?.["10y"]).toBe(scaled(facts.dv01["10y"] * 100n, 12));
        expect(filing.flows).toEqual(
          facts.flows.map((flow, at) => {
            const said = (cents: bigint): string | null =>
              input.flowsNotAvailable && at === 0 ? null : scaled(cents, 2);
            return {
              month: flow.month,
              sales: said(flow.salesCents),
              reinvestment: said(flow.reinvestmentCents),
              redemption: said(flow.redemptionCents),
            };
          }),
        );
        expect(filing.holdings).toHaveLength(facts.holdings);
        for (const [index, holding] of filing.holdings.entries()) {
          const made = syntheticHolding(facts.options, index);
          expect(holding).toMatchObject({
            name: made.name,
            title: made.title,
            lei: made.lei,
            cusip: made.cusip,
            balance: made.balance,
            units: made.units,
            curCd: made.currency,
            valUSD: scaled(made.valueCents, 2),
            assetCat: made.assetCat,
            issuerCat: made.issuerCat,
            invCountry: made.country,
            isRestrictedSec: made.restricted,
            fairValLevel: made.level,
          });
          expect(holding.exchangeRt).toBe(made.exchangeRate ?? undefined);
          expect(holding.identifiers.find((identifier) => identifier.scheme === "isin")?.value).toBe(
            made.isin ?? undefined,
          );
          expect(holding.identifiers.find((identifier) => identifier.scheme === "other")?.value).toBe(made.internalId);
          expect(holding.liquidity?.classes).toEqual(made.liquidity.length > 0 ? made.liquidity : undefined);
          expect(holding.debt === undefined).toBe(made.coupon === null);
          if (holding.debt)
            expect(holding.debt).toMatchObject({
              maturityDt: made.maturity,
              couponKind: made.coupon,
              annualizedRt: made.rate,
            });
          expect(holding.repurchase?.maturityDt).toBe(made.kind === "repurchase" ? made.maturity : undefined);
          expect(holding.derivative?.kind).toBe(
            made.kind === "option" ? "option_swaption_warrant" : made.kind === "forward" ? "forward" : undefined,
          );
        }
        const sums = reconcile(filing);
        expect(sums.holdingsTotal).toBe(scaled(facts.holdingsTotalCents, 2));
        expect(sums.difference).toBe(scaled(facts.netAssetsCents - facts.holdingsTotalCents, 2));
        expect(sums.balanceGap).toBe("0.00");
        expect(sums.warnings.filter((warning) => warning.code === "percent_differs")).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the generator", () => {
  it("writes the same document for the same options, on every machine", () => {
    const document = syntheticXml({ seed: 42, holdings: 20, derivatives: 2, liquidityClasses: true, missingBps: 500 });
    expect(syntheticXml({ seed: 42, holdings: 20, derivatives: 2, liquidityClasses: true, missingBps: 500 })).toBe(
      document,
    );
    expect(syntheticXml({ seed: 43, holdings: 20 })).not.toBe(syntheticXml({ seed: 42, holdings: 20 }));
    // A change of this hash changes every figure that others derived from a synthetic filing: change it knowingly.
    expect(createHash("sha256").update(document).digest("hex")).toBe(
      "0f5ac9ee0f6317d6f055675fe085aaa4b943b692ca368af25be27b2260ebb668",
    );
  });

  it("labels every name as synthetic", async () => {
    const filing = await read(
      syntheticXml({ holdings: 30, derivatives: 2, mix: Object.fromEntries(SYNTHETIC_KINDS.map((kind) => [kind, 1])) }),
    );
    for (const name of [
      filing.registrant.name,
      filing.series.name,
      ...filing.holdings.flatMap((holding) => [holding.name, holding.title]),
    ])
      expect(name).toMatch(/^Synthetic /);
    expect(syntheticXml()).toContain("<!-- Synthetic data made by a generator. This is not a filing of any fund. -->");
  });

  it("keeps each mix and each share", async () => {
    const bonds = await read(syntheticXml({ holdings: 20, mix: { bond: 3, equity: 0 }, cashShareBps: 2500 }));
    expect(new Set(bonds.holdings.map((holding) => `${holding.assetCat} ${holding.issuerCat}`))).toEqual(
      new Set(["DBT MUN"]),
    );
    const { netAssets, difference } = reconcile(bonds);
    expect(Number(difference) / Number(netAssets)).toBeCloseTo(0.25, 6);
    const gaps = await read(syntheticXml({ holdings: 20, mix: { bond: 1 }, missingBps: 10_000 }));
    expect(
      gaps.holdings.every(
        (holding) => holding.lei === null && holding.balance === null && holding.debt?.maturityDt === null,
      ),
    ).toBe(true);
  });

  it("has check digits that hold: published examples", () => {
    // Apple: CUSIP 037833100 and ISIN US0378331005 are textbook examples of both check digits.
    expect(isinOf("037833100")).toBe("US0378331005");
    expect(syntheticCusip(0)).toBe("990000002");
    const number = [...syntheticLei(12)].map((character) => String(Number.parseInt(character, 36))).join("");
    expect(BigInt(number) % 97n).toBe(1n);
  });

  it("refuses options out of range and more derivatives than holdings", async () => {
    expect(await refusal(writeSyntheticFiling("/nowhere", { holdings: -1 }))).toMatchObject({
      code: "EG400",
      message: expect.stringContaining("holdings"),
    });
    expect(await refusal(writeSyntheticFiling("/nowhere", { holdings: 1, derivatives: 2 }))).toMatchObject({
      code: "EG400",
    });
  });

  it("writes piece by piece and waits for a slow stream", async () => {
    let text = "";
    let waiting = 0;
    const slow = new Writable({
      highWaterMark: 1024,
      write(chunk, _encoding, done) {
        waiting = Math.max(waiting, slow.writableLength);
        text += chunk;
        setImmediate(done);
      },
    });
    await writeSyntheticFiling(slow, { holdings: 200 });
    expect(text).toBe(syntheticXml({ holdings: 200 }));
    expect(waiting).toBeLessThan(16_384);
  });

  it("says so when the stream breaks", async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("disk full")) });
    await expect(writeSyntheticFiling(broken, { holdings: 5000 })).rejects.toThrow("disk full");
  });
});
