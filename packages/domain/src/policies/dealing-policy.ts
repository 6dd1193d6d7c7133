// The dealing terms of a share class as data: when one can deal, by when one must ask, at which price, under which lock-ups and minimums.
// Stored as the body of `dealing_policies`, effective-dated; an order keeps the version under which it was accepted. zod only.
import { z } from "zod";
import { DecimalString } from "../money.ts";
import { AmountString, ClockTime, FractionString, IsoDate, Notice, TimeZone } from "./shapes.ts";

export const FREQUENCIES = ["daily", "weekly", "biweekly", "monthly", "quarterly", "semiannual", "annual"] as const;
export type Frequency = (typeof FREQUENCIES)[number];

/** Which day of the period deals, before it is rolled to a business day. */
export const DealingDay = z.union([
  /** weekly and biweekly: 1 Monday … 7 Sunday */
  z.strictObject({ weekday: z.int().min(1).max(7) }),
  /** monthly and rarer: a day of the month (31 means the last one there is) or "last" */
  z.strictObject({ dayOfMonth: z.union([z.int().min(1).max(31), z.literal("last")]) }),
  /** monthly and rarer: the n-th business day from the start of the month, or "last" */
  z.strictObject({ businessDayOfMonth: z.union([z.int().min(1).max(23), z.literal("last")]) }),
]);
export type DealingDay = z.infer<typeof DealingDay>;

export const Roll = z.enum(["following", "modified_following", "preceding"]);
export type Roll = z.infer<typeof Roll>;

export const LockUp = z.strictObject({
  /** A lot cannot be redeemed before its date plus this many months. */
  hardMonths: z.int().min(0).max(240),
  /** Fee on the proceeds while the lot is younger than `untilMonths`; steps rise in months and fall in rate. Credited to the fund. */
  softFees: z.array(z.strictObject({ untilMonths: z.int().min(1).max(240), rate: FractionString })).max(20),
});
export type LockUp = z.infer<typeof LockUp>;

export const ManagementFee = z.strictObject({
  rate: FractionString,
  basis: z.enum(["act/365", "act/360", "act/act", "30/360"]),
});

export const PerformanceFee = z.strictObject({
  rate: FractionString,
  /** Annual hurdle; "0" is none. */
  hurdle: FractionString,
  /** Share of the profit above the hurdle that goes to the manager until caught up: "1" soft, equal to `rate` hard, "cliff". */
  catchUp: z.union([FractionString, z.literal("cliff")]),
  method: z.enum(["equalisation", "series", "none"]),
  /** How often the fee crystallises; left out, once a year, which is the most for retail investors (R22). */
  crystallise: z.enum(["monthly", "quarterly", "semi_annual", "annual"]).optional(),
});

export const DealingPolicy = z
  .strictObject({
    frequency: z.enum(FREQUENCIES),
    /** Left out for daily dealing. */
    on: DealingDay.optional(),
    /** First month of the cycle for quarterly and rarer dealing, 1 to 12: quarterly from 3 deals in 3, 6, 9, 12. */
    anchorMonth: z.int().min(1).max(12).default(12),
    /** biweekly: a date of a week that deals. */
    anchorDate: IsoDate.optional(),
    roll: Roll.default("preceding"),
    calendar: z.string().min(1).max(50),
    timeZone: TimeZone,
    cutOff: ClockTime,
    notice: z.strictObject({ subscription: Notice, redemption: Notice }),
    pricing: z.enum(["forward", "prior_nav"]),
    lockUp: LockUp,
    minimums: z.strictObject({
      initial: AmountString,
      additional: AmountString,
      redemption: AmountString,
      holding: AmountString,
    }),
    units_dp: z.int().min(0).max(9),
    price_dp: z.int().min(0).max(9),
    /** Price of the first dealing day, before there is a NAV; left out, it is that with which the class was opened. */
    issuePrice: DecimalString.optional(),
    /** Cash left over when units are rounded down is paid back from this amount on; below it stays in the fund. */
    refundFrom: AmountString.optional(),
    fees: z.strictObject({ management: ManagementFee, performance: PerformanceFee }),
    settlementDays: z.int().min(0).max(400),
    /** Interval funds: days between the repurchase offer to all holders and the day by which they must ask. */
    offerNoticeDays: z.int().min(0).max(400).optional(),
  })
  .superRefine((policy, ctx) => {
    const refuse = (path: string, message: string): void => {
      ctx.addIssue({ code: "custom", path: path.split("."), message });
    };
    const kind = policy.on === undefined ? "none" : "weekday" in policy.on ? "week" : "month";
    const wanted =
      policy.frequency === "daily"
        ? "none"
        : policy.frequency === "weekly" || policy.frequency === "biweekly"
          ? "week"
          : "month";
    if (kind !== wanted)
      refuse(
        "on",
        {
          none: "daily dealing has no day rule",
          week: "expected a weekday",
          month: "expected dayOfMonth or businessDayOfMonth",
        }[wanted],
      );
    if ((policy.frequency === "biweekly") !== (policy.anchorDate !== undefined))
      refuse("anchorDate", "biweekly dealing, and only that, names a date of a dealing week");
    const { softFees } = policy.lockUp;
    for (const [index, step] of softFees.entries()) {
      const before = softFees[index - 1];
      if (before !== undefined && before.untilMonths >= step.untilMonths)
        refuse(`lockUp.softFees.${index}`, "steps must rise in months");
    }
    const { performance } = policy.fees;
    if (
      performance.method === "equalisation" &&
      (!/^0(\.0+)?$/.test(performance.hurdle) || performance.catchUp === "cliff")
    )
      refuse("fees.performance.method", "equalisation holds only for a fee without a hurdle: use series");
    if (policy.issuePrice !== undefined && (!/[1-9]/.test(policy.issuePrice) || policy.issuePrice.startsWith("-")))
      refuse("issuePrice", "expected a price above 0");
  });
export type DealingPolicy = z.output<typeof DealingPolicy>;
