// A copy of the embedded Postgres while it runs, as its own base backup makes one: the files between two marks in the log, then the log that
// makes them whole. npm's build has neither pg_dump nor pg_basebackup; the functions behind them are in the server.
import { constants } from "node:fs";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";

/** What a copy must not have: the lock of a running server, and what a server makes anew at its start. */
const LEFT_OUT =
  /^(postmaster\.(pid|opts)|backup_label.*|tablespace_map.*|pg_internal\.init.*|pgsql_tmp.*|standby\.signal|recovery\.signal)$/;
const EMPTIED = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);

export interface PostgresCopy {
  version: string;
  system: string;
  startLsn: string;
  stopLsn: string;
}

/** Copies the cluster in `dataDir`, which answers at `adminUrl`, to `target`. */
export async function copyPostgres(adminUrl: string, dataDir: string, target: string): Promise<PostgresCopy> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on("error", () => undefined);
  await client.connect();
  const one = async (sql: string): Promise<Record<string, string>> => (await client.query(sql)).rows[0] ?? {};
  try {
    // gone with this session, however it ends; until then no checkpoint throws away the log that the copy needs
    await client.query(
      "select pg_create_physical_replication_slot('evergreen_backup_' || pg_backend_pid(), true, true)",
    );
    const { version = "", system = "" } = await one(
      "select current_setting('server_version') as version, (pg_control_system()).system_identifier::text as system",
    );
    const { lsn: startLsn = "" } = await one("select pg_backup_start('evergreen', fast => true)::text as lsn");
    await copyTree(dataDir, target, true);
    const stopped = await one("select lsn::text, labelfile, spcmapfile from pg_backup_stop(wait_for_archive => false)");
    await writeFile(join(target, "backup_label"), stopped.labelfile ?? "", { mode: 0o600 });
    await copyTree(join(dataDir, "pg_wal"), join(target, "pg_wal"), false);
    return { version, system, startLsn, stopLsn: stopped.lsn ?? "" };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function copyTree(from: string, to: string, top: boolean): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (top && EMPTIED.has(entry.name)) await mkdir(copy, { recursive: true, mode: 0o700 });
      else await copyTree(source, copy, false);
    } else if (entry.isFile()) {
      // a table that is dropped meanwhile: the log says so, too
      await copyFile(source, copy, constants.COPYFILE_FICLONE).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
  }
}

/**
 * Says how the copy is to be started: read the log to the end of the backup and begin a new line of history there, so that whoever mirrored
 * the old line (DuckDB) sees that this is another one.
 */
export async function prepareRecovery(dataDir: string): Promise<void> {
  await writeFile(join(dataDir, "recovery.signal"), "", { mode: 0o600 });
  await writeFile(
    join(dataDir, "postgresql.auto.conf"),
    "# of a restored backup: no archive of the log, begin at the end of the backup\nrestore_command = 'false'\nrecovery_target = 'immediate'\nrecovery_target_action = 'promote'\n",
    { mode: 0o600 },
  );
}
