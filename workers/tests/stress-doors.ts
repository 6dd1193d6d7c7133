// The doors of a stress run on a test's own home and database: what a worker process hands to Simulation. One thread.
import { join } from "node:path";
import { type Database, openDeltaReader } from "@evergreen-fund/supabase-client";
import { codeHashOf } from "../code-hash.ts";
import { openMorningReports } from "../morning-reports.ts";
import { openPersonalDoor } from "../personal.ts";
import { openRetention } from "../retention.ts";
import type { House } from "../rooms.ts";
import { openShelf } from "../shelf.ts";
import { openSnapshots } from "../snapshots.ts";
import { openStatementFiles } from "../statement-files.ts";
import { openStressEngine } from "../stress-engine.ts";
import { openWatchlists } from "../watchlists.ts";

export interface StressDoors {
  doors: Pick<
    House,
    "engine" | "personal" | "reports" | "retention" | "shelf" | "snapshots" | "statements" | "watchlists"
  >;
  close(): Promise<void>;
}

/** @param appUrl the application's own login. */
export async function openStressDoors(home: string, appUrl: string, database: Database): Promise<StressDoors> {
  const engine = openStressEngine(await codeHashOf(), { threads: 1 });
  const personal = openPersonalDoor(home, database);
  const openReader = () => openDeltaReader({ url: appUrl, role: "agent_simulation" });
  const snapshots = openSnapshots({ home, openReader, store: null, codeHash: engine.codeHash, log: () => {} });
  return {
    doors: {
      engine,
      shelf: openShelf(),
      snapshots,
      personal,
      watchlists: openWatchlists({ database, personal, folder: join(home, "lists") }),
      reports: openMorningReports(home, null),
      statements: openStatementFiles(home, null),
      retention: openRetention({ home, database, url: appUrl, store: null, log: () => {} }),
    },
    close: () => engine.close(),
  };
}
