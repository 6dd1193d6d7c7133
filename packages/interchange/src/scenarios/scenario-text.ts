// A scenario from YAML or JSON text: its value, its problems with their lines, and the line of any place in it.
import { parseScenario, type Scenario, type ScenarioProblem } from "@evergreen-fund/domain/scenarios/index.ts";
import { type ResolvedScenario, type ScenarioShelf, tryResolve } from "@evergreen-fund/finance/scenarios/index.ts";
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { quoted } from "../refusals.ts";

/** Longest text of one scenario, in characters. */
export const LONGEST_SCENARIO = 256 * 1024;

export interface LocatedProblem {
  file: string;
  /** From 1. */
  line: number;
  /** Keys from the top, joined by dots; empty for the file itself. */
  field: string;
  /** What is wrong, with the values that are allowed. */
  words: string;
}

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

/** `scenarios/base.yaml:12: factors.haircut.all: takes 0 to 1 …` */
export const problemLine = ({ file, line, field, words }: LocatedProblem): string =>
  `${file}:${line}: ${field === "" ? "" : `${field}: `}${words}`;

/** Reads the shape of a scenario. Whatever is wrong with it is in `problems`; nothing is thrown. */
export function readScenarioText(text: string, file: string): ScenarioFile {
  const counter = new LineCounter();
  const whole = (line: number, words: string): ScenarioFile => {
    const problem: LocatedProblem = { file, line, field: "", words };
    return { file, problems: [problem], locate: ({ words: more }) => ({ ...problem, words: more }) };
  };
  if (text.length > LONGEST_SCENARIO) return whole(1, "is larger than 256 KB");
  const document = parseDocument(text, {
    uniqueKeys: true,
    strict: true,
    schema: "core",
    // a value is what it looks like: no tag makes another of it
    resolveKnownTags: false,
    stringKeys: true,
    logLevel: "error",
    lineCounter: counter,
    prettyErrors: false,
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined)
    return whole(
      counter.linePos(error.pos[0]).line,
      `is neither YAML nor JSON: ${quoted(error.message.split("\n")[0] ?? "", 160).slice(1, -1)}`,
    );
  let value: unknown;
  try {
    // a few bytes cannot become many
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return whole(1, "uses aliases; write the values out");
  }
  const locate = ({ path, words }: ScenarioProblem): LocatedProblem => ({
    file,
    line: counter.linePos(offsetOf(document, path)).line,
    field: quoted(path.map(String).join("."), 200).slice(1, -1),
    words: quoted(words, 4_000).slice(1, -1),
  });
  const { scenario, problems } = parseScenario(value);
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

const inLines = (problems: LocatedProblem[]): LocatedProblem[] => problems.sort((a, b) => a.line - b.line);

/** Where a place begins: at its key, at the item of a list, or as near above as there is something. */
function offsetOf(document: Document, path: ScenarioProblem["path"]): number {
  let node: unknown = document.contents;
  let offset = (document.contents as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
