// Postgres killed with all its processes while rows are written and sealed: afterwards every acknowledged row is there, in a chain that holds.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapAuth } from "@evergreen-fund/stack/bootstrap-auth.ts";
import { migrateDeploy } from "@evergreen-fund/stack/migrate.ts";
import { type RunningPostgres, startPostgres } from "@evergreen-fund/stack/postgres.ts";
import { freePort } from "@evergreen-fund/stack/process-table.ts";
import { setLoginPasswords } from "@evergreen-fund/stack/service-logins.ts";
import { until } from "@evergreen-fund/testing/working-house.ts";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { claimsOf, PM_ONE } from "./arrange.ts";
import { verifyTrail } from "./audit-rows.ts";

const folder = await mkdtemp(join(tmpdir(), "evergreen-audit-"));
await chmod(folder, 0o711);
const options = { dataDir: join(folder, "data"), port: await freePort(), password: "test" };
let server: RunningPostgres = await startPostgres(options);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // the server is about to be killed
  await client.connect();
  return client;
};
const appUrl = () => server.adminUrl.replace("postgres:test@", "evergreen_app:test@");

it("loses nothing it acknowledged and forks no chain", async () => {
  await bootstrapAuth(server.adminUrl);
  await migrateDeploy({ databaseUrl: server.adminUrl, migrationsDir: join(import.meta.dirname, "..", "migrations") });
  await setLoginPasswords(server.adminUrl, {
    evergreen_app: "test",
    evergreen_api: "test",
    evergreen_readonly: "test",
  });
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round++) {
    let isDown = false;
    const writer = async (n: number) => {
      const client = await connect(appUrl());
      try {
        for (let i = 0; !isDown; i++) {
          const id = `${round}/${n}/${i}`;
          await client.query("begin");
          await client.query("select set_config('role', 'pm_role', true), set_config('request.jwt.claims', $1, true)", [
            claimsOf(PM_ONE),
          ]);
          await client.query(
            `select public.fn_record_event('STRESS_REQUESTED', '{"scenario_id": "x", "shift_bps": 1}', 'test', request_id => $1)`,
            [id],
          );
          await client.query("commit");
          acknowledged.push(id);
        }
      } catch (error) {
        if (!isDown) throw error;
      }
    };
    const sealer = async () => {
      const client = await connect(appUrl());
      try {
        while (!isDown) {
          await client.query("begin");
          await client.query("select set_config('role', 'service_role', true)");
          await client.query("select public.fn_seal_audit()");
          await client.query("commit");
        }
      } catch (error) {
        if (!isDown) throw error;
      }
    };
    const working = Promise.all([writer(1), writer(2), writer(3), sealer()]);
    while (acknowledged.length < (round + 1) * 60) await new Promise((resolve) => setTimeout(resolve, 5));
    const admin = await connect(server.adminUrl);
    const { rows } = await admin.query<{ pid: number }>(
      "select pid from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    isDown = true;
    process.kill(server.pid, "SIGKILL");
    for (const { pid } of rows) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it went with its postmaster
      }
    }
    await working;
    await admin.end().catch(() => {});
    // what the killed server left behind may live a moment longer than it, and holds its memory until then
    server = (await until(() => startPostgres(options), "Postgres to start again", 10_000)) as RunningPostgres;
  }
  const admin = await connect(server.adminUrl);
  const look = async <T extends Record<string, unknown>>(sql: string) => (await admin.query<T>(sql)).rows;
  const present = new Set(
    (await look<{ id: string }>("select request_id as id from public.audit_trail")).map((row) => row.id),
  );
  expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(180);
  const app = await connect(appUrl());
  await app.query("begin");
  await app.query("select set_config('role', 'service_role', true)");
  await app.query("select public.fn_seal_audit()");
  await app.query("commit");
  await app.end();
  const verdict = await verifyTrail(look);
  expect(verdict).toMatchObject({ ok: true, unsealed: 0, entries: present.size });
  expect(Number(verdict.heads[0]?.height)).toBeGreaterThan(3);
  await admin.end();
});
