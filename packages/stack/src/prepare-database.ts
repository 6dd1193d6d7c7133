// From a running Postgres to a database that the platform can use: what Supabase has, the migrations, the logins, the demo people.
// Every step is idempotent; it runs at every start.
import { join } from "node:path";
import { type Config, ownKey, REPOSITORY_ROOT } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import { adminUrl, DATABASE } from "./addresses.ts";
import { bootstrapAuth } from "./bootstrap-auth.ts";
import { ensureDemoLogins } from "./demo-logins.ts";
import { type MigrateResult, migrateDeploy } from "./migrate.ts";
import { setLoginPasswords } from "./service-logins.ts";

export const MIGRATIONS_DIR = join(REPOSITORY_ROOT, "prisma", "migrations");

/** Errors: EG500 with one sentence when the zone is not UTC, a migration fails or a login is missing. */
export async function prepareDatabase(config: Config): Promise<MigrateResult> {
  if (config.directUrl === null) await createDatabase(adminUrl(config, "postgres"));
  const url = adminUrl(config);
  await refuseOtherZone(url);
  await bootstrapAuth(url);
  const result = await migrateDeploy({ databaseUrl: url, migrationsDir: MIGRATIONS_DIR });
  const missing = await setLoginPasswords(url, {
    // with a DATABASE_URL of the user's own, its password is theirs
    ...(config.databaseUrl === null ? { evergreen_app: ownKey(config.home, "evergreen_app") } : {}),
    evergreen_api: ownKey(config.home, "evergreen_api"),
    evergreen_readonly: ownKey(config.home, "evergreen_readonly"),
  });
  if (missing.length > 0) {
    throw new EvergreenError("EG500", `The migrations did not create the login ${missing.join(", ")}.`);
  }
  if (config.demo) await ensureDemoLogins(url, config.home);
  return result;
}

async function createDatabase(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  });
}

/** Prisma's adapter stores wrong instants in any other zone, and reads look right: refuse at the door. */
async function refuseOtherZone(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ zone: string }>("select current_setting('TimeZone') as zone");
    const zone = rows[0]?.zone ?? "";
    if (["UTC", "Etc/UTC", "GMT"].includes(zone)) return;
    throw new EvergreenError(
      "EG500",
      `The database runs in the time zone ${zone} and must run in UTC: alter database … set timezone to 'UTC'.`,
    );
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
