// Every variable that anything here reads is a row of the table of settings, and every row is read by somebody: found in the sources, not
// in a second list.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPOSITORY_ROOT, SETTINGS } from "./index.ts";

const FOLDERS = ["analytics", "bin", "packages", "prisma", "scripts", "workers", "workflows"];
const ROOT_FILES = ["docker-compose.yml", "Dockerfile", "README.md", "CONTRIBUTING.md", "vitest.config.ts"];
const NOT_OURS = /node_modules|\/generated\/|\/migrations\/|settings-sweep\.test\.ts$/;

function sources(): Map<string, string> {
  const files = ROOT_FILES.map((file) => join(REPOSITORY_ROOT, file));
  for (const folder of FOLDERS) {
    for (const entry of readdirSync(join(REPOSITORY_ROOT, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && /\.(m?[jt]s|md|sh|toml)$/.test(path) && !NOT_OURS.test(path)) files.push(path);
    }
  }
  return new Map(files.map((path) => [path.slice(REPOSITORY_ROOT.length + 1), readFileSync(path, "utf8")]));
}

/** Names that are made by compose-env.mjs for the containers alone, or only planted by a test to be found. */
const FOR_CONTAINERS = ["EVERGREEN_APP_PASSWORD"];
const PLANTED = ["EVERGREEN_COLOUR"];
/** How long a test looks and at what: of use to whoever hunts for a fault. */
const OF_TESTS = ["EVERGREEN_MODEL_RUNS", "EVERGREEN_SEED", "EVERGREEN_YEAR_DATES"];
/** What scripts and tests read of the machine they run on. */
const OF_THE_MACHINE = [
  "CI",
  "CHROMIUM_PATH",
  "PATH",
  "HOME",
  "PRISMA_SCHEMA_ENGINE_BINARY",
  "TZ",
  "LANG",
  "VITEST_POOL_ID",
];

const known = (name: string, more: readonly string[] = []): boolean =>
  Object.hasOwn(SETTINGS, name) || [...FOR_CONTAINERS, ...PLANTED, ...OF_TESTS, ...more].includes(name);

export function unknownNames(path: string, text: string): string[] {
  const prefixed = [...text.matchAll(/\bEVERGREEN_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name);
  // setting one, as mem0-door does for a library, is not reading it
  const read = [...text.matchAll(/\b(?:process\.env|environment)\.([A-Z][A-Z0-9_]+)\b(?!\s*(?:\?\?)?=[^=])/g)].map(
    ([, name = ""]) => name,
  );
  return [
    ...prefixed.filter((name) => !known(name)),
    ...read.filter((name) => !known(name, [...OF_THE_MACHINE, ...switchedOff(path)])),
  ].map((name) => `${path}: ${name}`);
}

/** Tests look at the switches that keep libraries quiet and at what the stack must not hand on. */
const switchedOff = (path: string): string[] =>
  /\.test\.ts$|\/test-/.test(path) ? ["MEM0_TELEMETRY", "DATABASE_URL", "TEMPORAL_CLI_PATH"] : [];

describe("the table of settings", () => {
  const files = sources();

  it("has a row for every name that is read or told of", () => {
    expect(files.size).toBeGreaterThan(300);
    expect([...files].flatMap(([path, text]) => unknownNames(path, text))).toEqual([]);
  });

  it("finds what is planted", () => {
    expect(unknownNames("a.ts", "const a = process.env.SECRET_DOOR;")).toEqual(["a.ts: SECRET_DOOR"]);
    expect(unknownNames("a.md", "set EVERGREEN_LUCK=1")).toEqual(["a.md: EVERGREEN_LUCK"]);
    expect(unknownNames("a.ts", "process.env.QUIET_PLEASE = '1'; process.env.EVERGREEN_HOME;")).toEqual([]);
  });

  it("has no row that nobody reads", () => {
    const readers = [...files].filter(([path]) => !/settings(-sweep\.test)?\.ts$|\.md$|\.yml$/.test(path));
    const unread = Object.keys(SETTINGS).filter((name) => !readers.some(([, text]) => text.includes(name)));
    expect(unread).toEqual([]);
  });
});
