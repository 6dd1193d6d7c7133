// The solver against independent answers: the same linear program written in other variables, a search over a grid, all patterns of whole
// trades one by one, and a lower bound that must not pass the optimum.
import fc from "fast-check";
import loadModule from "highs";
import { describe, expect, it } from "vitest";
import { arbitraryProblem } from "./arbitrary-problem.ts";
import { minorUnit } from "./columns.ts";
import { solveModel } from "./highs.ts";
import { buildModel, type Pattern } from "./model.ts";
import { objectiveBps, outcomeOf } from "./outcome.ts";
import { preparePortfolio } from "./portfolio.ts";
import { type RebalanceInput, RebalanceProblem } from "./problem.ts";

const LONG = 600_000;
const loadHighs = loadModule as unknown as typeof loadModule.default;

/** The linear form in money instead of weights and in positions after the trades (x = value + t, t = up − down), as LP text of our own. */
function otherFormulation(problem: RebalanceProblem): string | undefined {
  const value = problem.assets.map((row) => Number(row.value));
  const cash = Number(problem.cash.value);
  const nav = value.reduce((a, b) => a + b, cash);
  const illiquid = new Set(problem.sleeves.filter((row) => row.illiquid).map((row) => row.id));
  const moves = problem.assets.map((row) => row.tradable && !illiquid.has(row.sleeve));
  const rows: string[] = [];
  const bounds: string[] = [];
  const cost = problem.assets
    .map((row, i) => `+ ${Number(row.buyBps) / 1e4} u${i} + ${Number(row.sellBps) / 1e4} d${i}`)
    .join(" ");
  rows.push(`${cost} - k = 0`, `n + k = ${nav}`, `${value.map((_, i) => `+ x${i}`).join(" ")} + c - n = 0`);
  value.forEach((amount, i) => {
    rows.push(`x${i} - u${i} + d${i} = ${amount}`);
    bounds.push(
      moves[i] ? `0 <= d${i} <= ${amount}` : `d${i} = 0`,
      ...(moves[i] ? [] : [`u${i} = 0`]),
      `-1e9 <= x${i} <= 1e9`,
    );
  });
  const sums = [
    ...problem.sleeves.map((row) => ({
      ...row,
      terms: problem.assets.flatMap((a, i) => (a.sleeve === row.id ? [`+ x${i}`] : [])).join(" "),
    })),
    { ...problem.cash, id: "cash", terms: "+ c" },
  ];
  sums.forEach((row, k) => {
    rows.push(`${row.terms} - ${Number(row.target)} n - p${k} + m${k} = 0`);
  });
  const price = Number(problem.objective.deviationPriceBps);
  const objective = `${sums.map((_, k) => `+ ${price} p${k} + ${price} m${k}`).join(" ")} + ${1e4 * Number(problem.objective.costAversion)} k`;
  if (problem.limits.turnoverMax)
    rows.push(`${value.map((_, i) => `+ u${i} + d${i}`).join(" ")} <= ${2 * Number(problem.limits.turnoverMax) * nav}`);
  for (const [i, row] of problem.assets.entries()) {
    if (moves[i] && row.maxWeight) rows.push(`x${i} - ${Number(row.maxWeight)} n <= 0`);
    if (moves[i] && row.minWeight) rows.push(`x${i} - ${Number(row.minWeight)} n >= 0`);
  }
  if (problem.cash.max) rows.push(`c - ${Number(problem.cash.max)} n <= 0`);
  return `minimize\n obj: ${objective}\nsubject to\n${rows.map((row, i) => ` r${i}: ${row}`).join("\n")}\nbounds\n ${bounds.join("\n ")}\nend\n`;
}

/** Leaves out what the other formulation does not know. */
const plain = (problem: RebalanceInput): RebalanceProblem => {
  const { turnoverMax } = problem.limits ?? {};
  const sleeves = problem.sleeves.map(({ id, target }) => ({ id, target }));
  return RebalanceProblem.parse({
    ...problem,
    form: "lp",
    sleeves,
    liquidity: [],
    limits: turnoverMax ? { turnoverMax } : {},
  });
};

