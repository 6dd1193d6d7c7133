// Numbered cells of a scenario: every grid point with every draw. Any cell is computed by its number alone; the sequence gives the same. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { BROADER, type FactorName } from "@evergreen-fund/domain/scenarios/index.ts";
import { type Draws, drawsOf } from "./draws.ts";
import { type ResolvedScenario, sorted } from "./resolve.ts";

export interface Cell {
  /** From 0; cell = point × draws + row. */
  cell: number;
  /** Values of the axes at its grid point. */
  point: Readonly<Record<string, string>>;
  /** Which draw; null without Monte Carlo. All points share their draws, so that points are compared by the same luck. */
  row: number | null;
  /** Address → one decimal text per period: what the scenario says, the point, and the draw. */
  factors: Readonly<Record<string, readonly string[]>>;
}

const periodsOf = ({ periods }: ResolvedScenario): number => periods?.count ?? 1;
const drawsFor = (scenario: ResolvedScenario): Draws | undefined =>
  scenario.monteCarlo === null ? undefined : drawsOf(scenario.monteCarlo, periodsOf(scenario));

function cellFrom(
  scenario: ResolvedScenario,
  cell: number,
  point: Record<string, string>,
  row: number | null,
  draws: Draws | undefined,
): Cell {
  const count = periodsOf(scenario);
  const values = row === null || draws === undefined ? [] : draws.row(row);
  const factors: [string, readonly string[]][] = [
    ...Object.entries(scenario.factors),
    ...Object.entries(point).map(([address, value]): [string, string[]] => [
      address,
      new Array<string>(count).fill(value),
    ]),
    ...values.map((path, index): [string, string[]] => [draws?.addresses[index] as string, path]),
  ];
  return { cell, point, row, factors: sorted(factors) };
}

/** One cell by its number, from nothing else. Errors: EG400 for a number outside 0 … cells − 1. */
export function scenarioCell(scenario: ResolvedScenario, cell: number): Cell {
  if (!Number.isInteger(cell) || cell < 0 || cell >= scenario.cells)
    throw new EvergreenError("EG400", `Scenario ${scenario.id} has cells 0 to ${scenario.cells - 1}.`);
  const rows = scenario.monteCarlo?.count ?? 1;
  let rest = Math.floor(cell / rows);
  const point: Record<string, string> = {};
  for (const [address, values] of Object.entries(scenario.grid).reverse()) {
    point[address] = values[rest % values.length] as string;
    rest = Math.floor(rest / values.length);
  }
  return cellFrom(
    scenario,
    cell,
    sorted(Object.entries(point)),
    scenario.monteCarlo === null ? null : cell % rows,
    drawsFor(scenario),
  );
}

/** All cells in their order. */
export function* scenarioCells(scenario: ResolvedScenario): Generator<Cell, void, undefined> {
  const draws = drawsFor(scenario);
  let cell = 0;
  for (const point of points(Object.entries(scenario.grid)))
    for (let row = 0; row < (scenario.monteCarlo?.count ?? 1); row++)
      yield cellFrom(scenario, cell++, sorted(point), scenario.monteCarlo === null ? null : row, draws);
}

function* points(axes: readonly [string, readonly string[]][]): Generator<[string, string][], void, undefined> {
  const [axis, ...others] = axes;
  if (axis === undefined) return yield [];
  for (const value of axis[1]) for (const rest of points(others)) yield [[axis[0], value], ...rest];
}

/**
 * The values that hold for something of a kind: those of the most specific address there is. A part is the word itself, then its broader
 * class, then `all`; the left part counts most. Undefined when no address fits: nothing moves.
 */
export function factorFor(
  factors: Cell["factors"],
  name: FactorName,
  parts: readonly string[],
): { address: string; values: readonly string[] } | undefined {
  const ways = parts.map((word) => [word, ...(BROADER[word] === undefined ? [] : [BROADER[word]]), "all"]);
  const addresses = ways.reduce<string[]>(
    (found, words) => found.flatMap((one) => words.map((word) => `${one}.${word}`)),
    [name],
  );
  const address = addresses.find((one) => Object.hasOwn(factors, one));
  return address === undefined ? undefined : { address, values: factors[address] as readonly string[] };
}
