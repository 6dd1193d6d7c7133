// Series accounting of a class (R25): its series, what happened since, and the postings that follow. Decimal strings in and out. Pure.
import { EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Name, NonNegative, parseInput } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { Day } from "./days.ts";
import { Fraction } from "./fraction.ts";
import { HurdleRate, PerformanceTerms } from "./hurdle.ts";
import { exactEvent, LotEvent, LotPosting, postingText, refuseFallingDays } from "./lot-events.ts";
import { bookRounding, Precision } from "./rounding.ts";
import { accruedFee, type SeriesState, type SeriesTerms, seriesPrice, seriesStep, seriesUnits } from "./series-step.ts";

export const SeriesRow = z.strictObject({
  id: Name,
  assets: MoneyString,
  highWater: NonNegative,
  /** Day from which the hurdle runs. */
  since: Day,
  lots: z.array(z.strictObject({ id: Name, units: NonNegative })).max(1_000_000),
});

export const SeriesInput = z.strictObject({
  ...Precision.shape,
  performance: PerformanceTerms,
  /** Rate of the hurdle on the mark; needed for every kind of performance fee but `none`. */
  hurdle: HurdleRate.optional(),
  cumulativeHurdle: z.boolean().default(true),
  issuePrice: NonNegative.default("100"),
  rollUp: z.boolean().default(true),
  /** The series before the events, the lead first. */
  state: z.array(SeriesRow).max(100_000).default([]),
  events: z.array(LotEvent).max(1_000_000),
  /** Day for which prices and accrued fees are given. */
  asOf: Day,
});
export const SeriesOutput = z.strictObject({
  series: z.array(
    SeriesRow.extend({
      assets: z.string(),
      units: z.string(),
      /** Price after the accrued fee. */
      navPerUnit: z.string(),
      accruedFee: z.string(),
      lots: z.array(z.strictObject({ id: z.string(), units: z.string(), value: z.string() })),
    }),
  ),
  postings: z.array(LotPosting),
  fees: z.string(),
});

/**
 * R25: each dealing day's subscriptions are a series at the issue price with its own mark and fee (any kind of R23). The result of the class is
 * divided by assets before fee. After fees crystallise, a series is rolled into the lead only if both stand at their mark: units · price of the
 * series / price of the lead, floor, the rest paid out. Rounding as in R24. Source: R25. Errors: EG400, EG404 for an unknown lot, EG428 for a class
 * that is wiped out or a distribution of accrued fees.
 */
export function seriesAccounting(input: z.input<typeof SeriesInput>): z.infer<typeof SeriesOutput> {
  const facts = parseInput(SeriesInput, input);
  if ((facts.performance.kind === "none") !== (facts.hurdle === undefined)) {
    throw new EvergreenError("EG400", "hurdle: needed for a fee with a hurdle, and for that only.");
  }
  const terms: SeriesTerms = {
    performance: facts.performance,
    hurdle: facts.hurdle ?? null,
    cumulativeHurdle: facts.cumulativeHurdle,
    issuePrice: Fraction.of(facts.issuePrice),
    rollUp: facts.rollUp,
    round: bookRounding(facts),
  };
  if (!terms.issuePrice.isPositive) throw new EvergreenError("EG400", "issuePrice: expected more than zero.");
  refuseFallingDays([...facts.events, { date: facts.asOf }]);
  refuseRepeats("state", facts.state);
  refuseRepeats(
    "state.lots",
    facts.state.flatMap(({ lots }) => lots),
  );
  let state: SeriesState = facts.state.map((row) => ({
    id: row.id,
    assets: Fraction.of(row.assets),
    highWater: Fraction.of(row.highWater),
    since: row.since,
    lots: new Map(row.lots.map(({ id, units }) => [id, Fraction.of(units)])),
  }));
  let fees = Fraction.ZERO;
  const postings = facts.events.flatMap((event, position) => {
    const step = seriesStep(state, exactEvent(event), terms);
    state = step.state;
    fees = fees.plus(step.fee);
    return step.postings.map((posting) => postingText(position, event.date, posting));
  });
  return { series: printed(state, terms, facts), postings, fees: fees.ratioText() };
}

function printed(
  state: SeriesState,
  terms: SeriesTerms,
  { asOf, unitsDp, priceDp }: { asOf: string; unitsDp: number; priceDp: number },
): z.infer<typeof SeriesOutput>["series"] {
  return state.map((series) => {
    const price = seriesPrice(series, terms, asOf);
    return {
      id: series.id,
      assets: series.assets.ratioText(),
      highWater: series.highWater.ratioText(),
      since: series.since,
      units: seriesUnits(series).text(unitsDp),
      navPerUnit: terms.round.price(price).text(priceDp),
      accruedFee: accruedFee(series, terms, asOf).ratioText(),
      lots: [...series.lots].map(([id, units]) => ({
        id,
        units: units.text(unitsDp),
        value: units.times(price).ratioText(),
      })),
    };
  });
}
