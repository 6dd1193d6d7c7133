// Whether the demo fund could be a fund: every month closes, rules of the domain hold, marks move as marks do.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { liveThrough } from "./fund-life.ts";
import { HOLDINGS, isLiquid } from "./holdings.ts";
import { DEMO_INVESTORS } from "./investors.ts";
import { redemptionsOf } from "./liquidity.ts";
import { cashFor, divideHalfUp, priceOf, sum, unitsFor } from "./money.ts";
import { CLASSES, GATE_BPS, LOCK_MONTHS, MONTHS, monthEnd } from "./terms.ts";
import { DELIBERATE_DRIFTS, isDeliberate } from "./valuation.ts";

const life = liveThrough();
const last = life.at(-1)!;

describe("the fund's life", () => {
  it("closes every month: marks = class values, and the price is theirs by the units", () => {
    for (const end of life.slice(1)) {
      const classes = Object.values(end.classes);
      expect(sum(end.marks.values()), monthEnd(end.month)).toBe(sum(classes.map((row) => row.netAssets)));
      for (const row of classes) expect(row.price).toBe(priceOf(row.netAssets, row.units));
    }
    expect(life).toHaveLength(MONTHS + 1);
  });

  it("explains every change of net assets: result, dealt money, fees", () => {
    for (let month = 2; month <= MONTHS; month += 1) {
      const [before, after] = [life[month - 1]!, life[month]!];
      const dealt = sum(before.flows.map((flow) => (flow.direction === "subscription" ? flow.amount : -flow.amount)));
      const result = after.netAssets - before.netAssets - dealt + after.fees;
      // a plausible month of a diversified fund: within 3 %
      expect(Number((result * 10_000n) / before.netAssets), monthEnd(month)).toBeGreaterThan(-300);
      expect(Number((result * 10_000n) / before.netAssets), monthEnd(month)).toBeLessThan(300);
    }
  });

  it("lets nobody redeem within the lock, and no quarter more than the gate (R3, R6)", () => {
    const lots = new Map<string, { month: number; units: bigint }[]>();
    for (const { month, flows } of life) {
      for (const flow of flows) {
        const held = lots.get(flow.investor) ?? [];
        lots.set(flow.investor, held);
        if (flow.direction === "subscription") held.push({ month, units: flow.units });
        else held.push({ month: Number.NEGATIVE_INFINITY, units: -flow.units });
        const free = sum(held.filter((lot) => lot.month <= month - LOCK_MONTHS).map((lot) => lot.units));
        expect(free >= 0n || flow.direction === "subscription", `${flow.investor} ${monthEnd(month)}`).toBe(true);
      }
    }
    for (let month = 3; month <= MONTHS; month += 1) {
      const quarter = sum(life.slice(month - 2, month + 1).map(redemptionsOf));
      expect(quarter * 10_000n <= life[month - 2]!.netAssets * GATE_BPS, monthEnd(month)).toBe(true);
    }
    expect(life.filter((end) => redemptionsOf(end) > 0n).length).toBeGreaterThan(12);
  });

  it("moves no mark past the threshold of its type, except those meant to", () => {
    const catalogue = readFileSync(join(import.meta.dirname, "..", "sql", "30-catalogue.sql"), "utf8");
    const limits: Record<string, number> = JSON.parse(/'data_drift_threshold_bps', '([^']+)'/.exec(catalogue)![1]!);
    const over: string[] = [];
    for (let month = 2; month <= MONTHS; month += 1) {
      for (const { key, type } of HOLDINGS) {
        const [before, after] = [life[month - 1]!.marks.get(key), life[month]!.marks.get(key)];
        if (before === undefined || after === undefined) continue;
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
    expect(last.netAssets > 30_000_000_000n && last.netAssets < 100_000_000_000n).toBe(true);
    for (const { code } of CLASSES) expect(last.classes[code].price > life[1]!.classes[code].price).toBe(true);
    // the dearer class earns less
    expect(last.classes.W.price < last.classes.I.price).toBe(true);
  });

  it("deals in the class of the investor, and most of the investors are still there", () => {
    const classOf = new Map(DEMO_INVESTORS.map((investor) => [investor.code, investor.shareClass]));
    expect(life.flatMap((end) => end.flows).every((flow) => classOf.get(flow.investor) === flow.shareClass)).toBe(true);
    expect(new Set(DEMO_INVESTORS.map((investor) => investor.classification)).size).toBe(4);
    expect(DEMO_INVESTORS.filter((investor) => investor.kycStatus === "expired").length).toBeGreaterThan(0);
    const founders = DEMO_INVESTORS.filter((investor) => investor.joins === 0).map((investor) => investor.code);
    expect(founders).toEqual(expect.arrayContaining(["LP-S0001", "LP-S0002", "LP-S0003"]));
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
