// Rebalancing's solver as a worker process uses it: HiGHS computes in a thread of its own, because a large fund takes seconds in which nothing else
// of the process would move: no other run, no dispatcher, no heartbeat.
import { openThread, TYPESCRIPT } from "@evergreen-fund/agent-kit/thread.ts";
import type { RebalanceInput, RebalanceSolution } from "@evergreen-fund/finance/rebalancing/problem.ts";

export interface Solver {
  /**
   * What finance's `rebalance` answers to the same problem, computed elsewhere. `signal` gives it up, also while it is being computed.
   * @throws EvergreenError EG400 and EG413 for malformed input, EG500 when HiGHS fails, EG503 when the thread dies or takes longer than
   * SOLVE_LIMIT_MS: the problem is asked again, of a new thread.
   */
  solve(problem: RebalanceInput, signal?: AbortSignal): Promise<RebalanceSolution>;
  /** Loads HiGHS and lets it solve once, so that the first fund is not the slow one. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Below the time that `rebalancing.propose` has in all (workflows/src/proxies.ts), so that its caller hears why. */
export const SOLVE_LIMIT_MS = 100_000;

/** One thread: problems are solved one after another, as they were on the process's own. It starts with the first problem or with `ready`. */
export function openSolver(entry = new URL("./solver-thread.ts", import.meta.url), limitMs = SOLVE_LIMIT_MS): Solver {
  const thread = openThread<RebalanceInput | null, RebalanceSolution | null>({
    name: "The solver",
    entry,
    limitMs,
    execArgv: TYPESCRIPT,
  });
  return {
    solve: async (problem, signal) => (await thread.ask(problem, signal)) as RebalanceSolution,
    ready: async () => void (await thread.ask(null)),
    close: thread.close,
  };
}
