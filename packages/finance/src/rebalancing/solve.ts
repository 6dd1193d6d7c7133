// Rebalances a portfolio: prepares it, solves, keeps the minimum ticket, rounds to minor units, checks every constraint exactly, and says
// why. An infeasible problem is an answer, not an exception. The same input gives the same bytes, whatever order its lists come in.
import { EvergreenError } from "@evergreen-fund/domain";
import { currencyExponent, Exact, fixed, ratioText } from "../money.ts";
import { parseInput } from "../parse.ts";
import { checksOf, liquidityOf, steeredOf, tradesOf, weightsOf } from "./explain.ts";
import { solveModel, solver } from "./highs.ts";
import { buildModel } from "./model.ts";
import { infeasible, LARGE, tooFine } from "./no-solution.ts";
import { brokenLimits, NO_TRADES, type Outcome, objectiveBps, outcomeOf } from "./outcome.ts";
import { type Portfolio, preparePortfolio } from "./portfolio.ts";
import { type Coded, type RebalanceInput, RebalanceProblem, type RebalanceSolution } from "./problem.ts";
import { marginOf, solveRounded } from "./rounding.ts";
import { searchWhole, wholePattern } from "./whole-trades.ts";
import { type Widening, widenForSteered } from "./widen.ts";

/** What a search came to. `none`: no weights keep the constraints. `too_fine`: weights do, whole minor units do not. */
type Settled =
  | { kind: "found"; outcome: Outcome; bound: number; unrounded: number; wanted: boolean; solves: number }
  | { kind: "none"; solves: number }
  | { kind: "too_fine"; broken: readonly string[]; bound: number; solves: number };

/** A solution proven within this share of its objective (at least of one basis point) counts as optimal. */
const PROVEN_GAP = 1e-6;

/**
 * Cost-aware rebalancing (R38). Money in the currency of the problem, trades and costs in its minor units (costs HALF_UP), weights as shares
 * of NAV after costs, objective in basis points of NAV before. Errors: EG400 and EG413 for malformed input, EG503 when the solver cannot be
 * loaded, EG500 when it fails. Never throws for a problem that has no solution.
 */
export async function rebalance(input: RebalanceInput): Promise<RebalanceSolution> {
  const prepared = preparePortfolio(parseInput(RebalanceProblem, input));
  const refusal = refusalOf(prepared);
  if (refusal) return { status: "refused", reason: refusal };
  let portfolio = prepared;
  let widened: Widening[] = [];
  let settled = await settle(portfolio);
  let { solves } = settled;
  for (const whole of [false, true]) {
    if (settled.kind !== "none") break;
    const wider = await widenForSteered(prepared, whole);
    if (!wider) continue;
    ({ portfolio, widened } = wider);
    settled = await settle(portfolio);
    solves += wider.solves + settled.solves;
  }
  const nothing = outcomeOf(portfolio, NO_TRADES);
  const nothingFeasible = brokenLimits(portfolio, nothing).length === 0;
  if (settled.kind === "none") return infeasible(prepared);
  if (settled.kind === "too_fine" && !nothingFeasible) return tooFine(portfolio, settled.broken);
  const found = settled.kind === "found" ? settled : undefined;
  const idleValue = objectiveBps(portfolio, nothing);
  // Rounding and whole trades may make a tiny gain a loss: then nothing is traded.
  const idle = !found || (nothingFeasible && objectiveBps(portfolio, found.outcome).gte(idleValue));
  return describe(portfolio, prepared, idle ? nothing : found.outcome, {
    widened,
    solves,
    bound: settled.bound,
    unrounded: idle ? idleValue.toNumber() : found.unrounded,
    nothingFeasible,
    wanted: found?.wanted ?? true,
  });
}

/** Loads the solver and lets it solve once, so that the first real problem is not the slow one. */
export async function warmUp(): Promise<void> {
  await solver();
  await rebalance({
    currency: "USD",
    assets: [
      { id: "a", sleeve: "s", value: "60.00", liquidity: { "1d": "1" } },
      { id: "b", sleeve: "t", value: "38.00", liquidity: { "1d": "1" } },
    ],
    cash: { value: "2.00", target: "0.02" },
    sleeves: [
      { id: "s", target: "0.5", band: { relative: "0.1" } },
      { id: "t", target: "0.48" },
    ],
  });
}

function refusalOf(portfolio: Portfolio): Coded | undefined {
  if (portfolio.problem.assets.length === 0)
    return { code: "no_holdings", words: "the fund has no holdings to rebalance" };
  if (portfolio.nav.lte(0)) return { code: "nav_not_positive", words: "the net asset value is not above zero" };
  return undefined;
}

