// What a bench is compared with. Peers are installed by scripts/bench-peers.sh into the cache folder, never fetched from here and no part
// of the product; an absent one is named in the report.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { readConfig } from "@evergreen-fund/config/config.ts";

const run = promisify(execFile);
export type Environment = Readonly<Record<string, string | undefined>>;

export const INSTALL_PEERS = "scripts/bench-peers.sh installs it";

const folderOf = (environment: Environment): string => join(readConfig(environment).cacheDir, "peers");

/** File URL of an npm peer's entry, or undefined when it is not installed. */
export function npmPeer(environment: Environment, name: string): string | undefined {
  const manifest = join(folderOf(environment), "package.json");
  if (!existsSync(manifest)) return undefined;
  try {
    return pathToFileURL(createRequire(manifest).resolve(name)).href;
  } catch {
    return undefined;
  }
}

/** The Python that has `module`, or undefined. */
export async function pythonPeer(environment: Environment, module: string): Promise<string | undefined> {
  const python = join(folderOf(environment), "venv", "bin", "python");
  if (!existsSync(python)) return undefined;
  return run(python, ["-c", `import ${module}`], { timeout: 30_000 }).then(
    () => python,
    () => undefined,
  );
}

/** A program on the PATH, or undefined. */
export function program(environment: Environment, name: string): string | undefined {
  return (environment.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
