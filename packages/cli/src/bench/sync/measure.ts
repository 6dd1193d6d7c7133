// Synchronisations of the product as a worker runs them, which keeps file and connection between two of them, timed at the places they pass: how long until
// the rows are in the working file, and until a snapshot is published.
import { rm } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { analyticsHome, letRest, type SyncResult, synchronise } from "@evergreen-fund/analytics";
import { keepDeltaReaders } from "@evergreen-fund/supabase-client";

export interface Synced {
  /** Until every row is in the working file, compared and committed. */
  committed: number;
  /** Until the snapshot has its name. */
  published: number;
  result: SyncResult;
}

export interface Synchroniser {
  /** Seconds. `anew`: the home is emptied first, so that everything is read. */
  synced(options?: { anew?: boolean; rebuild?: boolean }): Promise<Synced>;
  close(): Promise<void>;
}

/** Milliseconds: longer than anything that a bench does between two synchronisations. */
const KEPT = 600_000;

export function synchroniser(home: string, url: string): Synchroniser {
  const readers = keepDeltaReaders({ url, role: "agent_simulation" }, KEPT);
  const paths = analyticsHome(home);
  return {
    async synced({ anew = false, rebuild = false } = {}) {
      if (anew) {
        letRest(paths);
        await rm(paths.folder, { recursive: true, force: true });
      }
      const start = performance.now();
      let committed = Number.NaN;
      const result = await synchronise({
        home,
        openReader: readers.open,
        keep: 1,
        keepOpenFor: KEPT,
        rebuild,
        reach: (point) => {
          if (point === "committed") committed = (performance.now() - start) / 1_000;
        },
      });
      return { committed, published: (performance.now() - start) / 1_000, result };
    },
    async close() {
      letRest(paths);
      await readers.close();
    },
  };
}
