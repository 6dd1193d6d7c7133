// Everything `bench chain` runs on: one throw-away cluster with a database for either side, both Temporal servers, the plain worker, and a
// Config for the platform's own workers whose home is a temporary folder.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, readConfig } from "@evergreen-fund/config/config.ts";
import { onFreePorts } from "@evergreen-fund/stack/temporal.ts";
import { ensureTemporalCli } from "@evergreen-fund/stack/temporal-cli.ts";
import { type Database, openDatabase } from "@evergreen-fund/supabase-client";
import { Client, Connection } from "@temporalio/client";
import { startScript } from "../frame/child.ts";
import { openCluster } from "../frame/cluster.ts";
import { withSession } from "../frame/connection.ts";
import { atAnyEnd } from "../frame/ending.ts";
import type { Environment } from "../frame/peers.ts";
import { type Bells, openBells } from "./bells.ts";
import { importBenchFund } from "./fund.ts";
import { startShipped, startStock } from "./servers.ts";
import { startWorkers, type Workers } from "./workers.ts";

export interface Town {
  /** The platform's side. */
  ours: { database: Database; adminUrl: string; fundId: string; bells: Bells };
  /** The plain style's side. */
  plain: { database: Database; adminUrl: string; fundId: string; client: Client };
  startWorkers(groups: readonly (readonly string[])[]): Promise<Workers>;
  stop(): Promise<void>;
}

export async function openTown(
  environment: Environment,
  statement: (name: string) => string,
  note: (text: string) => void,
): Promise<Town> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end().catch(() => undefined);
  };
  try {
    const home = await mkdtemp(join(tmpdir(), "evergreen-bench-home-"));
    ends.push(() => rm(home, { recursive: true, force: true }));
    const forget = atAnyEnd(() => rmSync(home, { recursive: true, force: true }));
    ends.push(async () => forget());
    const config = await configOf(environment, home);
    const cli = await ensureTemporalCli(config, note);
    const cluster = await openCluster();
    ends.push(() => cluster.stop());
    const plainAdmin = await cluster.newDatabase("plain_style", "migrated");
    await withSession(cluster.adminUrl, async (session) => {
      await session.query(statement("bells"));
      await session.query(statement("investors"));
    });
    const appUrl = cluster.urlFor("evergreen_app");
    const plainUrl = new URL(appUrl);
    plainUrl.pathname = new URL(plainAdmin).pathname;
    const shipped = await startShipped(config, cli);
    ends.push(() => shipped.stop());
    const stock = await startStock(cli);
    ends.push(() => stock.stop());
    const worker = startScript(new URL("plain-worker.ts", import.meta.url), [plainUrl.href, stock.address]);
    ends.push(() => worker.kill());
    const database = openDatabase({ url: appUrl, connections: 8 });
    ends.push(() => database.close());
    const plainDatabase = openDatabase({ url: plainUrl.href, connections: 8 });
    ends.push(() => plainDatabase.close());
    const bells = await openBells(cluster.adminUrl, statement);
    ends.push(() => bells.stop());
    const connection = await Connection.connect({ address: stock.address });
    ends.push(() => connection.close());
    await worker.next(60_000);
    return {
      ours: { database, adminUrl: cluster.adminUrl, fundId: await importBenchFund(database), bells },
      plain: {
        database: plainDatabase,
        adminUrl: plainAdmin,
        fundId: await importBenchFund(plainDatabase),
        client: new Client({ connection }),
      },
      startWorkers: (groups) => startWorkers(config, appUrl, shipped.address, groups),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The settings as shipped, whatever stack or other server the environment names: only the home and the ports are this bench's own. */
function configOf(environment: Environment, home: string): Promise<Config> {
  const { XDG_CACHE_HOME, TEMPORAL_CLI_PATH } = environment;
  return onFreePorts(readConfig({ XDG_CACHE_HOME, TEMPORAL_CLI_PATH, EVERGREEN_HOME: home }));
}
