// When an order deals and what of it may be redeemed: cut-off and notice, forward and prior pricing, locks and soft-lock fees (R2, R3). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { DealingPolicy, IsoDate } from "@evergreen-fund/domain/policies/index.ts";
import { z } from "zod";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { type Calendar, cutOffInstant, dealingDateFor, dealingDates, noticeDay } from "./calendar.ts";
import { consumeLots, isFree } from "./lots.ts";
import { fractionOf, scaledOf, scaledText } from "./scaled.ts";

export const CalendarInput = z.strictObject({
  /** 1 Monday … 7 Sunday. */
  weekend: z.array(z.int().min(1).max(7)).max(6).default([6, 7]),
  holidays: z.array(IsoDate).max(10_000).default([]),
});
export const Instant = z.iso.datetime({ offset: true });
const Side = z.enum(["subscription", "redemption"]);

export function calendarOf(input: z.output<typeof CalendarInput>): Calendar {
  return { weekend: input.weekend, holidays: new Set(input.holidays) };
}

const isoOf = (instant: number): string => new Date(instant).toISOString();

export const DealingDatesInput = z.strictObject({
  policy: DealingPolicy,
  calendar: CalendarInput.default({ weekend: [6, 7], holidays: [] }),
  from: IsoDate,
  to: IsoDate,
});
export const DealingDatesOutput = z.strictObject({
  dates: z.array(
    z.strictObject({
      dealingDate: z.string(),
      subscriptionNoticeDay: z.string(),
      subscriptionCutOff: z.string(),
      redemptionNoticeDay: z.string(),
      redemptionCutOff: z.string(),
    }),
  ),
});

/** Dealing dates of a policy with their notice days and cut-offs (UTC). Errors: EG400, also for more than 20 years. */
export function dealingCalendar(input: z.input<typeof DealingDatesInput>): z.infer<typeof DealingDatesOutput> {
  const { policy, from, to, ...facts } = parseInput(DealingDatesInput, input);
  const calendar = calendarOf(facts.calendar);
  return {
    dates: dealingDates(policy, calendar, from, to).map((dealingDate) => ({
      dealingDate,
      subscriptionNoticeDay: noticeDay(calendar, dealingDate, policy.notice.subscription),
      subscriptionCutOff: isoOf(cutOffInstant(policy, calendar, dealingDate, "subscription")),
      redemptionNoticeDay: noticeDay(calendar, dealingDate, policy.notice.redemption),
      redemptionCutOff: isoOf(cutOffInstant(policy, calendar, dealingDate, "redemption")),
    })),
  };
}

export const OrderDateInput = z.strictObject({
  policy: DealingPolicy,
  calendar: CalendarInput.default({ weekend: [6, 7], holidays: [] }),
  direction: Side,
  submittedAt: Instant,
  /** The date the investor wants; a date it is too late for rolls, a later one is kept. */
  wishedDate: IsoDate.optional(),
  /** prior_nav: when the price that the order would deal at became known; forward: the valuation point of the dealing date. */
  valuationPoint: Instant.optional(),
});
export const OrderDateOutput = z.strictObject({
  verdict: z.enum(["deals", "rolls", "refused"]),
  dealingDate: z.string().nullable(),
  cutOffAt: z.string().nullable(),
  reason: z.string(),
});

/**
 * R2: an order at or before the cut-off (to the millisecond) deals at the NAV struck later; one after it rolls to the next dealing date and is never
 * back-dated. forward: the valuation point must not be before the cut-off, so that no price is known at acceptance. prior_nav: an order after the
 * cut-off of the wished date is refused. Errors: EG400.
 */
