// What a hosted Supabase database already has and an embedded one lacks, applied before the first migration: the roles anon,
// authenticated and service_role, the schema auth with its tables, and auth.uid() and friends. A real Supabase is left alone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import pg from "pg";

/** Sign-ins of the command line and second steps; applied again when the API's login is there, which then may call them. */
export const ownAuthSql = (): string =>
  ["device-logins", "second-factors"]
    .map((name) => readFileSync(join(REPOSITORY_ROOT, `prisma/embedded/${name}.sql`), "utf8"))
    .join("\n");

const MARK = "evergreen: embedded auth schema";

/**
 * Roles first: migrations name them. None may log in, none inherits, none bypasses RLS. The request settings are read the way
 * hosted Supabase reads them: the one-claim setting of the API first, then the JSON of all claims, and '' counts as absent
 * (after any transaction that set it, a setting is '' and not null).
 */
const ROLES = `
do $$
declare name text;
begin
  foreach name in array array['anon', 'authenticated', 'service_role'] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = name) then
        execute pg_catalog.format('create role %I nologin noinherit nobypassrls', name);
      end if;
    exception when duplicate_object or unique_violation then null; -- another database of the cluster was first
    end;
  end loop;
end $$;`;

const HELPERS = `
create or replace function auth.jwt() returns jsonb language sql stable set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;
create or replace function auth.uid() returns uuid language sql stable set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;
create or replace function auth.role() returns text language sql stable set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
$$;
create or replace function auth.email() returns text language sql stable set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
$$;
comment on function auth.uid() is 'Id of the signed-in person, from the request; null for rooms and services.';
comment on function auth.jwt() is 'All claims of the request, {} when there are none.';
comment on function auth.role() is 'Role claim of the request.';
comment on function auth.email() is 'E-mail claim of the request.';`;

/** Decision 1: nothing is granted by default to anyone; who may do what is granted by name in prisma/sql. */
const REVOKES = `
revoke all on all tables in schema auth from public, anon, authenticated, service_role;
grant usage on schema auth to public;
revoke create on schema public from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role, public;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role, public;
alter default privileges revoke execute on functions from public;`;

/**
 * Makes the database look like a Supabase one. Idempotent. Returns "skipped" when the schema auth was not made here.
 * @param adminUrl a login that may create roles and schemas.
 */
export async function bootstrapAuth(adminUrl: string): Promise<"applied" | "skipped"> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query<{ mark: string | null }>(
      `select pg_catalog.obj_description(oid, 'pg_namespace') as mark from pg_catalog.pg_namespace where nspname = 'auth'`,
    );
    if (found.rows.length > 0 && found.rows[0]?.mark !== MARK) return "skipped";
    const { getAuthSchemaSql } = await import("@supabase/lite");
    await client.query("begin");
    await client.query(ROLES);
    await client.query(getAuthSchemaSql());
    await client.query(HELPERS);
    await client.query(ownAuthSql());
    await client.query(REVOKES);
    await client.query(`comment on schema auth is '${MARK}'`);
    await client.query("commit");
    await secureDatabase(client);
    return "applied";
  } finally {
    await client.end();
  }
}

/**
 * Rights of the database itself, which a copy from a template does not inherit: nobody but its owner makes schemas or
 * temporary objects in it (a temporary table can shadow a real one inside a careless function).
 */
export async function secureDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>("select current_database() as name");
  await client.query(
    `revoke temporary, create on database ${client.escapeIdentifier(rows[0]?.name ?? "")} from public`,
  );
}
