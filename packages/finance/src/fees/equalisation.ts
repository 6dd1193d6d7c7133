// Equalisation accounting of a class (R24): its books, what happened since, and the postings that follow. Decimal strings in and out. Pure.
import { MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { Name, NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import {
  type EqualisationState,
  type EqualisationTerms,
  equalisationStep,
  gavPerUnit,
  lotValue,
  navPerUnit,
  unitsOf,
} from "./equalisation-step.ts";
import { Fraction } from "./fraction.ts";
import { exactEvent, LotEvent, LotPosting, postingText, refuseFallingDays } from "./lot-events.ts";
import { bookRounding, Precision } from "./rounding.ts";

export const EqualisationLotRow = z.strictObject({
  id: Name,
  units: NonNegative,
  /** h: the price up to which the lot has paid performance fees, per unit. */
  reference: z.string().regex(/^-?\d{1,38}(\.\d{1,18})?$/, "expected a plain decimal"),
  /** Credit noted on the lot, money for all its units. */
  credit: NonNegative,
});

export const EqualisationInput = z.strictObject({
  ...Precision.shape,
  /** Performance fee rate. Linear: a hurdle or a catch-up needs series (R25). */
  rate: Share,
  /** Price of the first unit, and the mark until it is passed. */
  issuePrice: NonNegative.default("100"),
  /** The books before the events; left out, a class without units. */
  state: z
    .strictObject({ highWater: NonNegative, assets: MoneyString, lots: z.array(EqualisationLotRow).max(1_000_000) })
    .optional(),
  events: z.array(LotEvent).max(1_000_000),
});
export const EqualisationOutput = z.strictObject({
  highWater: z.string(),
  /** Net assets before performance fee. */
  assets: z.string(),
  units: z.string(),
  gavPerUnit: z.string(),
  navPerUnit: z.string(),
  lots: z.array(EqualisationLotRow.extend({ value: z.string() })),
  postings: z.array(LotPosting),
  /** Performance fees paid to the manager, over all events. */
  fees: z.string(),
});

/**
 * R24, linear fee, one price and one mark for the class. A subscription pays the price before performance fee; above the mark it gets a credit of
 * rate · (price − mark) per unit, refunded as units at crystallisation as far as the gain reaches, the rest staying on the lot; below the mark the
 * lot pays its own gain up to the mark by giving up units. A redemption crystallises its share. A lot's reference never falls.
 * Rounding: deals at the price rounded HALF_UP, units and payouts floor, fees HALF_UP to the minor unit, every residual stays in the class;
 * credits and references are kept at 18 decimals. Source: R24. Errors: EG400, EG404 for an unknown lot, EG428 for a class that is wiped out or a
 * distribution of accrued fees.
 */
export function equalisation(input: z.input<typeof EqualisationInput>): z.infer<typeof EqualisationOutput> {
  const facts = parseInput(EqualisationInput, input);
  const terms: EqualisationTerms = {
    rate: Fraction.of(facts.rate),
    issuePrice: Fraction.of(facts.issuePrice),
    round: bookRounding(facts),
  };
  refuseFallingDays(facts.events);
  let state = startOf(facts.state, facts.issuePrice);
  let fees = Fraction.ZERO;
  const postings = facts.events.flatMap((event, position) => {
    const step = equalisationStep(state, exactEvent(event), terms);
    state = step.state;
    fees = fees.plus(step.fee);
    return step.postings.map((posting) => postingText(position, event.date, posting));
  });
  const gav = gavPerUnit(state, terms);
  return {
    highWater: state.highWater.ratioText(),
    assets: state.assets.ratioText(),
    units: unitsOf(state).text(facts.unitsDp),
    gavPerUnit: terms.round.price(gav).text(facts.priceDp),
    navPerUnit: terms.round.price(navPerUnit(gav, state.highWater, terms.rate)).text(facts.priceDp),
    lots: [...state.lots].map(([id, lot]) => ({
      id,
      units: lot.units.text(facts.unitsDp),
      reference: lot.reference.ratioText(),
      credit: lot.credit.ratioText(),
      value: lotValue(lot, gav, state.highWater, terms.rate).ratioText(),
    })),
    postings,
    fees: fees.ratioText(),
  };
}

function startOf(state: z.infer<typeof EqualisationInput>["state"], issuePrice: string): EqualisationState {
  if (!state) return { highWater: Fraction.of(issuePrice), assets: Fraction.ZERO, lots: new Map() };
  refuseRepeats("state.lots", state.lots);
  return {
    highWater: Fraction.of(state.highWater),
    assets: Fraction.of(state.assets),
    lots: new Map(
      state.lots.map((lot) => [
        lot.id,
        { units: Fraction.of(lot.units), reference: Fraction.of(lot.reference), credit: Fraction.of(lot.credit) },
      ]),
    ),
  };
}