export function orderDealingDate(input: z.input<typeof OrderDateInput>): z.infer<typeof OrderDateOutput> {
  const { policy, direction, wishedDate, ...facts } = parseInput(OrderDateInput, input);
  const calendar = calendarOf(facts.calendar);
  const submittedAt = Date.parse(facts.submittedAt);
  const first = dealingDateFor(policy, calendar, submittedAt, direction);
  if (wishedDate !== undefined && !dealingDates(policy, calendar, wishedDate, wishedDate).includes(wishedDate))
    throw new EvergreenError("EG400", "wishedDate: the fund does not deal on that date.");
  const late = wishedDate !== undefined && wishedDate < first.dealingDate;
  if (late && policy.pricing === "prior_nav")
    return {
      verdict: "refused",
      dealingDate: null,
      cutOffAt: null,
      reason: "After the cut-off of the wished date, and the price is already known: place the order anew.",
    };
  const dealingDate = wishedDate !== undefined && !late ? wishedDate : first.dealingDate;
  const cutOffAt = cutOffInstant(policy, calendar, dealingDate, direction);
  if (policy.pricing === "forward" && facts.valuationPoint !== undefined && Date.parse(facts.valuationPoint) < cutOffAt)
    return {
      verdict: "refused",
      dealingDate: null,
      cutOffAt: null,
      reason: "The valuation point is before the cut-off: the price could be known when the order is accepted.",
    };
  return {
    verdict: late ? "rolls" : "deals",
    dealingDate,
    cutOffAt: isoOf(cutOffAt),
    reason: late
      ? `After the cut-off for ${wishedDate}: deals on ${dealingDate}.`
      : `In time: the cut-off for ${dealingDate} is ${isoOf(cutOffAt)}.`,
  };
}

export const EligibilityInput = z.strictObject({
  policy: DealingPolicy,
  calendar: CalendarInput.default({ weekend: [6, 7], holidays: [] }),
  dealingDate: IsoDate,
  submittedAt: Instant,
  units: NonNegative,
  lots: z.array(z.strictObject({ id: Name, openedOn: IsoDate, units: NonNegative })).max(100_000),
  electedLots: z.array(Name).max(1_000).optional(),
});
export const EligibilityOutput = z.strictObject({
  inTime: z.boolean(),
  noticeDay: z.string(),
  cutOffAt: z.string(),
  eligibleUnits: z.string(),
  lockedUnits: z.string(),
  /** Units the order asks for and may not redeem on this date. */
  refusedUnits: z.string(),
  lots: z.array(z.strictObject({ lotId: z.string(), units: z.string(), feeRate: z.string(), feeUnits: z.string() })),
});

/**
 * R3: eligible iff submitted by the cut-off of the notice day and from lots whose hard lock has ended; lots oldest first unless named. The soft-lock
 * fee of a lot is its rate of the proceeds (feeUnits: the same in units, HALF_UP), credited to the fund. Errors: EG400.
 */
export function redemptionEligibility(input: z.input<typeof EligibilityInput>): z.infer<typeof EligibilityOutput> {
  const { policy, dealingDate, ...facts } = parseInput(EligibilityInput, input);
  refuseRepeats("lots", facts.lots);
  const calendar = calendarOf(facts.calendar);
  const dp = policy.units_dp;
  const lots = facts.lots.map((lot) => ({ ...lot, units: scaledOf(lot.units, dp, "lots.units") }));
  const units = scaledOf(facts.units, dp, "units");
  const cutOffAt = cutOffInstant(policy, calendar, dealingDate, "redemption");
  const inTime = Date.parse(facts.submittedAt) <= cutOffAt;
  const claim = { id: "order", units: inTime ? units : 0n, elected: facts.electedLots ?? null };
  const used = consumeLots(lots, [claim], policy.lockUp, dealingDate).get("order");
  const covered = used?.covered ?? 0n;
  const locked = lots
    .filter((lot) => !isFree(lot, policy.lockUp, dealingDate))
    .reduce((sum, lot) => sum + lot.units, 0n);
  return {
    inTime,
    noticeDay: noticeDay(calendar, dealingDate, policy.notice.redemption),
    cutOffAt: isoOf(cutOffAt),
    eligibleUnits: scaledText(covered, dp),
    lockedUnits: scaledText(locked, dp),
    refusedUnits: scaledText(units - covered, dp),
    lots: (used?.uses ?? []).map((use) => {
      const { num, den } = fractionOf(use.feeRate, "softFees.rate");
      const feeUnits = (2n * use.units * num + den) / (2n * den);
      return {
        lotId: use.lotId,
        units: scaledText(use.units, dp),
        feeRate: use.feeRate,
        feeUnits: scaledText(feeUnits, dp),
      };
    }),
  };
}
