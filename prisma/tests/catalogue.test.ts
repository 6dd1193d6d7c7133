// What no table, function, policy or role may ever lack (catalogue-lints.ts), and what the next migration starts from.
import { describe, expect, it } from "vitest";
import { testDatabase } from "./arrange.ts";
import { LINTS } from "./catalogue-lints.ts";
import { LP_ORACLE } from "./lp-oracle.ts";

const db = await testDatabase();

describe.each(LINTS.map((lint) => [lint.rule, lint] as const))("%s", (_rule, lint) => {
  it("holds", async () => {
    expect(await db.look(lint.offenders)).toEqual([]);
  });

  it("is found out when it is broken", async () => {
    const client = await db.admin.connect();
    try {
      await client.query("begin");
      await client.query(lint.planted);
      expect((await client.query(lint.offenders)).rows).not.toEqual([]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});

it("a policy of LPs stands on every table of the oracle, and on no other", async () => {
  const rows = await db.look(
    "select distinct tablename from pg_policies where schemaname = 'public' and 'lp_role' = any (roles) order by 1",
  );
  expect(rows.map((row) => row.tablename)).toEqual(
    Object.keys(LP_ORACLE)
      .filter((t) => !["subscriptions", "redemptions"].includes(t))
      .sort(),
  );
});

it("what the next migration makes is closed until it is granted", async () => {
  const client = await db.admin.connect();
  try {
    await client.query("begin");
    for (const role of ["postgres", "evergreen_owner"]) {
      await client.query(`set local role ${role}`);
      await client.query(`create table public.made_by_${role} (x bigint generated always as identity)`);
      await client.query(`create function public.fn_made_by_${role}() returns int language sql as 'select 1'`);
      await client.query(`create sequence public.sequence_by_${role}`);
    }
    await client.query("reset role");
    const { rows } = await client.query(
      `select r.rolname as role, o.name from pg_roles r, unnest('{postgres, evergreen_owner}'::text[]) o(name)
        where not r.rolsuper and r.rolname !~ '^pg_' and r.rolname <> 'evergreen_owner'
          and (has_table_privilege(r.rolname, 'public.made_by_' || o.name, 'select, insert, update, delete, truncate, references, trigger')
            or has_sequence_privilege(r.rolname, 'public.sequence_by_' || o.name, 'usage, select, update')
            or has_function_privilege(r.rolname, 'public.fn_made_by_' || o.name || '()', 'execute'))`,
    );
    expect(rows).toEqual([]);
  } finally {
    await client.query("rollback");
    client.release();
  }
});