describe("the linear form", () => {
  it(
    "finds the optimum that the same program in money and positions has",
    async () => {
      const other = await loadHighs();
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(arbitraryProblem, async (input) => {
          const problem = plain(input);
          const portfolio = preparePortfolio(problem);
          fc.pre(portfolio.nav.gt(10_000));
          const ours = await solveModel(buildModel(portfolio));
          const theirs = other.solve(otherFormulation(problem)!, { output_flag: false });
          expect(ours.status).toBe(theirs.Status === "Optimal" ? "optimal" : "infeasible");
          if (theirs.Status !== "Optimal") return;
          compared += 1;
          const expected = theirs.ObjectiveValue / portfolio.nav.toNumber();
          expect(Math.abs(ours.objective - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
          expect(ours.bound).toBeLessThanOrEqual(ours.objective + 1e-9);
          expect(ours.objective - ours.bound).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
        }),
        { numRuns: 200 },
      );
      expect(compared).toBeGreaterThan(60);
    },
    LONG,
  );

  it(
    "is at least as good as every point of a grid, and no grid point nearby is much better",
    async () => {
      for (const [value, price] of [
        ["7000.00", "5"],
        ["7000.00", "60"],
        ["5600.00", "12"],
        ["3000.00", "0"],
      ] as const) {
        const input = plain({
          currency: "USD",
          assets: [
            { id: "a", sleeve: "s", value, liquidity: { "1d": "1" }, buyBps: "8", sellBps: "20", maxWeight: "0.6" },
            {
              id: "b",
              sleeve: "t",
              value: "2500.00",
              liquidity: { "1d": "1" },
              buyBps: "15",
              sellBps: "5",
              minWeight: "0.1",
            },
          ],
          cash: { value: "500.00", target: "0.05", max: "0.3" },
          sleeves: [
            { id: "s", target: "0.45" },
            { id: "t", target: "0.5" },
          ],
          objective: { deviationPriceBps: price },
        });
        const portfolio = preparePortfolio(input);
        const best = await solveModel(buildModel(portfolio));
        let grid = Number.POSITIVE_INFINITY;
        for (let a = -Number(value); a <= 5000; a += 50) {
          for (let b = -2500; b <= 7500; b += 50) {
            const trades = new Map(
              [
                [0, BigInt(a * 100)],
                [1, BigInt(b * 100)],
              ].filter(([, minor]) => minor !== 0n) as [number, bigint][],
            );
            const outcome = outcomeOf(portfolio, trades);
            const weight = (amount: { toNumber(): number }) => amount.toNumber() / outcome.nav.toNumber();
            const [x, y, c] = [weight(outcome.values[0]!), weight(outcome.values[1]!), weight(outcome.cash)];
            if (x > 0.6 || y < 0.1 || c < 0 || c > 0.3) continue;
            grid = Math.min(grid, objectiveBps(portfolio, outcome).toNumber());
          }
        }
        expect(best.objective).toBeLessThanOrEqual(grid + 1e-3);
        // A grid step of 50 of about 10,000 moves each of three deviations by half a percent and costs at most 40 bp of it.
        expect(grid - best.objective).toBeLessThanOrEqual(0.005 * (3 * Number(price) + 40));
      }
    },
    LONG,
  );
});

describe("whole trades", () => {
  it(
    "are the best of all patterns tried one by one, in both forms, and the bound stays below",
    async () => {
      let compared = 0;
      for (const input of fc.sample(arbitraryProblem, { numRuns: 4000, seed: 20_261_121 })) {
        if (compared >= 60) break;
        if (!input.limits?.minimumTicket || input.assets.length > 4) continue;
        const portfolio = preparePortfolio(RebalanceProblem.parse(input));
        if (portfolio.nav.lte(0) || portfolio.tradable.length < 2) continue;
        if ((await solveModel(buildModel(portfolio))).status !== "optimal") continue;
        compared += 1;
        const expected = await bestPattern(portfolio);
        const found = await solveModel(buildModel(portfolio, { whole: true }));
        expect(found.status).toBe(Number.isFinite(expected) ? "optimal" : "infeasible");
        if (!Number.isFinite(expected)) continue;
        const room = 1e-5 * Math.max(1, Math.abs(expected));
        expect(Math.abs(found.objective - expected)).toBeLessThanOrEqual(room);
        expect(found.bound).toBeLessThanOrEqual(expected + 1e-9);
      }
      expect(compared).toBe(60);
    },
    LONG,
  );
});

async function bestPattern(portfolio: ReturnType<typeof preparePortfolio>): Promise<number> {
  const least = Number(portfolio.ticketMinor) * minorUnit(portfolio);
  const { tradable } = portfolio;
  let best = Number.POSITIVE_INFINITY;
  for (let code = 0; code < 3 ** tradable.length; code += 1) {
    const pattern: Map<number, { side: "buy" | "sell"; least: number }> = new Map();
    tradable.forEach((position, k) => {
      const digit = Math.floor(code / 3 ** k) % 3;
      if (digit > 0) pattern.set(position, { side: digit === 1 ? "buy" : "sell", least });
    });
    const tooSmall = [...pattern].some(
      ([position, { side }]) => side === "sell" && portfolio.values[position]!.div(portfolio.nav).lt(least),
    );
    if (tooSmall) continue;
    const solved = await solveModel(buildModel(portfolio, { pattern: pattern satisfies Pattern }));
    if (solved.status === "optimal") best = Math.min(best, solved.objective);
  }
  return best;
}
