// vitest globalSetup of the project `postgres15`: the same throw-away cluster, on the oldest Postgres that is supported.
import { freshCluster } from "@evergreen-fund/testing/postgres.ts";
import type { TestProject } from "vitest/node";
import { POSTGRES_15 } from "./postgres-15-path.ts";

/** Starts the cluster, provides its URL, and returns what stops it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await freshCluster({ binDir: POSTGRES_15 });
  project.provide("postgresAdminUrl", cluster.adminUrl);
  return () => cluster.stop();
}
