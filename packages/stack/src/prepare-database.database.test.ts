// A database of somebody's own is made ready: afterwards the workers' login opens with the address that the settings give it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config";
import { type FreshCluster, freshCluster } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loginUrl } from "./addresses.ts";
import { prepareDatabase } from "./prepare-database.ts";

// a cluster of its own: passwords belong to the whole of it, and other tests sign in at the common one
let cluster: FreshCluster;
const home = mkdtempSync(join(tmpdir(), "evergreen-own-"));
beforeAll(async () => {
  cluster = await freshCluster({ migrationsDir: null });
}, 120_000);
afterAll(async () => {
  await cluster?.stop();
  rmSync(home, { recursive: true, force: true });
});

const own = (databaseUrl: string, directUrl?: string) =>
  readConfig({
    EVERGREEN_HOME: home,
    DATABASE_URL: databaseUrl,
    ...(directUrl === undefined ? {} : { DIRECT_URL: directUrl }),
  });
const appUrl = (user: string, password: string): string => {
  const url = new URL(cluster.adminUrl);
  url.username = user;
  url.password = password;
  return url.href;
};

/** Who one is there, and how many funds a portfolio manager sees: the login alone sees none. */
async function look(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("set role pm_role");
    return (await client.query("select session_user as login, count(*)::int as funds from public.funds")).rows[0];
  } finally {
    await client.end();
  }
}
const SEEN = { login: "evergreen_app", funds: 0 };

it("with the password of DATABASE_URL, whatever characters it has, and again with another one", async () => {
  for (const password of ["chosen by: a person/%", "another"]) {
    const config = own(appUrl("evergreen_app", encodeURIComponent(password)), cluster.adminUrl);
    await prepareDatabase(config);
    expect(await look(loginUrl(config, "evergreen_app"))).toEqual(SEEN);
  }
  // the name by which a pooler knows the login is not what Postgres calls it
  await prepareDatabase(own(appUrl("evergreen_app.project", "pooled"), cluster.adminUrl));
  expect(await look(appUrl("evergreen_app", "pooled"))).toEqual(SEEN);
});

it("with a password of the home, when DATABASE_URL is the login that migrates", async () => {
  const config = own(cluster.adminUrl);
  await prepareDatabase(config);
  expect(await look(loginUrl(config, "evergreen_app"))).toEqual(SEEN);
});

it("leaves the password alone when the workers have another login", async () => {
  await prepareDatabase(own(appUrl("evergreen_app", "kept"), cluster.adminUrl));
  await prepareDatabase(own(appUrl("workers_of_ours", "x"), cluster.adminUrl));
  expect(await look(appUrl("evergreen_app", "kept"))).toEqual(SEEN);
});
