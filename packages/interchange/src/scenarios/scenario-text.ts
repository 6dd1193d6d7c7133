// A scenario from YAML or JSON text: its value, its problems with their lines, and the line of any place in it.
import { parseScenario, type Scenario, type ScenarioProblem } from "@evergreen-fund/domain/scenarios/index.ts";
import { type ResolvedScenario, type ScenarioShelf, tryResolve } from "@evergreen-fund/finance/scenarios/index.ts";
import { inLines, type LocatedProblem, readLocated } from "../located-text.ts";

/** Longest text of one scenario, in characters. */
export const LONGEST_SCENARIO = 256 * 1024;

export interface ScenarioFile {
  file: string;
  /** Absent when the text is no scenario. */
  scenario?: Scenario;
  /** Absent when there is any problem. */
  resolved?: ResolvedScenario;
  problems: LocatedProblem[];
  /** A place of the scenario as a problem of the file. */
  locate: (problem: ScenarioProblem) => LocatedProblem;
}

/** Reads the shape of a scenario. Whatever is wrong with it is in `problems`; nothing is thrown. */
export function readScenarioText(text: string, file: string): ScenarioFile {
  const read = readLocated(text, file, LONGEST_SCENARIO);
  if ("problem" in read) return { file, problems: [read.problem], locate: ({ words }) => ({ ...read.problem, words }) };
  const { body, locate } = read;
  const { scenario, problems } = parseScenario(body);
  return { file, problems: inLines(problems.map(locate)), locate, ...(scenario === undefined ? {} : { scenario }) };
}

/** The same with what its parts say together, and with what it extends. */
export function resolveScenarioText(text: string, file: string, shelf: ScenarioShelf): ScenarioFile {
  const read = readScenarioText(text, file);
  return resolveFile(read, shelf);
}

export function resolveFile(read: ScenarioFile, shelf: ScenarioShelf): ScenarioFile {
  if (read.scenario === undefined || read.problems.length > 0) return read;
  const { resolved, problems } = tryResolve(read.scenario, shelf);
  return resolved === undefined ? { ...read, problems: inLines(problems.map(read.locate)) } : { ...read, resolved };
}
