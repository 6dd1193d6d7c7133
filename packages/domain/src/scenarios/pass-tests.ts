// What a scenario is held against (tests, with a threshold) and what it shows without one (reports). zod only; who computes them reads these.
import { z } from "zod";
import { BUCKETS, Bucket } from "../buckets.ts";
import { FactorNumber } from "./factor-number.ts";

const AtLeastZero = FactorNumber.refine((text) => !text.startsWith("-"), "expected 0 or more");
const Share = AtLeastZero.refine((text) => Number(text) <= 1, "expected a share from 0 to 1");
const Periods = z.int().min(0).max(480);

/** One threshold; the scenario passes when every one of its tests holds in every cell and period. */
export const PassTest = z.discriminatedUnion("test", [
  /** Redemption coverage ratio A/L up to and including each bucket (R33); no liabilities pass. */
  z.strictObject({
    test: z.literal("rcr"),
    atLeast: AtLeastZero,
    buckets: z
      .array(Bucket)
      .min(1)
      .max(BUCKETS.length)
      .refine((buckets) => new Set(buckets).size === buckets.length, "a bucket is named twice"),
  }),
  /** Consecutive quarters at the largest gate (R35). */
  z.strictObject({ test: z.literal("survival"), atLeastQuarters: Periods }),
  /** Cash at the end of each day or period, in the fund's currency. */
  z.strictObject({ test: z.literal("cash"), atLeast: FactorNumber, each: z.enum(["day", "period"]) }),
  /** Days until the redemptions are cash: no more than the fund's notice gives, or so many days. */
  z.strictObject({
    test: z.literal("time_to_cash"),
    atMostDays: z.union([z.literal("notice"), z.int().min(0).max(3_650)]),
  }),
  /** Share of the requests that is paid, one figure per period. */
  z.strictObject({ test: z.literal("fill_path"), atLeast: z.array(Share).min(1).max(480) }),
  /** Commitments not yet called over what can pay them: no more than the mandate's limit, or so much. */
  z.strictObject({ test: z.literal("over_commitment"), atMost: z.union([z.literal("limit"), AtLeastZero]) }),
  /** max(0, L − A) as a share of the net asset value (R33), in any bucket. */
  z.strictObject({ test: z.literal("shortfall"), atMost: Share }),
  /** Loss of the net asset value as a share of what it was. */
  z.strictObject({ test: z.literal("nav_loss"), atMost: Share }),
]);
export type PassTest = z.output<typeof PassTest>;
export const TEST_NAMES = PassTest.options.map((option) => option.shape.test.value);

/** Results without a threshold, by the name under which a run prints them. */
export const REPORTS = {
  rcr: "redemption coverage ratio, gap and shortfall per bucket",
  valuation: "value of every asset before and after, with its method",
  survival: "quarters at the largest gate, n*",
  fill_path: "share of the requests that is paid per period",
  netted_demand: "requests without what was asked before and not paid",
  gate_result: "what the fund's gate pays whom, by its policy",
  concentration: "shares of the largest investors afterwards",
  over_commitment: "commitments not yet called over what can pay them",
  cohort_transfer: "what those who dealt before the marks caught up took from or left to the others",
  largest_redemption: "largest redemption at which the test still holds, R*",
  smallest_haircut: "smallest haircut at which the test just holds",
  frontier: "largest redemption for each haircut",
} as const;
export type Report = keyof typeof REPORTS;
export const Report = z.enum(Object.keys(REPORTS) as [Report, ...Report[]]);
