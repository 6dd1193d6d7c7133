// The table of processes of a stack: what each runs, with which settings, how one knows that it is ready, how it is stopped.
import { join } from "node:path";
import {
  type Config,
  elsewhere,
  ownKey,
  processEnvironment,
  REPOSITORY_ROOT,
  type SettingName,
  temporalAddress,
} from "@evergreen-fund/config";
import { ROOMS } from "@evergreen-fund/domain/roles.ts";
import { adminUrl, loginUrl } from "./addresses.ts";
import { DEMO_LOGINS } from "./demo-logins.ts";
import { answers, portTaken, preparePostgres } from "./postgres.ts";
import { portBecomesFree } from "./process-table.ts";
import type { Command, ProcessSpec } from "./supervise.ts";
import { prepareTemporal, temporalIsReady } from "./temporal.ts";
import type { TemporalCli } from "./temporal-cli.ts";

/** TypeScript is run as it is; the loader is named by its full address, so that the current folder does not matter. */
function script(config: Config, file: string, args: string[], settings: Partial<Record<SettingName, string>>): Command {
  // The login that migrates stays with the supervisor; only a process that is given it has it.
  const env = { ...processEnvironment(config, {}), DIRECT_URL: undefined, ...settings };
  return {
    command: process.execPath,
    args: ["--import", import.meta.resolve("tsx"), join(REPOSITORY_ROOT, file), ...args],
    env,
  };
}

/** A worker lets running activities finish for up to 10 s and then leaves by itself; this is a little more. */
const WORKER_GRACE_MS = 15_000;

export function postgresProcess(config: Config): ProcessSpec {
  return {
    name: "postgres",
    prepare: () =>
      preparePostgres({
        dataDir: join(config.home, "pg"),
        port: config.ports.postgres,
        password: ownKey(config.home, "postgres"),
        binDir: config.postgresBinDir,
      }),
    ready: async () => (await answers(adminUrl(config, "postgres"))) === undefined,
    readyTimeoutMs: 60_000, // recovery after a crash reads the log of changes again
    stopSignal: "SIGINT",
    graceMs: 15_000,
  };
}

export function temporalProcess(config: Config, cli: TemporalCli): ProcessSpec {
  return {
    name: "temporal",
    prepare: () => prepareTemporal(config, cli),
    ready: () => temporalIsReady(config, cli),
    readyTimeoutMs: 60_000,
    stopSignal: "SIGTERM",
    graceMs: 10_000,
  };
}

/** The stack's own node of a chain; what happened on it is kept in the home. */
export function chainProcess(config: Config, finality: number): ProcessSpec {
  return {
    name: "chain",
    prepare: async () => {
      if (!(await portBecomesFree(config.ports.chain))) throw portTaken("the node of the chain", config.ports.chain);
      ownKey(config.home, "chain");
      const args = [
        String(config.ports.chain),
        join(config.home, "chain", "journal.jsonl"),
        join(config.home, "keys", "chain"),
        String(finality + 4),
      ];
      return script(config, "contracts/src/node-process.ts", args, {});
    },
    ready: async (output) => /^ready/m.test(output()),
    readyTimeoutMs: 60_000,
    stopSignal: "SIGTERM",
    graceMs: 5_000,
  };
}

export function gatewayProcess(config: Config): ProcessSpec {
  return {
    name: "gateway",
    prepare: async () => {
      if (!(await portBecomesFree(config.ports.gateway))) throw portTaken("the gateway", config.ports.gateway);
      // its own settings cannot say these: every gateway is given the address of a database
      const shown = {
        demoLogins: config.demo ? DEMO_LOGINS.map(({ role, email }) => ({ role, email })) : [],
        elsewhere: elsewhere(config),
      };
      return script(config, "packages/gateway/main.ts", [JSON.stringify(shown)], {
        DATABASE_URL: loginUrl(config, "evergreen_api"),
      });
    },
    ready: async (output) => /^ready/m.test(output()),
    readyTimeoutMs: 60_000,
    stopSignal: "SIGTERM",
    graceMs: 5_000,
  };
}

/** One process with all rooms and the dispatcher, or one per room (the Commander's hosts the dispatcher). */
export function workerProcesses(config: Config): ProcessSpec[] {
  const settings = {
    DATABASE_URL: loginUrl(config, "evergreen_app"),
    TEMPORAL_ADDRESS: temporalAddress(config),
    ...(config.supabase
      ? { SUPABASE_URL: config.supabase.url, SUPABASE_PUBLISHABLE_KEY: config.supabase.publishableKey }
      : {}),
  };
  const worker = (name: string, rooms: string[]): ProcessSpec => ({
    name,
    prepare: async () => script(config, "workers/main.ts", rooms, settings),
    ready: async (output) => /^ready/m.test(output()),
    readyTimeoutMs: 120_000, // the first start bundles the workflows
    stopSignal: "SIGTERM",
    graceMs: WORKER_GRACE_MS,
  });
  if (config.workers === "single") return [worker("workers", ["all"])];
  return ROOMS.map((room) => worker(`worker-${room}`, [room]));
}

/** Loads the synthetic demo fund: ready when it can be looked at, done when its history is complete. */
export function demoProcess(config: Config): ProcessSpec {
  const LEFT_ALONE = 3; // the database holds somebody's own funds
  return {
    name: "demo",
    prepare: async () =>
      script(config, "prisma/seed.ts", [], {
        DATABASE_URL: loginUrl(config, "evergreen_app"),
        DIRECT_URL: adminUrl(config),
      }),
    ready: async (output) => /^demo (fund 2\/2|history)/m.test(output()),
    readyTimeoutMs: 120_000,
    stopSignal: "SIGTERM",
    graceMs: 2_000,
    endsWith: [0, LEFT_ALONE],
  };
}
