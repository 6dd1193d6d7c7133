// The user's specification against the database: every table, column, type, relation, role and function of specification.json is there.
import { describe, expect, it } from "vitest";
import { PM_ONE, testDatabase } from "./arrange.ts";
import specification from "./specification.json" with { type: "json" };
import { newFund } from "./synthetic-fund.ts";

const db = await testDatabase();

const columns = await db.look<{ path: string; type: string }>(
  `select c.relname || '.' || a.attname as path, format_type(a.atttypid, null) as type from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped`,
);
const typeOf = new Map(columns.map((c) => [c.path, c.type]));

describe.each(Object.entries(specification.tables))("table %s", (table, names) => {
  it.each([...names, ...specification.everyTable])("has %s", (name) => {
    expect([...typeOf.keys()]).toContain(`${table}.${name}`);
  });
});

it.each(Object.entries(specification.columnTypes))("%s is %s", (path, type) => {
  expect(typeOf.get(path)).toBe(type);
});

it.each(specification.references)("%s.%s refers to %s", async (table, column, target) => {
  const found = await db.look(
    `select 1 from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
      where k.contype = 'f' and k.conrelid = ('public.' || $1)::regclass and a.attname = $2 and k.confrelid = ('public.' || $3)::regclass`,
    [table, column, target],
  );
  expect(found).toHaveLength(1);
});

it.each(specification.roles)("role %s is there and bypasses nothing", async (role) => {
  expect(await db.look("select rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname = $1", [role])).toEqual([
    { rolsuper: false, rolbypassrls: false, rolcanlogin: false },
  ]);
});

it.each(Object.entries(specification.values))("%s may be each of %s and nothing else", async (path, values) => {
  const [table, column] = path.split(".");
  const checks = await db.look<{ text: string }>(
    `select pg_get_constraintdef(k.oid) as text from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
      where k.contype = 'c' and k.conrelid = ('public.' || $1)::regclass and a.attname = $2`,
    [table, column],
  );
  const named = checks.flatMap(({ text }) => [...text.matchAll(/'([^']+)'::text/g)].map((m) => m[1]));
  expect(named.sort()).toEqual([...values].sort());
});

it.each(specification.events)("event type %s is in the catalogue", async (type) => {
  expect(await db.look("select type from event_types where type = $1", [type])).toHaveLength(1);
});

describe.each(Object.entries(specification.functions))("%s", (name, { arguments: wanted, optional, returns }) => {
  it(`takes ${wanted.join(", ")} first and answers ${returns}`, async () => {
    const [fn] = await db.look<{ names: string[]; defaults: number; count: number; returns: string }>(
      `select proargnames as names, pronargdefaults as defaults, pronargs as count, format_type(prorettype, null) as returns
         from pg_proc where oid = ('public.' || $1)::regproc`,
      [name],
    );
    expect(fn?.names.slice(0, wanted.length)).toEqual(wanted);
    // what comes after is ours, and may be left out
    const required = fn?.names.slice(0, Number(fn.count) - Number(fn.defaults));
    expect(required).toEqual(wanted.filter((argument) => !(optional as string[]).includes(argument)));
    expect(fn?.returns).toBe(returns);
  });
});

it("a row that is changed keeps created_at and moves updated_at, in every table that may change", async () => {
  await newFund(db);
  const tables = (
    await db.look<{ name: string }>(
      `select c.relname as name from pg_class c join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'stamp'
      where c.relnamespace = 'public'::regnamespace and not exists (select from pg_trigger f where f.tgrelid = c.oid and f.tgname = 'append_only')`,
    )
  ).map((row) => row.name);
  expect(tables.length).toBeGreaterThan(20);
  for (const table of ["funds", "assets", "portfolio_allocations", "liquidity_ladder", "asset_snapshots"]) {
    const [before] = await db.look(`select created_at, updated_at from ${table} limit 1`);
    const [after] = await db.look(
      `update ${table} set created_at = '2000-01-01', updated_at = '2000-01-01' where ctid = (select ctid from ${table} limit 1) returning created_at, updated_at`,
    );
    expect(after?.created_at).toEqual(before?.created_at);
    expect((after?.updated_at as Date) > (before?.updated_at as Date), table).toBe(true);
  }
});

it("every table stamps itself", async () => {
  const without = await db.look(
    `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> '_prisma_migrations'
      and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'stamp' and t.tgenabled = 'O')`,
  );
  expect(without).toEqual([]);
});

it("the functions answer what the specification says, called with its arguments alone", async () => {
  const fund = await newFund(db);
  expect(
    await db.value(PM_ONE, "fn_update_liquidity_bucket", {
      bucket: "T+1",
      delta_capacity: "1.00",
      context: { fund_id: fund.fundId },
    }),
  ).toBeDefined();
  expect(
    await db.value(PM_ONE, "fn_record_event", {
      type: "STRESS_REQUESTED",
      payload: { scenario_id: "x", shift_bps: 1 },
      source: "spec",
      workflow_id: "w",
    }),
  ).toMatch(/^[0-9a-f-]{36}$/);
  expect(await db.look("select event_meta ->> 'workflow_id' as id from fund_events where source = 'spec'")).toEqual([
    { id: "w" },
  ]);
});
