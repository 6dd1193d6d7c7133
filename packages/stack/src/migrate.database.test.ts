// Prisma's engine on a real Postgres: twice is once, a broken migration leaves nothing behind, and silence is not success.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FreshCluster, freshCluster } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diffSchemas, finishedMigrations, migrateDeploy } from "./migrate.ts";

let cluster: FreshCluster;
const folder = mkdtempSync(join(tmpdir(), "evergreen-migrate-"));
beforeAll(async () => {
  cluster = await freshCluster({ migrationsDir: null });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const TABLE = `create table public.items (id int primary key, label text not null);`;
const FUNCTION = `
create function public.label_of(wanted int) returns text language plpgsql stable as $body$
declare found text;
begin
  select label into found from public.items where id = wanted;
  return coalesce(found, 'none; really');
end $body$;
insert into public.items values (1, 'a;b');`;
const BROKEN = `create table public.half (id int);
insert into public.items values (2, 'secret-row');
insert into public.items values (1, 'duplicate');`;

let made = 0;
async function freshUrl(): Promise<string> {
  const name = `migrate_${++made}`;
  await query(cluster.adminUrl, `create database ${name}`);
  const url = new URL(cluster.adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function migrations(name: string, scripts: Record<string, string>): string {
  const directory = join(folder, name);
  for (const [migration, sql] of Object.entries(scripts)) {
    mkdirSync(join(directory, migration), { recursive: true });
    writeFileSync(join(directory, migration, "migration.sql"), sql);
  }
  writeFileSync(join(directory, "migration_lock.toml"), 'provider = "postgresql"\n');
  return directory;
}

describe("migrateDeploy", () => {
  it("applies functions with semicolons whole, writes genuine rows, and does nothing the second time", async () => {
    const databaseUrl = await freshUrl();
    const migrationsDir = migrations("good", { "1_table": TABLE, "2_function": FUNCTION });
    expect(await migrateDeploy({ databaseUrl, migrationsDir })).toEqual({
      applied: ["1_table", "2_function"],
      total: 2,
    });
    expect(await query(databaseUrl, "select public.label_of(1) as one, public.label_of(9) as nine")).toEqual([
      { one: "a;b", nine: "none; really" },
    ]);
    const rows = await query(databaseUrl, "select * from _prisma_migrations order by started_at");
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ migration_name: "1_table", applied_steps_count: 1, rolled_back_at: null });
    expect(rows[0]?.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(await migrateDeploy({ databaseUrl, migrationsDir })).toEqual({ applied: [], total: 2 });
    expect(await query(databaseUrl, "select * from _prisma_migrations order by started_at")).toEqual(rows);
  });

  it("refuses a broken migration, leaves the database as it was, and deploys it once mended", async () => {
    const databaseUrl = await freshUrl();
    const scripts = { "1_table": TABLE, "2_function": FUNCTION };
    await migrateDeploy({ databaseUrl, migrationsDir: migrations("before", scripts) });
    const broken = migrateDeploy({
      databaseUrl,
      migrationsDir: migrations("broken", { ...scripts, "3_more": BROKEN }),
    });
    const error = await broken.then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain("3_more");
    expect(error?.message).not.toContain("secret-row");
    expect(await query(databaseUrl, "select to_regclass('public.half') as half, count(*)::int from items")).toEqual([
      { half: null, count: 1 },
    ]);
    expect(await finishedMigrations(databaseUrl)).toEqual(["1_table", "2_function"]);
    const mended = { ...scripts, "3_more": "create table public.half (id int);" };
    expect(await migrateDeploy({ databaseUrl, migrationsDir: migrations("mended", mended) })).toMatchObject({
      applied: ["3_more"],
    });
  });

  it("fails when the folder holds fewer migrations than the database has", async () => {
    const databaseUrl = await freshUrl();
    await migrateDeploy({ databaseUrl, migrationsDir: migrations("two", { "1_a": TABLE, "2_b": FUNCTION }) });
    await expect(migrateDeploy({ databaseUrl, migrationsDir: migrations("one", { "1_a": TABLE }) })).rejects.toThrow(
      /records 2 migrations and the folder holds 1/,
    );
  });

  it("refuses a migration that commits by itself", async () => {
    const migrationsDir = migrations("commits", { "1_a": `${TABLE}\nCOMMIT;\nselect 1;` });
    await expect(migrateDeploy({ databaseUrl: await freshUrl(), migrationsDir })).rejects.toThrow(/1_a begins or ends/);
  });
});

describe("diffSchemas", () => {
  const schema = (fields: string) => `datasource db {
  provider = "postgresql"
}
model Fund {
  id String @id @db.Uuid
  ${fields}
}`;

  it("makes SQL from nothing and from one schema to the next, without a database", async () => {
    expect(await diffSchemas(null, schema("code String @unique"))).toContain('CREATE TABLE "Fund"');
    const step = await diffSchemas(
      schema("code String @unique"),
      schema("code String @unique\n  price Decimal @db.Decimal(38, 18)"),
    );
    expect(step.trim()).toBe('-- AlterTable\nALTER TABLE "Fund" ADD COLUMN     "price" DECIMAL(38,18) NOT NULL;');
    expect((await diffSchemas(schema("code String"), schema("code String"))).toLowerCase()).not.toContain("alter");
  });

  it("refuses a schema that does not parse with Prisma's own words", async () => {
    await expect(diffSchemas(null, "model X {")).rejects.toThrow(/cannot be compared: .*Error validating/s);
  });
});
