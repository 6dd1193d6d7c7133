// Equalisation (R24) as mathematics: one price for all lots, one mark for the fund, and what makes each lot pay for its own gain only. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { Fraction } from "./fraction.ts";
import { type ExactEvent, type ExactPosting, redeemedShare } from "./lot-events.ts";
import type { Rounding } from "./rounding.ts";

/** A lot: its units, its own reference h per unit, and the equalisation credit still noted on it, in money for the whole lot. */
export type EqualisationLot = { readonly units: Fraction; readonly reference: Fraction; readonly credit: Fraction };

export type EqualisationState = {
  /** The fund's mark per unit. */
  readonly highWater: Fraction;
  /** Net assets before performance fee (GNAV). */
  readonly assets: Fraction;
  readonly lots: ReadonlyMap<string, EqualisationLot>;
};
export type EqualisationTerms = {
  readonly rate: Fraction;
  /** Price of the first unit. */
  readonly issuePrice: Fraction;
  readonly round: Rounding;
};
export type Step = {
  readonly state: EqualisationState;
  readonly postings: readonly ExactPosting[];
  /** Performance fee paid to the manager. */
  readonly fee: Fraction;
};

export const unitsOf = (state: EqualisationState): Fraction =>
  Fraction.sum([...state.lots.values()].map((lot) => lot.units));

/** Price before performance fee; the issue price while there are no units. */
export function gavPerUnit(state: EqualisationState, terms: EqualisationTerms): Fraction {
  const units = unitsOf(state);
  return units.isPositive ? state.assets.over(units) : terms.issuePrice;
}

/** Price after the accrued performance fee. */
export const navPerUnit = (gav: Fraction, highWater: Fraction, rate: Fraction): Fraction =>
  gav.minus(rate.times(gav.minus(highWater).positive()));

/** What a lot pays and gets at crystallisation: its part of the fund's fee, its refund, its depreciation charge. In money. */
export function duesOf(
  lot: EqualisationLot,
  gav: Fraction,
  highWater: Fraction,
  rate: Fraction,
): { gross: Fraction; refund: Fraction; depreciation: Fraction } {
  const gross = rate.times(gav.minus(highWater).positive()).times(lot.units);
  return {
    gross,
    refund: Fraction.min(lot.credit, gross),
    depreciation: rate.times(Fraction.min(gav, highWater).minus(lot.reference).positive()).times(lot.units),
  };
}

/** What a lot is worth to its holder: units at the price after fee, the refund in reach, less the depreciation charge. */
export function lotValue(lot: EqualisationLot, gav: Fraction, highWater: Fraction, rate: Fraction): Fraction {
  const { gross, refund, depreciation } = duesOf(lot, gav, highWater, rate);
  return lot.units.times(gav).minus(gross).plus(refund).minus(depreciation);
}

/** One event on the books. Errors: EG400, EG404 for an unknown lot, EG428 where the class is wiped out or would distribute accrued fees. */
export function equalisationStep(state: EqualisationState, event: ExactEvent, terms: EqualisationTerms): Step {
  switch (event.kind) {
    case "result":
      return result(state, event.amount);
    case "subscribe":
      return subscribe(state, event, terms);
    case "redeem":
      return redeem(state, event, terms);
    case "distribute":
      return distribute(state, event.amount, terms);
    default:
      return crystallise(state, terms);
  }
}

const quiet = (state: EqualisationState): Step => ({ state, postings: [], fee: Fraction.ZERO });

function result(state: EqualisationState, amount: Fraction): Step {
  if (state.lots.size === 0) throw new EvergreenError("EG428", "A class without units has no result.");
  const assets = state.assets.plus(amount);
  if (!assets.isPositive) throw new EvergreenError("EG428", "The class is wiped out: nothing is left to deal at.");
  return quiet({ ...state, assets });
}

function subscribe(state: EqualisationState, event: { lot: string; amount: Fraction }, terms: EqualisationTerms): Step {
  const { lot, amount } = event;
  if (state.lots.has(lot))
    throw new EvergreenError("EG400", `The lot ${lot} is there already: each subscription is a lot.`);
  const price = terms.round.price(gavPerUnit(state, terms));
  if (!price.isPositive) throw new EvergreenError("EG428", "The price is zero at its decimals: nothing can be issued.");
  const units = terms.round.units(amount.over(price));
  if (!units.isPositive) throw new EvergreenError("EG400", "The amount does not buy a unit at its decimals.");
  const credit = terms.round.note(terms.rate.times(price.minus(state.highWater).positive()).times(units));
  return {
    state: {
      ...state,
      assets: state.assets.plus(amount),
      lots: new Map(state.lots).set(lot, { units, reference: price, credit }),
    },
    postings: [{ kind: "subscription", lot, units, price, cash: amount.negated(), fee: Fraction.ZERO }],
    fee: Fraction.ZERO,
  };
}

