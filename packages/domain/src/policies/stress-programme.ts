// The programme of liquidity stress tests as data: which tests, how often, on what, and who is told (R34). Part of a tool policy. zod only.
import { z } from "zod";
import { FREQUENCIES } from "./dealing-policy.ts";
import { FractionString } from "./shapes.ts";

export const STRESS_KINDS = ["historical", "hypothetical", "reverse"] as const;
export const STRESS_SIDES = ["assets", "liabilities", "combined"] as const;
export type StressKind = (typeof STRESS_KINDS)[number];
export type StressSide = (typeof STRESS_SIDES)[number];

const once = (list: readonly string[]): boolean => new Set(list).size === list.length;

/** When cover that is still enough is said to be on its way to a breach. */
export const TrendTerms = z.strictObject({
  /** Newest nightly runs that are looked at, and the fewest that say anything. */
  runs: z.int().min(3).max(250).default(20),
  atLeast: z.int().min(3).max(250).default(5),
  /** Falls less rises as a share of all pairs of runs (Kendall's tau, its sign turned): 1 falls every time. */
  steadiness: FractionString.default("0.6"),
  /** A breach later than this is not said yet; calendar days after the newest run. */
  withinDays: z.int().min(1).max(3_650).default(90),
});
export type TrendTerms = z.output<typeof TrendTerms>;

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
  /** When a trend to a breach is told; left out: 20 runs, at least 5, within 90 days. */
  trend: TrendTerms.optional(),
  /** Scenario whose addition to the liabilities becomes the `stress_delta` of the fund's own ladder, which its trades must cover (R38). */
  coverScenario: z.string().min(1).max(80).optional(),
});
export type StressProgramme = z.output<typeof StressProgramme>;
