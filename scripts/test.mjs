// `npm test`: installs what is missing, then types, lint and every test; closes with one line `N passed, N failed[, N skipped]`.
//   npm test -- --project unit      only one kind of test (arguments go to vitest)
//   npm test -- --install           also installs the system packages some suites need (done by itself when CI is set)
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ensureClient, ensureDependencies, ensureNode, ensureTemporal, root } from "./set-up.mjs";
import { closingLine, skippedLines, tally, tallyOfVitest } from "./test-report.mjs";

/** System packages: what shows that it is there, and what installs it. The suites that miss one are skipped and say so. */
const SYSTEM_PACKAGES = [
  { name: "postgresql-15", proof: "/usr/lib/postgresql/15/bin/postgres" },
  { name: "chromium", proof: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium" },
];

const say = (line) => process.stdout.write(`${line}\n`);
const args = process.argv.slice(2).filter((argument) => argument !== "--install");
const mayInstall = process.argv.includes("--install") || Boolean(process.env.CI);
const quiet = {
  ...process.env,
  CHECKPOINT_DISABLE: "1",
  DO_NOT_TRACK: "1",
  LITE_TELEMETRY: "0",
  MEM0_TELEMETRY: "false",
};

ensureNode();
ensureDependencies();
ensureNativeParts();
ensureClient();
if (ensureTemporal({ optional: true }) === undefined)
  say("Temporal is missing: the suites that need a server will fail or skip.");
ensureSystemPackages();

const results = [];
const folder = mkdtempSync(join(tmpdir(), "evergreen-test-"));
try {
  results.push(program("types", join("typescript", "bin", "tsc"), ["--noEmit", "-p", "tsconfig.json"]));
  results.push(
    program("types of the dashboard", join("typescript", "bin", "tsc"), ["--noEmit", "-p", "dashboard/tsconfig.json"]),
  );
  results.push(program("lint", join("@biomejs", "biome", "bin", "biome"), ["check", "--error-on-warnings", "."]));
  results.push(tests(join(folder, "results.json")));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const total = tally(results);
for (const line of skippedLines(results.flatMap(({ skipped }) => skipped))) say(line);
say(closingLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** One program that passes or fails as a whole: it counts as one test. */
function program(name, file, programArgs) {
  say(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", file), ...programArgs], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: quiet,
  });
  say(status === 0 ? `${name}: passed` : `${name}: failed`);
  return { name, passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: [] };
}

function tests(report) {
  say("\n── tests");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(
    process.execPath,
    [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: quiet,
    },
  );
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  return tallyOfVitest(text, status, (path) => relative(root, path));
}

/** mem0 imports better-sqlite3 whether it is used or not; npm may have skipped building it. */
function ensureNativeParts() {
  if (existsSync(join(root, "node_modules", "better-sqlite3", "build", "Release", "better_sqlite3.node"))) return;
  say("Building better-sqlite3 …");
  const { status } = spawnSync("npm", ["rebuild", "better-sqlite3"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0)
    say("better-sqlite3 could not be built (it needs Python, make and a C++ compiler): the memory suites will fail.");
}

function ensureSystemPackages() {
  const missing = SYSTEM_PACKAGES.filter(({ proof }) => !existsSync(proof)).map(({ name }) => name);
  if (missing.length === 0) return;
  const command = [
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "-o",
    "Dpkg::Options::=--force-confold",
    ...missing,
  ];
  if (!mayInstall || process.platform !== "linux") {
    say(
      `Not installed: ${missing.join(", ")}. Their suites are skipped; \`npm test -- --install\` runs ${command.slice(0, 4).join(" ")} ${missing.join(" ")}`,
    );
    return;
  }
  say(`Installing ${missing.join(", ")} …`);
  const settings = "/etc/postgresql-common/createcluster.conf";
  try {
    // the tests start servers of their own; Debian's package would start one on the standard port
    if (!existsSync(settings)) {
      mkdirSync(dirname(settings), { recursive: true });
      writeFileSync(settings, "create_main_cluster = false\n");
    }
  } catch {
    // not root: apt-get will say so
  }
  const apt = (...aptArgs) =>
    spawnSync("apt-get", aptArgs, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status;
  if (apt("update", "-q") !== 0 || apt(...command.slice(1)) !== 0)
    say(`${missing.join(", ")} could not be installed: their suites are skipped.`);
}
