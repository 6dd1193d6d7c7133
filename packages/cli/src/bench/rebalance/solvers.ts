// The peers' side of `bench rebalance`: one warm Python process that is handed LP files.
import { startScript } from "../frame/child.ts";

export interface PeerAnswer {
  seconds: number;
  objective: number;
}

export interface Solvers {
  highs(path: string, presolve: "on" | "off"): Promise<PeerAnswer>;
  clarabel(path: string): Promise<PeerAnswer>;
  stop(): Promise<void>;
}

export function startSolvers(python: string): Solvers {
  const child = startScript(new URL("peer-solvers.py", import.meta.url), [], { interpreter: python });
  const ask = (order: Record<string, string>): Promise<PeerAnswer> => {
    child.send(order);
    return child.next<PeerAnswer>(120_000);
  };
  return {
    highs: (path, presolve) => ask({ path, solver: "highs", presolve }),
    clarabel: (path) => ask({ path, solver: "clarabel" }),
    stop: () => child.kill(),
  };
}
