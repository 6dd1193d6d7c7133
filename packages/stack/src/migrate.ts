// Deploys prisma/migrations with Prisma's own engine and writes genuine _prisma_migrations rows; and diffs two schema files
// into SQL for the author of a migration. Touches only the database it is given.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import { type MigrationDirectory, openSchemaEngine } from "./schema-engine.ts";

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/** Names of the migration folders, in the order in which they are applied. */
export async function migrationFolders(migrationsDir: string): Promise<string[]> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function readMigration(migrationsDir: string, folder: string): Promise<MigrationDirectory> {
  const value = await readFile(join(migrationsDir, folder, "migration.sql"), "utf8").catch(() => {
    throw new EvergreenError("EG400", `The migration folder ${folder} has no migration.sql.`);
  });
  if (/^\s*(begin|commit|rollback|start\s+transaction)\s*;/im.test(value)) {
    // Each migration is one transaction. One that commits half of itself could not be undone when its second half fails.
    throw new EvergreenError("EG400", `The migration ${folder} begins or ends a transaction itself; it must not.`);
  }
  return { path: folder, migrationFile: { path: "migration.sql", content: { tag: "ok", value } } };
}

export interface MigrateResult {
  /** Folders applied by this call, in order; empty when the database was up to date. */
  applied: string[];
  /** Folders on disk, equal to the rows in _prisma_migrations. */
  total: number;
}

/**
 * Applies every migration that the database does not have yet; running it again changes nothing.
 * A migration that fails is rolled back whole (each is one transaction), and its message is one sentence without row data.
 * Afterwards the finished rows of _prisma_migrations are counted against the folders: an engine that did nothing cannot pass.
 */
export async function migrateDeploy(options: { databaseUrl: string; migrationsDir: string }): Promise<MigrateResult> {
  const { databaseUrl, migrationsDir } = options;
  const folders = await migrationFolders(migrationsDir);
  const lockfile = await readFile(join(migrationsDir, "migration_lock.toml"), "utf8").catch(() => null);
  const migrationDirectories = await Promise.all(folders.map((folder) => readMigration(migrationsDir, folder)));
  const { engine, close } = await openSchemaEngine(databaseUrl);
  let applied: string[];
  try {
    const result = await engine.applyMigrations({
      migrationsList: {
        baseDir: migrationsDir,
        lockfile: { path: "migration_lock.toml", content: lockfile },
        shadowDbInitScript: "",
        migrationDirectories,
      },
      filters: NO_FILTERS,
    });
    applied = result.appliedMigrationNames;
  } catch (error) {
    for (const migrationName of await unfinishedMigrations(databaseUrl)) {
      await engine.markMigrationRolledBack({ migrationName }); // so that the mended migration can be deployed
    }
    throw new EvergreenError("EG500", `A migration failed and was rolled back: ${firstLines(error)}`, { cause: error });
  } finally {
    await close();
  }
  const finished = await finishedMigrations(databaseUrl);
  const missing = folders.filter((folder) => !finished.includes(folder));
  if (missing.length > 0 || finished.length !== folders.length) {
    throw new EvergreenError(
      "EG500",
      `The database records ${finished.length} migrations and the folder holds ${folders.length}; they must be the same.`,
    );
  }
  return { applied, total: folders.length };
}

/** Names of the migrations that the database records as finished; none when it was never migrated. */
export function finishedMigrations(databaseUrl: string): Promise<string[]> {
  return recordedMigrations(databaseUrl, "finished_at is not null");
}

function unfinishedMigrations(databaseUrl: string): Promise<string[]> {
  return recordedMigrations(databaseUrl, "finished_at is null");
}

async function recordedMigrations(databaseUrl: string, condition: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const there = await client.query<{ there: boolean }>(
      "select to_regclass('public._prisma_migrations') is not null as there",
    );
    if (!there.rows[0]?.there) return [];
    const rows = await client.query<{ migration_name: string }>(
      `select migration_name from public._prisma_migrations
        where ${condition} and rolled_back_at is null order by migration_name`,
    );
    return rows.rows.map((row) => row.migration_name);
  } finally {
    await client.end();
  }
}

/**
 * The SQL that leads from one Prisma schema to another, for writing a migration. No database is touched.
 * `from` null means an empty database. A schema that does not parse is refused with Prisma's own message.
 */
export async function diffSchemas(from: string | null, to: string): Promise<string> {
  const { engine, close } = await openSchemaEngine(null);
  const target = (path: string, content: string) => ({
    tag: "schemaDatamodel" as const,
    files: [{ path, content }],
  });
  try {
    const result = await engine.diff({
      from: from === null ? { tag: "empty" } : target("from.prisma", from),
      to: target("to.prisma", to),
      script: true,
      exitCode: null,
      filters: NO_FILTERS,
    });
    return result.stdout ?? "";
  } catch (error) {
    throw new EvergreenError("EG400", `The schemas cannot be compared: ${firstLines(error)}`, { cause: error });
  } finally {
    await close();
  }
}

/** The engine's message without its decoration, at most twelve lines. */
function firstLines(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(0, 12)
    .join("\n");
}
