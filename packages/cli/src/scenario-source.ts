// A scenario by its id from scenarios/, or from any file, which may extend those; refused with every mistake and its line.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Scenario } from "@evergreen-fund/domain/scenarios/index.ts";
import type { ResolvedScenario } from "@evergreen-fund/finance/scenarios/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import {
  openScenarioFolder,
  resolveScenarioText,
  type ScenarioFile,
  type ScenarioFolder,
} from "@evergreen-fund/interchange/scenarios/index.ts";
import { plain } from "./output.ts";

/** The scenarios that come with the platform. */
export const shippedScenarios = (): Promise<ScenarioFolder> => openScenarioFolder(join(REPOSITORY_ROOT, "scenarios"));

const isFile = (given: string): boolean => /[/\\]|\.(ya?ml|json)$/i.test(given);

/** The file that is meant, right or wrong. Errors: EG404 no such id, EG400 no such file. */
export async function scenarioFile(given: string, shipped: ScenarioFolder): Promise<ScenarioFile> {
  if (!isFile(given)) return shipped.find(given);
  const text = await readFile(given, "utf8").catch((cause: unknown) => {
    throw new EvergreenError("EG400", `There is no file ${plain(given)}; scenarios by id: ${shipped.ids.join(", ")}.`, {
      cause,
    });
  });
  return resolveScenarioText(text, plain(given), shipped);
}

/** The scenario of an id or a file, ready to be computed. Errors: EG400 with every mistake and its line, EG404 no such id. */
export async function resolvedScenario(given: string): Promise<{ scenario: Scenario; resolved: ResolvedScenario }> {
  const { scenario, resolved, problems } = await scenarioFile(given, await shippedScenarios());
  if (scenario === undefined || resolved === undefined)
    throw new EvergreenError("EG400", problems.map((problem) => plain(problemLine(problem))).join("; "));
  return { scenario, resolved };
}
