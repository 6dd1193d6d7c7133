// Opens what a worker process needs and closes it again: database, Temporal, tracing. Only main.ts calls this.
import { dataConverter } from "@evergreen-fund/agent-kit";
import { openStore, type Store } from "@evergreen-fund/analytics";
import type { Config } from "@evergreen-fund/config/config.ts";
import { codecKey } from "@evergreen-fund/config/keys.ts";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Database, keepDeltaReaders, openDatabase } from "@evergreen-fund/supabase-client";
import { startTracing, type Tracing, temporalPlugin } from "@evergreen-fund/tracing";
import { Client } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { NativeConnection } from "@temporalio/worker";
import { type MorningReports, openMorningReports } from "./morning-reports.ts";
import { openRetention, type Retention } from "./retention.ts";
import { openSnapshots, type Snapshots } from "./snapshots.ts";
import { openStatementFiles, type StatementFiles } from "./statement-files.ts";

export interface Connections {
  database: Database;
  temporal: NativeConnection;
  client: Client;
  namespace: string;
  tracing: Tracing;
  close(): Promise<void>;
}

export async function connect(config: Config, service: string): Promise<Connections> {
  if (config.databaseUrl === null)
    throw new EvergreenError(
      "EG400",
      "DATABASE_URL is missing: start the platform with `npm start`, or set it to your Postgres.",
    );
  const database = openDatabase({ url: config.databaseUrl, connections: 8 });
  const tracing = await startTracing({
    service,
    store: async (spans) =>
      void (await database.rpc({ role: "service_role" }, "fn_record_spans", {
        spans: spans as unknown as Record<string, unknown>[],
      })),
    ...(config.langfuse ? { langfuse: config.langfuse } : {}),
    ...(config.otlpEndpoint ? { otlp: { endpoint: config.otlpEndpoint } } : {}),
  } as Parameters<typeof startTracing>[0]);
  // TEMPORAL_ADDRESS, TLS, API key and profile are Temporal's own settings, read by its own reader
  const profile = loadClientConnectConfig();
  const temporal = await NativeConnection.connect({
    ...profile.connectionOptions,
    ...(config.temporal.address ? { address: config.temporal.address } : {}),
  }).catch((error: unknown) => {
    throw new EvergreenError(
      "EG503",
      `Temporal does not answer at ${config.temporal.address ?? "the address of its profile"}.`,
      { cause: error },
    );
  });
  const namespace = config.temporal.namespace;
  const client = new Client({
    connection: temporal,
    namespace,
    dataConverter: dataConverter(codecKey(config)),
    plugins: [temporalPlugin(tracing)],
  });
  return {
    database,
    temporal,
    client,
    namespace,
    tracing,
    async close() {
      await tracing.shutdown();
      await temporal.close();
      await database.close();
    },
  };
}

/** As long as the working file stays open between two turns. */
const KEEP_CONNECTION_MS = 30_000;

/** The door to the analytical files of this home; the mirror is read as Simulation may read. */
export function connectSnapshots(
  config: Config,
  database: Database,
  codeHash: string,
  log: (line: string) => void,
): { snapshots: Snapshots; reports: MorningReports; statements: StatementFiles; retention: Retention; close(): void } {
  const url = config.databaseUrl ?? "";
  const store: Store | null = config.snapshotStore === null ? null : openStore(config.snapshotStore);
  const readers = keepDeltaReaders({ url, role: "agent_simulation" }, KEEP_CONNECTION_MS);
  return {
    snapshots: openSnapshots({ home: config.home, openReader: readers.open, store, codeHash, log }),
    reports: openMorningReports(config.home, store),
    statements: openStatementFiles(config.home, store),
    retention: openRetention({ home: config.home, database, url, store, log }),
    close: () => {
      store?.close();
      readers.close().catch(() => {}); // it was cut: as good
    },
  };
}
