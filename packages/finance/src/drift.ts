// Weights of a portfolio and how far each asset and sleeve has drifted from its target and band (R38). Pure.
import { DecimalString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Band, bandEdges } from "./bands.ts";
import { byId, decimal, type Exact, exactWeights, ratioText, ZERO } from "./money.ts";
import { Name, parseInput, Share } from "./parse.ts";
import { refuseRepeats } from "./repeats.ts";

const TargetRow = z.strictObject({ id: Name, target: Share, band: Band.optional() });

export const DriftInput = z.strictObject({
  /** Values in the fund's currency; liabilities may be negative, Σ must be positive. Cash is a holding like any other. */
  holdings: z
    .array(z.strictObject({ id: Name, sleeve: Name, value: DecimalString }))
    .min(1)
    .max(20_000),
  sleeveTargets: z.array(TargetRow).max(1_000).default([]),
  assetTargets: z.array(TargetRow).max(20_000).default([]),
});

const DriftRow = z.strictObject({
  id: z.string(),
  weight: z.string(),
  target: z.string().nullable(),
  /** weight − target, in weight points; null without a target. */
  drift: z.string().nullable(),
  /** drift / target; null without a target or where it is zero. */
  relativeDrift: z.string().nullable(),
  low: z.string().nullable(),
  high: z.string().nullable(),
  band: z.enum(["inside", "below", "above", "none"]),
});
export const DriftOutput = z.strictObject({
  total: z.string(),
  assets: z.array(DriftRow),
  sleeves: z.array(DriftRow),
  /** Σ |drift| over the sleeves with a target, halved: the one-way turnover that would undo it. */
  sleeveDistance: z.string(),
  outside: z.array(z.string()),
});

/**
 * Weights (printed weights add up to exactly 1), drift and band verdict per asset and per sleeve, sorted by id. A target whose asset or
 * sleeve is not held counts as weight 0. The verdict is taken on the unrounded weight. Errors: EG400 (also for a repeated id or Σ ≤ 0).
 */
export function drift(input: z.input<typeof DriftInput>): z.infer<typeof DriftOutput> {
  const facts = parseInput(DriftInput, input);
  refuseRepeats("holdings", facts.holdings);
  refuseRepeats("sleeveTargets", facts.sleeveTargets);
  refuseRepeats("assetTargets", facts.assetTargets);
  const assetValues = new Map(facts.holdings.map((holding) => [holding.id, decimal(holding.value)]));
  for (const { id } of facts.assetTargets) if (!assetValues.has(id)) assetValues.set(id, ZERO);
  const sleeveValues = new Map<string, Exact>(facts.sleeveTargets.map(({ id }) => [id, ZERO]));
  for (const holding of facts.holdings) {
    sleeveValues.set(holding.sleeve, (sleeveValues.get(holding.sleeve) ?? ZERO).plus(holding.value));
  }
  const total = facts.holdings.reduce((acc, holding) => acc.plus(holding.value), ZERO);
  const assets = rows(assetValues, facts.assetTargets, total);
  const sleeves = rows(sleeveValues, facts.sleeveTargets, total);
  const distance = sleeves
    .reduce((acc, row) => acc.plus(row.drift === null ? 0 : decimal(row.drift).abs()), ZERO)
    .div(2);
  const outside = [
    ...sleeves.filter((row) => row.band === "below" || row.band === "above").map((row) => `sleeve:${row.id}`),
    ...assets.filter((row) => row.band === "below" || row.band === "above").map((row) => `asset:${row.id}`),
  ];
  return { total: ratioText(total), assets, sleeves, sleeveDistance: ratioText(distance), outside };
}

function rows(
  values: ReadonlyMap<string, Exact>,
  targets: readonly z.output<typeof TargetRow>[],
  total: Exact,
): z.infer<typeof DriftRow>[] {
  const ids = [...values.keys()].sort(byId);
  const weights = exactWeights(ids.map((id) => values.get(id)!));
  const targetOf = new Map(targets.map((row) => [row.id, row]));
  return ids.map((id, position) => {
    const weight = weights[position]!;
    const row = targetOf.get(id);
    const target = row && decimal(row.target);
    const edges = row?.band && target && bandEdges(target, row.band);
    const value = values.get(id)!;
    return {
      id,
      weight: ratioText(weight),
      target: target ? ratioText(target) : null,
      drift: target ? ratioText(weight.minus(target)) : null,
      relativeDrift: target && !target.isZero() ? ratioText(weight.minus(target).div(target)) : null,
      low: edges ? ratioText(edges.low) : null,
      high: edges ? ratioText(edges.high) : null,
      // Multiplied out, so that the verdict does not depend on the rounding of the quotient.
      band: !edges
        ? "none"
        : value.lt(edges.low.times(total))
          ? "below"
          : value.gt(edges.high.times(total))
            ? "above"
            : "inside",
    } as const;
  });
}
