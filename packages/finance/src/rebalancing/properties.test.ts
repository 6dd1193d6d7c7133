// What every answer must keep, over random problems: each limit exactly, never worse than doing nothing, the same bytes whatever the order,
// and named conflicts that are real.
import fc from "fast-check";
import { expect, it } from "vitest";
import { arbitraryProblem, violations } from "./arbitrary-problem.ts";
import { solveModel } from "./highs.ts";
import { buildModel, TICKET, TURNOVER } from "./model.ts";
import { type Portfolio, preparePortfolio } from "./portfolio.ts";
import { type RebalanceInput, RebalanceProblem } from "./problem.ts";
import { rebalance } from "./solve.ts";

const LONG = 600_000;

it(
  "keeps every limit exactly, its weights add up to one, and it is never worse than doing nothing",
  async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, async (problem) => {
        const answer = await rebalance(problem);
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        expect(violations(problem, answer)).toEqual([]);
        if (answer.status !== "optimal" && answer.status !== "nothing_to_trade") return;
        const { value, doNothing, doNothingFeasible, dualBound } = answer.objective;
        if (doNothingFeasible) expect(Number(value)).toBeLessThanOrEqual(Number(doNothing));
        // The bound knows costs before they are rounded: half a minor unit per trade, priced like a deviation at most.
        const unit = (0.01 / Number(answer.nav.before)) * 1e4;
        const rounding =
          unit * (answer.trades.length + 1) * (1 + 4 * Number(problem.objective?.deviationPriceBps ?? 5));
        expect(Number(value)).toBeGreaterThanOrEqual(Number(dualBound) - rounding - 1e-6);
        if (!doNothingFeasible) expect(answer.trades.length).toBeGreaterThan(0);
      }),
      { numRuns: 250 },
    );
    // The generator must reach each kind of answer, else the property says little.
    expect([...seen.keys()].sort()).toEqual(expect.arrayContaining(["infeasible", "nothing_to_trade", "optimal"]));
  },
  LONG,
);

it(
  "is the same to the byte when asked twice and in whatever order the lists come",
  async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, fc.nat(), async (problem, turn) => {
        const rotate = <Row>(rows: readonly Row[]): Row[] => {
          const at = rows.length === 0 ? 0 : turn % rows.length;
          return [...rows.slice(at), ...rows.slice(0, at)].reverse();
        };
        const other = {
          ...problem,
          assets: rotate(problem.assets),
          sleeves: rotate(problem.sleeves),
          liquidity: rotate(problem.liquidity ?? []),
        };
        const answer = JSON.stringify(await rebalance(problem));
        expect(JSON.stringify(await rebalance(problem))).toBe(answer);
        expect(JSON.stringify(await rebalance(other))).toBe(answer);
      }),
      { numRuns: 120 },
    );
  },
  LONG,
);

/** Whether some trades keep only the constraints that `keep` lets through. */
async function feasible(problem: RebalanceInput, keep: (name: string) => boolean, whole: boolean): Promise<boolean> {
  const portfolio = preparePortfolio(RebalanceProblem.parse(problem));
  const limits = { ...portfolio.problem.limits };
  if (!keep(TURNOVER)) delete limits.turnoverMax;
  const reduced: Portfolio = {
    ...portfolio,
    problem: { ...portfolio.problem, limits },
    limits: portfolio.limits.filter((limit) => keep(limit.name)),
    ticketMinor: keep(TICKET) ? portfolio.ticketMinor : 1n,
  };
  return (await solveModel(buildModel(reduced, { purpose: "feasibility", whole }))).status === "optimal";
}

it(
  "names conflicts that are real: without them it is feasible, each group contradicts itself, and no member of a group is idle",
  async () => {
    let infeasible = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, async (problem) => {
        const answer = await rebalance(problem);
        if (answer.status !== "infeasible" || answer.reason.code !== "conflict") return;
        infeasible += 1;
        const groups = answer.conflicts.map((group) => group.map((row) => row.name));
        const named = new Set(groups.flat());
        expect(await feasible(problem, (name) => !named.has(name), true)).toBe(true);
        for (const group of groups) {
          expect(await feasible(problem, (name) => group.includes(name), true)).toBe(false);
          for (const member of group) {
            const rest = (name: string) => group.includes(name) && name !== member;
            expect((await feasible(problem, rest, true)) || (await feasible(problem, rest, false))).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(infeasible).toBeGreaterThan(10);
  },
  LONG,
);

it(
  "loses nothing when a limit that does not bind is taken away",
  async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, async (problem) => {
        const { turnoverMax, ...limits } = problem.limits ?? {};
        fc.pre(turnoverMax !== undefined && problem.limits?.minimumTicket === undefined);
        const [tight, loose] = await Promise.all([rebalance(problem), rebalance({ ...problem, limits })]);
        if (tight.status !== "optimal" || loose.status !== "optimal" || tight.widened.length + loose.widened.length > 0)
          return;
        const room = 1e-3 + Math.abs(Number(tight.objective.value)) * 1e-6;
        expect(Number(loose.objective.value)).toBeLessThanOrEqual(Number(tight.objective.value) + room);
      }),
      { numRuns: 120 },
    );
  },
  LONG,
);
