// Scenario files: read with their lines, a folder of them, a file to start from, and those of the Federal Reserve.
export { fedPaths, fedScenarioTexts } from "./fed-paths.ts";
export { openScenarioFolder, type ScenarioFolder, scenarioFileName, scenarioFolder } from "./scenario-folder.ts";
export { scenarioTemplate } from "./scenario-template.ts";
export {
  readScenarioText,
  resolveScenarioText,
  type ScenarioFile,
} from "./scenario-text.ts";
