// vitest globalSetup: throw-away Postgres clusters, one per worker of the run; own-cluster.ts says which is whose.
import { loadConfig } from "@evergreen-fund/config/config.ts";
import type { TestProject } from "vitest/node";
import { freshCluster } from "./postgres.ts";

/** Starts the clusters, provides their URLs, and returns what stops them. EVERGREEN_POSTGRES_BIN runs the suite on another Postgres. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return await provideClusters(project, loadConfig().postgresBinDir);
}

/** As many clusters as files may run at once, of the Postgres in `binDir`, or of the embedded one. */
export async function provideClusters(project: TestProject, binDir: string | null): Promise<() => Promise<void>> {
  const starts = Array.from({ length: project.config.maxWorkers ?? project.vitest.config.maxWorkers }, () =>
    freshCluster({ binDir }),
  );
  const clusters = (await Promise.allSettled(starts)).flatMap((start) =>
    start.status === "fulfilled" ? start.value : [],
  );
  const stop = async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  };
  if (clusters.length < starts.length) {
    await stop();
    await Promise.all(starts);
  }
  project.provide(
    "postgresAdminUrls",
    clusters.map(({ adminUrl }) => adminUrl),
  );
  return stop;
}
