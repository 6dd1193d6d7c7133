// Bonds by their cash flows: value on a zero curve with a spread, accrued interest, duration, convexity, shifted value; and the spread that explains a
// price. Pure.
import { DecimalString, EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { Day, DayCount, yearFraction } from "../fees/days.ts";
import { BPS, decimal, Exact, fixed, ratioText, ZERO } from "../money.ts";
import { NonNegative, parseInput } from "../parse.ts";
import {
  Compounding,
  curvePoints,
  discount,
  interpolate,
  KeyShift,
  type Point,
  roughDiscount,
  shiftAt,
} from "./curve.ts";

const CashFlow = z.strictObject({ date: Day, amount: DecimalString });
export const CurveShape = {
  /** How the zero rates are quoted. Between points on straight lines of the rate ("linear_zero"), flat beyond the ends. */
  compounding: Compounding,
  interpolation: z.literal("linear_zero").default("linear_zero"),
  /** How days become years for discounting. */
  dayCount: DayCount.default("act/365"),
};

export const BondTerms = z.strictObject({
  asOf: Day,
  /** Everything the bond will pay after `asOf`; what is paid on or before it is not counted. */
  cashFlows: z.array(CashFlow).min(1).max(2_000),
  curve: z.strictObject({
    ...CurveShape,
    points: z
      .array(z.strictObject({ years: NonNegative, rate: DecimalString }))
      .min(1)
      .max(200),
  }),
  /** Spread over the zero curve at every time. */
  spreadBps: DecimalString.default("0"),
  /** The running coupon, for accrued interest. */
  accrual: z.strictObject({ from: Day, to: Day, coupon: DecimalString, dayCount: DayCount }).optional(),
});
export const BondValueInput = BondTerms.extend({
  shift: z
    .strictObject({
      parallelBps: DecimalString.default("0"),
      keyRates: z.array(KeyShift).max(50).default([]),
      spreadBps: DecimalString.default("0"),
    })
    .default({ parallelBps: "0", keyRates: [], spreadBps: "0" }),
});
export const BondValueOutput = z.strictObject({
  /** Value with accrued interest, accrued interest, and the difference; in the money of the cash flows, HALF_UP at 18 decimals. */
  dirty: z.string(),
  accrued: z.string(),
  clean: z.string(),
  /** Years: times weighted by value; and the relative slope by the rate, sign turned. null where the value is zero. */
  macaulayDuration: z.string().nullable(),
  modifiedDuration: z.string().nullable(),
  /** Relative second derivative by the rate. */
  convexity: z.string().nullable(),
  /** Value lost when all rates rise by one basis point, on the tangent. */
  dv01: z.string(),
  shifted: z.strictObject({
    dirty: z.string(),
    change: z.string(),
    /** What duration and convexity foretell for the same change of a parallel shift and spread; null with key rates, whose slope is another. */
    estimate: z.string().nullable(),
  }),
  method: z.literal("cash_flows"),
  interpolation: z.literal("linear_zero"),
});

/** A bond made ready: times in years and amounts, in order of time. */
export interface Flows {
  years: Exact[];
  amounts: Exact[];
}

/** Cash flows after a day, with the time to each. Flows of one day stay apart. */
export function flowsAfter(
  day: string,
  cashFlows: readonly z.infer<typeof CashFlow>[],
  dayCount: z.infer<typeof DayCount>,
): Flows {
  const ahead = cashFlows.filter(({ date }) => date > day);
  return {
    years: ahead.map(({ date }) => exactYears(day, date, dayCount)),
    amounts: ahead.map(({ amount }) => decimal(amount)),
  };
}

/** Years between two days, with 60 digits. */
export function exactYears(from: string, to: string, dayCount: z.infer<typeof DayCount>): Exact {
  const years = yearFraction(from, to, dayCount);
  return new Exact(years.n.toString()).div(years.d.toString());
}

export interface PresentValue {
  value: Exact;
  slope: Exact;
  curvature: Exact;
  /** Σ time · value. */
  weighted: Exact;
}

/** Present value of flows when `rateAt` gives the rate for each time, with its derivatives by a common shift of all rates. */
export function presentValue(
  flows: Flows,
  rateAt: (years: Exact) => Exact,
  compounding: z.infer<typeof Compounding>,
): PresentValue {
  let [value, slope, curvature, weighted] = [ZERO, ZERO, ZERO, ZERO];
  flows.years.forEach((years, i) => {
    const amount = flows.amounts[i]!;
    const one = discount(rateAt(years), years, compounding);
    value = value.plus(amount.times(one.factor));
    slope = slope.plus(amount.times(one.slope));
    curvature = curvature.plus(amount.times(one.curvature));
    weighted = weighted.plus(amount.times(one.factor).times(years));
  });
  return { value, slope, curvature, weighted };
}

/**
 * Value of a bond by discounting each cash flow at the interpolated zero rate plus spread; before and after a shift. Durations and convexity are the exact
 * derivatives by a common shift of all rates, not differences. Discount factors to 34 digits. Errors: EG400.
 */
export function bondValue(input: z.input<typeof BondValueInput>): z.infer<typeof BondValueOutput> {
  const facts = parseInput(BondValueInput, input);
  const { compounding, dayCount } = facts.curve;
  const points = curvePoints(
    facts.curve.points.map(({ years, rate }): Point => ({ years: decimal(years), value: decimal(rate) })),
  );
  const flows = flowsAfter(facts.asOf, facts.cashFlows, dayCount);
  const spread = decimal(facts.spreadBps).div(BPS);
  const before = presentValue(flows, (years) => interpolate(points, years).plus(spread), compounding);
  const { parallelBps, keyRates, spreadBps } = facts.shift;
  const common = decimal(parallelBps).plus(spreadBps);
  const after = presentValue(
    flows,
    (years) =>
      interpolate(points, years)
        .plus(spread)
        .plus(shiftAt(common, keyRates, years)),
    compounding,
  );
  const accrued = accruedInterest(facts);
  const by = common.div(BPS);
  const relative = (part: Exact): string | null => (before.value.isZero() ? null : ratioText(part.div(before.value)));
  return {
    dirty: ratioText(before.value),
    accrued: ratioText(accrued),
    clean: ratioText(before.value.minus(accrued)),
    macaulayDuration: relative(before.weighted),
    modifiedDuration: relative(before.slope.neg()),
    convexity: relative(before.curvature),
    dv01: ratioText(before.slope.neg().div(BPS)),
    shifted: {
      dirty: ratioText(after.value),
      change: ratioText(after.value.minus(before.value)),
      estimate:
        keyRates.length > 0
          ? null
          : ratioText(before.slope.times(by).plus(before.curvature.times(by).times(by).div(2))),
    },
    method: "cash_flows",
    interpolation: "linear_zero",
  };
}

function accruedInterest(facts: z.output<typeof BondTerms>): Exact {
  if (facts.accrual === undefined) return ZERO;
  const { from, to, coupon, dayCount } = facts.accrual;
  if (facts.asOf < from || facts.asOf > to || from >= to)
    throw new EvergreenError(
      "EG400",
      "The running coupon must begin on or before the day of valuation and end after it.",
    );
  return decimal(coupon)
    .times(exactYears(from, facts.asOf, dayCount))
    .div(exactYears(from, to, dayCount));
}

export const BondSpreadInput = BondTerms.omit({ spreadBps: true }).extend({ dirty: NonNegative });
export const BondSpreadOutput = z.strictObject({
  spreadBps: z.string(),
  dirty: z.string(),
  method: z.literal("newton"),
});

/** The search ends long before; the limit binds a search that cannot succeed. */
const MOST_STEPS = 200;
const CLOSE = new Exact("1e-28");
const LOWEST = -0.5;
const HIGHEST = 10;

/** The spread, as a ratio, at which flows are worth `target`, to 1e-28 of it. Errors: EG400 when no spread from −50 % to 1,000 % does it. */
export function spreadOf(
  flows: Flows,
  rateAt: (years: Exact) => Exact,
  compounding: z.infer<typeof Compounding>,
  target: Exact,
): Exact {
  const refuse = (): never => {
    throw new EvergreenError(
      "EG400",
      "No spread explains the value: the cash flows and the value do not fit together.",
    );
  };
  if (flows.amounts.length === 0 || target.lte(0) || flows.amounts.some((amount) => amount.lt(0))) return refuse();
  const rates = flows.years.map(rateAt);
  const start = roughSpread(flows, rates, compounding, target.toNumber());
  if (start === undefined) return refuse();
  // found in doubles; each step of Newton doubles the digits that are right
  let spread = new Exact(start);
  for (let step = 0; step < 8; step += 1) {
    let at = 0;
    const now = presentValue(flows, () => rates[at++]!.plus(spread), compounding);
    const gap = now.value.minus(target);
    if (gap.abs().lte(target.times(CLOSE))) return spread;
    spread = spread.minus(gap.div(now.slope));
  }
  return refuse();
}

/** By halving in doubles: the value of positive flows falls with the spread. undefined when the target is outside the range. */
function roughSpread(
  flows: Flows,
  exactRates: readonly Exact[],
  compounding: z.infer<typeof Compounding>,
  target: number,
): number | undefined {
  const [years, amounts, rates] = [flows.years, flows.amounts, exactRates].map((list) =>
    list.map((one) => one.toNumber()),
  );
  const missing = (spread: number): number =>
    years!.reduce((sum, t, i) => sum + amounts![i]! * roughDiscount(rates![i]! + spread, t, compounding), -target);
  let [low, high] = [LOWEST, HIGHEST];
  if (!(missing(low) >= 0) || !(missing(high) <= 0)) return undefined;
  for (let step = 0; step < MOST_STEPS && high - low > 1e-16; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (missing(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The constant spread over the zero curve that explains a dirty price, to 1e-28 of it; spread in basis points, HALF_UP at 18 decimals. Errors: EG400. */
export function bondSpread(input: z.input<typeof BondSpreadInput>): z.infer<typeof BondSpreadOutput> {
  const facts = parseInput(BondSpreadInput, input);
  const points = curvePoints(
    facts.curve.points.map(({ years, rate }): Point => ({ years: decimal(years), value: decimal(rate) })),
  );
  const flows = flowsAfter(facts.asOf, facts.cashFlows, facts.curve.dayCount);
  const rateAt = (years: Exact): Exact => interpolate(points, years);
  const spread = spreadOf(flows, rateAt, facts.curve.compounding, decimal(facts.dirty));
  const value = presentValue(flows, (years) => rateAt(years).plus(spread), facts.curve.compounding).value;
  return { spreadBps: ratioText(spread.times(BPS)), dirty: fixed(value, 18), method: "newton" };
}
