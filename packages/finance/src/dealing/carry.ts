// What becomes of the part of an order that was not filled (R8), what is left too small to keep (R9), and demand without
// the same request counted twice. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { CarryPolicy, DustPolicy, IsoDate } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { byId } from "../money.ts";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Decimals } from "./fund-gate.ts";
import { amountOf } from "./gate.ts";
import { ulpValue } from "./pro-rata.ts";
import { scaledOf, scaledText } from "./scaled.ts";

const CarriedOrder = z.strictObject({
  id: Name,
  /** Units that were not filled. */
  units: NonNegative,
  /** Date of the first request of the chain. */
  vintage: IsoDate,
  /** Partial fills so far, this dealing day included. */
  partialFills: z.int().min(0),
  /** Dealing days the chain has waited, this one included. */
  dealings: z.int().min(1),
  /** Whether the investor has been asked to give up dust. */
  asked: z.boolean().default(false),
  /** Asked, the investor chose to keep the rest. */
  kept: z.boolean().default(false),
});

export const CarryInput = z.strictObject({
  policy: CarryPolicy,
  carryMaxDealings: z.int().min(1).max(400).optional(),
  dust: DustPolicy.optional(),
  navPerUnit: NonNegative,
  unitsDp: Decimals.default(4),
  priceDp: Decimals.default(4),
  orders: z.array(CarriedOrder).max(1_000_000),
});
export const CarryOutput = z.strictObject({
  orders: z.array(
    z.strictObject({
      id: z.string(),
      outcome: z.enum(["carried", "lapsed", "ask_dust", "cancelled_dust", "pay_or_notify", "notify"]),
      childUnits: z.string(),
      /** Rank of the child at the next dealing day: its vintage, or "all" when everybody has the same. */
      cohort: z.string(),
      cancellable: z.boolean(),
      reason: z.string(),
    }),
  ),
});

/**
 * R8 and R9 per unfilled order. auto_pari_passu: a child order beside the new ones; priority_by_vintage: the child keeps the vintage of the first
 * request; lapse_resubmit: nothing is carried. A child is held in units, takes the price of the day it deals, and can be cancelled until it is locked.
 * At `carryMaxDealings` the outcome is `pay_or_notify`: the next dealing day pays the order before the others if it can, and if it cannot the outcome
 * is `notify`. Dust is cancelled only after the investor was asked, and never what the investor keeps. Errors: EG400.
 */
export function carryOrders(input: z.input<typeof CarryInput>): z.infer<typeof CarryOutput> {
  const facts = parseInput(CarryInput, input);
  refuseRepeats("orders", facts.orders);
  const price = scaledOf(facts.navPerUnit, facts.priceDp, "navPerUnit");
  const ulp = ulpValue(price, facts.unitsDp, facts.priceDp);
  const outcomes = [...facts.orders]
    .sort((a, b) => byId(a.id, b.id))
    .map((order) => {
      const units = scaledOf(order.units, facts.unitsDp, "orders.units");
      const chosen = carryOutcome(facts, { ...order, value: units * ulp });
      const carried = chosen.outcome === "lapsed" || chosen.outcome === "cancelled_dust" ? 0n : units;
      return {
        id: order.id,
        ...chosen,
        childUnits: scaledText(carried, facts.unitsDp),
        cohort: facts.policy === "priority_by_vintage" ? order.vintage : "all",
        cancellable: carried > 0n,
      };
    });
  return { orders: outcomes };
}

/** The outcome of one unfilled remainder; `value` at NAV per unit in 10^-18. Errors: EG400. */
export function carryOutcome(
  policy: { policy: CarryPolicy; carryMaxDealings?: number | undefined; dust?: DustPolicy | undefined },
  order: { value: bigint; partialFills: number; dealings: number; asked: boolean; kept: boolean },
): { outcome: z.infer<typeof CarryOutput>["orders"][number]["outcome"]; reason: string } {
  if (policy.policy === "lapse_resubmit")
    return { outcome: "lapsed", reason: "What is not filled lapses; ask again for the next dealing day." };
  const { dust } = policy;
  if (
    dust?.mode === "ask_then_cancel" &&
    !order.kept &&
    order.partialFills > 0 &&
    order.value < amountOf(dust.minimum, "dust.minimum")
  )
    return order.asked
      ? {
          outcome: "cancelled_dust",
          reason: "The rest is below the minimum and the investor was asked once: cancelled.",
        }
      : { outcome: "ask_dust", reason: "The rest is below the minimum: the investor is asked whether to give it up." };
  if (policy.carryMaxDealings !== undefined && order.dealings > policy.carryMaxDealings)
    return {
      outcome: "notify",
      reason: `Waited ${order.dealings} dealing days, more than the policy allows, and the day cannot pay it in full: the authority is told.`,
    };
  if (policy.carryMaxDealings !== undefined && order.dealings >= policy.carryMaxDealings)
    return {
      outcome: "pay_or_notify",
      reason: `Waited ${order.dealings} dealing days, the most the policy allows: pay in full next time or tell the authority.`,
    };
  return { outcome: "carried", reason: "Carried to the next dealing day in units, at the price of that day." };
}

export const RepeatsInput = z.strictObject({
  unitsDp: Decimals.default(4),
  /** Dealing days in order; per investor what was asked and what was filled on the day. Carried children count as asked again. */
  days: z
    .array(
      z.strictObject({
        date: IsoDate,
        investors: z.array(z.strictObject({ id: Name, requested: NonNegative, filled: NonNegative })).max(1_000_000),
      }),
    )
    .min(1)
    .max(1_000),
});
export const RepeatsOutput = z.strictObject({
  days: z.array(z.strictObject({ date: z.string(), gross: z.string(), repeats: z.string(), net: z.string() })),
  gross: z.string(),
  repeats: z.string(),
  net: z.string(),
});

/**
 * Requests net of repeats (R8): of what an investor asks, as much as was left unfilled on the dealing day before is the same request again, whether
 * the fund carried it or the investor resubmitted it. net = gross − repeats. Errors: EG400 when more was filled than asked.
 */
export function demandNetOfRepeats(input: z.input<typeof RepeatsInput>): z.infer<typeof RepeatsOutput> {
  const facts = parseInput(RepeatsInput, input);
  const dp = facts.unitsDp;
  let unfilled = new Map<string, bigint>();
  const totals = { gross: 0n, repeats: 0n };
  const days = facts.days.map((day) => {
    refuseRepeats("investors", day.investors);
    let [gross, repeats] = [0n, 0n];
    const open = new Map<string, bigint>();
    for (const row of day.investors) {
      const requested = scaledOf(row.requested, dp, "requested");
      const filled = scaledOf(row.filled, dp, "filled");
      if (filled > requested) throw new EvergreenError("EG400", "filled: more than was requested.");
      const before = unfilled.get(row.id) ?? 0n;
      gross += requested;
      repeats += requested < before ? requested : before;
      open.set(row.id, requested - filled);
    }
    unfilled = open;
    totals.gross += gross;
    totals.repeats += repeats;
    return {
      date: day.date,
      gross: scaledText(gross, dp),
      repeats: scaledText(repeats, dp),
      net: scaledText(gross - repeats, dp),
    };
  });
  return {
    days,
    gross: scaledText(totals.gross, dp),
    repeats: scaledText(totals.repeats, dp),
    net: scaledText(totals.gross - totals.repeats, dp),
  };
}
