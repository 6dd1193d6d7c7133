// Rounds of a comparison: the sides take turns in one run, and only ratios of the same round count, because machines are shared and noisy.
import { type MachineState, machineNow } from "./machine.ts";

/** One side of a comparison. `measure` answers one figure per round, always in the same unit. */
export interface Side {
  name: string;
  measure: (round: number) => Promise<number>;
}

export interface Round {
  round: number;
  /** How busy the machine was just before the round, by other programs. */
  before: MachineState;
  figures: Record<string, number>;
}

/** Median of the ratios of all rounds, and the lowest and highest of them. */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

/** Runs every side once per round; the order is turned round every second round, so that a drift favours nobody. */
export async function alternate(
  sides: readonly Side[],
  rounds: number,
  say: (text: string) => void = () => undefined,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = await machineNow();
    const figures: Record<string, number> = {};
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      say(`round ${round + 1} of ${rounds}: ${side.name}`);
      figures[side.name] = await side.measure(round);
    }
    done.push({ round: round + 1, before, figures });
  }
  return done;
}

/** `name` divided by `by`, round by round. @throws Error when a round has no such figure. */
export function ratioOf(rounds: readonly Round[], name: string, by: string): Ratio {
  const ratios = rounds.map(({ figures }) => figureOf(figures, name) / figureOf(figures, by));
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

export const medianOf = (rounds: readonly Round[], name: string): number =>
  median(rounds.map(({ figures }) => figureOf(figures, name)));

function figureOf(figures: Readonly<Record<string, number>>, name: string): number {
  const figure = figures[name];
  if (figure === undefined) throw new Error(`A round has no figure called ${name}.`);
  return figure;
}

/** The middle value; of an even number, the mean of the two in the middle. NaN for none. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Linear between neighbours; `share` from 0 to 1. NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}
