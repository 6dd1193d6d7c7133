// The programme of liquidity stress tests as data: which tests, how often, on what, and who is told (R34). Part of a tool policy. zod only.
import { z } from "zod";
import { FREQUENCIES } from "./dealing-policy.ts";

export const STRESS_KINDS = ["historical", "hypothetical", "reverse"] as const;
export const STRESS_SIDES = ["assets", "liabilities", "combined"] as const;
export type StressKind = (typeof STRESS_KINDS)[number];
export type StressSide = (typeof STRESS_SIDES)[number];

const once = (list: readonly string[]): boolean => new Set(list).size === list.length;

export const StressProgramme = z.strictObject({
  /** Where the written policy of the programme is kept. */
  document: z.string().min(1).max(200),
  /** Every kind on every side at least so often. */
  frequency: z.enum(FREQUENCIES),
  kinds: z.array(z.enum(STRESS_KINDS)).min(1).max(3).refine(once, "a kind is named twice"),
  sides: z.array(z.enum(STRESS_SIDES)).min(1).max(3).refine(once, "a side is named twice"),
  /** Tested before the first investor comes, and whenever the fund changes in what matters. */
  atLaunch: z.boolean(),
  onMaterialChange: z.boolean(),
  /** Results go to the board within so many days, with the id of what follows from them. */
  board: z.strictObject({ withinDays: z.int().min(0).max(366), followUp: z.boolean() }),
});
export type StressProgramme = z.output<typeof StressProgramme>;
