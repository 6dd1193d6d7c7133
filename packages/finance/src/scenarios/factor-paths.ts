// From the way a factor is written to one value per period; and the axis of a grid to its values. Exact decimals. Pure.
import {
  type FactorAddress,
  type FactorValue,
  type Grid,
  SCENARIO_LIMITS,
  valueProblem,
} from "@evergreen-fund/domain/scenarios/index.ts";
import { Exact, fixed } from "../money.ts";

/** Decimals of a value that is computed: the steps of a ramp, a draw. HALF_UP. */
export const COMPUTED_DECIMALS = 10;

const trimmed = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
const exactText = (value: Exact): string => trimmed(fixed(value, COMPUTED_DECIMALS));

type Refuse = (words: string, ...more: (string | number)[]) => void;

/** One value per period (`count`; an instant has one). What is wrong goes to `refuse`, with the keys below the factor. */
export function pathOf(
  factor: FactorAddress,
  value: FactorValue,
  count: number,
  instant: boolean,
  refuse: Refuse,
): string[] {
  const { name, kind } = factor;
  const checked = (text: string, ...more: (string | number)[]): string => {
    const problem = valueProblem(factor, text);
    if (problem !== undefined) refuse(problem, ...more);
    return text;
  };
  const constant = (text: string): string[] => new Array<string>(count).fill(text);
  if (typeof value === "string") return constant(checked(value));
  if (kind.timing === "term") {
    refuse(`${name} has one value for the whole scenario, not one per period`);
    return [];
  }
  if (instant) {
    refuse("takes one number: the scenario has no periods");
    return [];
  }
  const neutral = (lacks: boolean): string => {
    if (lacks && kind.neutral === null) refuse(`${name} has no value that changes nothing: give one for every period`);
    return kind.neutral ?? "0";
  };
  if (Array.isArray(value) || "path" in value) {
    const [path, lag, at] = Array.isArray(value) ? [value, 0, []] : [value.path, value.lag, ["path"]];
    if (path.length !== count)
      refuse(`has ${path.length} values, and the scenario ${count} periods: one value per period`, ...at);
    if (lag >= count) refuse(`is later than the last of ${count} periods`, "lag");
    for (const [index, text] of path.entries()) checked(text, ...at, index);
    return [...new Array<string>(lag).fill(neutral(lag > 0)), ...path].slice(0, count);
  }
  checked(value.value, "value");
  if ("over" in value) {
    const [over, lag] = [value.over, value.lag ?? 0];
    if (kind.timing !== "level" || kind.whole)
      refuse(`${name} is not a level that can be reached in steps: give one value per period`, "over");
    if (over + lag > count) refuse(`and lag reach the value after period ${count}, the last`, "over");
    const start = new Exact(neutral(true));
    return constant("").map((_, index) => {
      const step = Math.min(Math.max(index + 1 - lag, 0), over);
      if (step === over) return value.value;
      return exactText(start.plus(new Exact(value.value).minus(start).times(step).div(over)));
    });
  }
  const to = value.to ?? count;
  if (value.from > to || to > count)
    refuse(`expected periods from 1 to ${count}, the first not after the last`, "from");
  const whole = value.from === 1 && to === count;
  const outside = neutral(!whole);
  return constant("").map((_, index) => (index + 1 >= value.from && index + 1 <= to ? value.value : outside));
}

/** Values of one axis in the order in which they are written, each once. */
export function axisValues(factor: FactorAddress, axis: Grid[string], refuse: Refuse): string[] {
  const values = Array.isArray(axis) ? axis : steps(axis, refuse);
  for (const [index, text] of values.entries()) {
    const problem = valueProblem(factor, text);
    if (problem !== undefined) {
      refuse(problem, ...(Array.isArray(axis) ? [index] : []));
      break;
    }
  }
  if (new Set(values).size !== values.length) refuse("has a value twice");
  return values;
}

function steps({ from, to, step }: { from: string; to: string; step: string }, refuse: Refuse): string[] {
  const [first, last, width] = [new Exact(from), new Exact(to), new Exact(step)];
  if (width.lte(0) || last.lt(first)) {
    refuse("expected a step above 0 and an end that is not before the start", "step");
    return [];
  }
  const count = last.minus(first).div(width).floor().toNumber() + 1;
  if (count > SCENARIO_LIMITS.axisValues) {
    refuse(`has ${count} values; ${SCENARIO_LIMITS.axisValues} is the most`, "step");
    return [];
  }
  return Array.from({ length: count }, (_, index) => trimmed(first.plus(width.times(index)).toFixed()));
}
