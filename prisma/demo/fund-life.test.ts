// Whether the demo fund could be a fund: every month closes, rules of the domain hold, marks move as marks do. The engine's figures are checked by
// arithmetic of this file's own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lmtPolicyVerdict } from "@evergreen-fund/finance/dealing/lmt-verdict.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fill, liveThrough, wronglyMarked } from "./fund-life.ts";
import { HOLDINGS, isLiquid } from "./holdings.ts";
import { DEMO_INVESTORS } from "./investors.ts";
import { redemptionsOf } from "./liquidity.ts";
import { cashFor, divideHalfUp, priceOf, sum, unitsFor } from "./money.ts";
import { CLASSES, CODES, dealingPolicy, GATE_BPS, LMT_POLICY, MONTHS, monthEnd, quarterStart } from "./terms.ts";
import { DELIBERATE_DRIFTS, isDeliberate, WRONG_MARK } from "./valuation.ts";

const life = liveThrough();
const last = life.at(-1)!;
const fills = life.flatMap((end) => end.fills.map((fill) => ({ ...fill, month: end.month })));
const signed = (fill: Fill, value: bigint): bigint => (fill.direction === "subscription" ? value : -value);
const days = (month: number): bigint =>
  BigInt((Date.parse(monthEnd(month)) - Date.parse(monthEnd(month - 1))) / 86_400_000);

/** What a class pays for a price that was too high, less what is made good to it: units times the difference, order by order, rounded up to the cent (R30). */
function compensation(end: (typeof life)[number], code: (typeof CODES)[number]): bigint {
  const gap = end.published.prices[code] - end.classes[code].price;
  const own = end.fills.filter((fill) => fill.shareClass === code);
  return gap === 0n
    ? 0n
    : sum(
        own.map((fill) =>
          signed(fill, -(-(fill.units * gap) / 1_000_000n) + ((fill.units * gap) % 1_000_000n === 0n ? 0n : 1n)),
        ),
      );
}

