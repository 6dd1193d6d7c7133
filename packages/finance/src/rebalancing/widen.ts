// When holdings outside the trade set keep their own sleeve out of its band, the other sleeves may have no room left for theirs. That is no
// contradiction of the mandate: the least widening that makes room is found and reported, and only if the steered sleeves are its cause.
import { Exact, ONE, ZERO } from "../money.ts";
import { solveModel } from "./highs.ts";
import { type Limit, percent } from "./limits.ts";
import { buildModel, mayWiden } from "./model.ts";
import { type Portfolio, steeredShift } from "./portfolio.ts";

export type Widening = { readonly name: string; readonly words: string; readonly from: string; readonly to: string };

/** Steps in which the share of target grows: one basis point. */
const STEP = 1e-4;
const TRIES = 3;

/**
 * The portfolio with the sleeve bands (and caps on cash) widened by one common share of their targets, or undefined when no sleeve is
 * steered, when the contradiction would remain if it were not, or when widening does not help. `whole`: trades must be whole.
 */
export async function widenForSteered(
  portfolio: Portfolio,
  whole: boolean,
): Promise<{ portfolio: Portfolio; widened: Widening[]; solves: number } | undefined> {
  const range = steeredShift(portfolio);
  if (range.low.isZero() && range.high.isZero()) return undefined;
  const shift = { low: range.low.toNumber(), high: range.high.toNumber() };
  const blamed = await solveModel(buildModel(portfolio, { purpose: "feasibility", whole, shift }));
  if (blamed.status !== "optimal") return undefined;
  const least = await solveModel(buildModel(portfolio, { purpose: "feasibility", whole, widen: true }));
  if (least.status !== "optimal") return undefined;
  let solves = blamed.solves + least.solves;
  for (let extra = 1; extra <= TRIES; extra += 1) {
    const share = new Exact(Math.ceil(least.objective / STEP) + extra).times(STEP);
    const candidate = widenBy(portfolio, share);
    const tried = await solveModel(buildModel(candidate.portfolio, { purpose: "feasibility", whole }));
    solves += tried.solves;
    if (tried.status === "optimal") return { ...candidate, solves };
  }
  return undefined;
}

function widenBy(portfolio: Portfolio, share: Exact): { portfolio: Portfolio; widened: Widening[] } {
  const widened: Widening[] = [];
  const limits = portfolio.limits.map((limit): Limit => {
    if (!mayWiden(limit)) return limit;
    const room = portfolio.targets[limit.target!]!.target.times(share);
    const moved = limit.sense === "min" ? limit.ratio.minus(room) : limit.ratio.plus(room);
    const ratio = moved.lt(0) ? ZERO : moved.gt(1) ? ONE : moved;
    if (ratio.eq(limit.ratio)) return limit;
    const words = `${limit.words}: out of reach while steered sleeves are out of their bands, so ${percent(ratio)} for now`;
    widened.push({ name: limit.name, words, from: limit.ratio.toFixed(), to: ratio.toFixed() });
    return { ...limit, ratio };
  });
  return { portfolio: { ...portfolio, limits }, widened };
}
