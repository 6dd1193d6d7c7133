// Series (R25) as mathematics: every dealing day's subscriptions are a series with its own price and mark, rolled into the lead at the mark. Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { Fraction } from "./fraction.ts";
import { feeOnProfit, type HurdleRate, hurdleAmount, type PerformanceTerms } from "./hurdle.ts";
import { type ExactEvent, type ExactPosting, redeemedShare } from "./lot-events.ts";
import type { Rounding } from "./rounding.ts";

export type Series = {
  readonly id: string;
  /** Net assets of the series before performance fee. */
  readonly assets: Fraction;
  /** The series' own mark per unit, and the day from which its hurdle runs. */
  readonly highWater: Fraction;
  readonly since: string;
  readonly lots: ReadonlyMap<string, Fraction>;
};
/** In the order of issue; the first is the lead. */
export type SeriesState = readonly Series[];
export type SeriesTerms = {
  readonly performance: PerformanceTerms;
  readonly hurdle: HurdleRate | null;
  /** The hurdle goes on from the last fee paid, not from the last crystallisation day. */
  readonly cumulativeHurdle: boolean;
  readonly issuePrice: Fraction;
  /** Whether series at their mark are rolled into the lead after fees. */
  readonly rollUp: boolean;
  readonly round: Rounding;
};
export type SeriesStep = {
  readonly state: SeriesState;
  readonly postings: readonly ExactPosting[];
  readonly fee: Fraction;
};

export const seriesUnits = (series: Series): Fraction => Fraction.sum(series.lots.values());

/** Performance fee accrued in a series on a day, unrounded. */
export function seriesFee(series: Series, terms: Pick<SeriesTerms, "performance" | "hurdle">, on: string): Fraction {
  const base = series.highWater.times(seriesUnits(series));
  const hurdle = terms.hurdle ? hurdleAmount(terms.hurdle, base, series.since, on) : Fraction.ZERO;
  return feeOnProfit(terms.performance, series.assets.minus(base), hurdle);
}

/** The same as the books of a strike have it: a fee is money. */
export const accruedFee = (series: Series, terms: SeriesTerms, on: string): Fraction =>
  terms.round.fee(seriesFee(series, terms, on));

/** Price of a series after its accrued fee, unrounded. */
export const seriesPrice = (series: Series, terms: SeriesTerms, on: string): Fraction =>
  series.assets.minus(accruedFee(series, terms, on)).over(seriesUnits(series));

/** One event on the books. Errors: EG400, EG404 for an unknown lot, EG428 where the class is wiped out or would distribute accrued fees. */
export function seriesStep(state: SeriesState, event: ExactEvent, terms: SeriesTerms): SeriesStep {
  switch (event.kind) {
    case "result":
      return result(state, event.amount, terms);
    case "subscribe":
      return subscribe(state, event, terms);
    case "redeem":
      return redeem(state, event, terms);
    case "distribute":
      return distribute(state, event, terms);
    default:
      return crystallise(state, event.date, terms);
  }
}

const quiet = (state: SeriesState): SeriesStep => ({ state, postings: [], fee: Fraction.ZERO });

/** The result of the class belongs to the series in proportion to their assets before performance fee. */
function result(state: SeriesState, amount: Fraction, { round }: SeriesTerms): SeriesStep {
  if (state.length === 0) throw new EvergreenError("EG428", "A class without units has no result.");
  const parts = round.split(
    amount,
    state.map((series) => series.assets),
  );
  const after = state.map((series, position) => ({ ...series, assets: series.assets.plus(parts[position]!) }));
  if (after.some((series) => !series.assets.isPositive)) {
    throw new EvergreenError("EG428", "The class is wiped out: nothing is left to deal at.");
  }
  return quiet(after);
}

function subscribe(
  state: SeriesState,
  event: { date: string; lot: string; amount: Fraction },
  { issuePrice, round }: SeriesTerms,
): SeriesStep {
  const { date, lot, amount } = event;
  if (state.some((series) => series.lots.has(lot))) {
    throw new EvergreenError("EG400", `The lot ${lot} is there already: each subscription is a lot.`);
  }
  const units = round.units(amount.over(issuePrice));
  if (!units.isPositive) throw new EvergreenError("EG400", "The amount does not buy a unit at its decimals.");
  const { series, position } = seriesOfTheDay(state, date, issuePrice, round);
  const grown = { ...series, assets: series.assets.plus(amount), lots: new Map(series.lots).set(lot, units) };
  return {
    state: [...state.slice(0, position), grown, ...state.slice(position + 1)],
    postings: [{ kind: "subscription", lot, units, price: issuePrice, cash: amount.negated(), fee: Fraction.ZERO }],
    fee: Fraction.ZERO,
  };
}

