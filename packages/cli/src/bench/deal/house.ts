// What `bench deal` runs on: one throw-away cluster, Temporal as the stack starts it, and the platform's own worker with every room. Loopback only.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config/config.ts";
import { onFreePorts } from "@evergreen-fund/stack/temporal.ts";
import { ensureTemporalCli } from "@evergreen-fund/stack/temporal-cli.ts";
import { type Database, openDatabase } from "@evergreen-fund/supabase-client";
import { startShipped } from "../chain/servers.ts";
import { startWorkers } from "../chain/workers.ts";
import { openCluster } from "../frame/cluster.ts";
import { connectTo, type Session } from "../frame/connection.ts";
import { atAnyEnd } from "../frame/ending.ts";
import type { Environment } from "../frame/peers.ts";

export interface House {
  database: Database;
  /** Superuser: arranges and looks. */
  admin: Session;
  /** Until the day is in one of the statuses. @throws Error after `timeoutMs`. */
  reaches(dealingDayId: string, statuses: readonly string[], timeoutMs: number): Promise<string>;
  stop(): Promise<void>;
}

export async function openHouse(
  environment: Environment,
  statement: (name: string) => string,
  note: (text: string) => void,
): Promise<House> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end().catch(() => undefined);
  };
  try {
    const home = await mkdtemp(join(tmpdir(), "evergreen-bench-home-"));
    ends.push(() => rm(home, { recursive: true, force: true }));
    const forget = atAnyEnd(() => rmSync(home, { recursive: true, force: true }));
    ends.push(async () => forget());
    const { XDG_CACHE_HOME, TEMPORAL_CLI_PATH } = environment;
    const config = await onFreePorts(readConfig({ XDG_CACHE_HOME, TEMPORAL_CLI_PATH, EVERGREEN_HOME: home }));
    const cluster = await openCluster();
    ends.push(() => cluster.stop());
    const admin = await connectTo(cluster.adminUrl);
    ends.push(() => admin.end());
    await admin.query(statement("bells"));
    const server = await startShipped(config, await ensureTemporalCli(config, note));
    ends.push(() => server.stop());
    const url = cluster.urlFor("evergreen_app");
    const database = openDatabase({ url, connections: 4 });
    ends.push(() => database.close());
    const bells = await connectTo(cluster.adminUrl);
    ends.push(() => bells.end());
    await bells.query(statement("listen"));
    const workers = await startWorkers(config, url, server.address, [["all"]]);
    ends.push(() => workers.stop());
    return { database, admin, reaches: waiting(bells), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Days ring when they move; what rang before anybody waited is kept. */
function waiting(bells: Session): House["reaches"] {
  const last = new Map<string, string>();
  let wake: () => void = () => undefined;
  bells.on("notification", ({ payload = "" }) => {
    const [day = "", status = ""] = payload.split(" ");
    last.set(day, status);
    wake();
  });
  return async (day, statuses, timeoutMs) => {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const status = last.get(day);
      if (status !== undefined && statuses.includes(status)) return status;
      if (Date.now() > end) throw new Error(`A dealing day is ${status ?? "open"} after ${timeoutMs / 1_000} s.`);
      await new Promise<void>((go) => {
        const timer = setTimeout(go, 1_000);
        wake = () => {
          clearTimeout(timer);
          go();
        };
      });
    }
  };
}
