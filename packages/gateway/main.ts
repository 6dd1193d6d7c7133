// The gateway process. Started by the stack with DATABASE_URL set to the login evergreen_api; stops on SIGTERM.
// Its argument is what the home page shows beyond its own settings, as JSON: demoLogins [{role, email}], elsewhere [name].
import type { Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { AesGcmCodec } from "@evergreen-fund/agent-kit/codec.ts";
import { openApiOf } from "@evergreen-fund/api-reference";
import {
  type Config,
  codecKey,
  elsewhere,
  loadConfig,
  ownKey,
  requireDatabaseUrl,
  temporalAddress,
} from "@evergreen-fund/config";
import { platformVersion } from "@evergreen-fund/config/version.ts";
import { buildDashboard } from "@evergreen-fund/dashboard/build.ts";
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import { serve } from "@hono/node-server";
import type { ReadEvent } from "./src/archived-events.ts";
import { type DashboardFiles, readDashboard } from "./src/dashboard-files.ts";
import { openDocuments } from "./src/documents.ts";
import { openEvidenceMaker } from "./src/evidence-maker.ts";
import { createGateway, type GatewayOptions } from "./src/gateway.ts";
import { openOutbox, signInLink } from "./src/mail-outbox.ts";
import { projectTokens } from "./src/project-token.ts";
import { LIVE_TABLES } from "./src/realtime/changes.ts";
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

/** PDFs are kept in the home and its store; personal data is opened with the keys of this home. */
const documentsOf = (config: Config) =>
  openDocuments({
    home: config.home,
    openStore: async () => {
      const { openStore } = await import("@evergreen-fund/analytics");
      const store = config.snapshotStore === null ? null : openStore(config.snapshotStore);
      return { store, close: () => store?.close() };
    },
    exportSubject: async (call, subjectId) => {
      const [personal, { subjectPack }] = await Promise.all([
        import("@evergreen-fund/personal-data"),
        import("@evergreen-fund/evidence"),
      ]);
      const parts = { call, keys: personal.keysOf(config), documents: personal.documentsOf(config) };
      return subjectPack(await personal.exportSubject(parts, subjectId), new Date().toISOString());
    },
  });

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
  const isRequired = config.staffSecondStep === "required";
  const outbox = openOutbox(join(config.home, "outbox"), (text) => process.stdout.write(`${text}\n`));
  const api = config.supabase
    ? null
    : await openSupabaseApi({
        databaseUrl: requireDatabaseUrl(config),
        jwtSecret,
        publishableKey,
        liveTables: LIVE_TABLES,
        secondStep: {
          key: Buffer.from(ownKey(config.home, "second_factors"), "hex"),
          required: isRequired,
        },
        sendLink: (to, tokenHash) => outbox.write({ to, link: signInLink(config.publicUrl, tokenHash) }),
      });
  const project =
    config.supabase === null
      ? null
      : { ...config.supabase, tokens: projectTokens({ ...config.supabase, staffNeedsAal2: isRequired }) };
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
    staffSecondStep: config.staffSecondStep,
    temporalUiUrl: config.temporal.uiUrl,
    chainId: config.chain?.chainId ?? null,
    codec: new AesGcmCodec(codecKey(config)),
    temporalAnswers: () => answers(address),
    withContent: (events) => withContent(config, events),
    documents: documentsOf(config),
    // another project's tokens are nothing to the command of this machine
    ...(api === null ? {} : { evidence: openEvidenceMaker(config.home) }),
    dashboard: await builtDashboard(config),
    openapi:
      api &&
      (async () =>
        JSON.stringify(
          openApiOf(ApiCatalogue.parse(await api.describe()), { server: config.publicUrl, version: platformVersion() }),
        )),
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
