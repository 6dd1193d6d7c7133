// The fund gate: the vectors of R6, every cap, the threshold, who is paid first, and what must hold for any day.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryPrice, arbitraryRequests, LONG, RUNS } from "./arbitrary-day.ts";
import { fundGate } from "./fund-gate.ts";
import { decideGate } from "./gate.ts";
import { gatePath } from "./gate-path.ts";
import { scaledText, valueText } from "./scaled.ts";

const E18 = 10n ** 18n;

describe("vectors, derived with exact fractions outside this code", () => {
  it("R6 gross 5 %: 617,280 / 959,000.18581632 = 250000000/388397561", () => {
    const { gate, orders } = fundGate({
      navPerUnit: "12.3456",
      nav: "12345600",
      gate: { basis: "gross", share: "0.05" },
      orders: [
        { id: "d", units: "333.3333" },
        { id: "a", units: "40000" },
        { id: "b", units: "25000.5" },
        { id: "c", units: "12345.6789" },
      ],
    });
    expect(gate).toMatchObject({ status: "gated", capUnits: "50000.0000", fraction: "0.643670365375955592" });
    expect(gate.exactFraction).toEqual({ numerator: "250000000", denominator: "388397561" });
    expect(orders.map(({ id, filled, unfilled }) => [id, filled, unfilled])).toEqual([
      ["a", "25746.8146", "14253.1854"],
      ["b", "16092.0810", "8908.4190"],
      ["c", "7946.5476", "4399.1313"],
      ["d", "214.5568", "118.7765"],
    ]);
  });

  it("R6 net: reds 15, subs 5, cap 5 → 2/3, paid 10", () => {
    const { gate, orders } = fundGate({
      navPerUnit: "1",
      unitsDp: 2,
      nav: "100",
      gate: { basis: "net", share: "0.05" },
      subscriptions: "5",
      orders: [{ id: "a", units: "15" }],
    });
    expect(gate).toMatchObject({
      demand: "10",
      crossed: "5",
      pay: "10",
      exactFraction: { numerator: "2", denominator: "3" },
    });
    expect(orders[0]?.filled).toBe("10.00");
  });

  it("R6 dual cap with everything carried: the quarter cap binds on the third day", () => {
    const path = gatePath({
      share: "0.02",
      quarterShare: "0.05",
      days: [
        { nav: "1000", requests: "60" },
        { nav: "1010", requests: "55" },
        { nav: "990", requests: "50" },
      ],
    });
    expect(path.days.map(({ paid, carried, binding }) => [paid, carried, binding])).toEqual([
      ["20.00", "40.00", "nav_share"],
      ["20.20", "74.80", "nav_share"],
      ["9.80", "115.00", "quarter_share"],
    ]);
    expect(path.paid).toBe("50.00");
  });
});

describe("the decision", () => {
  const flow = (redemptions: bigint, subscriptions = 0n) => ({
    redemptions: redemptions * E18,
    subscriptions: subscriptions * E18,
  });
  const figures = {
    nav: 1_000n * E18,
    liquidAssets: 200n * E18,
    quarterBase: 1_100n * E18,
    redeemedInQuarter: 40n * E18,
  };

  it.each([
    ["share of NAV", { share: "0.05" }, "50"],
    ["money", { money: "42" }, "42"],
    ["share of liquid assets", { liquidShare: "1/3" }, "66.666666666666666666"],
    ["share of the quarter, less what was paid", { quarterShare: "0.05" }, "15"],
    ["the lowest of all", { share: "0.05", money: "42", liquidShare: "0.3", quarterShare: "0.05" }, "15"],
    ["never below zero", { quarterShare: "0.01" }, "0"],
  ] as const)("cap: %s", (_what, caps, expected) => {
    const decision = decideGate({ basis: "gross", ...caps }, figures, flow(100n));
    expect(valueText(decision.cap ?? -1n)).toBe(expected);
    expect(decision.status).toBe("gated");
    expect(decision.pay).toBe(decision.cap);
  });

  it.each([
    // redemptions, subscriptions, basis, threshold of NAV, cap, status, paid
    [60n, 0n, "gross", "0.02", "50", "gated", 50n],
    [50n, 0n, "gross", "0.02", "50", "open", 50n],
    [60n, 30n, "gross", "0.02", "50", "gated", 50n],
    [60n, 30n, "net", "0.02", "50", "open", 60n],
    [90n, 30n, "net", "0.02", "50", "gated", 80n],
    [20n, 90n, "net", "0.02", "0", "open", 20n],
    // the cap is below the threshold that must be executed: stop, never under-fill
    [60n, 0n, "gross", "0.05", "40", "stopped", 0n],
    // at or below the threshold the gate may not be used, and the cap would not pay it
    [45n, 0n, "gross", "0.05", "40", "stopped", 0n],
    [40n, 0n, "gross", "0.05", "40", "open", 40n],
    [50n, 0n, "gross", "0.05", "50", "open", 50n],
    [51n, 0n, "gross", "0.05", "50", "gated", 50n],
  ] as const)("reds %s subs %s %s threshold %s cap %s → %s %s", (reds, subs, basis, share, money, status, paid) => {
    const decision = decideGate({ basis, money, threshold: { kind: "nav_share", share } }, figures, flow(reds, subs));
    expect([decision.status, decision.pay]).toEqual([status, paid * E18]);
  });

  it.each([
    [{ kind: "money", amount: "30" }, 30n],
    [{ kind: "liquid_share", share: "0.1" }, 20n],
    [{ kind: "nav_share", share: "0.01" }, 10n],
  ] as const)("threshold %j", (threshold, expected) => {
    const decision = decideGate({ basis: "gross", money: "50", threshold }, figures, flow(100n));
    expect(decision.threshold).toBe(expected * E18);
  });

  it("pays everything when the gate was not activated, and says what it would have been", () => {
    const decision = decideGate({ basis: "gross", share: "0.05" }, figures, flow(100n), false);
    expect(decision).toMatchObject({ status: "not_active", pay: 100n * E18, cap: 50n * E18 });
  });

  it("refuses a cap whose base nobody gave", () => {
    expect(() => decideGate({ basis: "gross", liquidShare: "0.1" }, { nav: E18 }, flow(1n))).toThrowError(
      /liquidAssets/,
    );
    expect(() =>
      decideGate({ basis: "gross", quarterShare: "0.1" }, { nav: E18, quarterBase: E18 }, flow(1n)),
    ).toThrowError(expect.objectContaining({ code: "EG400" }));
  });
});

