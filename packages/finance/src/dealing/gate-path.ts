// A gate over several dealing days with everything carried: what is paid and what waits, day by day (R6 dual cap, R8 auto-carry). Pure.
import { FractionString } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { Decimals } from "./fund-gate.ts";
import { decideGate } from "./gate.ts";
import { min, rescale, scaledOf, scaledText, VALUE_DP } from "./scaled.ts";

export const GatePathInput = z.strictObject({
  /** Share of the NAV of the day. */
  share: FractionString.optional(),
  /** Share of the first NAV, over all days together. */
  quarterShare: FractionString.optional(),
  moneyDp: Decimals.default(2),
  days: z
    .array(z.strictObject({ nav: NonNegative, requests: NonNegative }))
    .min(1)
    .max(1_000),
});
export const GatePathOutput = z.strictObject({
  days: z.array(
    z.strictObject({
      demand: z.string(),
      cap: z.string().nullable(),
      binding: z.string().nullable(),
      paid: z.string(),
      carried: z.string(),
    }),
  ),
  paid: z.string(),
});

/**
 * Money orders that are not re-priced: demand = carried + new requests, paid = min(demand, every cap), rounded down to the minor unit, the rest is
 * carried. The quarter cap is a share of the first NAV, less what was paid since. Errors: EG400.
 */
export function gatePath(input: z.input<typeof GatePathInput>): z.infer<typeof GatePathOutput> {
  const { share, quarterShare, moneyDp, days } = parseInput(GatePathInput, input);
  const valueAt = (text: string, what: string): bigint =>
    rescale(scaledOf(text, moneyDp, what), moneyDp, VALUE_DP, "exact");
  const quarterBase = valueAt(days[0]?.nav ?? "0", "nav");
  let [carried, total] = [0n, 0n];
  const rows = days.map((day) => {
    const demand = carried + valueAt(day.requests, "requests");
    const decision = decideGate(
      { basis: "gross", share, quarterShare },
      { nav: valueAt(day.nav, "nav"), quarterBase, redeemedInQuarter: total },
      { redemptions: demand, subscriptions: 0n },
    );
    const minor = rescale(decision.pay, VALUE_DP, moneyDp, "floor");
    const paid = min(demand, rescale(minor, moneyDp, VALUE_DP, "exact"));
    total += paid;
    carried = demand - paid;
    const binding = decision.caps.find(({ amount }) => amount === decision.cap && decision.status === "gated");
    const text = (value: bigint): string => scaledText(rescale(value, VALUE_DP, moneyDp, "floor"), moneyDp);
    return {
      demand: text(demand),
      cap: decision.cap === null ? null : text(decision.cap),
      binding: binding?.name ?? null,
      paid: text(paid),
      carried: text(carried),
    };
  });
  return { days: rows, paid: scaledText(rescale(total, VALUE_DP, moneyDp, "floor"), moneyDp) };
}
