// `node --import tsx scripts/write-fed-scenarios.ts FOLDER`: writes the two Federal Reserve scenarios of scenarios/ from the published tables (CSV).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import { fedScenarioTexts } from "@evergreen-fund/interchange/scenarios/fed-paths.ts";
import { scenarioFileName } from "@evergreen-fund/interchange/scenarios/scenario-folder.ts";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("Name the folder of the published tables (2025-table-1A_Historic_Domestic.csv and the others).");
  process.exit(2);
}
for (const [id, text] of Object.entries(fedScenarioTexts((name) => readFileSync(join(folder, name), "utf8")))) {
  const path = join(REPOSITORY_ROOT, "scenarios", scenarioFileName(id));
  writeFileSync(path, text);
  console.log(path);
}
