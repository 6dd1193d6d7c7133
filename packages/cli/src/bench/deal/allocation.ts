// The pure part of a dealing day: one ratio over a book in columns (R6), and the whole of `deal` with its lots, cash and reasons. Checked before it counts.
import { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import { allocate, ulpValue } from "@evergreen-fund/finance/dealing/pro-rata.ts";
import type { Check } from "../frame/report.ts";

/** Millions of orders a second, one cohort at one ratio: ⌊units × ratio⌋ and largest remainder. */
export function allocationSpeed(orders: number): { perSecond: number; check: Check } {
  const units = Array.from({ length: orders }, (_, i) => 600_000n + BigInt((i * 7_919) % 800_000));
  const ulp = ulpValue(123_456n, 4, 4);
  const asked = units.reduce((sum, count) => sum + count, 0n);
  const pay = (asked * ulp * 5n) / 9n;
  const book = {
    units,
    classes: new Uint8Array(orders) as unknown as number[],
    stages: new Uint8Array(orders).fill(2) as unknown as number[],
  };
  const start = performance.now();
  const { fills } = allocate(book, [ulp], pay);
  const seconds = (performance.now() - start) / 1_000;
  const filled = fills.reduce((sum, count) => sum + count, 0n);
  const unequal = fills.some((fill, i) => {
    const off = fill * asked - (units[i] ?? 0n) * filled;
    return off >= asked + (units[i] ?? 0n) || -off >= asked + (units[i] ?? 0n);
  });
  return {
    perSecond: orders / seconds / 1e6,
    check: {
      what: "the allocation pays the whole of the cap, everybody the same share to one unit",
      ok: filled === pay / ulp && !unequal,
      seen: `${filled} of ${pay / ulp} units of the last place, ${unequal ? "not " : ""}equal`,
    },
  };
}

/** Thousands of orders a second through `deal`: JSON in, every order with its lots, cash and words out. */
export function dealSpeed(orders: number, dealing: object, lmt: object): number {
  const rows = Array.from({ length: orders }, (_, i) => i);
  const input = {
    dealingDate: "2026-03-31",
    currency: "USD",
    fund: { nav: `${orders * 12_345}.60` },
    classes: [{ id: "A", navPerUnit: "12.3456", dealing: DealingPolicy.parse(dealing) }],
    lmt: LmtPolicy.parse(lmt),
    orders: rows.map((i) => ({
      id: `order-${i}`,
      classId: "A",
      investorId: `investor-${i}`,
      direction: "redemption" as const,
      units: `${60 + (i % 80)}.${String(i % 10_000).padStart(4, "0")}`,
      vintage: "2026-03-31",
    })),
    lots: rows.map((i) => ({
      id: `lot-${i}`,
      classId: "A",
      investorId: `investor-${i}`,
      openedOn: "2023-01-16",
      units: "1000",
    })),
  };
  const start = performance.now();
  deal(input);
  return orders / (performance.now() - start);
}
