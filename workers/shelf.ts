// The shelf of shipped scenarios as a worker process hands it to rooms: each as `fn_request_stress` takes it. Rooms know neither YAML nor folders.
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain";
import { scenarioText } from "@evergreen-fund/finance/scenarios/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { openScenarioFolder } from "@evergreen-fund/interchange/scenarios/index.ts";

export interface ShelvedScenario {
  scenario_id: string;
  version: number;
  title: string;
  scenario_hash: string;
  /** The JSON text that the hash covers. */
  body: string;
}
export interface Shelf {
  /** Every shipped scenario in the order of its id. Errors: EG400 when a file is wrong. */
  all(): Promise<ShelvedScenario[]>;
}

const SHIPPED = join(import.meta.dirname, "../scenarios");

export const openShelf = (folder = SHIPPED): Shelf => ({
  async all() {
    const { files, problems } = await openScenarioFolder(folder);
    const [first] = problems;
    if (first !== undefined) throw new EvergreenError("EG400", `A shipped scenario is wrong: ${problemLine(first)}`);
    return files.flatMap(({ resolved }) =>
      resolved === undefined
        ? []
        : [
            {
              scenario_id: resolved.id,
              version: resolved.version,
              title: resolved.title,
              scenario_hash: resolved.hash,
              body: scenarioText(resolved),
            },
          ],
    );
  },
});
