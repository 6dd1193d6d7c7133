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
  const workers = workersPassword(config);
  const missing = await setLoginPasswords(url, {
    ...(workers === undefined ? {} : { evergreen_app: workers }),
    evergreen_api: ownKey(config.home, "evergreen_api"),
    evergreen_readonly: ownKey(config.home, "evergreen_readonly"),
  });
  if (missing.length > 0) {
    throw new EvergreenError("EG500", `The migrations did not create the login ${missing.join(", ")}.`);
  }
  if (config.demo) await ensureDemoLogins(url, config.home);
  return result;
}

/**
 * The password that evergreen_app gets, so that loginUrl() opens: the one DATABASE_URL says, or this home's where nothing says one.
 * Undefined: the workers have a login of somebody's own making.
 */
function workersPassword(config: Config): string | undefined {
  if (config.databaseUrl === null || config.databaseUrl === config.directUrl)
    return ownKey(config.home, "evergreen_app");
  const { username, password } = new URL(config.databaseUrl);
  // a pooler is told the project behind the name: evergreen_app.PROJECT
  return username.split(".")[0] === "evergreen_app" && password !== "" ? decodeURIComponent(password) : undefined;
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
