// Which Postgres a test file has: each worker of a run its own cluster, as events are handed on only once no older transaction of the
// whole cluster is open, and a file must not wait for another file's. A test gets its database with
//   const database = await freshDatabase(ownCluster());
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser URLs of the run's throw-away clusters, one per worker. */
    postgresAdminUrls: string[];
  }
}

/** Superuser URL of the cluster that no other file uses at this time. */
export function ownCluster(): string {
  const urls = inject("postgresAdminUrls");
  const url = urls[(Number(process.env.VITEST_POOL_ID ?? 1) - 1) % urls.length];
  if (url === undefined)
    throw new Error("This project starts no cluster: name it in the globalSetup of vitest.config.ts.");
  return url;
}
