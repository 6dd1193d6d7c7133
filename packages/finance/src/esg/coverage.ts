// What a fund's ESG ratings come to: how much of it is rated, and the score weighted by value, on the provider's scale and normalised. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, Exact, fixed, ratioText, ZERO } from "../money.ts";
import { parseInput } from "../parse.ts";

export const EsgHolding = z.strictObject({
  asset: z.string().min(1),
  /** Value of the newest mark in the fund's currency; null: it was never marked. */
  value: DecimalString.nullable(),
  /** The rating that holds, on the provider's scale; null: not rated. */
  score: DecimalString.nullable(),
});
export type EsgHolding = z.infer<typeof EsgHolding>;

export const EsgCoverageInput = z.strictObject({
  holdings: z.array(EsgHolding).max(20_000),
  /** Ends of the provider's scale. */
  scale: z.strictObject({ low: DecimalString, high: DecimalString }),
});

export const EsgCoverageOutput = z.strictObject({
  /** Weighted by value, HALF_UP at 6 decimals; null where nothing of value is rated. */
  score: z.string().nullable(),
  /** 0 at the low end of the scale, 1 at the high end; 18 decimals. */
  normalised: z.string().nullable(),
  /** Share of the counted value that is rated, 18 decimals; null where nothing has value. */
  coverageByValue: z.string().nullable(),
  rated: z.int(),
  counted: z.int(),
  /** Holdings without a mark or of no positive value (debts, short positions): no weight, so not counted. */
  leftOut: z.int(),
});
export type EsgCoverage = z.infer<typeof EsgCoverageOutput>;

/**
 * Σ value · score / Σ value over rated holdings of positive value; coverage is rated value by counted value. A scale may run downwards in meaning but
 * not in figures: low < high. Errors: EG400 when it does not, or a score lies outside of it.
 */
export function esgCoverage(input: z.input<typeof EsgCoverageInput>): EsgCoverage {
  const { holdings, scale } = parseInput(EsgCoverageInput, input);
  const [low, high] = [decimal(scale.low), decimal(scale.high)];
  if (!low.lt(high)) throw new EvergreenError("EG400", "The low end of a scale lies below its high end.");
  const counted = holdings.filter(({ value }) => value !== null && decimal(value).gt(0));
  const rated = counted.filter(({ score }) => score !== null);
  let [all, covered, weighted] = [ZERO, ZERO, ZERO];
  for (const { value } of counted) all = all.plus(decimal(value ?? "0"));
  for (const { asset, value, score } of rated) {
    const [weight, points] = [decimal(value ?? "0"), decimal(score ?? "0")];
    if (points.lt(low) || points.gt(high))
      throw new EvergreenError("EG400", `The score of ${asset} lies outside of the scale.`);
    covered = covered.plus(weight);
    weighted = weighted.plus(weight.times(points));
  }
  const mean = covered.isZero() ? null : weighted.div(covered);
  return {
    score: mean === null ? null : fixed(mean, 6),
    normalised: mean === null ? null : ratioText(mean.minus(low).div(new Exact(high).minus(low))),
    coverageByValue: all.isZero() ? null : ratioText(covered.div(all)),
    rated: rated.length,
    counted: counted.length,
    leftOut: holdings.length - counted.length,
  };
}
