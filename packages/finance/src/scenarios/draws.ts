// Monte Carlo: what is drawn, checked and in one order; and the draw of any row by itself, from a counter. Pure.
import {
  type Distribution,
  decimalText,
  type FactorAddress,
  type FactorKind,
  type MonteCarlo,
  readAddress,
  SCENARIO_LIMITS,
  type ScenarioProblem,
  valueProblem,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { byId } from "../money.ts";
import { cholesky } from "../random/cholesky.ts";
import { normalProbability, normalQuantile } from "../random/normal.ts";
import { uniformAt } from "../random/philox.ts";
import { COMPUTED_DECIMALS } from "./factor-paths.ts";

type Place = ScenarioProblem["path"];

/** Draws and correlation in the order of their addresses; a correlation names what it does not correlate as well. */
export function monteCarloOf(
  given: { value: MonteCarlo; at: Place } | undefined,
  problems: ScenarioProblem[],
): MonteCarlo | null {
  if (given === undefined) return null;
  const { seed, count, drawn, draws, correlation } = given.value;
  const refuse = (words: string, ...more: (string | number)[]): void =>
    void problems.push({ path: [...given.at, ...more], words });
  const addresses = Object.keys(draws).sort(byId);
  if (addresses.length === 0) refuse("draws no factor", "draws");
  if (addresses.length > SCENARIO_LIMITS.drawn)
    refuse(`draws ${addresses.length} factors; ${SCENARIO_LIMITS.drawn} is the most`, "draws");
  for (const address of addresses) {
    const factor = readAddress(address);
    if ("problem" in factor) refuse(factor.problem, "draws", address);
    else
      checkDistribution(factor, draws[address] as Distribution, (words, ...more) =>
        refuse(words, "draws", address, ...more),
      );
  }
  const matrix = correlation === undefined ? undefined : matrixOf(correlation, addresses, refuse);
  return {
    seed,
    count,
    drawn,
    draws: Object.fromEntries(addresses.map((address) => [address, draws[address] as Distribution])),
    ...(matrix === undefined ? {} : { correlation: { of: addresses, matrix } }),
  };
}

function checkDistribution(
  factor: FactorAddress,
  given: Distribution,
  refuse: (words: string, ...more: string[]) => void,
): void {
  const { kind, name } = factor;
  if (given.distribution === "lognormal" && kind.effect !== "relative" && kind.effect !== "times")
    refuse(`${name} cannot be lognormal: that is for relative moves and multiples`, "distribution");
  if (given.distribution !== "uniform" && given.distribution !== "triangular") return;
  for (const end of ["from", "to"] as const) {
    const problem = valueProblem(factor, given[end]);
    if (problem !== undefined) refuse(problem, end);
  }
  const [from, to] = [Number(given.from), Number(given.to)];
  if (from >= to) refuse("expected the lower value first, then a higher one", "to");
  if (given.distribution === "triangular" && (Number(given.mode) < from || Number(given.mode) > to))
    refuse("lies between from and to", "mode");
}

function matrixOf(
  { of, matrix }: NonNullable<MonteCarlo["correlation"]>,
  addresses: readonly string[],
  refuse: (words: string, ...more: (string | number)[]) => void,
): string[][] | undefined {
  const stranger = of.findIndex((address) => !addresses.includes(address));
  if (stranger >= 0) refuse(`is not drawn; what is drawn: ${addresses.join(", ")}`, "correlation", "of", stranger);
  if (new Set(of).size !== of.length) refuse("names a factor twice", "correlation", "of");
  if (matrix.length !== of.length || matrix.some((row) => row.length !== of.length)) {
    refuse(`has ${of.length} rows of ${of.length} numbers, one per factor named`, "correlation", "matrix");
    return undefined;
  }
  try {
    cholesky(matrix.map((row) => row.map(Number)));
  } catch (error) {
    refuse((error as Error).message.replace(/^A correlation matrix /, "").replace(/\.$/, ""), "correlation", "matrix");
    return undefined;
  }
  const at = (address: string): number => of.indexOf(address);
  return addresses.map((row) =>
    addresses.map((column) => matrix[at(row)]?.[at(column)] ?? (row === column ? "1" : "0")),
  );
}

export interface Draws {
  addresses: readonly string[];
  /** Values of one row: for every address one decimal text per period. */
  row: (row: number) => string[][];
}

/**
 * Draws of a Monte Carlo over `periods` periods. Row r needs no other row: its numbers are uniformAt(seed, r, period, place of the address),
 * period 0 for what is drawn once. Values are held to the factor's limits and rounded HALF_UP at 10 decimals (whole ones to whole numbers).
 */
export function drawsOf(monteCarlo: MonteCarlo, periods: number): Draws {
  const addresses = Object.keys(monteCarlo.draws);
  const kinds = addresses.map((address) => (readAddress(address) as FactorAddress).kind);
  const distributions = Object.values(monteCarlo.draws);
  const triangle = monteCarlo.correlation
    ? cholesky(monteCarlo.correlation.matrix.map((line) => line.map(Number)))
    : undefined;
  const n = addresses.length;
  const normals = (row: number, period: number): number[] => {
    const free = Array.from({ length: n }, (_, column) =>
      normalQuantile(uniformAt(monteCarlo.seed, row, period, column)),
    );
    if (triangle === undefined) return free;
    return triangle.map((line, i) => line.reduce((sum, weight, k) => (k <= i ? sum + weight * free[k]! : sum), 0));
  };
  const valueAt = (z: readonly number[], i: number): number =>
    within(kinds[i]!, drawn(distributions[i]!, z[i]!, kinds[i]!.effect === "relative"));
  return {
    addresses,
    row(row) {
      const once = normals(row, 0);
      const perPeriod =
        monteCarlo.drawn === "once" ? [] : Array.from({ length: periods }, (_, index) => normals(row, index + 1));
      return kinds.map((kind, i) => {
        if (monteCarlo.drawn === "once" || kind.timing === "term")
          return new Array<string>(periods).fill(textOf(kind, valueAt(once, i)));
        let level = 0;
        return perPeriod.map((z) => {
          const move = valueAt(z, i);
          if (kind.timing === "flow" || kind.effect === "set" || kind.effect === "times") return textOf(kind, move);
          level = kind.effect === "add" ? level + move : (1 + level) * (1 + move) - 1;
          return textOf(kind, within(kind, level));
        });
      });
    },
  };
}

/** Value of a distribution where a standard normal variable is z; the others are reached through its probability. */
function drawn(given: Distribution, z: number, relative: boolean): number {
  if (given.distribution === "normal") return Number(given.mean) + Number(given.sd) * z;
  if (given.distribution === "lognormal") {
    const factor = Math.exp(Number(given.mu) + Number(given.sigma) * z);
    return relative ? factor - 1 : factor;
  }
  const [u, from, to] = [normalProbability(z), Number(given.from), Number(given.to)];
  if (given.distribution === "uniform") return from + (to - from) * u;
  const [mode, width] = [Number(given.mode), to - from];
  const rising = (mode - from) / width;
  return u < rising ? from + Math.sqrt(u * width * (mode - from)) : to - Math.sqrt((1 - u) * width * (to - mode));
}

const within = ({ least, most }: FactorKind, value: number): number => Math.min(Math.max(value, least), most);

function textOf(kind: FactorKind, value: number): string {
  return decimalText((kind.whole ? Math.round(value) : value).toFixed(kind.whole ? 0 : COMPUTED_DECIMALS)) as string;
}
