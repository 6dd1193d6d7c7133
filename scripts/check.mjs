// `npm run check`: types, lint, the tidy test, then every test, by turbo, which skips what has not changed since it last passed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureClient, ensureDependencies, ensureNode, root } from "./set-up.mjs";

ensureNode();
ensureDependencies();
ensureClient();
const tasks = ["//#types", "//#lint", "//#tidy", "//#tests"];
const chosen = process.argv.slice(2).map((task) => (task.startsWith("//#") ? task : `//#${task}`));
const { status } = spawnSync(
  process.execPath,
  [join(root, "node_modules", "turbo", "bin", "turbo"), "run", ...(chosen.length > 0 ? chosen : tasks), "--ui=stream"],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
  },
);
process.exit(status ?? 1);
