// Scenarios for tests: made from the few words a test is about, resolved, or their problems as "place: words". Synthetic.
import { Scenario, ScenarioError } from "@evergreen-fund/domain/scenarios/index.ts";
import { type ResolvedScenario, resolveScenario } from "./index.ts";

export const scenarioBody = {
  id: "test",
  title: "Synthetic",
  version: 1,
  about: "Synthetic scenario of a test.",
  sources: [{ words: "A test.", evidence: "derived" }],
  reports: ["rcr"],
};
export const made = (given: object): Scenario => Scenario.parse({ ...scenarioBody, ...given });
export const shelfOf = (...scenarios: Scenario[]) => ({
  ids: scenarios.map(({ id }) => id),
  get: (id: string) => scenarios.find((one) => one.id === id),
});
export const resolved = (given: object, ...others: Scenario[]): ResolvedScenario =>
  resolveScenario(made(given), shelfOf(...others));
export const problems = (given: object, ...others: Scenario[]): string[] => {
  try {
    resolved(given, ...others);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems.map(({ path, words }) => `${path.join("/")}: ${words}`);
    throw error;
  }
  return [];
};
export const four = { unit: "quarter", count: 4 };
