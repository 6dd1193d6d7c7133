// Every cell of role-matrix.ts, tried for real: each identity on each table with each verb, and on each function.
import { ALL_ROLES } from "@evergreen-fund/domain/roles.ts";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { claimsOf, LP_A, LP_B, testDatabase } from "./arrange.ts";
import { LP_ORACLE } from "./lp-oracle.ts";
import { populate, userOf } from "./populate.ts";
import { IDENTITIES, type Identity, LOGINS } from "./role-identities.ts";
import { CALLERS, PRIVATE_CALLERS, READERS } from "./role-matrix.ts";

const db = await testDatabase();
await populate(db);
const pools = Object.fromEntries(
  LOGINS.map((login) => [login, new pg.Pool({ connectionString: db.database.urlFor(login), max: 2 })]),
);
for (const pool of Object.values(pools)) pool.on("error", () => {});
afterAll(() => Promise.all(Object.values(pools).map((pool) => pool.end())));

const roleOf = (identity: Identity): string => (identity.startsWith("lp_") ? "lp_role" : identity);
const claims: Partial<Record<Identity, string>> = { lp_a: claimsOf(LP_A), lp_b: claimsOf(LP_B), lp_nobody: "" };
const staffClaims = JSON.stringify({ sub: "00000000-0000-4000-8000-000000000009" });

/** A transaction as the identity; always rolled back. */
async function trying<T>(identity: Identity, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const isLogin = (LOGINS as readonly string[]).includes(identity);
  const login = isLogin ? identity : ["anon", "authenticated"].includes(identity) ? "evergreen_api" : "evergreen_app";
  const client = await (pools[login] as pg.Pool).connect();
  try {
    await client.query("begin read write"); // the diagnostic login begins read-only: what binds it is the grants, not that
    await client.query("select set_config('request.jwt.claims', $1, true)", [claims[identity] ?? staffClaims]);
    if (!isLogin) await client.query(`set local role ${roleOf(identity)}`);
    return await work(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

/** "ok", or the code with which the statement is refused. */
async function attempt(client: pg.PoolClient, sql: string): Promise<string> {
  await client.query("savepoint attempt");
  try {
    await client.query(sql);
    return "ok";
  } catch (error) {
    return String((error as { code?: string }).code);
  } finally {
    await client.query("rollback to attempt");
  }
}

const relations = await db.look<{ name: string; kind: string }>(
  "select relname as name, relkind as kind from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'f', 'p') order by 1",
);
const functions = await db.look<{ schema: string; name: string; types: string[]; call: string }>(
  `select n.nspname as schema, p.proname as name,
          n.nspname || '.' || p.proname || '(' || (select coalesce(string_agg(case when p.provariadic <> 0 and i = p.pronargs then 'variadic ' else '' end || 'null::' || format_type(t, null), ', ' order by i), '')
            from unnest(p.proargtypes) with ordinality as x(t, i)) || ')' as call
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'evergreen') and p.prorettype <> 'trigger'::regtype order by 1, 2`,
);

describe("the matrix is whole", () => {
  it("every table and view has its row", () => {
    expect(relations.map((r) => r.name)).toEqual(Object.keys(READERS).sort());
  });
  it("every function has its row", () => {
    expect(functions.filter((f) => f.schema === "public").map((f) => f.name)).toEqual(Object.keys(CALLERS).sort());
  });
  it("every role of the database has its column", async () => {
    const roles = await db.look(
      "select rolname from pg_roles where rolname !~ '^pg_' and not rolsuper and rolname <> 'evergreen_owner' order by 1",
    );
    expect([...new Set(IDENTITIES.map(roleOf))].sort()).toEqual(roles.map((r) => r.rolname));
    expect(
      [...new Set(IDENTITIES.map(roleOf))].filter((r) => !(LOGINS as readonly string[]).includes(r)).sort(),
    ).toEqual([...ALL_ROLES].sort());
  });
  it("every table has a row to see, and LPs' tables have rows of both and of nobody", async () => {
    for (const { name } of relations)
      expect((await db.look(`select count(*)::int as n from public.${name}`))[0]?.n, name).toBeGreaterThan(0);
    for (const name of Object.keys(LP_ORACLE).filter((t) => READERS[t]?.lp === "own")) {
      const [all, a, b] = await Promise.all([
        db.look(`select 1 from public.${name}`),
        db.look(LP_ORACLE[name] ?? "", [userOf(LP_A)]),
        db.look(LP_ORACLE[name] ?? "", [userOf(LP_B)]),
      ]);
      expect([a.length > 0, b.length > 0, all.length > a.length, all.length > b.length], name).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
  });
});

describe.each(relations.map((r) => [r.name, r.kind] as const))("%s", (table, kind) => {
  it.each(IDENTITIES)("%s", async (identity) => {
    const rule = READERS[table];
    const readsAll = rule?.all.includes(identity) ?? false;
    const readsAsLp = rule?.lp !== undefined && identity.startsWith("lp_");
    await trying(identity, async (client) => {
      expect(await attempt(client, `select 1 from public.${table}`), "select").toBe(
        readsAll || readsAsLp ? "ok" : "42501",
      );
      // a view that joins takes no writes from anybody: that is said before any right is asked for
      const [written] = await db.look<{ by: number }>(
        `select pg_relation_is_updatable('public.${table}'::regclass, true) as by`,
      );
      const refused = kind === "v" && written?.by === 0 ? "55000" : "42501";
      expect(await attempt(client, `insert into public.${table} default values`), "insert").toBe(refused);
      const [column] = await db.look(
        `select attname from pg_attribute where attrelid = 'public.${table}'::regclass and attnum = 1`,
      );
      expect(
        await attempt(client, `update public.${table} set "${column?.attname}" = "${column?.attname}"`),
        "update",
      ).toBe(refused);
      expect(await attempt(client, `delete from public.${table}`), "delete").toBe(refused);
      expect(await attempt(client, `truncate public.${table}`), "truncate").toBe(kind === "v" ? "42809" : "42501");
      if (!readsAll && !readsAsLp) return;
      const seen = (await client.query(`select x::text as row from public.${table} x order by 1`)).rows;
      const user = identity === "lp_a" ? userOf(LP_A) : identity === "lp_b" ? userOf(LP_B) : null;
      // currencies and event types are the same for everybody, also for an LP without claims
      const expected =
        readsAll || rule?.lp === "all"
          ? await db.look(`select x::text as row from public.${table} x order by 1`)
          : await db.look(
              `select y::text as row from (${LP_ORACLE[table]}) as z(${table === "fund_events" ? "" : "y"}) order by 1`.replace(
                "as z() ",
                "as y ",
              ),
              [user],
            );
      expect(seen).toEqual(expected);
    });
  });
});

describe.each(functions.map((f) => [`${f.schema}.${f.name}`, f] as const))("%s", (_name, f) => {
  const callers = f.schema === "public" ? CALLERS[f.name] : PRIVATE_CALLERS[f.name];
  it.each(IDENTITIES)("%s", async (identity) => {
    const outcome = await trying(identity, (client) => attempt(client, `select ${f.call}`));
    if (callers?.includes(identity)) expect(["42501", "EG403"]).not.toContain(outcome);
    else expect(outcome).toBe("42501");
  });
});
