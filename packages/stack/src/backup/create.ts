// `backup create`: everything of a home that cannot be made anew, while it runs. Temporal's store first and Postgres last: what a run did in
// between is then in Postgres, which answers a step that is asked again with its first answer; the other way round would lose what was done.
import { existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readdir, realpath, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { Config } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { adminUrl } from "../addresses.ts";
import { repeatErasures } from "./erasures.ts";
import { type BackupManifest, readManifest, saveKeys, seal } from "./manifest.ts";
import { copyPostgres } from "./postgres-copy.ts";

/** The part of better-sqlite3 that copies a store while its owner writes to it. */
type Sqlite = new (
  path: string,
  options: { readonly: boolean; fileMustExist: boolean },
) => {
  backup(target: string): Promise<unknown>;
  close(): void;
};

export const backupFolder = (home: string): string => join(home, "backups");
/** Where the keys of a backup go unless another place is named: never into the backup. */
export const keysFile = (home: string, name: string): string => join(home, "backup-keys", `${name}.json`);

export interface MadeBackup {
  folder: string;
  keys: string;
  manifest: BackupManifest;
}

/** Whether both stores are this home's own. Errors: EG428 when one is somebody else's, whose backup is made there. */
export function requireOwnStores(config: Config): void {
  if (config.directUrl !== null || config.supabase !== null)
    throw new EvergreenError("EG428", "This Postgres is not the stack's own: back it up where it runs.");
  if (config.temporal.address !== null)
    throw new EvergreenError("EG428", "This Temporal is not the stack's own: back it up where it runs.");
}

/**
 * Makes a backup of a home whose stack runs. A backup that fails leaves nothing that looks like one.
 * Errors: EG428 when a store is not the stack's own or a file of keys is there already, EG503 when Postgres does not answer.
 */
export async function createBackup(
  config: Config,
  options: { to?: string; keys?: string; say?: (line: string) => void } = {},
): Promise<MadeBackup> {
  const { say = () => undefined } = options;
  requireOwnStores(config);
  const name = new Date().toISOString().replace(/[-:.]/g, "");
  const folder = join(options.to ?? backupFolder(config.home), name);
  const keys = options.keys ?? keysFile(config.home, name);
  if (dirname(keys) === folder || dirname(keys).startsWith(`${folder}/`))
    throw new EvergreenError("EG400", "Keys do not go into the backup they open.");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const store = join(config.home, "temporal", "temporal.db");
    if (existsSync(store)) {
      say("copying Temporal's store");
      await copySqlite(store, join(folder, "temporal.db"));
    }
    await repeatErasures(config);
    say("copying documents, the newest snapshot and the archives");
    await copyAnalytics(config.home, folder);
    say("copying Postgres");
    const postgres = await copyPostgres(
      adminUrl(config, "postgres"),
      join(config.home, "pg"),
      join(folder, "postgres"),
    ).catch((error: unknown) => {
      throw error instanceof EvergreenError
        ? error
        : new EvergreenError("EG503", "Postgres could not be copied: does the stack run?", { cause: error });
    });
    const digest = await saveKeys(config.home, name, keys);
    say("hashing every file");
    const manifest = await seal(folder, { name, madeAt: new Date().toISOString(), postgres, keys: digest });
    return { folder, keys, manifest };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function copySqlite(from: string, to: string): Promise<void> {
  const Database = createRequire(import.meta.url)("better-sqlite3") as Sqlite;
  const store = new Database(from, { readonly: true, fileMustExist: true });
  try {
    await store.backup(to);
    await chmod(to, 0o600);
  } finally {
    store.close();
  }
}

/** The published file is whole and never changes; the working file and older snapshots can be made anew. Archives cannot. */
async function copyAnalytics(home: string, folder: string): Promise<void> {
  const newest = join(home, "analytics", "dev.duckdb");
  if (existsSync(newest)) {
    const file = await realpath(newest);
    const target = join(folder, "analytics", "snapshots");
    await mkdir(target, { recursive: true, mode: 0o700 });
    for (const path of [file, file.replace(/\.duckdb$/, ".json")]) await copyFile(path, join(target, basename(path)));
  }
  // encrypted, and named by ids
  const documents = join(home, "documents");
  if (existsSync(documents)) await cp(documents, join(folder, "documents"), { recursive: true });
  const archive = join(home, "archive");
  const names = (await readdir(archive).catch(() => [])).filter((name) => !name.endsWith(".draft"));
  if (names.length > 0) await mkdir(join(folder, "archive"), { recursive: true, mode: 0o700 });
  for (const name of names) await copyFile(join(archive, name), join(folder, "archive", name));
}

/** Complete backups in a folder, the newest first. */
export async function listBackups(folder: string): Promise<(BackupManifest & { folder: string })[]> {
  const names = (await readdir(folder).catch(() => [])).sort().reverse();
  const found = await Promise.all(
    names.map((name) =>
      readManifest(join(folder, name)).then(
        (manifest) => [{ ...manifest, folder: join(folder, name) }],
        () => [],
      ),
    ),
  );
  return found.flat();
}
