// vitest globalSetup: one Postgres cluster for the run. A test gets its database with
//   const database = await freshDatabase(inject("postgresAdminUrl"));
import { loadConfig } from "@evergreen-fund/config/config.ts";
import type { TestProject } from "vitest/node";
import { freshCluster } from "./postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser URL of the run's throw-away cluster. */
    postgresAdminUrl: string;
  }
}

/** Starts the cluster, provides its URL, and returns what stops it. EVERGREEN_POSTGRES_BIN runs the suite on another Postgres. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await freshCluster({ binDir: loadConfig().postgresBinDir });
  project.provide("postgresAdminUrl", cluster.adminUrl);
  return () => cluster.stop();
}
