// Crystallisation of an equalised class (R24) on a published NAV, as the posting that `fn_crystallise_fee` takes. Pure.
import { EvergreenError, MoneyString } from "@evergreen-fund/domain";
import { z } from "zod";
import { NonNegative, parseInput, Share } from "../parse.ts";
import { refuseRepeats } from "../repeats.ts";
import { EqualisationLotRow } from "./equalisation.ts";
import { duesOf } from "./equalisation-step.ts";
import { Fraction } from "./fraction.ts";
import { bookRounding, Precision } from "./rounding.ts";

export const CrystallisationInput = z.strictObject({
  ...Precision.shape,
  rate: Share,
  /** The mark in force. */
  highWater: NonNegative,
  /** Class value of the strike, after performance fee, and its published price. */
  nav: MoneyString,
  navPerUnit: NonNegative,
  /** Performance fee that the strike took from the class. */
  accrued: NonNegative,
  lots: z.array(EqualisationLotRow).min(1).max(1_000_000),
});
export const CrystallisationOutput = z.strictObject({
  accrued: z.string(),
  fee: z.string(),
  high_water: z.string(),
  lots: z.array(
    z.strictObject({
      lot_id: z.string(),
      refund: z.string(),
      depreciation: z.string(),
      change: z.string(),
      high_water: z.string(),
      credit: z.string(),
    }),
  ),
});

/**
 * What each lot is refunded or charged at the published price, and what is left for the manager: fee = accrued − Σ refunds + Σ depreciation, HALF_UP
 * to the minor unit; units floor. Price before fee = (NAV + accrued) / units. The new mark is the higher of the old one and the price (R22). Errors: EG400.
 */
export function crystallisation(input: z.input<typeof CrystallisationInput>): z.infer<typeof CrystallisationOutput> {
  const facts = parseInput(CrystallisationInput, input);
  refuseRepeats("lots", facts.lots);
  const round = bookRounding(facts);
  const [rate, mark, price, accrued] = [facts.rate, facts.highWater, facts.navPerUnit, facts.accrued].map((text) =>
    Fraction.of(text),
  ) as [Fraction, Fraction, Fraction, Fraction];
  const units = Fraction.sum(facts.lots.map((lot) => Fraction.of(lot.units)));
  if (!units.isPositive || !price.isPositive)
    throw new EvergreenError("EG400", "lots: expected units at a price above 0.");
  const gav = Fraction.of(facts.nav).plus(accrued).over(units);
  const highWater = Fraction.max(mark, price);
  let fee = accrued;
  const lots = facts.lots.map((row) => {
    const lot = {
      units: Fraction.of(row.units),
      reference: Fraction.of(row.reference),
      credit: Fraction.of(row.credit),
    };
    const dues = duesOf(lot, gav, mark, rate);
    // as the ledger keeps them, so that what is posted is what was computed
    const [refund, depreciation] = [round.note(Fraction.min(dues.refund, lot.credit)), round.note(dues.depreciation)];
    fee = fee.minus(refund).plus(depreciation);
    const change = round.units(refund.over(price)).minus(round.units(depreciation.over(price)));
    return {
      lot_id: row.id,
      refund: refund.ratioText(),
      depreciation: depreciation.ratioText(),
      change: change.text(facts.unitsDp),
      high_water: (gav.lt(mark) ? round.note(Fraction.max(lot.reference, gav)) : highWater).ratioText(),
      credit: lot.credit.minus(refund).ratioText(),
    };
  });
  return {
    accrued: accrued.ratioText(),
    fee: round.fee(fee.positive()).ratioText(),
    high_water: highWater.ratioText(),
    lots,
  };
}
