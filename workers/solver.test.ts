// The solver in its thread against the same solver here: the same answers, and an event loop that goes on while a large fund is solved.
import { EvergreenError } from "@evergreen-fund/domain";
import { benchmarkProblem } from "@evergreen-fund/finance";
import type { RebalanceInput } from "@evergreen-fund/finance/rebalancing/problem.ts";
import { rebalance } from "@evergreen-fund/finance/rebalancing/solve.ts";
import { LIMITS } from "@evergreen-fund/workflows/proxies.ts";
import { afterAll, describe, expect, it } from "vitest";
import { openSolver, SOLVE_ATTEMPTS, SOLVE_LIMIT_MS } from "./solver.ts";

const solver = openSolver();
afterAll(() => solver.close());

const problem = (n: number, seed: number): RebalanceInput => {
  const { label, ...rest } = benchmarkProblem(n, seed);
  expect(label).not.toBe("");
  return rest;
};
/** How often the event loop turns until `work` has ended. */
const turnsDuring = async (work: Promise<unknown>): Promise<number> => {
  let turns = 0;
  let ended = false;
  const spin = (): void => {
    turns += 1;
    if (!ended) setImmediate(spin);
  };
  setImmediate(spin);
  await work;
  ended = true;
  return turns;
};
const LARGE = problem(1_000, 7);

describe("the solver in its thread", { timeout: 120_000 }, () => {
  it.each([
    ["a small fund", problem(20, 1)],
    ["one of some hundred positions", problem(300, 2)],
    ["the quadratic form", { ...problem(60, 3), form: "qp" as const }],
    ["whole trades", { ...problem(20, 4), limits: { ...problem(20, 4).limits, minimumTicket: "50000.00" } }],
    ["no solution", { ...problem(20, 5), limits: { ...problem(20, 5).limits, turnoverMax: "0" } }],
    ["nothing to rebalance", { ...problem(20, 6), assets: [] }],
  ])("answers as the one here: %s", async (_, given) => {
    expect(JSON.stringify(await solver.solve(given))).toBe(JSON.stringify(await rebalance(given)));
  });
  it("refuses what is no problem with the same code and words", async () => {
    const bad = { ...problem(20, 1), currency: "dollars" };
    const refused = await rebalance(bad).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EvergreenError);
    await expect(solver.solve(bad)).rejects.toMatchObject({
      code: (refused as EvergreenError).code,
      message: (refused as EvergreenError).message,
    });
  });
  it("leaves the event loop to everybody else while a large fund is solved", async () => {
    await solver.ready();
    const answer = solver.solve(LARGE);
    const turns = await turnsDuring(answer);
    // on the process's own thread the loop turns a handful of times, between the steps of the solve
    expect(await turnsDuring(rebalance(LARGE))).toBeLessThan(50);
    expect(turns).toBeGreaterThan(500);
    expect((await answer).status).toBe("optimal");
  });
  it("gives a problem up in the middle, and solves the next", async () => {
    const giveUp = new AbortController();
    const given = solver.solve(LARGE, { signal: giveUp.signal }).catch((error: unknown) => error);
    const behind = solver.solve(problem(20, 1));
    setImmediate(() => giveUp.abort(new Error("nobody waits")));
    expect(await given).toMatchObject({ message: "nobody waits" });
    expect((await behind).status).toBe("optimal");
  });
});

describe("a solver that cannot", { timeout: 60_000 }, () => {
  it("answer in time is EG503, which is tried again", async () => {
    const late = openSolver(undefined, 1);
    const refused = await late.solve(problem(20, 1)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "EG503", retryable: true });
    await late.close();
  });
  it("answer in time, however often it is asked, is EG413 in the end: final, with what to do", async () => {
    const late = openSolver(undefined, 1);
    const codes: string[] = [];
    for (let attempt = 1; attempt <= SOLVE_ATTEMPTS + 1; attempt += 1) {
      const refused = (await late
        .solve(problem(20, 1), { attempt })
        .catch((error: unknown) => error)) as EvergreenError;
      codes.push(`${refused.code} ${refused.retryable}`);
      if (attempt === SOLVE_ATTEMPTS)
        expect(refused.message).toMatch(
          /^The solve took longer than 0\.001 s and is given up after 3 attempts; reduce /,
        );
    }
    expect(codes).toEqual(["EG503 true", "EG503 true", "EG413 false", "EG413 false"]);
    await late.close();
  });
  it("keep its thread is asked again, however often: it is not the problem that is too large", async () => {
    const dying = openSolver(new URL("data:text/javascript,process.exit(3)"));
    await expect(dying.solve(problem(20, 1), { attempt: 100 })).rejects.toMatchObject({ code: "EG503" });
    await dying.close();
  });
  it("keep its thread is EG503, and has another one for the next problem", async () => {
    const dying = openSolver(new URL("data:text/javascript,process.exit(3)"));
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(dying.solve(problem(20, 1))).rejects.toMatchObject({ code: "EG503" });
    await dying.close();
  });
});

it("gives up before Temporal does, so that the run hears why", () => {
  expect(SOLVE_LIMIT_MS).toBeLessThan(1_000 * (LIMITS.rebalancing?.propose?.seconds ?? 0));
});
