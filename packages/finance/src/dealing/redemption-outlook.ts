// When a redemption could be paid: past dates of the class, drawn anew as a sequence, decide on each path what a gate leaves over. Pure and seeded.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { parseInput } from "../parse.ts";
import { uniformAt } from "../random/philox.ts";

export const OutlookInput = z.strictObject({
  /** Share of what was asked for that was paid on each past dealing date, oldest first; "1" without a gate. */
  fractions: z.array(z.string().regex(/^(0|1)(\.\d{1,40})?$/)).max(1_000),
  windows: z.int().min(1).max(60),
  /** On so many dates an order is dealt at most; null: without end. */
  mostDealings: z.int().min(1).nullable(),
  paths: z.int().min(1).max(100_000),
  seed: z.int().min(0),
  /** Mean length of the stretches of consecutive past dates that are drawn together. */
  stretch: z.number().min(1).max(100),
});
export const OutlookOutput = z.strictObject({
  method: z.string(),
  windows: z.array(
    z.strictObject({
      /** Share of the paths on which all has been paid by this date. */
      paidInFull: z.number(),
      /** Share paid so far, which 9 of 10, 5 of 10 and 1 of 10 paths reach. */
      low: z.number(),
      middle: z.number(),
      high: z.number(),
    }),
  ),
  /** Share of the paths on which something is left after the last date. */
  open: z.number(),
});

/** Less than this is nothing: units have ten decimals at most. */
const NOTHING = 1e-11;

/**
 * Stationary block bootstrap of past paid fractions (Politis and Romano, 1994): a path goes on with the next past date, or, with probability 1 / stretch,
 * begins at another one; so that gates come in rows as they did. What is left over competes again on the next date until `mostDealings`.
 * Errors: EG400 by its shape, EG428 without a past date.
 */
export function redemptionOutlook(input: z.input<typeof OutlookInput>): z.infer<typeof OutlookOutput> {
  const { fractions, windows, mostDealings, paths, seed, stretch } = parseInput(OutlookInput, input);
  if (fractions.length === 0)
    throw new EvergreenError("EG428", "The class has not dealt yet: there is nothing to draw from.");
  const shares = fractions.map(Number);
  const paid = Array.from({ length: windows }, () => new Float64Array(paths));
  for (let path = 0; path < paths; path++) {
    let left = 1;
    let at = 0;
    for (let window = 0; window < windows; window++) {
      const jumps = window === 0 || uniformAt(seed, path, window, 0) < 1 / stretch;
      at = jumps ? Math.floor(uniformAt(seed, path, window, 1) * shares.length) : (at + 1) % shares.length;
      if (mostDealings === null || window < mostDealings) left *= 1 - (shares[at] ?? 1);
      if (left < NOTHING) left = 0;
      paid[window]![path] = 1 - left;
    }
  }
  const results = paid.map((column) => {
    const sorted = column.slice().sort();
    const reachedBy = (share: number): number => sorted[Math.min(paths - 1, Math.floor((1 - share) * paths))] ?? 0;
    return {
      paidInFull: column.filter((value) => value === 1).length / paths,
      low: reachedBy(0.9),
      middle: reachedBy(0.5),
      high: reachedBy(0.1),
    };
  });
  return {
    method: `${paths} paths drawn from the ${shares.length} past dealing dates of the class, in stretches of ${stretch} on average, seed ${seed}`,
    windows: results,
    open: 1 - (results.at(-1)?.paidInFull ?? 0),
  };
}
