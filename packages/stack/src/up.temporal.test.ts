// A whole stack as a user starts it: healthy, refusing a second start, surviving kills of its parts and of its supervisor, keeping
// its data, and leaving nothing behind.
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, readConfig } from "@evergreen-fund/config";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { adminUrl, type StackAddresses } from "./addresses.ts";
import { doctor } from "./doctor.ts";
import { freePortBase, isAlive, portIsFree } from "./process-table.ts";
import { readState } from "./run-state.ts";
import { down, status, up, upDetached } from "./up.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-stack-"));
chmodSync(home, 0o755);
const said: string[] = [];
let config: Config;
let addresses: StackAddresses;

async function look(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: adminUrl(config) });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const healthy = async () =>
  expect(await (await fetch(`${addresses.dashboardUrl}/health`)).json()).toEqual({
    ok: true,
    database: true,
    temporal: true,
  });
const pidOf = (name: string): number => readState(home)?.processes.find((entry) => entry.name === name)?.pid ?? 0;

beforeAll(async () => {
  vi.stubEnv("CHAIN_URL", "local"); // the processes of the stack read what this one has
  config = readConfig({ EVERGREEN_HOME: home, EVERGREEN_PORT_BASE: String(await freePortBase()), CHAIN_URL: "local" });
  addresses = await upDetached(config, (line) => said.push(line));
}, 120_000);
afterAll(async () => {
  if (config) await down(config);
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

describe("a stack", () => {
  it("is healthy, said what it did, and every line of doctor is green", async () => {
    await healthy();
    expect(said.join("\n")).toMatch(/Starting Postgres[\s\S]*Migrating[\s\S]*gateway and the workers/);
    const now = await status(config);
    expect([now.running, now.phase]).toEqual([true, "ready"]);
    expect(now.processes.map((entry) => entry.name).sort()).toEqual([
      "chain",
      "demo",
      "gateway",
      "postgres",
      "temporal",
      "workers",
    ]);
    const lines = await doctor(config);
    expect(lines.filter((line) => !line.ok)).toEqual([]);
    expect(lines.map((line) => line.name)).toEqual(
      expect.arrayContaining([
        "node",
        "versions @temporalio",
        "time zone",
        "migrations",
        "row-level security",
        "search attributes",
        "api",
      ]),
    );
  });

  it("keeps its secrets to itself", () => {
    expect(statSync(join(home, "keys")).mode & 0o077).toBe(0);
    expect(statSync(join(home, "keys", "jwt")).mode & 0o077).toBe(0);
    expect(statSync(join(home, "run", "stack.json")).mode & 0o077).toBe(0);
    expect(JSON.stringify(readState(home))).not.toContain(addresses.logins[0]?.password);
  });

  it("lets each demo login in, under its role, and nobody else", async () => {
    expect(addresses.logins.map((login) => login.role)).toEqual([
      "pm_role",
      "pm_role",
      "lp_role",
      "lp_role",
      "ops_role",
      "ops_role",
      "audit_role",
    ]);
    const roles = await Promise.all(
      addresses.logins.map(async ({ email, password }) => {
        const answer = await fetch(`${addresses.supabaseUrl}/auth/v1/token?grant_type=password`, {
          method: "POST",
          headers: { apikey: addresses.publishableKey, "content-type": "application/json" },
          body: JSON.stringify({ email, password }),
        });
        return ((await answer.json()) as { user?: { role?: string } }).user?.role;
      }),
    );
    expect(roles).toEqual(addresses.logins.map((login) => login.role));
    expect((await fetch(`${addresses.supabaseUrl}/rest/v1/funds`)).status).toBe(401);
    const anonymous = await fetch(`${addresses.supabaseUrl}/rest/v1/funds`, {
      headers: { apikey: addresses.publishableKey },
    });
    expect(anonymous.status).toBe(401);
  });

  it("gives a database login that reads under row-level security and writes nothing", async () => {
    const client = new pg.Client({ connectionString: addresses.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query(
        "select rolsuper, rolbypassrls, current_setting('default_transaction_read_only') as read_only from pg_roles where rolname = current_user",
      );
      expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, read_only: "on" }]);
      await client.query("set default_transaction_read_only = off");
      await expect(client.query("update public.funds set code = code")).rejects.toThrow(/permission denied/);
    } finally {
      await client.end();
    }
  });

  it("refuses a second start in the same home", async () => {
    const sentence =
      /already running in .* \(process \d+\): see "npx --no-install evergreen status", or stop it with "npx --no-install evergreen down"/;
    await expect(up(config, () => undefined)).rejects.toThrow(sentence);
    await expect(upDetached(config, () => undefined)).rejects.toThrow(sentence);
    await healthy();
  });

  it("restarts the gateway and Postgres when they are killed, and loses nothing", async () => {
    const before = await look("select code from public.funds order by code");
    expect(before.length).toBeGreaterThan(0);
    for (const name of ["gateway", "postgres"]) {
      const killed = pidOf(name);
      process.kill(killed, "SIGKILL");
      await vi.waitFor(
        () => {
          const entry = readState(home)?.processes.find((found) => found.name === name);
          expect(entry).toMatchObject({ state: "ready" });
          expect(entry?.pid).not.toBe(killed);
        },
        { timeout: 30_000, interval: 50 },
      );
    }
    await vi.waitFor(healthy, { timeout: 20_000, interval: 200 });
    expect(await look("select code from public.funds order by code")).toEqual(before);
  }, 60_000);

  it("ends everything even when its supervisor was killed, and comes back with the same data and logins", async () => {
    const before = await look("select code from public.funds order by code");
    const state = readState(home);
    process.kill(state?.pid ?? 0, "SIGKILL");
    await vi.waitFor(async () => expect((await status(config)).running).toBe(false), 5_000);
    const left = (state?.processes ?? []).filter((entry) => isAlive(entry.pid));
    expect(left.map((entry) => entry.name)).toEqual(
      expect.arrayContaining(["postgres", "temporal", "gateway", "workers"]),
    );
    expect(await down(config)).toEqual(left.map((entry) => entry.name));
    for (const { pid } of left) expect(isAlive(pid)).toBe(false);
    expect(await portIsFree(config.ports.gateway)).toBe(true);

    expect(await upDetached(config, () => undefined)).toEqual(addresses);
    await healthy();
    expect(await look("select code from public.funds order by code")).toEqual(before);
    const running = readState(home)?.processes ?? [];
    await down(config);
    for (const { pid } of running) expect(isAlive(pid)).toBe(false);
    expect(await status(config)).toMatchObject({ running: false, phase: "stopped", addresses: null });
  }, 120_000);
});
