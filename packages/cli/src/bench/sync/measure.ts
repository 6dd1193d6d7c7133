// One synchronisation of the product, timed at the places it passes: how long until the rows are in the working file, and until a snapshot is published.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type SyncResult, synchronise } from "@evergreen-fund/analytics";
import { openDeltaReader } from "@evergreen-fund/supabase-client";

export interface Synced {
  /** Until every row is in the working file, compared and committed. */
  committed: number;
  /** Until the snapshot has its name. */
  published: number;
  result: SyncResult;
}

/** Seconds. `anew`: the home is emptied first, so that everything is read. */
export async function synced(
  home: string,
  url: string,
  options: { anew?: boolean; rebuild?: boolean } = {},
): Promise<Synced> {
  if (options.anew === true) await rm(join(home, "analytics"), { recursive: true, force: true });
  const start = performance.now();
  let committed = Number.NaN;
  const result = await synchronise({
    home,
    openReader: () => openDeltaReader({ url, role: "agent_simulation" }),
    keep: 1,
    rebuild: options.rebuild === true,
    reach: (point) => {
      if (point === "committed") committed = (performance.now() - start) / 1_000;
    },
  });
  return { committed, published: (performance.now() - start) / 1_000, result };
}
