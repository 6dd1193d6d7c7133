// R10, R11, R12: swing, levy and fee, dual pricing. Vectors by hand; properties against the formulas in whole numbers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryPrice, LONG, must, RUNS } from "./arbitrary-day.ts";
import { dualPrice, dualPrices } from "./dual.ts";
import { antiDilutionLevy } from "./levy.ts";
import { swingFactor, swingPrice } from "./swing.ts";

const coded = (code: string) => expect.objectContaining({ code });
const TIERS = [
  { above: "0.02", factor: "0.004" },
  { above: "0.05", factor: "0.008" },
];
const policy = { mode: "partial" as const, tiers: TIERS, maxFactor: "0.02" };

describe("R10 swing vectors", () => {
  // [subscriptions, redemptions, price, factor] at NAV 1,000 and 100.0000 a unit
  it.each([
    ["0", "80", "99.2000", "-0.008"],
    ["80", "0", "100.8000", "0.008"],
    ["10", "40.01", "99.6000", "-0.004"],
    ["30", "0", "100.4000", "0.004"],
    // the threshold is strict: exactly 2 % does not swing, exactly 5 % swings by the lower tier
    ["20", "0", "100.0000", "0"],
    ["0", "50", "99.6000", "-0.004"],
    ["7", "7", "100.0000", "0"],
  ])("subscriptions %s, redemptions %s: %s", (subscriptions, redemptions, price, factor) => {
    const out = swingPrice({ policy, navPerUnit: "100", subscriptions, redemptions, nav: "1000" });
    expect(out).toMatchObject({ price, factor, swung: factor !== "0" });
  });

  it("full swing moves with any net flow", () => {
    const full = { mode: "full" as const, tiers: [{ above: "0", factor: "0.003" }], maxFactor: "0.01" };
    const day = { policy: full, navPerUnit: "12.3456", nav: "1000000", redemptions: "0" };
    expect(swingPrice({ ...day, subscriptions: "0.01" }).price).toBe("12.3826"); // 12.3826368
    expect(swingPrice({ ...day, subscriptions: "0" }).price).toBe("12.3456");
  });

  it("refuses a factor above the published one, and a fund without value", () => {
    const day = { navPerUnit: "1", subscriptions: "1", redemptions: "0", nav: "10" };
    expect(() => swingPrice({ ...day, policy: { ...policy, maxFactor: "0.007" } })).toThrow(coded("EG400"));
    expect(() => swingPrice({ ...day, policy, nav: "0" })).toThrow(coded("EG400"));
  });

  it("R10 for any flow: the highest tier passed strictly, toward the flow, the same size for both directions", {
    timeout: LONG,
  }, () => {
    const tier = fc.record({ above: fc.nat({ max: 9_999 }), factor: fc.nat({ max: 2_000 }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(tier, { minLength: 1, maxLength: 4, selector: (t) => t.above }),
        fc.bigInt(-(10n ** 9n), 10n ** 9n),
        fc.bigInt(1n, 10n ** 9n),
        arbitraryPrice,
        (tiers, net, nav, price) => {
          const rows = tiers.map((t) => ({
            above: `0.${String(t.above).padStart(4, "0")}`,
            factor: `0.${String(t.factor).padStart(4, "0")}`,
          }));
          const terms = { mode: "partial" as const, tiers: rows, maxFactor: "1" };
          const size = net < 0n ? -net : net;
          const passed = tiers.filter((t) => size * 10_000n > BigInt(t.above) * nav).sort((a, b) => b.above - a.above);
          const wanted = BigInt(passed[0]?.factor ?? 0) * (net < 0n ? -1n : 1n);
          const { num, den } = swingFactor(terms, net, nav);
          must(num * 10_000n === wanted * den, "the highest tier passed");
          const opposite = swingFactor(terms, -net, nav);
          must(opposite.num * den === -num * opposite.den, "the same size both ways");
          // a half at the last place away from zero
          const scaled = price * (10_000n + wanted);
          const out = swingPrice({
            policy: {
              ...terms,
              tiers: rows.some((r) => Number(r.above) === 0) ? [{ above: "0", factor: "0" }] : rows,
              mode: rows.some((r) => Number(r.above) === 0) ? "full" : "partial",
            },
            navPerUnit: `${price / 10_000n}.${String(price % 10_000n).padStart(4, "0")}`,
            subscriptions: String(net > 0n ? net : 0n),
            redemptions: String(net < 0n ? -net : 0n),
            nav: String(nav),
          });
          if (out.factor !== "0" || wanted === 0n)
            expect(BigInt(out.price.replace(".", ""))).toBe((2n * scaled + 10_000n) / 20_000n);
        },
      ),
      RUNS,
    );
  });
});

describe("R11 levy and redemption fee", () => {
  it.each([
    ["USD", "317859.87", "0.005", "0", "1589.30", "0.00", "316270.57"],
    ["USD", "0.99", "0.005", "0.02", "0.00", "0.02", "0.97"],
    ["USD", "1.00", "0.005", "0.005", "0.01", "0.01", "0.98"], // each half cent up
    ["JPY", "12345", "1/3", "0", "4115", "0", "8230"],
  ])("%s %s at %s and %s", (currency, amount, levy, fee, levied, charged, net) => {
    const out = antiDilutionLevy({ currency, amount, levy, fee });
    expect(out).toMatchObject({ gross: amount, levy: levied, fee: charged, net });
  });

  it("R11 for any amount: gross is net and what the fund keeps, each charge within half a cent of its rate", {
    timeout: LONG,
  }, () => {
    const rate = fc.nat({ max: 5_000 });
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), rate, rate, (cents, a, b) => {
        const share = (n: number) => `0.${String(n).padStart(4, "0")}`;
        const out = antiDilutionLevy({
          currency: "USD",
          amount: `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`,
          levy: share(a),
          fee: share(b),
        });
        const of = (text: string) => BigInt(text.replace(".", ""));
        must(of(out.net) + of(out.levy) + of(out.fee) === cents, "gross = net + charges");
        must(of(out.credited) === of(out.levy) + of(out.fee), "credited");
        for (const [charge, n] of [
          [of(out.levy), a],
          [of(out.fee), b],
        ] as const) {
          const twice = 2n * (charge * 10_000n - cents * BigInt(n));
          must(twice <= 10_000n && twice > -10_000n, "HALF_UP");
        }
      }),
      RUNS,
    );
  });
});

