// A throw-away cluster for one bench: migrated, durable as in production (fsync and synchronous_commit on), on loopback, in a temporary
// folder that is removed at the end. Stops exactly the process it started.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapAuth, secureDatabase } from "@evergreen-fund/stack/bootstrap-auth.ts";
import { migrateDeploy } from "@evergreen-fund/stack/migrate.ts";
import { startPostgres } from "@evergreen-fund/stack/postgres.ts";
import { MIGRATIONS_DIR } from "@evergreen-fund/stack/prepare-database.ts";
import { freePort, isAlive } from "@evergreen-fund/stack/process-table.ts";
import { type ServiceLogin, setLoginPasswords } from "@evergreen-fund/stack/service-logins.ts";
import { withSession } from "./connection.ts";
import { atAnyEnd } from "./ending.ts";

export interface BenchCluster {
  /** Superuser: arranges and looks, is never what is measured, except as the reader without row-level security. */
  adminUrl: string;
  port: number;
  /** URL of one of the stack's logins, as the platform uses it. */
  urlFor(login: ServiceLogin): string;
  /** Superuser URL of another database on the same cluster, for a peer: an empty one, or a copy of the migrated one (nobody may be connected). */
  newDatabase(name: string, from?: "empty" | "migrated"): Promise<string>;
  stop(): Promise<void>;
}

export async function openCluster(): Promise<BenchCluster> {
  const folder = await mkdtemp(join(tmpdir(), "evergreen-bench-"));
  await chmod(folder, 0o711); // as root the server runs as another user, who must be able to enter
  const password = randomBytes(12).toString("hex");
  const port = await freePort();
  const server = await startPostgres({ dataDir: join(folder, "data"), port, password, durable: true }).catch(
    async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    },
  );
  const forget = atAnyEnd(() => {
    process.kill(server.pid, "SIGQUIT"); // immediate: nothing here is kept
    const clock = new Int32Array(new SharedArrayBuffer(4));
    // nothing may be awaited here, and the folder can go only when nobody writes to it any more
    for (let turn = 0; turn < 60 && isAlive(server.pid); turn += 1) Atomics.wait(clock, 0, 0, 50);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const stop = async (): Promise<void> => {
    forget();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await bootstrapAuth(server.adminUrl);
    await migrateDeploy({ databaseUrl: server.adminUrl, migrationsDir: MIGRATIONS_DIR });
    await setLoginPasswords(server.adminUrl, {
      evergreen_app: password,
      evergreen_api: password,
      evergreen_readonly: password,
    });
    await withSession(server.adminUrl, secureDatabase);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    adminUrl: server.adminUrl,
    port,
    urlFor: (login) => {
      const url = new URL(server.adminUrl);
      url.username = login;
      return url.href;
    },
    newDatabase: async (name, from = "empty") => {
      const own = new URL(server.adminUrl);
      const origin = from === "empty" ? "template1" : own.pathname.slice(1);
      const maintenance = new URL(own);
      maintenance.pathname = "/template1";
      const made = new URL(own);
      made.pathname = `/${name}`;
      await withSession(from === "empty" ? own.href : maintenance.href, (session) =>
        session.query(`create database ${name} template ${origin}`),
      );
      if (from === "migrated") await withSession(made.href, secureDatabase);
      return made.href;
    },
    stop,
  };
}
