// Builds the dashboard once per state of its sources: `node --import tsx dashboard/build.ts FOLDER` prints the folder of the finished files.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

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
  "packages/reports/src",
  "packages/verifier/src",
  "scenarios",
  "package-lock.json",
];

/** The scenarios that come with the platform, as the constant of the page that edits them. */
async function shippedScenarios(): Promise<string> {
  const { parse } = await import("yaml");
  const folder = join(ROOT, "scenarios");
  const files = (statEntries(folder) ?? []).filter((name) => name.endsWith(".yaml"));
  return JSON.stringify(files.map((name) => parse(readFileSync(join(folder, name), "utf8"))));
}

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
      define: { SHIPPED_SCENARIOS: await shippedScenarios() },
      // a file of its own for everything: the page's policy allows no data: address and no inline script
      build: { outDir: making, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    });
    await compress(making);
    await rename(making, folder).catch((error: unknown) => {
      if (!existsSync(join(folder, "index.html"))) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** Smaller files gain nothing. */
const WORTH_IT_BYTES = 1_024;

/** Beside each file the same as brotli and as gzip, once and thoroughly, so that serving it costs nothing. */
async function compress(folder: string): Promise<void> {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.(js|css|html|svg)$/.test(name)) continue;
    const bytes = await readFile(join(folder, name));
    if (bytes.length < WORTH_IT_BYTES) continue;
    await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(bytes));
    await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }));
  }
}

const [, entry, cacheDir] = process.argv;
if (entry === fileURLToPath(import.meta.url) && cacheDir !== undefined)
  process.stdout.write(`${await buildDashboard(cacheDir)}\n`);