describe("R12 bid and offer", () => {
  it.each([
    ["100.0000", "0.004", "0.006", "99.6000", "100.6000"],
    ["12.3456", "0.01", "0", "12.2221", "12.3456"], // 12.222144
    ["0.0001", "0.5", "0.5", "0.0001", "0.0002"], // half up on both sides
    ["9.9999", "1/3", "1/3", "6.6666", "13.3332"],
  ])("%s with %s and %s", (navPerUnit, bidSpread, offerSpread, bid, offer) => {
    expect(dualPrice({ navPerUnit, bidSpread, offerSpread })).toEqual({ bid, offer });
  });

  it("R12 for any price: bid ≤ NAV per unit ≤ offer, each within half a unit of the last place of its formula", {
    timeout: LONG,
  }, () => {
    const spread = fc.nat({ max: 9_999 });
    fc.assert(
      fc.property(arbitraryPrice, spread, spread, (price, b, o) => {
        const share = (n: number) => `0.${String(n).padStart(4, "0")}`;
        const { bid, offer } = dualPrices(price, { bidSpread: share(b), offerSpread: share(o) });
        must(bid <= price && price <= offer, "bid ≤ NAV ≤ offer");
        for (const [got, factor] of [
          [bid, 10_000n - BigInt(b)],
          [offer, 10_000n + BigInt(o)],
        ] as const) {
          const twice = 2n * (got * 10_000n - price * factor);
          must(twice <= 10_000n && twice > -10_000n, "HALF_UP");
        }
      }),
      RUNS,
    );
  });
});
