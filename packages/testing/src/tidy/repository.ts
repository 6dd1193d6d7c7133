// The repository as data for the tidy rules: every file a person wrote, with its text. Reads files; touches nothing.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface RepositoryFile {
  /** From the root, with forward slashes. */
  path: string;
  text: string;
}

/** What a machine wrote or fetched, or what git does not keep. */
const SKIPPED_FOLDERS = new Set(["node_modules", ".git", "generated", "dist", ".evergreen", ".turbo", "coverage"]);
const READ = new Set([
  ".ts",
  ".tsx",
  ".mjs",
  ".js",
  ".json",
  ".sql",
  ".prisma",
  ".md",
  ".yml",
  ".yaml",
  ".sh",
  ".toml",
  "",
]);
const READ_NAMES = new Set([
  "Caddyfile",
  "Dockerfile",
  ".env.example",
  ".npmrc",
  ".nvmrc",
  ".gitignore",
  ".dockerignore",
]);
/** Histories are recorded, migrations, compiled contracts and the lock file are written by programs: rules of style do not bind them. */
const RECORDED = [
  /^workflows\/histories\/.*\.json$/,
  /^prisma\/migrations\//,
  /^package-lock\.json$/,
  /^contracts\/artefacts\//,
];

export const isRecorded = (path: string): boolean => RECORDED.some((pattern) => pattern.test(path));
/** The examples in docs/ are programs of somebody else's: none of our rules binds them. */
export const isCode = (path: string): boolean =>
  /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts") && !path.startsWith("docs/examples/");
/** Tests and what only tests use: they may look anywhere, so who-may-import-whom does not bind them. */
export const isTest = (path: string): boolean =>
  /\.(test|contract)\.ts$|(^|\/)(tests|fixtures)\/|^packages\/testing\/|(^|\/)(test|arbitrary)-[a-z-]+\.ts$/.test(path);

/** Every file below `root` that the rules look at, sorted by path. */
export function readRepository(root: string): RepositoryFile[] {
  const files: RepositoryFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) walk(path);
      } else if (entry.isFile() && isRead(entry.name)) {
        files.push({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") });
      }
    }
  };
  walk(root);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isRead(name: string): boolean {
  return READ_NAMES.has(name) || (!name.startsWith(".") && READ.has(extname(name)));
}