/** Solves one portfolio as it stands: relaxed, then in whole trades where the relaxed answer is not, then in minor units. */
async function settle(portfolio: Portfolio): Promise<Settled> {
  const relaxed = await solveModel(buildModel(portfolio));
  if (relaxed.status === "infeasible") return { kind: "none", solves: relaxed.solves };
  if (relaxed.status !== "optimal") throw new EvergreenError("EG500", "The solver failed on this problem.");
  const wanted = relaxed.values.subarray(0, 2 * portfolio.tradable.length).some((share) => share > 1e-9);
  const chosen = await wholePattern(portfolio, relaxed);
  let solves = relaxed.solves + chosen.solves;
  if (!chosen.pattern || !chosen.solved) return { kind: "none", solves };
  // Without a ticket every asset may still move by the few minor units that rounding needs, on the side it was chosen for or freely.
  const free = portfolio.ticketMinor <= 1n && chosen.solved === relaxed;
  let rounded = await solveRounded(portfolio, free ? undefined : chosen.pattern, chosen.solved.values);
  solves += rounded.solves;
  if (!rounded.outcome) {
    // The chosen trades leave no room for whole minor units: choose again with that room kept free.
    const among = portfolio.tradable.length > LARGE ? new Set(chosen.pattern.keys()) : undefined;
    const margin = marginOf(portfolio.tradable.length + 2, 1, new Set(rounded.broken));
    const again = await searchWhole(portfolio, { among, margin });
    solves += again.solves;
    if (again.pattern && again.solved) {
      rounded = await solveRounded(portfolio, again.pattern);
      solves += rounded.solves;
    }
  }
  if (!rounded.outcome) return { kind: "too_fine", broken: rounded.broken, bound: chosen.bound, solves };
  return {
    kind: "found",
    outcome: rounded.outcome,
    bound: chosen.bound,
    unrounded: chosen.solved.objective,
    wanted,
    solves,
  };
}

function reasonOf(portfolio: Portfolio, outcome: Outcome, wanted: boolean): Coded {
  if (outcome.trades.size > 0)
    return {
      code: "rebalanced",
      words: `${outcome.trades.size} trades bring the portfolio within its limits at the least cost`,
    };
  if (portfolio.tradable.length === 0)
    return { code: "no_tradable_assets", words: "every holding is outside the trade set" };
  if (wanted && portfolio.ticketMinor > 1n)
    return { code: "below_minimum_ticket", words: "the trades worth making are smaller than the minimum ticket" };
  return { code: "inside_bands", words: "every limit holds and no trade is worth its cost" };
}

type Facts = {
  widened: Widening[];
  solves: number;
  bound: number;
  unrounded: number;
  nothingFeasible: boolean;
  /** Whether the relaxed optimum trades at all. */
  wanted: boolean;
};

async function describe(
  portfolio: Portfolio,
  prepared: Portfolio,
  outcome: Outcome,
  facts: Facts,
): Promise<RebalanceSolution> {
  const { currency, form } = portfolio.problem;
  const digits = currencyExponent(currency);
  const before = outcomeOf(portfolio, NO_TRADES);
  const money = (amount: Exact) => fixed(amount, digits);
  const weights = weightsOf(portfolio, before, outcome);
  const value = objectiveBps(portfolio, outcome);
  const bound = new Exact(facts.bound);
  const gap = value.minus(bound);
  const { checks, checked } = checksOf(portfolio, before, outcome);
  const highs = await solver();
  return {
    status: outcome.trades.size > 0 ? "optimal" : "nothing_to_trade",
    currency,
    nav: { before: money(before.nav), after: money(outcome.nav) },
    cash: { before: money(before.cash), after: money(outcome.cash) },
    trades: tradesOf(portfolio, before, outcome, weights),
    costs: money(outcome.totalCost),
    turnover: ratioText(outcome.turnover),
    weights,
    liquidity: liquidityOf(portfolio, before, outcome),
    checks,
    checked,
    steered: steeredOf(prepared, outcome),
    widened: facts.widened,
    objective: {
      form,
      value: ratioText(value),
      doNothing: ratioText(objectiveBps(portfolio, before)),
      doNothingFeasible: facts.nothingFeasible,
      dualBound: ratioText(bound),
      gap: ratioText(gap),
      proven: facts.unrounded - facts.bound <= PROVEN_GAP * Math.max(1, Math.abs(facts.unrounded)),
    },
    reason: reasonOf(portfolio, outcome, facts.wanted),
    solver: { name: "highs", version: highs.version.string, solves: facts.solves },
  };
}
