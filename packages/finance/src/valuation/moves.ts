// Moves of factors under a scenario: read by name and unit; a factor that is missing is an error, never a silent zero. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, type Exact, ONE, ZERO } from "../money.ts";
import { Name } from "../parse.ts";

/** How much a factor moves in one period: a rate, spread or cap rate in basis points, a price as a ratio (−0.25 is −25 %). */
export const Move = z.union([z.strictObject({ bps: DecimalString }), z.strictObject({ ratio: DecimalString })]);
export const Moves = z.record(Name, Move);
export type Moves = z.infer<typeof Moves>;

/** Whether a factor that the scenario does not name stands still or is an error. */
export const Unmentioned = z.enum(["refused", "unchanged"]);

export interface Shocks {
  /** Sum of the basis points of a factor over the periods 1 to `last`. */
  basisPoints(factor: string, last: number): Exact;
  /** Ratio of one period (1 is the first). */
  ratio(factor: string, period: number): Exact;
  /** Product of (1 + ratio) over the periods 1 to `last`. */
  level(factor: string, last: number): Exact;
}

/**
 * Errors: EG404 naming a factor that no period of the path names (unless such factors stand still); EG400 for a factor in the wrong unit or for a
 * price that falls by more than all of it. A factor that some periods name stands still in the others.
 */
export function shocksOf(path: readonly Moves[], unmentioned: z.infer<typeof Unmentioned>): Shocks {
  const named = new Set(path.flatMap((moves) => Object.keys(moves)));
  const find = (factor: string, period: number, unit: "bps" | "ratio"): Exact => {
    if (!named.has(factor)) {
      if (unmentioned === "unchanged") return ZERO;
      throw new EvergreenError("EG404", `The scenario says nothing about the factor ${factor}.`);
    }
    const moves = path[period - 1]!;
    const move = Object.hasOwn(moves, factor) ? (moves[factor] as { bps?: string; ratio?: string }) : undefined;
    if (move === undefined) return ZERO;
    const text = move[unit];
    if (text === undefined)
      throw new EvergreenError(
        "EG400",
        `The factor ${factor} must move in ${unit === "bps" ? "basis points" : "a ratio"}.`,
      );
    const value = decimal(text);
    if (unit === "ratio" && value.lt(-1))
      throw new EvergreenError("EG400", `The factor ${factor} falls by more than all of it.`);
    return value;
  };
  return {
    basisPoints(factor, last) {
      let sum = find(factor, 1, "bps");
      for (let period = 2; period <= last; period += 1) sum = sum.plus(find(factor, period, "bps"));
      return last < 1 ? ZERO : sum;
    },
    ratio: (factor, period) => find(factor, period, "ratio"),
    level(factor, last) {
      let level = find(factor, 1, "ratio").plus(1);
      for (let period = 2; period <= last; period += 1) level = level.times(find(factor, period, "ratio").plus(1));
      return last < 1 ? ONE : level;
    },
  };
}