describe("who is paid first", () => {
  const base = { navPerUnit: "1", unitsDp: 2, nav: "100", gate: { basis: "gross", share: "0.1" } } as const;
  const filled = (answer: ReturnType<typeof fundGate>) =>
    Object.fromEntries(answer.orders.map((row) => [row.id, row.filled]));

  it("older vintages first, then pro rata within the one at which the money ends", () => {
    const answer = fundGate({
      ...base,
      carry: "priority_by_vintage",
      orders: [
        { id: "new", units: "20", vintage: "2026-03-01" },
        { id: "old", units: "6", vintage: "2025-12-31" },
        { id: "mid-1", units: "6", vintage: "2026-01-31" },
        { id: "mid-2", units: "2", vintage: "2026-01-31" },
      ],
    });
    expect(filled(answer)).toEqual({ old: "6.00", "mid-1": "3.00", "mid-2": "1.00", new: "0.00" });
    expect(answer.gate.cohorts.map(({ fraction }) => fraction)).toEqual(["1", "0.5", "0"]);
  });

  it("small investors in full, judged on all their orders; nobody is preferred when they do not all fit", () => {
    const small = { ...base, gate: { ...base.gate, smallOrder: "2" } };
    const orders = [
      { id: "a", units: "2", investorId: "small" },
      { id: "b", units: "1.5", investorId: "splitter" },
      { id: "c", units: "14.5", investorId: "splitter" },
    ];
    expect(filled(fundGate({ ...small, orders }))).toEqual({ a: "2.00", b: "0.75", c: "7.25" });
    const crowd = Array.from({ length: 8 }, (_, i) => ({ id: `s${i}`, units: "2", investorId: `i${i}` }));
    expect(new Set(Object.values(filled(fundGate({ ...small, orders: crowd }))))).toEqual(new Set(["1.25"]));
  });

  it("dust in full from its tolerance, by earliest id, only after a partial fill", () => {
    const answer = fundGate({
      ...base,
      dust: { minimum: "1", mode: "pay_from_tolerance", tolerance: "0.1" },
      orders: [
        { id: "d1", units: "0.6", partialFills: 1 },
        { id: "d2", units: "0.6", partialFills: 1 },
        { id: "d3", units: "0.3", partialFills: 2 },
        { id: "fresh", units: "0.5" },
        { id: "big", units: "18" },
      ],
    });
    // reserve 1.00: d1 and d3 fit; left 9.10 over d2, fresh and big: 9.1 / 19.1
    expect(filled(answer)).toEqual({ d1: "0.60", d2: "0.28", d3: "0.30", fresh: "0.24", big: "8.58" });
    expect(answer.gate.cohorts[0]).toMatchObject({ cohort: "dust", requested: "0.9", paid: "0.9" });
  });
});

it(
  "R6 for any day: units are conserved, Σ fills stays within what may be paid and reaches it to the last unit, nobody gets more than asked",
  () => {
    fc.assert(
      fc.property(
        arbitraryRequests,
        arbitraryPrice,
        fc.bigInt(0n, 10n ** 12n),
        fc.constantFrom("0", "0.02", "0.05", "1/3", "1"),
        fc.constantFrom("gross", "net"),
        fc.constantFrom("auto_pari_passu", "priority_by_vintage"),
        fc.bigInt(0n, 10n ** 9n),
        (requests, price, nav, share, basis, carry, subs) => {
          const answer = fundGate({
            navPerUnit: scaledText(price, 4),
            nav: scaledText(nav, 2),
            gate: { basis, share },
            subscriptions: scaledText(subs, 2),
            carry,
            orders: requests.map((units, i) => ({
              id: `o${i}`,
              units: scaledText(units, 4),
              vintage: ["2025-01-01", "2025-02-01", "2025-03-01"][i % 3] as string,
            })),
          });
          const whole = (text: string): bigint => BigInt(text.replace(".", ""));
          const filled = answer.orders.reduce((sum, row) => sum + whole(row.filled), 0n);
          const requested = requests.reduce((sum, units) => sum + units, 0n);
          const subsValue = subs * 10n ** 16n;
          // cap in 10^-18, exactly as a fraction and then down
          const cap =
            share === "1/3" ? (nav * 10n ** 16n) / 3n : (nav * 10n ** 16n * BigInt(Number(share) * 100)) / 100n;
          const ulp = price * 10n ** 10n;
          const payable = cap + (basis === "net" ? subsValue : 0n);
          const open = requested * ulp <= payable || (basis === "net" && requested * ulp <= subsValue + cap);
          expect(filled).toBe(open ? requested : payable / ulp);
          for (const row of answer.orders) {
            expect(whole(row.filled) <= whole(row.requested)).toBe(true);
            expect(whole(row.filled) + whole(row.unfilled)).toBe(whole(row.requested));
          }
        },
      ),
      RUNS,
    );
  },
  LONG,
);
