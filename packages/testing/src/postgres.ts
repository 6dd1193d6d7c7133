// A real Postgres for tests: one throw-away cluster per run, one template migrated once, a fresh copy of it for each test file.
// Touches only its own temporary folder; stops exactly the process it started.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { bootstrapAuth, secureDatabase } from "@evergreen-fund/stack/bootstrap-auth.ts";
import { migrateDeploy } from "@evergreen-fund/stack/migrate.ts";
import { startPostgres } from "@evergreen-fund/stack/postgres.ts";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { type ServiceLogin, setLoginPasswords } from "@evergreen-fund/stack/service-logins.ts";
import pg from "pg";

const TEMPLATE = "evergreen_template";
/** Every login of a test cluster has this password; the cluster listens on loopback and lives for one run. */
const PASSWORD = "test";

export interface FreshCluster {
  /** Superuser, database postgres. */
  adminUrl: string;
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts the cluster and migrates the template with prisma/migrations (or `migrationsDir`; null: no migrations).
 * `binDir`: programs of another Postgres, 15 or later.
 */
export async function freshCluster(
  options: { migrationsDir?: string | null; binDir?: string | null } = {},
): Promise<FreshCluster> {
  const folder = await mkdtemp(join(tmpdir(), "evergreen-pg-"));
  await chmod(folder, 0o711); // as root the server runs as another user, who must be able to enter
  // fsync is off: the cluster is thrown away, and a test that needs crash safety starts a durable one of its own.
  const server = await startPostgres({
    dataDir: join(folder, "data"),
    port: await freePort(),
    password: PASSWORD,
    durable: false,
    binDir: options.binDir ?? null,
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const dismissWatcher = watch(server.pid, folder);
  const stop = async () => {
    dismissWatcher();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await makeTemplate(server.adminUrl, options.migrationsDir);
  } catch (error) {
    await stop();
    throw error;
  }
  return { adminUrl: server.adminUrl, pid: server.pid, stop };
}

/**
 * Cleans up after a test run that was killed: a shell that waits for this process to close its end of a pipe, however it ends,
 * and then stops the server and removes the folder. Returns how to send it home.
 */
function watch(pid: number, folder: string): () => void {
  const script = 'read -r _; kill -QUIT "$1" 2>/dev/null; sleep 1; rm -rf "$2"';
  const watcher = spawn("sh", ["-c", script, "sh", String(pid), folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.unref();
  (watcher.stdin as Socket).unref();
  return () => void watcher.kill("SIGKILL");
}

async function makeTemplate(
  adminUrl: string,
  migrationsDir: string | null = join(REPOSITORY_ROOT, "prisma", "migrations"),
): Promise<void> {
  await asAdmin(adminUrl, (client) => client.query(`create database ${TEMPLATE}`));
  const templateUrl = withDatabase(adminUrl, TEMPLATE);
  await bootstrapAuth(templateUrl);
  if (migrationsDir !== null && existsSync(migrationsDir))
    await migrateDeploy({ databaseUrl: templateUrl, migrationsDir });
  await setLoginPasswords(templateUrl, {
    evergreen_app: PASSWORD,
    evergreen_api: PASSWORD,
    evergreen_readonly: PASSWORD,
  });
  // Copies need the template to have no session; this keeps a stray one out.
  await asAdmin(adminUrl, (client) =>
    client.query(`alter database ${TEMPLATE} with is_template true allow_connections false`),
  );
}

export interface FreshDatabase {
  name: string;
  /** Superuser: for arranging and looking, never for what is being tested. */
  adminUrl: string;
  /** URL for one of the stack's logins, as the code under test would use it. */
  urlFor(login: ServiceLogin): string;
  drop(): Promise<void>;
}

/** A database of its own, copied from the migrated template, on the cluster that globalSetup provides. */
export async function freshDatabase(clusterAdminUrl: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(clusterAdminUrl, (client) =>
    client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`),
  );
  const adminUrl = withDatabase(clusterAdminUrl, name);
  await asAdmin(adminUrl, secureDatabase);
  return {
    name,
    adminUrl,
    urlFor: (login) => {
      const url = new URL(adminUrl);
      url.username = login;
      url.password = PASSWORD;
      return url.href;
    },
    drop: async () => {
      await asAdmin(clusterAdminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
