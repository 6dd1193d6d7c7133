// Divides an amount of money among holders, exactly to the minor unit, by largest remainder. Pure.
import { CurrencyCode, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, currencyExponent, decimal, Exact, fromMinor, largestRemainder, RATIO_SCALE, toMinor } from "./money.ts";
import { Name, NonNegative, parseInput } from "./parse.ts";
import { refuseRepeats } from "./repeats.ts";

export const AllocationInput = z.strictObject({
  total: MoneyString,
  currency: CurrencyCode,
  /** Shares in any unit (units held, commitments, weights); only their proportions matter. */
  shares: z
    .array(z.strictObject({ id: Name, weight: NonNegative }))
    .min(1)
    .max(1_000_000),
});
export const AllocationOutput = z.strictObject({
  currency: z.string(),
  minorUnitDigits: z.int(),
  parts: z.array(z.strictObject({ id: z.string(), amount: z.string() })),
});

/**
 * Largest remainder in whole minor units: every part is rounded down, what is left over goes one minor unit each to the largest
 * remainders, ties to the smallest id (by code point). Σ parts = total. A negative total is divided like its magnitude.
 * Errors: EG400 for a total finer than the minor unit, a repeated id or weights that are all zero.
 */
export function allocateLargestRemainder(input: z.input<typeof AllocationInput>): z.infer<typeof AllocationOutput> {
  const facts = parseInput(AllocationInput, input);
  refuseRepeats("shares", facts.shares);
  const shares = [...facts.shares].sort((a, b) => byId(a.id, b.id));
  const total = toMinor(facts.total, facts.currency);
  const magnitude = total < 0n ? -total : total;
  const unit = new Exact(10).pow(RATIO_SCALE);
  const weights = shares.map((share) => BigInt(decimal(share.weight).times(unit).toFixed(0)));
  const parts = largestRemainder(magnitude, weights);
  return {
    currency: facts.currency,
    minorUnitDigits: currencyExponent(facts.currency),
    parts: shares.map((share, position) => ({
      id: share.id,
      amount: fromMinor(total < 0n ? -parts[position]! : parts[position]!, facts.currency),
    })),
  };
}
