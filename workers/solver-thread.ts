// The thread that rebalancing problems are solved in: problems come in as messages, solutions go out. Started by solver.ts only.
import { answerQuestions } from "@evergreen-fund/agent-kit/thread.ts";
import type { RebalanceInput, RebalanceSolution } from "@evergreen-fund/finance/rebalancing/problem.ts";
import { rebalance, warmUp } from "@evergreen-fund/finance/rebalancing/solve.ts";

/** null asks only for a solver that is loaded and has solved once. */
answerQuestions(
  async (problem: RebalanceInput | null): Promise<RebalanceSolution | null> =>
    problem === null ? warmUp().then(() => null) : rebalance(problem),
);
