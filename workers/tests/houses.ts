// Several houses at once, and what a test needs beside one: the workflow bundle made once for all, a client of its own, the superuser.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { dataConverter } from "@evergreen-fund/agent-kit";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import { expectNothingBrokenAtRest } from "@evergreen-fund/testing/checked.ts";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import { openHouse, type WorkingHouse } from "@evergreen-fund/testing/working-house.ts";
import { startTracing } from "@evergreen-fund/tracing";
import { Client, Connection, type ConnectionLike } from "@temporalio/client";
import pg from "pg";

import { workflowBundle } from "../bundle.ts";

/** A house and its database's superuser: for arranging what no function may do, never for what is being tested. */
export interface TestHouse extends WorkingHouse {
  /** The application's own login. */
  appUrl: string;
  look<T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>;
  /** Keeps everybody from writing into a table until what it answers is called. */
  hold(table: string): Promise<() => Promise<void>>;
}

/** `count` houses on fresh databases of the run's cluster; the bundle is made once, since making it costs more than a journey.
 * Before a house is stopped no invariant is broken in it. */
export async function openHouses(count: number): Promise<TestHouse[]> {
  const houses: TestHouse[] = [];
  for (let i = 0; i < count; i++) {
    const database = await freshDatabase(ownCluster());
    const house = withSuperuser(
      await openHouse(database.urlFor("evergreen_app")),
      database.adminUrl,
      database.urlFor("evergreen_app"),
    );
    const { stop } = house;
    house.stop = () => expectNothingBrokenAtRest(house.look).finally(stop);
    houses.push(house);
  }
  await shareBundle(houses);
  return houses;
}

/** Every house with the bundle of the first. */
export async function shareBundle(houses: WorkingHouse[]): Promise<void> {
  const [first, ...others] = houses;
  const tracing = await startTracing({ service: "test", enabled: false });
  await workflowBundle(first!.home, tracing);
  await tracing.shutdown();
  for (const { home } of others) await cp(join(first!.home, "cache"), join(home, "cache"), { recursive: true });
}

export function withSuperuser(house: WorkingHouse, adminUrl: string, appUrl: string): TestHouse {
  const look = <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []) => lookAt<T>(adminUrl, sql, values);
  return Object.assign(house, { look, hold: (table: string) => holdAt(adminUrl, table), appUrl });
}

async function holdAt(adminUrl: string, table: string): Promise<() => Promise<void>> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`begin; lock table ${pg.escapeIdentifier(table)} in exclusive mode`);
  return () => admin.end();
}

/** Rows as the superuser sees them. */
export async function lookAt<T extends pg.QueryResultRow>(
  adminUrl: string,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    return (await admin.query<T>(sql, values)).rows;
  } finally {
    await admin.end();
  }
}

/** A client of the house's Temporal with its key. Close the connection. */
export async function clientOf(house: WorkingHouse, connection?: ConnectionLike): Promise<Client> {
  return new Client({
    connection: connection ?? (await Connection.connect({ address: house.temporalAddress })),
    namespace: house.config.temporal.namespace,
    dataConverter: dataConverter(codecKey(house.config)),
  });
}
