// Loss of a bond portfolio under a parallel rate shift, from the DV100 figures a filing reports per currency and tenor (decision: linear
// in DV100, convexity unknown). Pure.
import { CurrencyCode, DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { byId, decimal, type Exact, ratioText, ZERO } from "./money.ts";
import { Name, parseInput } from "./parse.ts";

export const RateShockInput = z.strictObject({
  /** Value lost at +100 basis points, in the fund's reporting currency, per currency of the exposure and tenor. */
  dv100: z.array(z.strictObject({ currency: CurrencyCode, tenor: Name, amount: DecimalString })).max(1_000),
  /** Parallel shift in basis points; negative when rates fall. */
  shockBps: z.int().min(-10_000).max(10_000),
});
export const RateShockOutput = z.strictObject({
  /** Positive is a loss, in the reporting currency, HALF_UP at 2 decimals only for `loss`; the parts are exact. */
  loss: z.string(),
  lossExact: z.string(),
  byCurrency: z.array(z.strictObject({ currency: z.string(), loss: z.string() })),
  byTenor: z.array(z.strictObject({ tenor: z.string(), loss: z.string() })),
  method: z.literal("dv100_linear"),
  convexity: z.literal("unknown"),
});

/**
 * Σ DV100 · shock / 100 over tenors and currencies. A filing reports the change in value for one shift of 100 bp, so every other shift is
 * a straight line through it; curvature is not known and not guessed. Errors: EG400.
 */
export function rateShockLoss(input: z.input<typeof RateShockInput>): z.infer<typeof RateShockOutput> {
  const facts = parseInput(RateShockInput, input);
  const rows = facts.dv100.map((row) => ({ ...row, loss: decimal(row.amount).times(facts.shockBps).div(100) }));
  const total = rows.reduce((acc, row) => acc.plus(row.loss), ZERO);
  const grouped = (key: "currency" | "tenor"): [string, Exact][] => {
    const sums = new Map<string, Exact>();
    for (const row of rows) sums.set(row[key], (sums.get(row[key]) ?? ZERO).plus(row.loss));
    return [...sums].sort(([a], [b]) => byId(a, b));
  };
  return {
    loss: total.toFixed(2).replace(/^-0\.00$/, "0.00"),
    lossExact: ratioText(total),
    byCurrency: grouped("currency").map(([currency, loss]) => ({ currency, loss: ratioText(loss) })),
    byTenor: grouped("tenor").map(([tenor, loss]) => ({ tenor, loss: ratioText(loss) })),
    method: "dv100_linear",
    convexity: "unknown",
  };
}
