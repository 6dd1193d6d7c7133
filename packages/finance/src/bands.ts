// A band around a target weight: how far a sleeve or asset may drift before it must be traded back (R38). Pure.
import { z } from "zod";
import { decimal, type Exact, ONE, ZERO } from "./money.ts";
import { Share } from "./parse.ts";

/** `absolute`: weight points (0.02 = two points either way). `relative`: part of the target (0.2 = ±20 % of it). Both given: both bind. */
export const Band = z
  .strictObject({ absolute: Share.optional(), relative: Share.optional() })
  .refine((band) => band.absolute !== undefined || band.relative !== undefined, "a band needs absolute or relative");
export type Band = z.infer<typeof Band>;

/** Lowest and highest weight inside the band, cut to 0..1. */
export function bandEdges(target: Exact, band: Band): { low: Exact; high: Exact } {
  const widths = [
    ...(band.absolute === undefined ? [] : [decimal(band.absolute)]),
    ...(band.relative === undefined ? [] : [target.times(band.relative)]),
  ];
  const width = widths.reduce((a, b) => (a.lt(b) ? a : b));
  const low = target.minus(width);
  const high = target.plus(width);
  return { low: low.lt(0) ? ZERO : low, high: high.gt(1) ? ONE : high };
}