/** The series issued on this day, while its price is still the issue price; otherwise a new one. */
function seriesOfTheDay(
  state: SeriesState,
  date: string,
  issuePrice: Fraction,
  round: Rounding,
): { series: Series; position: number } {
  const today = state.filter(({ id }) => id === date || id.startsWith(`${date}/`));
  const open = today.find((series) => round.price(series.assets.over(seriesUnits(series))).eq(issuePrice));
  if (open && open.since === date && open.highWater.eq(issuePrice)) {
    return { series: open, position: state.indexOf(open) };
  }
  const id = today.length === 0 ? date : `${date}/${today.length + 1}`;
  return {
    series: { id, assets: Fraction.ZERO, highWater: issuePrice, since: date, lots: new Map() },
    position: state.length,
  };
}

function redeem(
  state: SeriesState,
  event: { date: string; lot: string; units?: Fraction; share?: Fraction },
  terms: SeriesTerms,
): SeriesStep {
  const series = state.find(({ lots }) => lots.has(event.lot));
  const held = series?.lots.get(event.lot);
  if (!series || !held) throw new EvergreenError("EG404", `There is no lot ${event.lot}.`);
  const units = held.times(redeemedShare(event, held));
  const price = terms.round.price(seriesPrice(series, terms, event.date));
  const cash = terms.round.payout(units.times(price));
  const fee = terms.round.fee(accruedFee(series, terms, event.date).times(units).over(seriesUnits(series)));
  const lots = new Map(series.lots);
  if (units.eq(held)) lots.delete(event.lot);
  else lots.set(event.lot, held.minus(units));
  const left = { ...series, assets: series.assets.minus(cash).minus(fee), lots };
  return {
    state: state.flatMap((each) => (each !== series ? [each] : lots.size > 0 ? [left] : [])),
    postings: [{ kind: "redemption", lot: event.lot, units: units.negated(), price, cash, fee }],
    fee,
  };
}

function distribute(state: SeriesState, event: { date: string; amount: Fraction }, terms: SeriesTerms): SeriesStep {
  if (state.length === 0) throw new EvergreenError("EG428", "A class without units distributes nothing.");
  const { round } = terms;
  const each = event.amount.over(Fraction.sum(state.map((series) => series.assets)));
  const postings: ExactPosting[] = [];
  const after = state.map((series) => {
    const perUnit = round.note(each.times(series.assets).over(seriesUnits(series)));
    let paid = Fraction.ZERO;
    for (const [lot, units] of series.lots) {
      const cash = round.payout(perUnit.times(units));
      paid = paid.plus(cash);
      postings.push({ kind: "distribution", lot, units: Fraction.ZERO, price: perUnit, cash, fee: Fraction.ZERO });
    }
    const left = { ...series, assets: series.assets.minus(paid), highWater: series.highWater.minus(perUnit) };
    if (!left.highWater.isPositive || seriesFee(left, terms, event.date).gte(left.assets)) {
      throw new EvergreenError(
        "EG428",
        "The distribution would pay out accrued fees or the whole mark: crystallise first.",
      );
    }
    return left;
  });
  return { state: after, postings, fee: Fraction.ZERO };
}

function crystallise(state: SeriesState, date: string, terms: SeriesTerms): SeriesStep {
  let paid = Fraction.ZERO;
  const after = state.map((series) => {
    const fee = accruedFee(series, terms, date);
    paid = paid.plus(fee);
    const assets = series.assets.minus(fee);
    const price = terms.round.price(assets.over(seriesUnits(series)));
    // A hurdle not passed leaves the mark where it is: what was gained below the hurdle has not been charged yet.
    const highWater = fee.isPositive ? Fraction.max(series.highWater, price) : series.highWater;
    const since = fee.isPositive || !terms.cumulativeHurdle ? date : series.since;
    return { ...series, assets, highWater, since };
  });
  const rolled = terms.rollUp ? rollUp(after, terms) : { state: after, postings: [] };
  return { ...rolled, fee: paid };
}

/** Rolls every series that stands at its mark into a lead that does, where their hurdles run from the same day. */
function rollUp(state: SeriesState, { round, hurdle }: SeriesTerms): { state: SeriesState; postings: ExactPosting[] } {
  const priceOf = (series: Series): Fraction => round.price(series.assets.over(seriesUnits(series)));
  const [lead, ...others] = state;
  const postings: ExactPosting[] = [];
  if (!lead || !priceOf(lead).eq(lead.highWater)) return { state, postings };
  const leadPrice = priceOf(lead);
  const lots = new Map(lead.lots);
  let assets = lead.assets;
  const stay = others.filter((series) => {
    const price = priceOf(series);
    if (!price.eq(series.highWater) || (hurdle && series.since !== lead.since)) return true;
    assets = assets.plus(series.assets);
    for (const [lot, units] of series.lots) {
      const exchanged = round.units(units.times(price).over(leadPrice));
      const cash = round.payout(units.times(price).minus(exchanged.times(leadPrice)));
      assets = assets.minus(cash);
      if (exchanged.isPositive) lots.set(lot, exchanged);
      postings.push({
        kind: "roll_up",
        lot,
        units: exchanged.minus(units),
        price: leadPrice,
        cash,
        fee: Fraction.ZERO,
      });
    }
    return false;
  });
  return { state: [{ ...lead, assets, lots }, ...stay], postings };
}
