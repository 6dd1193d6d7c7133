// Rebalancing's solver as a worker process uses it: HiGHS computes in a thread of its own, because a large fund takes seconds in which nothing else
// of the process would move: no other run, no dispatcher, no heartbeat.
import { openThread, TookTooLong, TYPESCRIPT } from "@evergreen-fund/agent-kit/thread.ts";
import { EvergreenError } from "@evergreen-fund/domain";
import type { RebalanceInput, RebalanceSolution } from "@evergreen-fund/finance/rebalancing/problem.ts";

/** Who asks for a solution. */
export interface Asking {
  /** Gives the problem up, also while it is being computed. */
  signal?: AbortSignal;
  /** How often it has been asked for, this time included. Default 1. */
  attempt?: number;
}

export interface Solver {
  /**
   * What finance's `rebalance` answers to the same problem, computed elsewhere.
   * @throws EvergreenError EG400 and EG413 for malformed input, EG500 when HiGHS fails, EG503 when the thread dies or takes longer than
   * SOLVE_LIMIT_MS: the problem is asked again, of a new thread; EG413 when it takes longer at the last of SOLVE_ATTEMPTS or after it.
   */
  solve(problem: RebalanceInput, asking?: Asking): Promise<RebalanceSolution>;
  /** Loads HiGHS and lets it solve once, so that the first fund is not the slow one. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Below the time that `rebalancing.propose` has in all (workflows/src/proxies.ts), so that its caller hears why. */
export const SOLVE_LIMIT_MS = 100_000;
/** A machine that was busy may be free the next time; a problem that is too large stays so, and the run must not ask for ever. */
export const SOLVE_ATTEMPTS = 3;

/** One thread: problems are solved one after another, as they were on the process's own. It starts with the first problem or with `ready`. */
export function openSolver(entry = new URL("./solver-thread.ts", import.meta.url), limitMs = SOLVE_LIMIT_MS): Solver {
  const thread = openThread<RebalanceInput | null, RebalanceSolution | null>({
    name: "The solver",
    entry,
    limitMs,
    execArgv: TYPESCRIPT,
  });
  return {
    async solve(problem, { signal, attempt = 1 } = {}) {
      try {
        return (await thread.ask(problem, signal)) as RebalanceSolution;
      } catch (error) {
        if (!(error instanceof TookTooLong) || attempt < SOLVE_ATTEMPTS) throw error;
        throw new EvergreenError(
          "EG413",
          `The solve took longer than ${limitMs / 1_000} s and is given up after ${attempt} attempts; reduce what there is to decide: no minimum ticket, method lp, or fewer positions that may be traded.`,
        );
      }
    },
    ready: async () => void (await thread.ask(null)),
    close: thread.close,
  };
}
