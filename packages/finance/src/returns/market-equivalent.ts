// Public market equivalents (R45): KS-PME, PME+ and Direct Alpha of an investment against an index. Exact up to the rates; pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { decimal, Exact, ratioText, ZERO } from "../money.ts";
import { parseInput } from "../parse.ts";
import { Day, dayNumber, type FundFlow, FundFlows, refuseLater, signedFlows, Valuation } from "./flows.ts";
import { Basis, Label, labelOf } from "./labels.ts";
import { RateResult, rateOf } from "./xirr.ts";

const Level = z
  .string()
  .max(60)
  .regex(/^(?!0+(\.0+)?$)\d{1,38}(\.\d{1,18})?$/, "expected an index level above zero such as 4769.83");

export const PmeInput = z.strictObject({
  flows: FundFlows.min(1),
  /** Value at the end; the window ends here. */
  nav: Valuation,
  /** Levels of a total-return index. A day without a level takes the last one before it. */
  index: z
    .array(z.strictObject({ date: Day, level: Level }))
    .min(1)
    .max(50_000),
  /** Name of the index, for the label. */
  indexName: z.string().min(1).max(100),
  /** Oldest level that a day may take. */
  maxIndexAgeDays: z.int().min(0).max(366).default(7),
  basis: Basis,
});
type PmeFacts = z.output<typeof PmeInput>;

/** Flow with I_T / I_t, the growth of the index from the flow to the end. */
interface Grown {
  flow: FundFlow;
  amount: Exact;
  growth: Exact;
}

/** Errors: EG400 when a day has no level that is recent enough, or two levels. */
function grownFlows({ flows, nav, index, maxIndexAgeDays }: PmeFacts): Grown[] {
  refuseLater(flows, nav.date);
  const levels = index
    .map(({ date, level }) => ({ day: dayNumber(date), level: decimal(level) }))
    .sort((a, b) => a.day - b.day);
  if (levels.some(({ day }, i) => i > 0 && day === levels[i - 1]!.day))
    throw new EvergreenError("EG400", "The index has two levels on one day.");
  const levelOn = (date: string): Exact => {
    const day = dayNumber(date);
    let [low, high] = [0, levels.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (levels[middle]!.day <= day) low = middle + 1;
      else high = middle;
    }
    const last = levels[low - 1];
    if (!last || day - last.day > maxIndexAgeDays)
      throw new EvergreenError(
        "EG400",
        `The index has no level on ${date} or within ${maxIndexAgeDays} days before it.`,
      );
    return last.level;
  };
  const end = levelOn(nav.date);
  return flows.map((flow) => ({ flow, amount: decimal(flow.amount), growth: end.div(levelOn(flow.date)) }));
}

const datesOf = ({ flows, nav }: PmeFacts): string[] => [...flows.map(({ date }) => date), nav.date];
const received = ({ flow }: Grown): boolean => flow.kind === "distribution";
const futureValue = (rows: readonly Grown[]): Exact =>
  rows.reduce((sum, { amount, growth }) => sum.plus(amount.times(growth)), ZERO);

/** Future values at the index of what was paid in (recalled distributions included) and of what was received. */
function futureValues(facts: PmeFacts): { grown: Grown[]; paidIn: Exact; distributed: Exact } {
  const grown = grownFlows(facts);
  return {
    grown,
    paidIn: futureValue(grown.filter((row) => !received(row))),
    distributed: futureValue(grown.filter(received)),
  };
}

const Futures = {
  /** Σ C·I_T/I_t and Σ D·I_T/I_t, in the money of the input, HALF_UP at 18 decimals. */
  paidInAtIndex: z.string(),
  distributedAtIndex: z.string(),
};
export const KsPmeOutput = z.strictObject({
  label: Label,
  /** Above 1: better than the index. Null when nothing was paid in. */
  ksPme: z.string().nullable(),
  ...Futures,
});

/**
 * KS-PME = (Σ D·I_T/I_t + NAV) / Σ C·I_T/I_t. Recalled distributions are paid in. HALF_UP at 18 decimals.
 * Source: R45; Kaplan and Schoar 2005. Errors: EG400 when a day has no index level or a flow is after the valuation; EG413.
 */
export function ksPme(input: z.input<typeof PmeInput>): z.infer<typeof KsPmeOutput> {
  const facts = parseInput(PmeInput, input);
  const { paidIn, distributed } = futureValues(facts);
  return {
    label: labelOf(`KS-PME against ${facts.indexName}`, datesOf(facts), facts.basis, "multiple"),
    ksPme: paidIn.isZero() ? null : ratioText(distributed.plus(facts.nav.value).div(paidIn)),
    paidInAtIndex: ratioText(paidIn),
    distributedAtIndex: ratioText(distributed),
  };
}

export const PmePlusOutput = z.strictObject({
  label: Label,
  /** Factor on every distribution that lets the index investment end at the NAV; null without distributions. */
  lambda: z.string().nullable(),
  ...Futures,
  /** XIRR of the index investment (contributions, λ · distributions, NAV), and of the fund itself. */
  index: RateResult.nullable(),
  fund: RateResult,
});

/**
 * PME+: λ = (FV_index(C) − NAV) / FV_index(D), and the XIRR of contributions, λ·distributions and NAV beside the fund's own. λ below zero means
 * that the index could not have ended as low as the NAV. HALF_UP at 18 decimals, rates at 12.
 * Source: R45; Rouvinez 2003. Errors: EG400 when a day has no index level or a flow is after the valuation; EG413.
 */
export function pmePlus(input: z.input<typeof PmeInput>): z.infer<typeof PmePlusOutput> {
  const facts = parseInput(PmeInput, input);
  const { paidIn, distributed } = futureValues(facts);
  const lambda = distributed.isZero() ? undefined : paidIn.minus(facts.nav.value).div(distributed);
  const end = { date: facts.nav.date, amount: decimal(facts.nav.value) };
  const flows = signedFlows(facts.flows);
  return {
    label: labelOf(`PME+ against ${facts.indexName}, rates by XIRR`, datesOf(facts), facts.basis, "rate"),
    lambda: lambda ? ratioText(lambda) : null,
    paidInAtIndex: ratioText(paidIn),
    distributedAtIndex: ratioText(distributed),
    index: lambda
      ? rateOf([
          ...flows.map(({ date, amount }) => ({ date, amount: amount.gt(0) ? amount.times(lambda) : amount })),
          end,
        ])
      : null,
    fund: rateOf([...flows, end]),
  };
}

export const DirectAlphaOutput = z.strictObject({ label: Label, ...RateResult.shape });

/**
 * Direct Alpha: the XIRR of all flows grown by I_T/I_t with the NAV as it is; a discrete rate, ambiguity and short windows as in `xirr`.
 * 12 decimals HALF_UP. Source: R45; Gredil, Griffiths and Stucke 2014. Errors: EG400 when a day has no index level or a flow is after the
 * valuation; EG413.
 */
export function directAlpha(input: z.input<typeof PmeInput>): z.infer<typeof DirectAlphaOutput> {
  const facts = parseInput(PmeInput, input);
  const flows = grownFlows(facts).map((row) => ({
    date: row.flow.date,
    amount: (received(row) ? row.amount : row.amount.neg()).times(row.growth),
  }));
  return {
    label: labelOf(
      `Direct Alpha against ${facts.indexName}, discrete, by XIRR (ACT/365F)`,
      datesOf(facts),
      facts.basis,
      "rate",
    ),
    ...rateOf([...flows, { date: facts.nav.date, amount: new Exact(facts.nav.value) }]),
  };
}
