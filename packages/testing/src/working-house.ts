// A house that works, for tests: a migrated database, a real Temporal server and worker processes that can be killed. Everything is real;
// all of it lives in a temporary folder on free ports and is stopped by the process ids that started it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, loadConfig, processEnvironment, REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { onFreePorts, prepareTemporal, temporalIsReady } from "@evergreen-fund/stack/temporal.ts";
import { ensureTemporalCli } from "@evergreen-fund/stack/temporal-cli.ts";
import { type Database, openDatabase } from "@evergreen-fund/supabase-client";

export interface WorkingHouse {
  home: string;
  database: Database;
  config: Config;
  temporalAddress: string;
  /** Starts a worker process with the rooms named (default all), without schedules, and waits until it says that it is ready. */
  startWorkers(options?: {
    rooms?: string[];
    crashAt?: string;
    schedules?: boolean;
    /** Variables over those of the house; undefined takes one away. */
    environment?: Record<string, string | undefined>;
  }): Promise<Worker>;
  /** SIGKILL to Temporal, then (once `whileDown` is over) a new server on the same file. */
  restartTemporal(whileDown?: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

export interface Worker {
  pid: number;
  /** Resolves when the process has ended, with the signal that ended it. */
  ended: Promise<NodeJS.Signals | null>;
  /** What it has printed so far. */
  output(): string;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** `appUrl`: evergreen_app's URL of a fresh database. */
export async function openHouse(appUrl: string): Promise<WorkingHouse> {
  const home = await mkdtemp(join(tmpdir(), "evergreen-house-"));
  const base = loadConfig();
  const config = await onFreePorts({ ...base, home, temporal: { ...base.temporal, address: null } });
  const temporalAddress = `127.0.0.1:${config.ports.temporal}`;
  const cli = await ensureTemporalCli(config, () => {});
  let server = await startTemporal();
  const workers = new Set<Worker>();
  const database = openDatabase({ url: appUrl });

  /** A server that ends at once found a port taken, its own or one that it draws for its parts: it is started again. */
  async function startTemporal(): Promise<ChildProcess> {
    for (let tries = 1; ; tries++) {
      const { command, args } = await prepareTemporal(config, cli);
      const child = spawn(command, args, { stdio: "ignore", env: processEnvironment(config, {}) });
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      await until(async () => ended() || (await temporalIsReady(config, cli)), "Temporal to be ready", 120_000);
      if (!ended()) return child;
      if (tries === 5)
        throw new Error(`Temporal ended with ${child.exitCode ?? child.signalCode} before it was ready.`);
    }
  }

  return {
    home,
    database,
    config,
    temporalAddress,
    async startWorkers({ rooms = ["all"], crashAt, schedules = false, environment = {} } = {}) {
      const env = withoutRunner({
        ...processEnvironment(config, {
          DATABASE_URL: appUrl,
          TEMPORAL_ADDRESS: temporalAddress,
          // a test opens its dealing days itself unless it is about schedules
          EVERGREEN_SCHEDULES: schedules ? "on" : "off",
          ...(crashAt ? { EVERGREEN_CRASH_AT: crashAt } : {}),
        }),
        ...environment,
      });
      const child = spawn(process.execPath, ["--import", "tsx", join(REPOSITORY_ROOT, "workers/main.ts"), ...rooms], {
        cwd: REPOSITORY_ROOT,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      const ended = new Promise<NodeJS.Signals | null>((resolve) =>
        child.once("exit", (_code, signal) => resolve(signal)),
      );
      const worker: Worker = {
        pid: child.pid!,
        ended,
        output: () => output,
        async kill(signal = "SIGKILL") {
          child.kill(signal);
          await ended;
          workers.delete(worker);
        },
      };
      workers.add(worker);
      // one that is to crash may do so before it is ready
      await until(
        async () => output.includes("ready:") || child.exitCode !== null || child.signalCode !== null,
        () => `a worker to be ready; it said: ${output}`,
      );
      if (!output.includes("ready:") && crashAt === undefined)
        throw new Error(`The worker ended before it was ready: ${output}`);
      return worker;
    },
    async restartTemporal(whileDown) {
      const gone = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await gone;
      await whileDown?.();
      server = await startTemporal();
    },
    async stop() {
      await Promise.all([...workers].map((worker) => worker.kill()));
      await database.close();
      const gone = new Promise((resolve) => server.once("exit", resolve));
      if (server.exitCode === null && server.signalCode === null) {
        server.kill("SIGKILL");
        await gone;
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The mark that a crash point leaves when it fires: it fires once in a house. */
const markOf = (house: WorkingHouse, point: string): string => join(house.home, `crashed-at-${point}`);
export const crashFired = (house: WorkingHouse, point: string): boolean => existsSync(markOf(house, point));
/** The point may fire again. */
export const forgetCrash = (house: WorkingHouse, point: string): Promise<void> =>
  rm(markOf(house, point), { force: true });

/** Polls until `condition` holds. @throws Error naming what was waited for after `timeoutMs`. */
export async function until<T>(
  condition: () => Promise<T | false | null | undefined>,
  what: string | (() => string),
  timeoutMs = 600_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let trouble: unknown;
  for (;;) {
    const result = await condition().catch((error: unknown) => {
      trouble = error;
      return false as const;
    });
    if (result) return result as T;
    if (Date.now() > end)
      throw new Error(`Waited ${timeoutMs / 1000} s for ${typeof what === "string" ? what : what()}`, {
        cause: trouble,
      });
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** The test runner's own variables would change how libraries load in the processes that are under test. */
function withoutRunner(environment: Record<string, string | undefined>): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$)/.test(name)),
  );
}
