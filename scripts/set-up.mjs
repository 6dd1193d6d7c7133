// What must be there before anything runs: packages, the generated database client, the Temporal program. Plain JavaScript without
// dependencies; used by start.mjs and test.mjs, and runnable by itself: `node scripts/set-up.mjs`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What stops each tool from sending anything out by itself. */
const QUIET = {
  CHECKPOINT_DISABLE: "1",
  DO_NOT_TRACK: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  PRISMA_HIDE_UPDATE_MESSAGE: "1",
};

/** Ends the process with one sentence that says what to do. */
export function fail(sentence, code = 1) {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

const say = (line) => process.stderr.write(`${line}\n`);

/** Refuses a Node that cannot run this. */
export function ensureNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Evergreen needs Node 20.19 or later; this is ${process.versions.node}. With nvm: nvm install 24`, 5);
  }
}

/** Runs `npm ci` when node_modules is missing or older than the lock file. */
export function ensureDependencies() {
  const lock = join(root, "package-lock.json");
  // npm writes this file at the end of an install, at about the time at which it touches the lock itself.
  const installed = join(root, "node_modules", ".package-lock.json");
  if (isAsNew(installed, lock) && existsSync(join(root, "node_modules", "tsx"))) return;
  say("Installing the packages (npm ci): once, and it takes a minute or a few …");
  run(
    "npm",
    ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
    "The packages could not be installed: check the network and run `npm ci` again.",
  );
}

/** Generates the Prisma client when it is missing or older than the schema. Works without a network. */
export function ensureClient() {
  const schema = join(root, "prisma", "schema.prisma");
  const client = join(root, "packages", "supabase-client", "src", "generated", "client.ts");
  const mark = join(dirname(client), ".made-from");
  const wanted = readFileSync(schema, "utf8");
  if (existsSync(client) && existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  say("Generating the database client …");
  // Generating needs no engine, but the command looks for one and would download it: any program that exists satisfies it.
  // Never migrate with this setting: the stub "succeeds" and does nothing. Migrations run in packages/stack/src/migrate.ts.
  const env = {
    ...process.env,
    ...QUIET,
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
  };
  const prisma = join(root, "node_modules", "prisma", "build", "index.js");
  run(
    process.execPath,
    [prisma, "generate", "--schema", schema],
    "The database client could not be generated: see the message above.",
    env,
    true,
  );
  writeFileSync(mark, wanted);
}

/** Finds the Temporal program, or fetches or builds it. `optional`: says what is missing instead of ending the process. */
export function ensureTemporal({ optional = false } = {}) {
  const script = join(root, "packages", "stack", "src", "fetch-temporal.ts");
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", script], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    env: { ...process.env, ...QUIET },
  });
  if (status === 0) return stdout.trim();
  if (!optional) process.exit(status ?? 5);
  return undefined;
}

const ONE_INSTALL_MS = 60_000;
function isAsNew(file, than) {
  return existsSync(file) && statSync(file).mtimeMs + ONE_INSTALL_MS >= statSync(than).mtimeMs;
}

/** `quiet`: what it says is shown only when it fails. */
function run(command, args, sentence, env = { ...process.env, ...QUIET }, quiet = false) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    encoding: "utf8",
    env,
    shell: process.platform === "win32",
  });
  if (!error && status === 0) return;
  if (quiet) process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  fail(sentence);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureNode();
  ensureDependencies();
  ensureClient();
  ensureTemporal();
}
