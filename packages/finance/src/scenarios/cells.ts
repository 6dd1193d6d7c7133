// Numbered cells of a scenario: every grid point with every draw. Any cell is computed by its number alone; the sequence gives the same. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { readAddress } from "@evergreen-fund/domain/scenarios/index.ts";
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
  return cellAt(scenario, cell, drawsFor(scenario));
}

function cellAt(scenario: ResolvedScenario, cell: number, draws: Draws | undefined): Cell {
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
    draws,
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
 * Cells first … first + count − 1 as doubles, for kernels: cell by cell, address by address, period by period. A double stands for its decimal text
 * without loss. An address the scenario does not move gives its neutral value. Errors: EG400 for a cell outside the range, an unknown address, or one
 * that has no neutral value and is not moved.
 */
export function cellDoubles(
  scenario: ResolvedScenario,
  addresses: readonly string[],
  first: number,
  count: number,
): Float64Array {
  if (![first, count].every(Number.isInteger) || first < 0 || count < 0 || first + count > scenario.cells)
    throw new EvergreenError("EG400", `Scenario ${scenario.id} has cells 0 to ${scenario.cells - 1}.`);
  const periods = periodsOf(scenario);
  const neutral = addresses.map((address) => {
    const read = readAddress(address);
    if ("problem" in read) throw new EvergreenError("EG400", `${address}: ${read.problem}.`);
    return read.kind.neutral;
  });
  const out = new Float64Array(count * addresses.length * periods);
  const draws = drawsFor(scenario);
  let at = 0;
  for (let cell = first; cell < first + count; cell++) {
    const { factors } = cellAt(scenario, cell, draws);
    for (const [index, address] of addresses.entries()) {
      const values = Object.hasOwn(factors, address) ? factors[address] : undefined;
      const still = neutral[index];
      if (values === undefined && still === null)
        throw new EvergreenError("EG400", `${address} is not moved, and has no value that changes nothing.`);
      for (let period = 0; period < periods; period++) out[at++] = Number(values?.[period] ?? still);
    }
  }
  return out;
}
