// vitest globalSetup of the project `postgres15`: the same throw-away clusters, on the oldest Postgres that is supported.
import { provideClusters } from "@evergreen-fund/testing/global-setup.ts";
import type { TestProject } from "vitest/node";
import { POSTGRES_15 } from "./postgres-15-path.ts";

/** Starts the clusters, provides their URLs, and returns what stops them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return await provideClusters(project, POSTGRES_15);
}
