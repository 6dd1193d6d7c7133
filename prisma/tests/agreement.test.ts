// Two lists of one thing agree: sql/ and the migrated database, schema.prisma and its tables, the domain's events, roles and errors and the database's.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BUCKETS } from "@evergreen-fund/domain/buckets.ts";
import { ERRORS } from "@evergreen-fund/domain/errors.ts";
import { EVENT_NAMES, EVENTS } from "@evergreen-fund/domain/events.ts";
import { PROPOSAL_KINDS } from "@evergreen-fund/domain/proposal-page.ts";
import { ALL_ROLES, agentRole, ROOMS } from "@evergreen-fund/domain/roles.ts";
import { diffSchemas } from "@evergreen-fund/stack/migrate.ts";
import type pg from "pg";
import { describe, expect, it } from "vitest";
import { testDatabase } from "./arrange.ts";
import { CATALOGUE } from "./catalogue-state.ts";
import { modelColumns } from "./schema-columns.ts";

const db = await testDatabase();
const prisma = join(import.meta.dirname, "..");
const text = (...path: string[]) => readFile(join(prisma, ...path), "utf8");
const files = (await readdir(join(prisma, "sql"))).filter((file) => file.endsWith(".sql")).sort();
const sql = Object.fromEntries(await Promise.all(files.map(async (file) => [file, await text("sql", file)] as const)));

const state = async (client: pg.ClientBase): Promise<Record<string, string[]>> => {
  const kinds: Record<string, string[]> = {};
  for (const [kind, query] of Object.entries(CATALOGUE)) {
    const { rows } = await client.query<{ item: string }>(`select item from (${query}) x(item) order by 1`);
    kinds[kind] = rows.map((row) => row.item);
  }
  return kinds;
};

