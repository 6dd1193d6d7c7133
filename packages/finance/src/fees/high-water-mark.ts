// High-water mark (R22): what it is on a day, whether the fee may crystallise on it, and when next. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { NonNegative, parseInput } from "../parse.ts";
import { Day } from "./days.ts";
import { Fraction } from "./fraction.ts";

const MONTHS = { monthly: 1, quarterly: 3, semi_annual: 6, annual: 12 } as const;

export const HighWaterPolicy = z.strictObject({
  frequency: z.enum(["monthly", "quarterly", "semi_annual", "annual"]),
  /** Retail investors: at most once a year, and no reset before five years. */
  retail: z.boolean(),
  /** Where the guidelines exempt the fund (open-ended private equity and real estate AIF): where investors are told so. */
  exemption: z.strictObject({ disclosedIn: z.string().min(1).max(200) }).optional(),
  /** Years without crystallisation after which the mark falls to the price. Left out: never, the default of R22. */
  resetAfterYears: z.int().min(1).max(50).optional(),
});

export const HighWaterMarkInput = z.strictObject({
  policy: HighWaterPolicy,
  /** The mark as it stood on `setOn`, money per unit. */
  highWater: NonNegative,
  setOn: Day,
  /** Day of the last crystallisation, or of the launch. */
  lastCrystallised: Day,
  on: Day,
  /** Price of `on` after the management fee and after the performance fee due, unswung, and after the distributions below. */
  navPerUnit: NonNegative,
  /** Distributions per unit; those after `setOn` and up to `on` lower the mark. */
  distributions: z
    .array(z.strictObject({ exDate: Day, perUnit: NonNegative }))
    .max(10_000)
    .default([]),
});
export const HighWaterMarkOutput = z.strictObject({
  /** The mark adjusted for distributions, before anything is crystallised or reset: the one the fee of the day is measured on. */
  adjusted: z.string(),
  crystallise: z.boolean(),
  /** The mark after the day. */
  highWater: z.string(),
  reason: z.enum(["not_yet", "crystallised", "below_mark", "reset"]),
  nextCrystallisation: z.string(),
});

/**
 * R22. The mark is lowered by distributions per unit, rises to the price after fee when the fee crystallises, and never falls otherwise; a reset
 * only where the policy has one and its years have passed without crystallisation. Money per unit, exact. Source: R22; ESMA34-39-992, guidelines
 * 2 and 3. Errors: EG400 for malformed input, days out of order, retail terms that crystallise more than once a year or reset within five years
 * without a disclosed exemption, or distributions that leave no mark.
 */
export function highWaterMark(input: z.input<typeof HighWaterMarkInput>): z.infer<typeof HighWaterMarkOutput> {
  const { policy, distributions, ...facts } = parseInput(HighWaterMarkInput, input);
  refuseRetailTerms(policy);
  if (facts.on < facts.setOn || facts.on < facts.lastCrystallised) {
    throw new EvergreenError("EG400", "on: expected a day not before setOn and lastCrystallised.");
  }
  const paid = distributions.filter(({ exDate }) => exDate > facts.setOn && exDate <= facts.on);
  const mark = Fraction.of(facts.highWater).minus(Fraction.sum(paid.map(({ perUnit }) => Fraction.of(perUnit))));
  if (!mark.isPositive)
    throw new EvergreenError("EG400", "distributions: they leave no mark; crystallise before them.");
  const price = Fraction.of(facts.navPerUnit);
  const due = addMonths(facts.lastCrystallised, MONTHS[policy.frequency]);
  const open = facts.on >= due;
  const crystallise = open && price.gt(mark);
  const years = policy.resetAfterYears;
  const reset =
    !crystallise && price.lt(mark) && years !== undefined && facts.on >= addMonths(facts.lastCrystallised, 12 * years);
  return {
    adjusted: mark.ratioText(),
    crystallise,
    highWater: (crystallise || reset ? price : mark).ratioText(),
    reason: crystallise ? "crystallised" : reset ? "reset" : open ? "below_mark" : "not_yet",
    nextCrystallisation: crystallise ? addMonths(facts.on, MONTHS[policy.frequency]) : due,
  };
}

function refuseRetailTerms({ frequency, retail, exemption, resetAfterYears }: z.infer<typeof HighWaterPolicy>): void {
  if (!retail || exemption) return;
  if (frequency !== "annual") {
    throw new EvergreenError("EG400", "policy.frequency: retail classes crystallise at most once a year.");
  }
  if (resetAfterYears !== undefined && resetAfterYears < 5) {
    throw new EvergreenError("EG400", "policy.resetAfterYears: at least five years for retail classes.");
  }
}

/** The same day of the month `months` later; the last day of a month stays the last one. */
function addMonths(day: string, months: number): string {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  const total = year * 12 + month - 1 + months;
  const length = daysIn(Math.floor(total / 12), total % 12);
  const isLast = date === daysIn(year, month - 1);
  return new Date(Date.UTC(Math.floor(total / 12), total % 12, isLast ? length : Math.min(date, length)))
    .toISOString()
    .slice(0, 10);
}

const daysIn = (year: number, monthIndex: number): number => new Date(Date.UTC(year, monthIndex + 1, 0)).getUTCDate();
