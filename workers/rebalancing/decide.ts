// From facts to a plan: the mandate and the holdings become a rebalancing problem, finance solves it. Pure; the solver is deterministic.
import { BUCKET_DAYS, type Bucket } from "@evergreen-fund/domain";
import { Mandate, mandateProblem } from "@evergreen-fund/finance/mandate.ts";
import { decimal, ZERO } from "@evergreen-fund/finance/money.ts";
import type { RebalancedPortfolio, RebalanceInput } from "@evergreen-fund/finance/rebalancing/problem.ts";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import type { RebalanceFacts } from "./facts.ts";

export type Plan =
  | { kind: "planned"; portfolio: RebalancedPortfolio; cashAssetId: string | null }
  | { kind: "refused"; reason: string };

/** A refusal names its code and the constraints that conflict; amounts in fund currency. */
export async function planTrades(facts: RebalanceFacts): Promise<Plan> {
  if (facts.holdings.length === 0) return { kind: "refused", reason: "EG426: the fund has nothing to rebalance" };
  const mandate = Mandate.parse(facts.mandate);
  const known = new Set(mandate.sleeves.map((sleeve) => sleeve.id));
  const securities = facts.holdings.filter((holding) => holding.type !== "cash");
  const homeless = [...new Set(securities.map((holding) => holding.sleeve))]
    .filter((sleeve) => !known.has(sleeve))
    .sort();
  if (homeless.length > 0)
    return { kind: "refused", reason: `EG427: the mandate has no target for ${homeless.slice(0, 5).join(", ")}` };
  const solution = await rebalance(problemOf(facts, mandate, securities));
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
  const dueWithin = (horizon: Bucket): string =>
    facts.stressedLiabilities
      .filter(({ bucket }) => BUCKET_DAYS[bucket as Bucket] <= BUCKET_DAYS[horizon])
      .reduce((sum, rung) => sum.plus(decimal(rung.amount)), ZERO)
      .toFixed();
  return mandateProblem({
    // the ladder as it stands, not as it stood when the mandate was written
    mandate: {
      ...mandate,
      form: facts.method,
      liquidity: mandate.liquidity.map((row) =>
        facts.stressedLiabilities.length === 0 ? row : { ...row, stressedLiabilities: dueWithin(row.horizon) },
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
