#!/usr/bin/env node
// The command line `evergreen`. Plain JavaScript, so that it can say what to run when nothing is installed yet.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Evergreen needs Node 20.19 or later; this is ${process.versions.node}.`);
} else if (!existsSync(join(root, "node_modules", "tsx"))) {
  fail(`The packages are not installed: run "npm ci" in ${root}, or "npm start".`);
} else if (!existsSync(join(root, "packages", "supabase-client", "src", "generated", "client.ts"))) {
  fail('The database client is not generated: run "npm start" once, or "node scripts/set-up.mjs".');
} else {
  const { register } = await import("tsx/esm/api");
  register();
  await import(pathToFileURL(join(root, "packages", "cli", "src", "main.ts")).href);
}

/** One sentence and the exit code for "something that is needed is not there". */
function fail(sentence) {
  process.stderr.write(`evergreen: ${sentence}\n`);
  process.exitCode = 5;
}
