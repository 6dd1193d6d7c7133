// The gateway process. Started by the stack with DATABASE_URL set to the login evergreen_api; stops on SIGTERM.
// Its argument is what the home page shows beyond its own settings, as JSON: demoLogins [{role, email}], elsewhere [name].
import type { Server } from "node:http";
import { connect } from "node:net";
import { AesGcmCodec } from "@evergreen-fund/agent-kit/codec.ts";
import {
  type Config,
  codecKey,
  elsewhere,
  loadConfig,
  ownKey,
  requireDatabaseUrl,
  temporalAddress,
} from "@evergreen-fund/config";
import { buildDashboard } from "@evergreen-fund/dashboard/build.ts";
import { serve } from "@hono/node-server";
import type { ReadEvent } from "./src/archived-events.ts";
import { type DashboardFiles, readDashboard } from "./src/dashboard-files.ts";
import { createGateway, type GatewayOptions } from "./src/gateway.ts";
import { projectTokens } from "./src/project-token.ts";
import { serveRealtime } from "./src/realtime/serve.ts";
import { openSupabaseApi } from "./src/supabase-api.ts";
import { refuseUnread } from "./src/unread-request.ts";

/** Whether something accepts a connection there within a second. */
function answers(hostPort: string): Promise<boolean> {
  const [host = "127.0.0.1", port = "0"] = hostPort.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 1_000 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket
      .once("connect", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });
}

/** DuckDB and the store are heavy and are loaded when the first archived event is asked for. */
async function withContent(config: Config, events: readonly ReadEvent[]): Promise<readonly ReadEvent[]> {
  if (events.every(({ archive_id }) => archive_id === null)) return events;
  const { openStore, withContent: filled } = await import("@evergreen-fund/analytics");
  const store = config.snapshotStore === null ? null : openStore(config.snapshotStore);
  try {
    return await filled(config.home, store, events);
  } finally {
    store?.close();
  }
}

/** Built once per state of its sources; without it the page about this installation is served. */
async function builtDashboard(config: Config): Promise<DashboardFiles | null> {
  try {
    return readDashboard(await buildDashboard(config.cacheDir));
  } catch (error) {
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    process.stderr.write(`The dashboard could not be built and is not served: ${first}\n`);
    return null;
  }
}

async function main(config: Config): Promise<void> {
  const jwtSecret = ownKey(config.home, "jwt", 48);
  const publishableKey = config.supabase?.publishableKey ?? `sb_publishable_${ownKey(config.home, "publishable", 16)}`;
  const api = config.supabase
    ? null
    : await openSupabaseApi({ databaseUrl: requireDatabaseUrl(config), jwtSecret, publishableKey });
  const project = config.supabase === null ? null : { ...config.supabase, tokens: projectTokens(config.supabase) };
  const shown = JSON.parse(process.argv[2] ?? "{}") as Partial<Pick<GatewayOptions, "demoLogins" | "elsewhere">>;
  const address = temporalAddress(config);
  const gateway = createGateway({
    api,
    project,
    demoLogins: shown.demoLogins ?? [],
    elsewhere: shown.elsewhere ?? elsewhere(config),
    jwtSecret,
    publishableKey,
    supabaseUrl: config.supabase?.url ?? config.publicUrl,
    publicUrl: config.publicUrl,
    temporalUiUrl: config.temporal.uiUrl,
    codec: new AesGcmCodec(codecKey(config)),
    temporalAnswers: () => answers(address),
    withContent: (events) => withContent(config, events),
    dashboard: await builtDashboard(config),
  });
  const server = serve({ fetch: gateway.fetch, hostname: config.listen, port: config.ports.gateway }, () =>
    process.stdout.write("ready\n"),
  );
  refuseUnread(server as Server);
  const endRealtime =
    api === null
      ? () => undefined
      : serveRealtime(server as Server, { api, jwtSecret, publishableKey, publicUrl: config.publicUrl });
  server.once("error", (error: NodeJS.ErrnoException) => {
    process.stderr.write(
      `The gateway cannot listen on port ${config.ports.gateway}: ${error.code ?? error.message}.\n`,
    );
    process.exit(1);
  });
  const stop = () => {
    endRealtime();
    server.close(() => {
      void api?.close().finally(() => process.exit(0));
      if (!api) process.exit(0);
    });
    if ("closeAllConnections" in server) setTimeout(() => server.closeAllConnections(), 2_000).unref();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main(loadConfig()).catch((error: unknown) => {
  process.stderr.write(`The gateway did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
