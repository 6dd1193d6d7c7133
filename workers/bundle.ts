// The workflow bundle, made once per version of its sources and kept under EVERGREEN_HOME, so that a start does not wait for it.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Tracing, temporalPlugin } from "@evergreen-fund/tracing";
import { bundleWorkflowCode, type WorkflowBundle } from "@temporalio/worker";

const root = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["workflows/src", "packages/domain/src", "packages/tracing/src"];

/** Bundles workflows/src with the given tracing plugin; the same sources give the same file. */
export async function workflowBundle(home: string, tracing: Tracing): Promise<WorkflowBundle> {
  const file = join(home, "cache", `workflows-${await versionOf()}.js`);
  const kept = await readFile(file, "utf8").catch(() => null);
  if (kept !== null) return { code: kept };
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(root, "workflows/src/index.ts"),
    preloadModules: [join(root, "workflows/src/short-stacks.ts")],
    plugins: [temporalPlugin(tracing)],
    // every run loads the bundle's modules anew: what nobody uses is left out, and what is left becomes few modules
    webpackConfigHook: (settings) => ({
      ...settings,
      optimization: {
        concatenateModules: true,
        providedExports: true,
        sideEffects: true,
        usedExports: true,
        minimize: false,
      },
    }),
    failureConverterPath: join(root, "workflows/src/failure-converter.ts"),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error },
  } as Parameters<typeof bundleWorkflowCode>[0]);
  await mkdir(join(home, "cache"), { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, bundle.code);
  await rename(draft, file);
  return { code: bundle.code };
}

async function versionOf(): Promise<string> {
  const hash = createHash("sha256").update(await readFile(fileURLToPath(import.meta.url)));
  for (const folder of SOURCES) {
    const files = (await readdir(join(root, folder), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && entry.name.endsWith(".ts"),
    );
    for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort())
      hash.update(relative(root, path)).update(await readFile(path));
  }
  hash.update(await readFile(join(root, "package-lock.json")));
  return hash.digest("hex").slice(0, 16);
}