describe("the fund's life", () => {
  it("closes every month: marks = class values, and the price is theirs by the units", () => {
    for (const end of life) {
      const classes = Object.values(end.classes);
      expect(sum(end.marks.values()), monthEnd(end.month)).toBe(sum(classes.map((row) => row.netAssets)));
      for (const row of classes) if (row.units > 0n) expect(row.price).toBe(priceOf(row.netAssets, row.units));
      expect(end.published.netAssets).toBe(sum(wronglyMarked(end.month, end.marks).values()));
    }
    expect(life).toHaveLength(MONTHS + 1);
  });

  it("explains every change of net assets: result, dealt money, fees", () => {
    for (let month = 2; month <= MONTHS; month += 1) {
      const [before, after] = [life[month - 1]!, life[month]!];
      const dealt = sum(before.fills.map((fill) => signed(fill, fill.net)));
      const result = after.netAssets - before.netAssets - dealt + after.fees;
      // a plausible month of a diversified fund: within 3 %
      expect(Number((result * 10_000n) / before.netAssets), monthEnd(month)).toBeGreaterThan(-300);
      expect(Number((result * 10_000n) / before.netAssets), monthEnd(month)).toBeLessThan(300);
    }
  });

  it("charges each class its own rate on its value after the dealing before, by the day (R20)", () => {
    for (let month = 1; month <= MONTHS; month += 1) {
      const before = life[month - 1]!;
      const fees = CLASSES.map(({ code, feeBps }) => {
        const own = before.fills.filter((fill) => fill.shareClass === code);
        const opening =
          before.classes[code].netAssets +
          sum(own.map((fill) => signed(fill, fill.gross))) -
          compensation(before, code);
        return divideHalfUp(opening * BigInt(feeBps) * days(month), 10_000n * 365n);
      });
      expect(life[month]!.fees, monthEnd(month)).toBe(sum(fees));
    }
  });

  it("deals everybody at the published price, rounded in the fund's favour, less the levy (R2, R5b, R11)", () => {
    for (const { month, ...fill } of fills) {
      const price = life[month]!.published.prices[fill.shareClass];
      const name = `${fill.investor} ${monthEnd(month)}`;
      if (fill.direction === "subscription") expect(fill.units, name).toBe(unitsFor(fill.net, price));
      else {
        expect(fill.gross, name).toBe(cashFor(fill.units, price));
        expect(fill.gross - fill.net, name).toBe(divideHalfUp(fill.gross * 2n, 1000n));
      }
    }
    expect(fills.filter((fill) => fill.direction === "redemption").length).toBeGreaterThan(80);
  });

  it("keeps the register: units of a class are what was issued less what was redeemed, and nobody owes units", () => {
    for (const code of CODES)
      expect(last.classes[code].units).toBe(
        sum(fills.filter((fill) => fill.shareClass === code).map((fill) => signed(fill, fill.units))),
      );
    for (const { code } of DEMO_INVESTORS) {
      let held = 0n;
      for (const fill of fills.filter(({ investor }) => investor === code)) {
        held += signed(fill, fill.units);
        expect(held >= 0n, code).toBe(true);
      }
    }
  });

  it("lets nobody redeem within the lock (R3)", () => {
    const lots = new Map<string, { month: number; units: bigint }[]>();
    const free = (bought: number, at: number): boolean => {
      const [year, ...rest] = monthEnd(bought).split("-");
      return [`${Number(year) + 1}`, ...rest].join("-") <= monthEnd(at);
    };
    for (const { month, ...fill } of fills) {
      const held = lots.get(fill.investor) ?? [];
      lots.set(fill.investor, held);
      if (fill.direction === "subscription") held.push({ month, units: fill.units });
      else {
        const may = sum(held.filter((lot) => lot.month < 0 || free(lot.month, month)).map((lot) => lot.units));
        expect(fill.units <= may, `${fill.investor} ${monthEnd(month)}`).toBe(true);
        held.push({ month: -1, units: -fill.units });
      }
    }
  });

  it("gates one quarter and no other: never more than 5 % of its base, pro rata, and the rest is carried (R6, R8)", () => {
    const gated = life.filter((end) => end.gated);
    expect(gated.map(({ month }) => monthEnd(month))).toEqual(["2025-06-30"]);
    for (let month = 3; month < MONTHS; month += 1) {
      const start = quarterStart(month);
      const base = life.findLast((end) => monthEnd(end.month) < start)!.netAssets;
      const paid = sum(
        life.filter((end) => monthEnd(end.month) >= start && end.month <= month).map((end) => redemptionsOf(end)),
      );
      expect(paid * 10_000n <= base * GATE_BPS, monthEnd(month)).toBe(true);
      // the gate pays what it may: within a cent per order of the cap
      if (life[month]!.gated) expect(Number((base * GATE_BPS) / 10_000n - paid)).toBeLessThan(100);
    }
    const [day] = gated;
    const leaving = day!.fills.filter((fill) => fill.direction === "redemption");
    expect(leaving.length).toBeGreaterThan(10);
    const ratios = leaving.map((fill) => Number((fill.units * 1_000_000n) / fill.requested));
    // one ten-thousandth of a unit of the smallest order is what rounding may do
    const [least] = leaving.map((fill) => fill.requested).sort((a, b) => (a < b ? -1 : 1));
    expect(Math.max(...ratios) - Math.min(...ratios)).toBeLessThanOrEqual(2 + Number(2_000_000n / least!));
    expect(leaving.every((fill) => fill.carried > 0n && fill.units + fill.carried === fill.requested)).toBe(true);
    const next = life[day!.month + 1]!.fills.filter((fill) => fill.direction === "redemption");
    for (const fill of leaving)
      expect(next.some((row) => row.investor === fill.investor && row.units === fill.carried)).toBe(true);
  });

  it("restates one NAV that was wrong by more than one percent, the tolerance of unlisted assets (R30)", () => {
    const wrong = life.filter((end) => end.published.netAssets !== end.netAssets);
    expect(wrong.map(({ month }) => month)).toEqual([WRONG_MARK.month]);
    const [{ published, netAssets }] = wrong as [(typeof wrong)[0]];
    const error = Number(((published.netAssets - netAssets) * 1_000_000n) / netAssets);
    expect(error).toBeGreaterThan(10_000);
    expect(error).toBeLessThan(20_000);
    expect(wrong[0]!.fills.length).toBeGreaterThan(3);
    // both classes were wrong by more than their tolerance, and more was bought than sold
    const owed = CODES.map((code) => compensation(wrong[0]!, code));
    expect(sum(owed)).toBe(17_331_609n);
  });

  it("moves no mark past the threshold of its type, except those meant to", () => {
    const catalogue = readFileSync(join(import.meta.dirname, "..", "sql", "30-catalogue.sql"), "utf8");
    const limits: Record<string, number> = JSON.parse(/'data_drift_threshold_bps', '([^']+)'/.exec(catalogue)![1]!);
    const over: string[] = [];
    for (let month = 2; month <= MONTHS; month += 1) {
      for (const { key, type } of HOLDINGS) {
        const [before, after] = [life[month - 1]!.marks.get(key)!, life[month]!.marks.get(key)!];
        if (before === 0n) continue;
        const moved = after > before ? after - before : before - after;
        if (moved * 10_000n > before * BigInt(limits[type] ?? limits.default!)) over.push(`${key}/${month}`);
      }
    }
    expect(over.sort()).toEqual(DELIBERATE_DRIFTS.map(({ key, month }) => `${key}/${month}`).sort());
    expect(DELIBERATE_DRIFTS.every(({ key, month }) => isDeliberate(key, month))).toBe(true);
  });

  it("ends as a fund of some size, mostly private, no issuer over 5 %", () => {
    const liquid = sum(HOLDINGS.filter(isLiquid).map(({ key }) => last.marks.get(key)!));
    const share = Number((liquid * 1000n) / last.netAssets);
    expect(share).toBeGreaterThan(150);
    expect(share).toBeLessThan(300);
    expect(new Set(HOLDINGS.map((holding) => holding.issuer)).size).toBe(HOLDINGS.length);
    for (const { key } of HOLDINGS) expect(last.marks.get(key)! * 20n < last.netAssets, key).toBe(true);
    expect(HOLDINGS.filter(({ key }) => last.marks.get(key)! <= 0n)).toEqual([]);
    expect(last.netAssets > 30_000_000_000n && last.netAssets < 100_000_000_000n).toBe(true);
    for (const { code } of CLASSES) expect(last.classes[code].price > life[1]!.classes[code].price).toBe(true);
    // the dearer class earns less
    expect(last.classes.W.price < last.classes.I.price).toBe(true);
  });

  it("deals in the class of the investor, and most of the investors are still there", () => {
    const classOf = new Map(DEMO_INVESTORS.map((investor) => [investor.code, investor.shareClass]));
    const orders = life.flatMap((end) => end.orders);
    expect(orders.every((order) => classOf.get(order.investor) === order.shareClass)).toBe(true);
    expect(new Set(DEMO_INVESTORS.map((investor) => investor.classification)).size).toBe(4);
    const founders = DEMO_INVESTORS.filter((investor) => investor.joins === 0).map((investor) => investor.code);
    expect(founders).toEqual(expect.arrayContaining(["LP-S0001", "LP-S0002", "LP-S0003"]));
    const lapsed = DEMO_INVESTORS.filter((investor) => investor.leavesClearance < MONTHS);
    expect(lapsed.length).toBeGreaterThan(0);
    for (const { code, leavesClearance } of lapsed)
      expect(orders.some((order) => order.investor === code && order.month >= leavesClearance)).toBe(false);
  });
});

