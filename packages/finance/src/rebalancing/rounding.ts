// From the solver's shares of NAV to trades in whole minor units that keep every constraint exactly. Limits that rounding would break are
// tightened by a hair and the model is solved again; a constraint is never given up.
import { solveModel } from "./highs.ts";
import { buildModel, type Margin, type Pattern } from "./model.ts";
import { brokenLimits, type Outcome, outcomeOf, type Trades, wholeTrade } from "./outcome.ts";
import type { Portfolio } from "./portfolio.ts";

/** Solves at most, and how much the margin grows when a limit breaks that was tightened before. */
const ROUNDS = 8;
const GROWTH = 16;
/** HiGHS keeps each row to 1e-9; twice that covers the sum of a few. */
const SOLVER_TOLERANCE = 2e-9;

export type Rounded = {
  readonly outcome: Outcome | undefined;
  readonly broken: readonly string[];
  readonly solves: number;
};

/** Net trade of every tradable asset in minor units. */
export function tradesOf(portfolio: Portfolio, values: Float64Array): Trades {
  const trades = new Map<number, bigint>();
  portfolio.tradable.forEach((position, index) => {
    const minor = wholeTrade(portfolio, position, values[2 * index]! - values[2 * index + 1]!);
    if (minor !== 0n) trades.set(position, minor);
  });
  return trades;
}

/**
 * Solves within `pattern` (none: all trades allowed) until the rounded trades keep every limit; each time the limits that broke are tightened
 * by what rounding can move them. Without an outcome, `broken` names every limit that rounding broke on the way.
 */
export async function solveRounded(
  portfolio: Portfolio,
  pattern: Pattern | undefined,
  start?: Float64Array,
): Promise<Rounded> {
  const count = (pattern?.size ?? portfolio.tradable.length) + 2;
  const names = new Set<string>();
  let values = start;
  let factor = 1;
  let solves = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (values === undefined) {
      const solved = await solveModel(buildModel(portfolio, { pattern, margin: marginOf(count, factor, names) }));
      solves += solved.solves;
      if (solved.status !== "optimal") break;
      values = solved.values;
    }
    const outcome = outcomeOf(portfolio, tradesOf(portfolio, values));
    const broken = brokenLimits(portfolio, outcome);
    if (broken.length === 0) return { outcome, broken, solves };
    if (broken.some((name) => names.has(name))) factor *= GROWTH;
    for (const name of broken) names.add(name);
    values = undefined;
  }
  return { outcome: undefined, broken: [...names], solves };
}

/** The margin for `count` rounded trades; nothing where no limit is named. */
export function marginOf(count: number, factor: number, names: ReadonlySet<string>): Margin | undefined {
  return names.size === 0 ? undefined : { count: factor * count, solver: factor * SOLVER_TOLERANCE, names };
}
