// What the embedded database gets before the first migration: identity from the request, nothing granted, a real Supabase untouched.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bootstrapAuth } from "./bootstrap-auth.ts";
import { DEMO_LOGINS, ensureDemoLogins } from "./demo-logins.ts";
import { inspectDatabase } from "./inspect-database.ts";
import { resetSecondStep } from "./reset-second-step.ts";

const PERSON = "10000000-0000-4000-8000-000000000001";
let database: FreshDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await freshDatabase(ownCluster());
});
beforeEach(async () => {
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  return () => client.end();
});
afterAll(() => database?.drop());

const one = async (sql: string, values: unknown[] = []) => (await client.query(sql, values)).rows[0];

describe("auth.uid()", () => {
  it("reads either form of the claims, and an emptied setting is nobody", async () => {
    expect(await one("select auth.uid() as uid, auth.role() as role, auth.jwt() as jwt")).toEqual({
      uid: null,
      role: null,
      jwt: {},
    });
    await client.query("begin");
    await one("select set_config('request.jwt.claims', $1, true)", [JSON.stringify({ sub: PERSON, role: "lp_role" })]);
    expect(await one("select auth.uid() as uid, auth.role() as role")).toEqual({ uid: PERSON, role: "lp_role" });
    await client.query("commit");
    // After a transaction that set it the setting is '' and not null: a cast of '' would throw.
    expect(await one("select current_setting('request.jwt.claims', true) as left")).toEqual({ left: "" });
    expect(await one("select auth.uid() as uid, auth.jwt() as jwt")).toEqual({ uid: null, jwt: {} });
    await client.query("begin");
    await one("select set_config('request.jwt.claim.sub', $1, true)", [PERSON]);
    expect(await one("select auth.uid() as uid")).toEqual({ uid: PERSON });
    await client.query("commit");
    expect(await one("select current_setting('request.jwt.claim.sub', true) as left, auth.uid() as uid")).toEqual({
      left: "",
      uid: null,
    });
  });
});

describe("bootstrapAuth", () => {
  it("grants nothing on a bare database: no table rights, no scratch tables, no functions by default", async () => {
    const name = `bare_${process.pid}`;
    await client.query(`create database ${name}`);
    const url = new URL(database.adminUrl);
    url.pathname = `/${name}`;
    const bare = new pg.Client({ connectionString: url.href });
    try {
      expect(await bootstrapAuth(url.href)).toBe("applied");
      await bare.connect();
      await bare.query(
        "create table public.later (id int); create function public.later() returns int language sql as 'select 1'",
      );
      const { rows } = await bare.query(
        `select c.oid::regclass::text as name, role from pg_class c cross join unnest(array['anon', 'authenticated', 'service_role']) role
          where c.relnamespace in ('auth'::regnamespace, 'public'::regnamespace) and c.relkind in ('r', 'v')
            and has_table_privilege(role, c.oid, 'select, insert, update, delete, truncate')`,
      );
      expect(rows).toEqual([]);
      for (const role of ["anon", "authenticated", "service_role"]) {
        const may = await bare.query(
          `select has_database_privilege($1, current_database(), 'temporary, create') as scratch,
                  has_schema_privilege($1, 'public', 'create') as make,
                  has_function_privilege($1, 'public.later()', 'execute') as call`,
          [role],
        );
        expect(may.rows).toEqual([{ scratch: false, make: false, call: false }]);
      }
    } finally {
      await bare.end();
      await client.query(`drop database ${name} with (force)`);
    }
  });

  it("is applied again without a change, and leaves a schema alone that it did not make", async () => {
    expect(await bootstrapAuth(database.adminUrl)).toBe("applied");
    const hosted = await freshDatabase(ownCluster());
    const admin = new pg.Client({ connectionString: hosted.adminUrl });
    await admin.connect();
    try {
      await admin.query(
        "comment on schema auth is null; create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
      );
      expect(await bootstrapAuth(hosted.adminUrl)).toBe("skipped");
      const { rows } = await admin.query("select prosrc from pg_proc where oid = 'auth.uid()'::regprocedure");
      expect(rows).toEqual([{ prosrc: "select null::uuid" }]);
    } finally {
      await admin.end();
      await hosted.drop();
    }
  });
});

describe("demo logins", () => {
  it("are made once, with fixed ids, the roles of the specification and no password in clear", async () => {
    const home = mkdtempSync(join(tmpdir(), "evergreen-logins-"));
    try {
      expect(await ensureDemoLogins(database.adminUrl, home)).toBe(7);
      expect(await ensureDemoLogins(database.adminUrl, home)).toBe(0);
      const { rows } = await client.query("select id, email, role, encrypted_password from auth.users order by id");
      expect(rows.map(({ id, email, role }) => ({ userId: id, email, role }))).toEqual(
        DEMO_LOGINS.map(({ userId, email, role }) => ({ userId, email, role })),
      );
      for (const row of rows) expect(row.encrypted_password).toMatch(/^\$2[aby]\$10\$/);
      expect(new Set(rows.map((row) => row.encrypted_password)).size).toBe(7);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe("a lost authenticator", () => {
  it("is taken away with every session, and that stands in the audit trail without a name", async () => {
    const config = readConfig({ DATABASE_URL: database.adminUrl });
    const [first] = DEMO_LOGINS;
    const home = mkdtempSync(join(tmpdir(), "evergreen-logins-"));
    try {
      await ensureDemoLogins(database.adminUrl, home);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
    await client.query(
      `insert into auth.sessions (id, user_id, aal) values (gen_random_uuid(), '${first?.userId}', 'aal2');
       insert into auth.mfa_factors (id, user_id, friendly_name, status, secret) values (gen_random_uuid(), '${first?.userId}', 'phone', 'verified', 'v1.x')`,
    );
    expect(await resetSecondStep(config, first?.email ?? "")).toEqual({
      userId: first?.userId,
      factors: 1,
      sessions: 1,
    });
    expect(await resetSecondStep(config, first?.email ?? "")).toMatchObject({ factors: 0, sessions: 0 });
    await expect(resetSecondStep(config, "nobody@example.com")).rejects.toThrow(/no account/);
    const { rows } = await client.query(
      "select entity_type, entity_id, created_by from audit_trail where message = 'second_step.reset'",
    );
    expect(rows).toEqual(Array(2).fill({ entity_type: "account", entity_id: first?.userId, created_by: "postgres" }));
    const supabase = { SUPABASE_URL: "https://x.supabase.co", SUPABASE_PUBLISHABLE_KEY: "k" };
    await expect(
      resetSecondStep(readConfig({ DATABASE_URL: database.adminUrl, ...supabase }), first?.email ?? ""),
    ).rejects.toThrow(/Supabase project/);
  });
});

describe("inspectDatabase", () => {
  const inspect = () => inspectDatabase(readConfig({ DATABASE_URL: database.adminUrl }));

  it("finds nothing on a migrated database, and names what is wrong on a damaged one", async () => {
    const sound = await inspect();
    expect(sound).toMatchObject({ zone: "UTC", withoutRls: [], loginsTooStrong: [] });
    expect(sound.applied).toEqual(sound.folders);
    expect(sound.applied.length).toBeGreaterThan(0);
    await client.query("create table public.careless (id int); alter table public.funds no force row level security");
    await client.query("update public._prisma_migrations set finished_at = null");
    expect(await inspect()).toMatchObject({ withoutRls: ["careless", "funds"], applied: [] });
  });
});
