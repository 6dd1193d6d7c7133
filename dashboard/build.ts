// Builds the dashboard once per state of its sources: `node --import tsx dashboard/build.ts FOLDER` prints the folder of the finished files.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);
/** What the browser is given is made from these; the lock file says which versions of the packages. */
const SOURCES = [
  "dashboard/src",
  "dashboard/public",
  "dashboard/index.html",
  "dashboard/package.json",
  "dashboard/build.ts",
  "packages/domain/src",
  "packages/finance/src",
  "package-lock.json",
];

/** Where the files of the sources as they stand are, or will be. */
export function builtFolder(cacheDir: string): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((path) => filesOf(join(ROOT, path)))) {
    const text = readFileSync(file);
    hash.update(`${relative(ROOT, file).split(sep).join("/")}\0${text.length}\0`).update(text);
  }
  return join(cacheDir, "dashboard", hash.digest("hex").slice(0, 24));
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = statEntries(path);
  if (entries === null) return /\.test\.tsx?$/.test(path) ? [] : [path];
  return entries.flatMap((name) => filesOf(join(path, name)));
}

function statEntries(path: string): string[] | null {
  try {
    return readdirSync(path).sort();
  } catch {
    return null; // a file
  }
}

/** The folder of the finished files; builds them when they are not there. Two that build at once end with the same files. */
export async function buildDashboard(cacheDir: string): Promise<string> {
  const folder = builtFolder(cacheDir);
  if (existsSync(join(folder, "index.html"))) return folder;
  const making = `${folder}.${process.pid}`;
  await mkdir(dirname(folder), { recursive: true });
  const [{ build }, { default: react }] = await Promise.all([import("vite"), import("@vitejs/plugin-react")]);
  try {
    await build({
      root: HERE,
      configFile: false,
      envFile: false,
      logLevel: "error",
      plugins: [react()],
      // a file of its own for everything: the page's policy allows no data: address and no inline script
      build: { outDir: making, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    });
    await rename(making, folder).catch((error: unknown) => {
      if (!existsSync(join(folder, "index.html"))) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

const [, entry, cacheDir] = process.argv;
if (entry === fileURLToPath(import.meta.url) && cacheDir !== undefined)
  process.stdout.write(`${await buildDashboard(cacheDir)}\n`);
