// A folder of scenario files: all of them read, each resolved against the others, every problem with its file and line.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { ScenarioShelf } from "@evergreen-fund/finance/scenarios/index.ts";
import type { LocatedProblem } from "../located-text.ts";
import { quoted } from "../refusals.ts";
import { readScenarioText, resolveFile, type ScenarioFile } from "./scenario-text.ts";

export interface ScenarioFolder extends ScenarioShelf {
  /** In the order of their names. */
  files: readonly ScenarioFile[];
  /** The file of an id or of another name it is asked for by. Errors: EG404 with the ids there are. */
  find: (name: string) => ScenarioFile;
  problems: readonly LocatedProblem[];
}

/** Name of the file of a scenario: `rates_up200` is in `rates-up200.yaml`. */
export const scenarioFileName = (id: string): string => `${id.replaceAll("_", "-")}.yaml`;

/**
 * Reads every `*.yaml` of a folder; `shown` is what its files are called in problems. A wrong file is a problem, not an error. Errors: EG400
 * when there is no such folder.
 */
export async function openScenarioFolder(folder: string, shown = "scenarios"): Promise<ScenarioFolder> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new EvergreenError("EG400", `There is no folder ${quoted(folder)} of scenarios.`, { cause });
  });
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith(".yaml"))
      .sort()
      .map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
  return scenarioFolder(texts.map(({ name, text }) => ({ name: `${shown}/${name}`, text })));
}

/** The same from texts that are at hand. */
export function scenarioFolder(texts: readonly { name: string; text: string }[]): ScenarioFolder {
  const read = texts.map(({ name, text }) => readScenarioText(text, name));
  const byId = new Map<string, ScenarioFile>();
  const byName = new Map<string, ScenarioFile>();
  for (const file of read) {
    const { scenario } = file;
    if (scenario === undefined) continue;
    const problem = (path: string[], words: string): void => void file.problems.push(file.locate({ path, words }));
    if (!file.file.endsWith(`/${scenarioFileName(scenario.id)}`))
      problem(["id"], `belongs in a file ${scenarioFileName(scenario.id)}`);
    for (const [path, name] of [
      ["id", scenario.id] as const,
      ...(scenario.aliases ?? []).map((alias) => ["aliases", alias] as const),
    ]) {
      const before = byName.get(name);
      if (before !== undefined) problem([path], `${name} is the name of ${before.file} already`);
      else byName.set(name, file);
    }
    if (!byId.has(scenario.id)) byId.set(scenario.id, file);
  }
  const ids = [...byId.keys()].sort();
  const shelf: ScenarioShelf = { ids, get: (id) => byId.get(id)?.scenario };
  const files = read.map((file) => resolveFile(file, shelf));
  return {
    ...shelf,
    files,
    problems: files.flatMap(({ problems }) => problems),
    find(name) {
      const file = byName.get(name);
      if (file === undefined)
        throw new EvergreenError("EG404", `There is no scenario ${quoted(name)}; there are ${ids.join(", ")}.`);
      return files[read.indexOf(file)] as ScenarioFile;
    },
  };
}
