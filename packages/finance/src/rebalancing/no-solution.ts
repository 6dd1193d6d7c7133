// The answers when there is no solution: which constraints contradict each other, or which ones whole minor units cannot keep.

import { steeredOf } from "./explain.ts";
import { findConflicts } from "./infeasible.ts";
import { TICKET, TURNOVER } from "./model.ts";
import { NO_TRADES, outcomeOf } from "./outcome.ts";
import type { Portfolio } from "./portfolio.ts";
import type { Coded, RebalanceSolution } from "./problem.ts";

type Infeasible = Extract<RebalanceSolution, { status: "infeasible" }>;

/** Above so many tradable assets the question of whole trades is not searched to its end. */
export const LARGE = 200;

/** The conflicting constraints by name. `proven` is false, and the code `not_found`, where a search ended before its proof. */
export async function infeasible(portfolio: Portfolio): Promise<Infeasible> {
  const { groups, proven } = await findConflicts(portfolio, portfolio.tradable.length <= LARGE);
  const words = new Map(
    portfolio.limits.map((limit) => [limit.name, { code: limit.code as string, words: limit.words }]),
  );
  words.set(TURNOVER, { code: "turnover_limit", words: "the turnover limit" });
  words.set(TICKET, { code: "minimum_ticket", words: "the minimum ticket" });
  const nothing = outcomeOf(portfolio, NO_TRADES);
  const named = groups.map((group) => group.join(" + ")).join("; ");
  const reason: Coded =
    groups.length > 0 && proven
      ? { code: "conflict", words: `these constraints cannot hold together: ${named}` }
      : {
          code: "not_found",
          words: `the search ended without a portfolio and without proof that there is none${named && `; in question: ${named}`}`,
        };
  return {
    status: "infeasible",
    reason,
    conflicts: groups.map((group) => group.map((name) => ({ name, ...words.get(name)! }))),
    steered: steeredOf(portfolio, nothing),
    proven: proven && groups.length > 0,
  };
}

/** Weights can hold every constraint, whole minor units cannot: the constraints that rounding breaks are named. */
export async function tooFine(portfolio: Portfolio, broken: readonly string[]): Promise<Infeasible> {
  const named = portfolio.limits.filter((limit) => broken.includes(limit.name));
  const rows = named.map(({ name, code, words }) => ({ name, code: code as string, words }));
  for (const name of broken) {
    if (!rows.some((row) => row.name === name))
      rows.push({ name, code: "minor_units", words: `${name} after rounding` });
  }
  if (rows.length === 0) return infeasible(portfolio);
  return {
    status: "infeasible",
    reason: {
      code: "finer_than_minor_units",
      words: "no trades in whole minor units were found that keep these constraints exactly",
    },
    conflicts: [rows],
    steered: steeredOf(portfolio, outcomeOf(portfolio, NO_TRADES)),
    proven: false,
  };
}
