// Whole-fund waterfall (R26): vectors derived apart from forward values, clawback, and agreement with the hurdle of R23.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fraction } from "./fraction.ts";
import { feeOnProfit } from "./hurdle.ts";
import { waterfall } from "./waterfall.ts";

const coded = (code: string) => expect.objectContaining({ code });
const terms = { preferred: { rate: "0.08" }, carry: "0.2", catchUp: "1" };
const flow = (date: string, kind: "call" | "distribution" | "close", amount: string) => ({ date, kind, amount });
const run = (flows: ReturnType<typeof flow>[], change: object = {}) =>
  waterfall({ currency: "USD", terms: { ...terms, ...change }, flows });

describe("tiers", () => {
  const year = [flow("2021-01-01", "call", "1000"), flow("2022-01-01", "distribution", "1500")];
  it("a call of 1000, 1500 a year later, 8 %, full catch-up: 1000, 80, 20, and 400 by 80 to 20", () => {
    expect(run(year).distributions).toEqual([
      {
        date: "2022-01-01",
        amount: "1500.00",
        capital: "1000.00",
        preferred: "80.00",
        catchUp: { investors: "0.00", manager: "20.00" },
        split: { investors: "320.00", manager: "80.00" },
        investors: "1400.00",
        manager: "100.00",
      },
    ]);
  });

  it("without catch-up the preferred return stays out of the carry", () => {
    expect(run(year, { catchUp: undefined }).distributions[0]).toMatchObject({
      manager: "84.00",
      investors: "1416.00",
    });
  });

  it("two calls, a part that returns half, then the rest with half catch-up: figures from forward values", () => {
    const flows = [
      flow("2021-01-01", "call", "600"),
      flow("2021-07-01", "call", "400"),
      flow("2022-03-31", "distribution", "500"),
      flow("2023-03-31", "distribution", "900"),
    ];
    const { distributions } = run(flows, { catchUp: "0.5" });
    expect(distributions[0]).toMatchObject({ capital: "500.00", preferred: "0.00", manager: "0.00" });
    expect(distributions[1]).toMatchObject({
      capital: "500.00",
      preferred: "130.69",
      catchUp: { investors: "43.56", manager: "43.57" },
      split: { investors: "145.74", manager: "36.44" },
    });
  });

  it("compounds the preferred return on what is unpaid, or runs it on capital alone", () => {
    const flows = [flow("2021-01-01", "call", "1000"), flow("2023-01-01", "close", "0")];
    expect(run(flows).unpaidPreferred).toBe("166.40");
    expect(run(flows, { preferred: { rate: "0.08", compounding: "simple" } }).unpaidPreferred).toBe("160.00");
  });
});

describe("clawback", () => {
  const paid = [
    flow("2021-01-01", "call", "1000"),
    flow("2022-01-01", "distribution", "1500"),
    flow("2022-01-01", "call", "500"),
  ];
  it("takes back carry when a later call is lost", () => {
    const { closes } = run([...paid, flow("2023-01-01", "close", "300")]);
    // profit 300, carry due 60 of 100 paid; investors lack 540 − 300; at most what was paid
    expect(closes[0]).toEqual({
      date: "2023-01-01",
      profit: "300.00",
      carryPaid: "100.00",
      excessCarry: "40.00",
      shortfall: "240.00",
      clawback: "100.00",
    });
    expect(run([...paid, flow("2023-01-01", "close", "300")], { reclaimable: "0.55" }).closes[0]!.clawback).toBe(
      "55.00",
    );
  });

  it("takes nothing back while the net assets cover capital, preferred return and the carry paid", () => {
    const { closes } = run([...paid, flow("2023-01-01", "close", "540")]);
    expect(closes[0]).toMatchObject({ shortfall: "0.00", clawback: "0.00" });
  });

  it("never takes back more than was paid, and nothing before anything was", () => {
    expect(run([flow("2021-01-01", "call", "1000"), flow("2022-01-01", "close", "0")]).closes[0]).toMatchObject({
      shortfall: "1080.00",
      clawback: "0.00",
    });
  });
});

describe("properties", () => {
  it("one call and one distribution share the profit as the hurdle of R23 does, within a cent of rounding a tier", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 7 }),
        fc.integer({ min: 0, max: 2 * 10 ** 7 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(undefined, "0.31", "0.5", "1"),
        (called, paid, carry, catchUp) => {
          const money = (cents: number) => Fraction.of(BigInt(cents), 100n).text(2);
          const flows = [flow("2021-01-01", "call", money(called)), flow("2022-01-01", "distribution", money(paid))];
          const rate = money(carry);
          const preferred = { rate: "0.08", compounding: "simple" };
          const { distributions } = run(flows, { preferred, carry: rate, catchUp });
          const hurdle = Fraction.of(BigInt(called) * 8n, 10_000n);
          const kind =
            catchUp === undefined ? { kind: "hard" as const, rate } : { kind: "partial" as const, rate, catchUp };
          const fee = feeOnProfit(kind, Fraction.of(BigInt(paid - called), 100n), hurdle);
          const got = Fraction.of(distributions[0]!.manager);
          expect(got.minus(fee).magnitude().lte(Fraction.of("0.03"))).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("loses nothing, and gives the manager no more than the carry on the profit paid out", () => {
    const kinds = fc.constantFrom("call" as const, "distribution" as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(kinds, fc.integer({ min: 0, max: 10 ** 6 })), { maxLength: 6 }), (moves) => {
        const flows = moves.map(([kind, cents], n) =>
          flow(`20${20 + n}-06-30`, kind, Fraction.of(BigInt(cents), 100n).text(2)),
        );
        const output = run(flows, { preferred: { rate: "0.08", compounding: "simple" } });
        let manager = Fraction.ZERO;
        let profit = Fraction.ZERO;
        for (const tier of output.distributions) {
          const parts = [tier.capital, tier.preferred, tier.catchUp.investors, tier.catchUp.manager];
          const sum = Fraction.sum(
            [...parts, tier.split.investors, tier.split.manager].map((text) => Fraction.of(text)),
          );
          expect(sum.text(2)).toBe(tier.amount);
          expect(Fraction.of(tier.investors).plus(Fraction.of(tier.manager)).text(2)).toBe(tier.amount);
          manager = manager.plus(Fraction.of(tier.manager));
          profit = profit.plus(Fraction.of(tier.amount)).minus(Fraction.of(tier.capital));
        }
        expect(manager.text(2)).toBe(output.carryPaid);
        expect(manager.lte(profit.times(Fraction.of("0.2")).plus(Fraction.of("0.02")))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});

it.each([
  ["a catch-up not above the carry", { terms: { ...terms, catchUp: "0.2" } }],
  ["days that fall", { flows: [flow("2022-01-01", "call", "1"), flow("2021-01-01", "call", "1")] }],
  ["an amount finer than a cent", { flows: [flow("2022-01-01", "call", "1.001")] }],
  ["a negative amount", { flows: [flow("2022-01-01", "call", "-1")] }],
])("refuses %s", (_, change) => {
  expect(() => waterfall({ currency: "USD", terms, flows: [], ...change })).toThrowError(coded("EG400"));
});
