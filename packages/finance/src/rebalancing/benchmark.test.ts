// The synthetic problem: the same for the same seed, well-formed, feasible; its text is the model; a damaged bound would be seen.
import loadModule from "highs";
import { expect, it } from "vitest";
import { benchmarkProblem, seededRandom } from "./benchmark.ts";
import { relaxation } from "./relaxation.ts";

const loadHighs = loadModule as unknown as typeof loadModule.default;
const problem = (n: number, seed: number) => {
  const { label, ...rest } = benchmarkProblem(n, seed);
  expect(label).toContain("synthetic");
  return rest;
};

it("is the same for the same seed and another for another", () => {
  expect(benchmarkProblem(40, 3)).toEqual(benchmarkProblem(40, 3));
  expect(benchmarkProblem(40, 3)).not.toEqual(benchmarkProblem(40, 4));
  expect(() => benchmarkProblem(1, 1)).toThrowError(expect.objectContaining({ code: "EG400" }));
  expect(() => benchmarkProblem(20_001, 1)).toThrowError(expect.objectContaining({ code: "EG400" }));
});

it("draws evenly between 0 and 1", () => {
  const random = seededRandom(1);
  const draws = Array.from({ length: 20_000 }, random);
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  const tenths = Array.from({ length: 10 }, (_, k) => draws.filter((x) => Math.floor(x * 10) === k).length);
  for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(250);
});

it.each([
  [20, "lp"],
  [100, "lp"],
  [300, "lp"],
  [100, "qp"],
] as const)(
  "with n = %i in form %s is solved, feasible to 1e-9, with a closed gap",
  async (n, form) => {
    const model = relaxation({ ...problem(n, 7), form });
    const solved = await model.solve();
    expect(solved.status).toBe("optimal");
    expect(solved.violation).toBeLessThanOrEqual(1e-9);
    expect(solved.objective - solved.dualBound).toBeGreaterThanOrEqual(-1e-9);
    expect(solved.objective - solved.dualBound).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(solved.objective)));
    expect(await model.solve()).toEqual(solved);
  },
  120_000,
);

it("gives another reader of the text the same optimum", async () => {
  const model = relaxation(problem(100, 11));
  const other = await loadHighs();
  const read = other.solve(model.lpText(), { output_flag: false });
  const { objective } = await model.solve();
  expect(read.Status).toBe("Optimal");
  expect(Math.abs(read.ObjectiveValue - objective)).toBeLessThanOrEqual(1e-6 * Math.abs(objective));
  expect(Object.keys(read.Columns).length).toBe(model.columns);
}, 120_000);
