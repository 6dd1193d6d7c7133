// A scenario as it is computed: composed, one value per factor and period, its grid and draws in one order, and its hash. Pure and deterministic.
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import {
  type FactorAddress,
  type MonteCarlo,
  type PassTest,
  type Periods,
  type Report,
  readAddress,
  SCENARIO_LIMITS,
  type Scenario,
  ScenarioError,
  type ScenarioProblem,
  type Solve,
  valueProblem,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { byId } from "../money.ts";
import { canonicalJson, hashOf, type Json } from "./canonical-json.ts";
import { type Composed, compose, type ScenarioShelf } from "./composition.ts";
import { monteCarloOf } from "./draws.ts";
import { axisValues, pathOf } from "./factor-paths.ts";

export interface ResolvedScenario {
  id: string;
  version: number;
  title: string;
  about: string;
  /** Ids of the scenarios it starts from. */
  lineage: readonly string[];
  /** Null: one instant, and every factor has one value. */
  periods: Periods | null;
  /** Address → one decimal text per period. Addresses in the order of their code points, here and below. */
  factors: Readonly<Record<string, readonly string[]>>;
  grid: Readonly<Record<string, readonly string[]>>;
  monteCarlo: MonteCarlo | null;
  solve: Solve | null;
  tests: readonly PassTest[];
  reports: readonly Report[];
  /** Cells it expands into: grid points × draws. */
  cells: number;
  /** SHA-256 over everything that is computed; titles, words and sources are not in it. */
  hash: string;
}

/** Names what a hash is taken over; a change of what is computed changes it. */
export const FORMAT = "evergreen.scenario/1";

/**
 * Resolves `extends`, checks what the parts say together and lays every factor out over the periods. Errors: ScenarioError (EG400) with every
 * problem and its place in `scenario`.
 */
export function resolveScenario(scenario: Scenario, shelf: ScenarioShelf): ResolvedScenario {
  const { resolved, problems } = tryResolve(scenario, shelf);
  if (resolved === undefined) throw new ScenarioError(problems);
  return resolved;
}

/** As `resolveScenario`, but hands the problems back. */
export function tryResolve(
  scenario: Scenario,
  shelf: ScenarioShelf,
): { resolved?: ResolvedScenario; problems: ScenarioProblem[] } {
  const problems: ScenarioProblem[] = [];
  const composed = compose(scenario, shelf, problems);
  const periods = composed.periods?.value ?? null;
  const factors = factorsOf(composed, periods, problems);
  const grid = gridOf(composed, problems);
  const monteCarlo = monteCarloOf(composed.monteCarlo, problems);
  const solve = solveOf(composed, problems);
  onePlaceEach(composed, problems);
  const tests = (scenario.tests ?? [])
    .map(inOrder)
    .sort((a, b) => byId(canonicalJson(a as Json), canonicalJson(b as Json)));
  if (new Set(tests.map((test) => canonicalJson(test as Json))).size !== tests.length)
    problems.push({ path: ["tests"], words: "a test stands twice" });
  const reports = [...new Set(scenario.reports ?? [])].sort(byId);
  if (tests.length + reports.length === 0)
    problems.push({ path: [], words: "says neither what must hold (tests) nor what it shows (reports)" });
  checkTests(tests, scenario, periods, problems);
  const points = Object.values(grid).reduce((product, values) => product * values.length, 1);
  const cells = points * (monteCarlo?.count ?? 1);
  if (cells > SCENARIO_LIMITS.cells)
    problems.push({
      path: composed.grid?.at ?? composed.monteCarlo?.at ?? [],
      words: `makes ${cells} cells; ${SCENARIO_LIMITS.cells} is the most`,
    });
  if (problems.length > 0) return { problems };
  const { id, version, title, about } = scenario;
  const computed = { id, version, periods, factors, grid, monteCarlo, solve, tests, reports };
  const hash = hashOf({ format: FORMAT, ...computed } as unknown as Json);
  return { problems, resolved: { ...computed, title, about, lineage: composed.lineage, cells, hash } };
}

/** The address, or a problem at its place. */
function addressed(
  address: string,
  at: ScenarioProblem["path"],
  problems: ScenarioProblem[],
): FactorAddress | undefined {
  const read = readAddress(address);
  if (!("problem" in read)) return read;
  problems.push({ path: at, words: read.problem });
  return undefined;
}

function factorsOf(composed: Composed, periods: Periods | null, problems: ScenarioProblem[]): Record<string, string[]> {
  if (composed.factors.size > SCENARIO_LIMITS.factors)
    problems.push({
      path: ["factors"],
      words: `has ${composed.factors.size} factors; ${SCENARIO_LIMITS.factors} is the most`,
    });
  return sorted(
    [...composed.factors].flatMap(([address, { value, at, from }]): [string, string[]][] => {
      const factor = addressed(address, at, problems);
      if (factor === undefined) return [];
      const inherited = at[0] === "extends";
      const path = pathOf(factor, value, periods?.count ?? 1, periods === null, (words, ...more) =>
        // an inherited factor has no line of its own here
        problems.push(
          inherited ? { path: at, words: `${address} of ${from} ${words}` } : { path: [...at, ...more], words },
        ),
      );
      return [[address, path]];
    }),
  );
}

function gridOf({ grid }: Composed, problems: ScenarioProblem[]): Record<string, string[]> {
  if (grid === undefined) return {};
  const axes = Object.entries(grid.value);
  if (axes.length === 0) problems.push({ path: grid.at, words: "names no axis" });
  if (axes.length > SCENARIO_LIMITS.gridAxes)
    problems.push({ path: grid.at, words: `has ${axes.length} axes; ${SCENARIO_LIMITS.gridAxes} is the most` });
  return sorted(
    axes.flatMap(([address, axis]): [string, string[]][] => {
      const at = [...grid.at, address];
      const factor = addressed(address, at, problems);
      if (factor === undefined) return [];
      return [
        [address, axisValues(factor, axis, (words, ...more) => problems.push({ path: [...at, ...more], words }))],
      ];
    }),
  );
}

function solveOf({ solve }: Composed, problems: ScenarioProblem[]): Solve | null {
  if (solve === undefined) return null;
  const { unknown, between, holds } = solve.value;
  const factor = addressed(unknown, [...solve.at, "unknown"], problems);
  for (const [index, bound] of between.entries()) {
    const problem = factor === undefined ? undefined : valueProblem(factor, bound);
    if (problem !== undefined) problems.push({ path: [...solve.at, "between", index], words: problem });
  }
  if (Number(between[0]) >= Number(between[1]))
    problems.push({ path: [...solve.at, "between"], words: "expected the lower value first, then a higher one" });
  return { unknown, between, holds: inOrder(holds) };
}

/** A factor has one source: a value, an axis, a draw, or it is the unknown. */
function onePlaceEach(composed: Composed, problems: ScenarioProblem[]): void {
  const { factors, grid, monteCarlo, solve } = composed;
  const taken = new Map([...factors.keys()].map((address) => [address, "a value"]));
  const take = (address: string, as: string, path: ScenarioProblem["path"]): void => {
    const before = taken.get(address);
    if (before !== undefined) problems.push({ path, words: `has ${before} already; a factor cannot have ${as} too` });
    taken.set(address, as);
  };
  for (const address of Object.keys(grid?.value ?? {})) take(address, "an axis", [...(grid?.at ?? []), address]);
  for (const address of Object.keys(monteCarlo?.value.draws ?? {}))
    take(address, "a draw", [...(monteCarlo?.at ?? []), "draws", address]);
  if (solve !== undefined) take(solve.value.unknown, "to be found", [...solve.at, "unknown"]);
}

function checkTests(
  tests: readonly PassTest[],
  scenario: Scenario,
  periods: Periods | null,
  problems: ScenarioProblem[],
): void {
  const count = periods?.count ?? 1;
  for (const test of tests)
    if (test.test === "fill_path" && test.atLeast.length !== count) {
      const index = (scenario.tests ?? []).findIndex((one) => one.test === "fill_path" && one.atLeast.length !== count);
      problems.push({
        path: ["tests", index, "atLeast"],
        words: `has ${test.atLeast.length} values, and the scenario ${count} periods: one value per period`,
      });
    }
}

/** Buckets in the order of the ladder, so that the order in which they are written changes nothing. */
const inOrder = (test: PassTest): PassTest =>
  test.test === "rcr" ? { ...test, buckets: BUCKETS.filter((bucket) => test.buckets.includes(bucket)) } : test;

export const sorted = <T>(entries: readonly [string, T][]): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => byId(a, b)));

/** The resolved scenario as one that extends nothing: resolving it again gives the same, hash included. */
export function asScenario(resolved: ResolvedScenario): Scenario {
  const { id, version, title, about, periods, grid, monteCarlo, solve, tests, reports } = resolved;
  const factors = Object.entries(resolved.factors).map(([address, values]): [string, string | string[]] => {
    const read = readAddress(address);
    const one = periods === null || (!("problem" in read) && read.kind.timing === "term");
    return [address, one ? (values[0] as string) : [...values]];
  });
  return {
    id,
    version,
    title,
    about,
    sources: [{ words: "Resolved from the scenarios it extends.", evidence: "derived" }],
    ...(periods === null ? {} : { periods }),
    factors: Object.fromEntries(factors),
    ...(Object.keys(grid).length === 0
      ? {}
      : { grid: sorted(Object.entries(grid).map(([key, values]) => [key, [...values]])) }),
    ...(monteCarlo === null ? {} : { monteCarlo }),
    ...(solve === null ? {} : { solve }),
    tests: [...tests],
    reports: [...reports],
  };
}
