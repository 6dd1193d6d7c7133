// What doctor asks Postgres, in one connection; reads only the catalogue.
import type { Config } from "@evergreen-fund/config";
import pg from "pg";
import { adminUrl } from "./addresses.ts";
import { finishedMigrations, migrationFolders } from "./migrate.ts";
import { MIGRATIONS_DIR } from "./prepare-database.ts";
import { SERVICE_LOGINS } from "./service-logins.ts";

export interface DatabaseFinding {
  version: string;
  zone: string;
  /** Migration folders on disk. */
  folders: string[];
  /** Migrations that the database records as finished. */
  applied: string[];
  /** Tables in public whose row-level security is off or not forced; Prisma's own table needs only to be on. */
  withoutRls: string[];
  /** Logins of the stack that are superuser, bypass RLS or inherit. */
  loginsTooStrong: string[];
}

/** What to do about a finding that the next start does not mend. */
export const FIXES = {
  zone: "alter database … set timezone to 'UTC'",
  logins: "alter role … nosuperuser nobypassrls noinherit",
} as const;

/** Errors: what the driver throws when the database does not answer. */
export async function inspectDatabase(config: Config, migrationsDir = MIGRATIONS_DIR): Promise<DatabaseFinding> {
  const url = adminUrl(config);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    const settings = await client.query<{ version: string; zone: string }>(
      "select current_setting('server_version') as version, current_setting('TimeZone') as zone",
    );
    const tables = await client.query<{ name: string }>(
      `select c.relname as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and not (c.relrowsecurity and (c.relforcerowsecurity or c.relname = '_prisma_migrations')) order by 1`,
    );
    const logins = await client.query<{ name: string }>(
      "select rolname as name from pg_roles where rolname = any ($1) and (rolsuper or rolbypassrls or rolinherit)",
      [SERVICE_LOGINS],
    );
    return {
      version: settings.rows[0]?.version ?? "0",
      zone: settings.rows[0]?.zone ?? "",
      folders: await migrationFolders(migrationsDir),
      applied: await finishedMigrations(url),
      withoutRls: tables.rows.map((row) => row.name),
      loginsTooStrong: logins.rows.map((row) => row.name),
    };
  } finally {
    await client.end();
  }
}
