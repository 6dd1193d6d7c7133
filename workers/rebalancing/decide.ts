// From facts to a plan: the mandate and the holdings become a rebalancing problem, finance solves it. Pure: the plan follows from the facts alone.
// The solver is handed in because it computes in a thread of its own, and that changes nothing of it: a problem goes in by value, the same
// problem has the same solution to the byte on any thread, and nothing is read or written on the way. A thread that dies gives no plan (EG503,
// asked again), never another plan.
import { stressedDue } from "@evergreen-fund/finance/liquidity.ts";
import { Mandate, mandateProblem } from "@evergreen-fund/finance/mandate.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import type {
  RebalancedPortfolio,
  RebalanceInput,
  RebalanceSolution,
} from "@evergreen-fund/finance/rebalancing/problem.ts";
import type { RebalanceFacts } from "./facts.ts";

export type Plan =
  | { kind: "planned"; portfolio: RebalancedPortfolio; cashAssetId: string | null }
  | { kind: "refused"; reason: string };

/** finance's `rebalance`, wherever it is computed. */
export type Solve = (problem: RebalanceInput) => Promise<RebalanceSolution>;

/** A refusal names its code and the constraints that conflict; amounts in fund currency. */
export async function planTrades(facts: RebalanceFacts, solve: Solve): Promise<Plan> {
  if (facts.holdings.length === 0) return { kind: "refused", reason: "EG426: the fund has nothing to rebalance" };
  const mandate = Mandate.parse(facts.mandate);
  const known = new Set(mandate.sleeves.map((sleeve) => sleeve.id));
  const securities = facts.holdings.filter((holding) => holding.type !== "cash");
  const homeless = [...new Set(securities.map((holding) => holding.sleeve))]
    .filter((sleeve) => !known.has(sleeve))
    .sort();
  if (homeless.length > 0)
    return { kind: "refused", reason: `EG427: the mandate has no target for ${homeless.slice(0, 5).join(", ")}` };
  const solution = await solve(problemOf(facts, mandate, securities));
  switch (solution.status) {
    case "optimal":
    case "nothing_to_trade":
      // cash is booked on the largest cash line: that is the account trades settle on
      return { kind: "planned", portfolio: solution, cashAssetId: cashLine(facts)?.assetId ?? null };
    case "infeasible":
      return {
        kind: "refused",
        reason:
          `EG427: ${solution.reason.words} ${solution.conflicts.map((group) => group.map((member) => member.name).join(" with ")).join("; ")}`.slice(
            0,
            480,
          ),
      };
    case "refused":
      return { kind: "refused", reason: `EG427: ${solution.reason.words}`.slice(0, 480) };
  }
}

const cashLine = ({ holdings }: RebalanceFacts) =>
  holdings
    .filter((holding) => holding.type === "cash")
    .sort((a, b) => decimal(b.value).comparedTo(decimal(a.value)) || (a.assetId < b.assetId ? -1 : 1))[0];

function problemOf(facts: RebalanceFacts, mandate: Mandate, securities: RebalanceFacts["holdings"]): RebalanceInput {
  const cash = facts.holdings
    .filter((holding) => holding.type === "cash")
    .reduce((sum, holding) => sum.plus(decimal(holding.value)), ZERO);
  return mandateProblem({
    // the ladder as it stands, not as it stood when the mandate was written
    mandate: {
      ...mandate,
      form: facts.method,
      liquidity: mandate.liquidity.map((row) =>
        facts.liabilities.length === 0
          ? row
          : { ...row, stressedLiabilities: stressedDue(facts.liabilities, row.horizon).toFixed() },
      ),
    },
    holdings: securities.map((holding) => ({
      id: holding.assetId,
      sleeve: holding.sleeve,
      ...(holding.issuer === null ? {} : { issuer: holding.issuer }),
      value: holding.value,
      tradable: holding.liquid,
      liquidity: { [holding.bucket]: "1" },
      category: holding.category,
      issuerCategory: holding.issuerCategory,
    })),
    cash: { value: cash.toFixed() },
  });
}
