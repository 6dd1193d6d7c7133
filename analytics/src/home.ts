// Where the analytical files of a home lie: the working file, the published snapshots, and dev.duckdb, which names the newest of them.
import { mkdir, open, symlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

export interface AnalyticsHome {
  folder: string;
  /** Written to by one synchronisation at a time; nobody reads it. */
  work: string;
  /** Held by whoever writes here, from before anything is read until its snapshot has its name. */
  lock: string;
  /** There while the holder of the lock only rests: who removes it asks for the home. */
  resting: string;
  /** Rows under way from Postgres; emptied at every start. */
  staging: string;
  /** Published files with their manifests: they never change. */
  snapshots: string;
  /** The newest snapshot. */
  newest: string;
}

/** @param home EVERGREEN_HOME, absolute. */
export function analyticsHome(home: string): AnalyticsHome {
  const folder = join(home, "analytics");
  return {
    folder,
    work: join(folder, "work.duckdb"),
    lock: join(folder, "lock.duckdb"),
    resting: join(folder, "lock.resting"),
    staging: join(folder, "staging"),
    snapshots: join(folder, "snapshots"),
    newest: join(folder, "dev.duckdb"),
  };
}

const CHECKOUT = resolve(import.meta.dirname, "../..");

/** Makes the folders, readable by nobody else; in the default home of a checkout, `analytics/dev.duckdb` there leads to its newest snapshot. */
export async function makeHome(home: string, checkout = CHECKOUT): Promise<AnalyticsHome> {
  const paths = analyticsHome(home);
  await mkdir(paths.staging, { recursive: true, mode: 0o700 });
  await mkdir(paths.snapshots, { recursive: true, mode: 0o700 });
  if (resolve(home) === join(checkout, ".evergreen")) {
    const folder = join(checkout, "analytics");
    // a convenience: where it cannot be, or is already, nothing depends on it
    await symlink(relative(folder, paths.newest), join(folder, "dev.duckdb")).catch(() => {});
  }
  return paths;
}

/** Returns when what was written to the file, or the names in the folder, is on the disk. */
export async function persist(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
