// Records golden histories from a running stack (EVERGREEN_HOME, EVERGREEN_PORT_BASE): `npm run histories -- <workflow id>=<playbook>.<what> …`
// Writes workflows/histories/<playbook>.<what>.json. Record synthetic funds only: the key of these files is public.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codecKey, loadConfig, REPOSITORY_ROOT, temporalAddress } from "@evergreen-fund/config";
import { recordHistories } from "@evergreen-fund/testing/replay.ts";

const wanted = process.argv.slice(2).map((argument) => argument.split("="));
if (wanted.length === 0 || wanted.some(([id, name]) => !id || !/^[a-z-]+\.[a-z-]+$/.test(name ?? ""))) {
  process.stderr.write(
    "Usage: npm run histories -- event/<event id>=rebalance.approved …   (<playbook>.<what happened>)\n",
  );
  process.exit(2);
}
const config = loadConfig();
const source = { address: temporalAddress(config), namespace: config.temporal.namespace, key: codecKey(config) };
const ids = wanted.map(([workflowId = ""]) => workflowId);
for (const [index, text] of (await recordHistories(source, ids)).entries()) {
  const file = join("workflows", "histories", `${wanted[index]?.[1]}.json`);
  await writeFile(join(REPOSITORY_ROOT, file), text);
  process.stdout.write(`${file}\n`);
}