describe("sql/", () => {
  it("applied over the migrated database changes nothing in its catalogue", async () => {
    const client = await db.admin.connect();
    try {
      await client.query("begin");
      const before = await state(client);
      for (const kind of Object.keys(CATALOGUE)) expect(before[kind]?.length, kind).toBeGreaterThan(0);
      for (const file of files) await client.query(sql[file] ?? "");
      expect(await state(client)).toEqual(before);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it.each([
    [
      "functions",
      "create or replace function evergreen.user_id() returns uuid language sql stable as $$ select null::uuid $$",
    ],
    ["functions", "grant execute on function public.fn_seal_audit(int) to pm_role"],
    ["policies", "drop policy lp__select_own on public.funds"],
    ["relations", "grant insert on public.funds to pm_role"],
    ["triggers", "drop trigger watch_drift on public.asset_snapshots"],
    ["constraints", "alter table public.assets drop constraint assets_bucket"],
    ["indexes", "drop index public.mandates_current"],
    ["views", "alter view public.subscriptions set (security_invoker = false)"],
    ["roles", "alter role evergreen_app set lock_timeout = '1h'"],
    ["members", "grant service_role to evergreen_api"],
    ["defaults", "alter default privileges in schema public grant select on tables to anon"],
    ["catalogue", "update public.event_types set mode = 'note' where type = 'DATA_DRIFT'"],
  ])("a drift of %s is seen: %s", async (kind, drift) => {
    const client = await db.admin.connect();
    try {
      await client.query("begin");
      const before = await state(client);
      await client.query(drift);
      const after = await state(client);
      expect(after[kind]).not.toEqual(before[kind]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("is what the migrations were written from", async () => {
    const deployed: Record<string, string> = JSON.parse(await text("migrations", "deployed.json"));
    expect(deployed).toEqual(
      Object.fromEntries(
        files.map((file) => [
          file,
          createHash("sha256")
            .update(sql[file] ?? "")
            .digest("hex"),
        ]),
      ),
    );
  });
});

describe("schema.prisma", () => {
  it("is what the migrations amount to", async () => {
    const [deployed, schema] = [await text("migrations", "deployed.prisma"), await text("schema.prisma")];
    expect((await diffSchemas(deployed, schema)).replace("-- This is an empty migration.", "").trim()).toBe("");
    // and the comparison does see a difference
    expect(await diffSchemas(deployed, schema.replace(/^( +)name +String$/m, "$1name String?"))).toMatch(
      /DROP NOT NULL/,
    );
  });

  it("has every table with every column, its type and whether it may be null; and no other", async () => {
    const rows = await db.look<{ path: string; type: string; required: boolean }>(
      `select c.relname || '.' || a.attname as path, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required
         from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
          and c.relname <> '_prisma_migrations' and a.attnum > 0 and not a.attisdropped order by 1`,
    );
    const columns = modelColumns(await text("schema.prisma"));
    expect(columns.length).toBeGreaterThan(300);
    expect(columns.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(rows.sort((a, b) => (a.path < b.path ? -1 : 1)));
  });

  it("has a description on every model", async () => {
    const schema = await text("schema.prisma");
    const silent = [...schema.matchAll(/(.*)\nmodel (\w+)/g)].filter((m) => !m[1]?.startsWith("///")).map((m) => m[2]);
    expect(silent).toEqual([]);
  });
});

describe("the domain", () => {
  it("and the database name the same events: mode, playbook, recorders and what a payload needs", async () => {
    const rows = await db.look(
      "select type, mode, playbook, recorded_by, required_keys from event_types order by type",
    );
    const wanted = [...EVENT_NAMES].sort().map((type) => {
      const { mode, recordedBy, payload, ...more } = EVENTS[type];
      const shape = Object.entries(payload.shape) as [string, { safeParse(x: unknown): { success: boolean } }][];
      return {
        type,
        mode,
        playbook: "playbook" in more ? more.playbook : null,
        recorded_by: [...recordedBy].sort(),
        required_keys: shape
          .filter(([, schema]) => !schema.safeParse(undefined).success)
          .map(([key]) => key)
          .sort(),
      };
    });
    const found = rows.map((row) => ({
      ...row,
      recorded_by: (row.recorded_by as string[]).sort(),
      required_keys: (row.required_keys as string[]).sort(),
    }));
    expect(found).toEqual(wanted);
  });

  it("and the database name the same roles, one per room", async () => {
    const rows = await db.look("select rolname from pg_roles where rolname = any ($1)", [ALL_ROLES]);
    expect(rows.map((row) => row.rolname).sort()).toEqual([...ALL_ROLES].sort());
    const agents = await db.look("select rolname from pg_roles where rolname like 'agent\\_%'");
    expect(agents.map((row) => row.rolname).sort()).toEqual(ROOMS.map(agentRole).sort());
  });

  it("and the database name the same kinds of proposals", async () => {
    const [check] = await db.look<{ is: string }>(
      "select pg_get_constraintdef(oid) as is from pg_constraint where conname = 'proposals_kind'",
    );
    expect([...(check?.is ?? "").matchAll(/'(\w+)'/g)].map(([, kind]) => kind).sort()).toEqual(
      [...PROPOSAL_KINDS].sort(),
    );
  });

  it("and the database name the same buckets", async () => {
    for (const alias of BUCKETS)
      expect(await db.look("select evergreen.bucket_name($1) as name", [alias])).toEqual([{ name: alias }]);
    expect(
      await db.look(
        "select evergreen.bucket_name('T+30') as a, evergreen.bucket_name('T+31') as b, evergreen.bucket_name('30') as c",
      ),
    ).toEqual([{ a: "30d", b: null, c: null }]);
  });

  it("knows every code that sql/ raises, and sql/ raises every code that is not another's", () => {
    const raised = new Set(
      Object.values(sql).flatMap((source) => [...source.matchAll(/'(EG\d+)'/g)].map((m) => m[1] ?? "")),
    );
    expect([...raised].filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
    const elsewhere = ["EG427"]; // constraints that contradict each other: the optimiser's, packages/finance
    expect(Object.keys(ERRORS).filter((code) => !raised.has(code))).toEqual(elsewhere);
  });

  it("and the database know a trace by the same id", async () => {
    const [row] = await db.look("select left(encode(sha256(convert_to('event/x', 'UTF8')), 'hex'), 32) as id");
    expect(row?.id).toBe(createHash("sha256").update("event/x").digest("hex").slice(0, 32));
  });
});