function redeem(
  state: EqualisationState,
  event: { lot: string; units?: Fraction; share?: Fraction },
  { rate, round, issuePrice }: EqualisationTerms,
): Step {
  const lot = state.lots.get(event.lot);
  if (!lot) throw new EvergreenError("EG404", `There is no lot ${event.lot}.`);
  const share = redeemedShare(event, lot.units);
  const gav = gavPerUnit(state, { rate, round, issuePrice });
  const price = round.price(navPerUnit(gav, state.highWater, rate));
  const { gross, refund, depreciation } = duesOf(lot, gav, state.highWater, rate);
  const units = lot.units.times(share);
  const cash = round.payout(
    units
      .times(price)
      .plus(share.times(refund.minus(depreciation)))
      .positive(),
  );
  const fee = round.fee(share.times(gross.minus(refund).plus(depreciation)));
  const lots = new Map(state.lots);
  if (share.eq(Fraction.ONE)) lots.delete(event.lot);
  else {
    const left = Fraction.ONE.minus(share);
    lots.set(event.lot, { ...lot, units: lot.units.times(left), credit: round.note(lot.credit.times(left)) });
  }
  return {
    state: { ...state, assets: state.assets.minus(cash).minus(fee), lots },
    postings: [{ kind: "redemption", lot: event.lot, units: units.negated(), price, cash, fee }],
    fee,
  };
}

function distribute(state: EqualisationState, amount: Fraction, terms: EqualisationTerms): Step {
  const units = unitsOf(state);
  if (!units.isPositive) throw new EvergreenError("EG428", "A class without units distributes nothing.");
  const perUnit = terms.round.note(amount.over(units));
  const highWater = state.highWater.minus(perUnit);
  const postings: ExactPosting[] = [];
  const lots = new Map<string, EqualisationLot>();
  for (const [id, lot] of state.lots) {
    const cash = terms.round.payout(perUnit.times(lot.units));
    postings.push({ kind: "distribution", lot: id, units: Fraction.ZERO, price: perUnit, cash, fee: Fraction.ZERO });
    lots.set(id, { ...lot, reference: lot.reference.minus(perUnit) });
  }
  const assets = state.assets.minus(Fraction.sum(postings.map(({ cash }) => cash)));
  const gav = assets.over(units);
  const worthless = [...lots.values()].some((lot) => !lotValue(lot, gav, highWater, terms.rate).isPositive);
  if (!highWater.isPositive || !gav.isPositive || worthless) {
    throw new EvergreenError(
      "EG428",
      "The distribution would pay out accrued fees or the whole mark: crystallise first.",
    );
  }
  return { state: { highWater, assets, lots }, postings, fee: Fraction.ZERO };
}

function crystallise(state: EqualisationState, terms: EqualisationTerms): Step {
  if (state.lots.size === 0) return quiet(state);
  const { rate, round } = terms;
  const gav = gavPerUnit(state, terms);
  const price = round.price(navPerUnit(gav, state.highWater, rate));
  const highWater = Fraction.max(state.highWater, price);
  const belowMark = gav.lt(state.highWater);
  const postings: ExactPosting[] = [];
  const lots = new Map<string, EqualisationLot>();
  let due = Fraction.ZERO;
  for (const [id, lot] of state.lots) {
    const { gross, refund, depreciation } = duesOf(lot, gav, state.highWater, rate);
    due = due.plus(gross).minus(refund).plus(depreciation);
    const refunded = round.units(refund.over(price));
    const charged = round.units(depreciation.over(price));
    if (refund.isPositive) postings.push(posting("refund", id, refunded, price));
    if (depreciation.isPositive) postings.push(posting("depreciation", id, charged.negated(), price));
    lots.set(id, {
      units: lot.units.plus(refunded).minus(charged),
      // A reference never falls: a lot that stands below it has paid nothing, and is not charged twice when it comes back.
      reference: belowMark ? round.note(Fraction.max(lot.reference, gav)) : highWater,
      credit: lot.credit.minus(refund),
    });
  }
  const fee = round.fee(due);
  return { state: { highWater, assets: state.assets.minus(fee), lots }, postings, fee };
}

function posting(kind: "refund" | "depreciation", lot: string, units: Fraction, price: Fraction): ExactPosting {
  return { kind, lot, units, price, cash: Fraction.ZERO, fee: Fraction.ZERO };
}