describe("the fund's terms", () => {
  it("are sound: two tools and more, the gate with its threshold (R9c), dealing on business days", () => {
    expect(lmtPolicyVerdict({ policy: LMT_POLICY }).problems).toEqual([]);
    expect(dealingPolicy(125).fees.management.rate).toBe("0.0125");
    for (let month = 0; month <= MONTHS; month += 1)
      expect([0, 6], monthEnd(month)).not.toContain(new Date(`${monthEnd(month)}T12:00:00Z`).getUTCDay());
  });
  it("know their calendar", () => {
    expect([0, 1, 2, 5, 16, 36].map(monthEnd)).toEqual([
      "2023-10-31",
      "2023-11-30",
      "2023-12-29",
      "2024-03-29",
      "2025-02-28",
      "2026-10-30",
    ]);
    expect([0, 2, 3, 26].map(quarterStart)).toEqual(["2023-10-01", "2023-10-01", "2024-01-01", "2025-10-01"]);
  });
});

describe("whole-number money", () => {
  const cents = fc.bigInt({ min: 1n, max: 10n ** 13n });
  const price = fc.bigInt({ min: 1_0000n, max: 10_000_0000n });

  it("never gives more units than paid for, nor more cash than the units are worth (R5b)", () => {
    fc.assert(
      fc.property(cents, price, (amount, at) => {
        const units = unitsFor(amount, at);
        return (
          units * at <= amount * 1_000_000n && (units + 1n) * at > amount * 1_000_000n && cashFor(units, at) <= amount
        );
      }),
    );
  });

  it("rounds half away from zero", () => {
    expect([5n, -5n, 4n, -4n, 15n, -15n].map((value) => divideHalfUp(value, 10n))).toEqual([1n, -1n, 0n, 0n, 2n, -2n]);
    // R5b's vector: 10,000.00 at 12.3456 buys 810.0051
    expect(unitsFor(10_000_00n, 12_3456n)).toBe(810_0051n);
  });
});
