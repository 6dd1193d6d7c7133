// Random dealing days for the property tests: small books with ties, dust, odd prices and every kind of order.
import fc from "fast-check";
import type { z } from "zod";
import { DEALING_POLICY, LMT_POLICY } from "../calc/dealing-examples.ts";
import type { DealInput } from "./deal-shapes.ts";
import { scaledText } from "./scaled.ts";

/** Runs per rule. */
export const RUNS = { numRuns: 10_000 } as const;
/** Ten thousand runs on a loaded machine. */
export const LONG = 300_000;

/** A claim inside ten thousand runs, where an assertion library would take most of the time. */
export function must(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`It does not hold: ${claim}`);
}

/** Whole numbers of 10^-4, from one unit of rounding to very large, with many repeats. */
export const arbitraryUnits = fc.oneof(
  fc.bigInt(0n, 9n),
  fc.constantFrom(1n, 3_333n, 10_000n, 333_333n),
  fc.bigInt(1n, 10n ** 9n),
  fc.bigInt(1n, 10n ** 22n),
);
export const arbitraryRequests = fc.array(arbitraryUnits, { minLength: 1, maxLength: 9 });
/** A price in 10^-4. */
export const arbitraryPrice = fc.oneof(fc.constantFrom(1n, 10_000n, 123_456n, 999_999n), fc.bigInt(1n, 10n ** 8n));

type Input = z.input<typeof DealInput>;

const order = fc.record({
  kind: fc.constantFrom("redemption", "redemption", "redemption", "subscription", "switch") as fc.Arbitrary<
    "redemption" | "subscription" | "switch"
  >,
  units: fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(1n, 10n ** 8n)),
  inMoney: fc.boolean(),
  investor: fc.integer({ min: 0, max: 4 }),
  vintage: fc.constantFrom("2025-12-31", "2026-01-30", "2026-03-01"),
  cleared: fc.boolean(),
  partialFills: fc.integer({ min: 0, max: 1 }),
  dealings: fc.integer({ min: 0, max: 3 }),
  answer: fc.constantFrom("", "asked", "kept"),
  elects: fc.constantFrom("", "", "2", "20", "120"),
  classId: fc.constantFrom("A", "B"),
});

/** One day of a synthetic fund with one or two classes; lots cover most, not all, of what is asked. */
export const arbitraryDeal: fc.Arbitrary<Input> = fc
  .record({
    orders: fc.array(order, { minLength: 1, maxLength: 7 }),
    two: fc.boolean(),
    prices: fc.tuple(fc.bigInt(1n, 2_000_000n), fc.bigInt(1n, 2_000_000n)),
    nav: fc.bigInt(1n, 10n ** 9n),
    share: fc.constantFrom("0.02", "0.05", "1/3", "0.9", "0"),
    basis: fc.constantFrom("gross", "net") as fc.Arbitrary<"gross" | "net">,
    carry: fc.constantFrom("auto_pari_passu", "priority_by_vintage", "lapse_resubmit") as fc.Arbitrary<
      "auto_pari_passu" | "priority_by_vintage" | "lapse_resubmit"
    >,
    small: fc.option(fc.constantFrom("1", "500"), { nil: undefined }),
    dust: fc.constantFrom("", "pay_from_tolerance", "ask_then_cancel") as fc.Arbitrary<
      "" | "pay_from_tolerance" | "ask_then_cancel"
    >,
    longest: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    refundFrom: fc.option(fc.constantFrom("0", "0.01", "5"), { nil: undefined }),
    threshold: fc.option(fc.constantFrom("0.01", "0.05"), { nil: undefined }),
    lotUnits: fc.bigInt(1n, 10n ** 8n),
    dual: fc.boolean(),
  })
  .map((day): Input => {
    const classIds = day.two ? ["A", "B"] : ["A"];
    const orders: Input["orders"] = day.orders.flatMap((row, i): Input["orders"] => {
      const classId = day.two ? row.classId : "A";
      const base = {
        id: `o${i}`,
        classId,
        investorId: `lp${row.investor}`,
        // behind the last of the accounts stands the first
        beneficialOwnerId: `lp${row.investor % 4}`,
        vintage: row.vintage,
      };
      const electedLots = row.elects === "" ? undefined : [...row.elects].map((k) => `${classId}-${row.investor}-${k}`);
      const asked = row.inMoney ? { amount: scaledText(row.units, 2) } : { units: scaledText(row.units, 4) };
      if (row.kind === "subscription") return [{ ...base, ...asked, direction: "subscription", cleared: row.cleared }];
      if (row.kind === "redemption")
        return [
          {
            ...base,
            ...asked,
            direction: "redemption",
            partialFills: row.partialFills,
            dealings: row.dealings,
            asked: row.answer !== "",
            kept: row.answer === "kept",
            electedLots,
          },
        ];
      const into = classId === "A" && day.two ? "B" : "A";
      return [
        { ...base, ...asked, direction: "switch_out", electedLots },
        { ...base, id: `o${i}-in`, classId: into, direction: "switch_in", linkedOrderId: `o${i}` },
      ];
    });
    const lots = classIds.flatMap((classId) =>
      [0, 1, 2, 3, 4].flatMap((investor) =>
        ["2020-01-31", "2024-06-30", "2026-02-28"].map((openedOn, k) => ({
          id: `${classId}-${investor}-${k}`,
          classId,
          investorId: `lp${investor}`,
          openedOn,
          units: scaledText(day.lotUnits + BigInt(k), 4),
        })),
      ),
    );
    return {
      dealingDate: "2026-03-31",
      currency: "EUR",
      fund: { nav: scaledText(day.nav, 2) },
      classes: classIds.map((id, c) => ({
        id,
        navPerUnit: scaledText(day.prices[c] ?? 1n, 4),
        dealing: { ...DEALING_POLICY, refundFrom: day.refundFrom } as unknown as Input["classes"][number]["dealing"],
      })),
      lmt: {
        ...(LMT_POLICY as unknown as Input["lmt"]),
        tools: ["redemption_gate", day.dual ? "dual_pricing" : "swing_pricing", "anti_dilution_levy"],
        gate: {
          basis: day.basis,
          share: day.share,
          smallOrder: day.small,
          ...(day.threshold === undefined ? {} : { threshold: { kind: "nav_share", share: day.threshold } }),
        },
        dual: { bidSpread: "0.004", offerSpread: "0.006" },
        carry: day.carry,
        levy: { rate: "0.005", on: "both" },
        carryMaxDealings: day.longest,
        ...(day.dust === "" ? {} : { dust: { minimum: "300", mode: day.dust, tolerance: "0.1" } }),
      },
      orders,
      lots,
    };
  });
