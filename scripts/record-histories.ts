// Records golden histories from a running stack (EVERGREEN_HOME, EVERGREEN_PORT_BASE): `npm run histories -- <workflow id>=<playbook>.<what> …`
// Writes workflows/histories/<playbook>.<what>.json. Record synthetic funds only: the key of these files is public.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codecKey, loadConfig, REPOSITORY_ROOT, temporalAddress } from "@evergreen-fund/config";
import { recordHistory } from "@evergreen-fund/testing/replay.ts";
import { Client, Connection } from "@temporalio/client";

const wanted = process.argv.slice(2).map((argument) => argument.split("="));
if (wanted.length === 0 || wanted.some(([id, name]) => !id || !/^[a-z-]+\.[a-z-]+$/.test(name ?? ""))) {
  process.stderr.write(
    "Usage: npm run histories -- event/<event id>=rebalance.approved …   (<playbook>.<what happened>)\n",
  );
  process.exit(2);
}
const config = loadConfig();
const connection = await Connection.connect({ address: temporalAddress(config) });
const client = new Client({ connection, namespace: config.temporal.namespace });
for (const [workflowId = "", name = ""] of wanted) {
  const file = join("workflows", "histories", `${name}.json`);
  await writeFile(join(REPOSITORY_ROOT, file), await recordHistory(client, workflowId, codecKey(config)));
  process.stdout.write(`${file}\n`);
}
await connection.close();
