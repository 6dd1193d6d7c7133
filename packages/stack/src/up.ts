// Starts a whole stack under one supervisor, in this process or in a detached one; stops it; says how it is.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type Config, makeHome, processEnvironment, refuseHalfASupabase } from "@evergreen-fund/config";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type StackAddresses, stackAddresses } from "./addresses.ts";
import { repeatErasures, sealClearAccounts } from "./backup/erasures.ts";
import { haltIfApart, reportLines } from "./backup/reconcile.ts";
import { type DemoProgress, demoProgress } from "./demo-progress.ts";
import { answers, portTaken, untilReady } from "./postgres.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { portBecomesFree, startOf, stillRuns, waitForExit } from "./process-table.ts";
import {
  chainProcess,
  demoProcess,
  gatewayProcess,
  postgresProcess,
  temporalProcess,
  workerProcesses,
} from "./processes.ts";
import { endLeftovers, type Phase, type RunState, readState, supervisorOf, takeHome, writeState } from "./run-state.ts";
import { type ProcessRecord, Supervisor } from "./supervise.ts";
import { keepHistory, portAnswers } from "./temporal.ts";
import { ensureTemporalCli, type TemporalCli } from "./temporal-cli.ts";

export type Progress = (line: string) => void;

export interface RunningStack {
  addresses: StackAddresses;
  /** Resolves when everything has stopped, whoever asked for it. */
  stopped: Promise<void>;
  /** Stops everything in reverse order; bounded. */
  stop(): Promise<void>;
  /** No grace for anybody. */
  kill(): void;
}

/**
 * Starts everything and waits until all is healthy. Throws one sentence when something does not start, after stopping the rest.
 * @param onProgress lines for a person who waits, and later one line per child that died.
 * @param signal aborts the start; afterwards use stop().
 */
export async function up(config: Config, onProgress: Progress, signal?: AbortSignal): Promise<RunningStack> {
  refuseHalfASupabase(config);
  makeHome(config.home);
  const release = takeHome(config.home);
  let phase: Phase = "starting";
  let message = "";
  let records: ProcessRecord[] = [];
  const startedAt = new Date().toISOString();
  const save = () =>
    writeState(config.home, {
      pid: process.pid,
      start: startOf(process.pid),
      phase,
      startedAt,
      portBase: config.portBase,
      message,
      processes: records,
    });
  const say = (line: string) => {
    message = line;
    save();
    onProgress(line);
  };
  const supervisor = new Supervisor({
    logDir: join(config.home, "logs"),
    onChange: (changed) => {
      records = changed;
      save();
    },
    onTrouble: say,
  });
  let finish: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const stop = async (last: Phase = "stopping") => {
    phase = "stopping";
    save();
    await supervisor.stop();
    phase = last;
    save();
    release();
    finish();
  };
  try {
    const left = await endLeftovers(config.home);
    if (left.length > 0) say(`Ended what an earlier run left behind: ${left.join(", ")}.`);
    await refuseTakenPorts(config);
    await Promise.race([startAll(config, supervisor, say, signal), aborted(signal)]);
    phase = "ready";
    message = "";
    save();
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
    await stop("failed");
    throw error;
  }
  return { addresses: stackAddresses(config), stopped, stop, kill: () => supervisor.kill() };
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new EvergreenError("EG503", "Stopped while starting.")), {
      once: true,
    });
  });
}

async function startAll(config: Config, supervisor: Supervisor, say: Progress, signal?: AbortSignal): Promise<void> {
  let local: TemporalCli | undefined;
  const database = async () => {
    if (config.directUrl === null) {
      say("Starting Postgres …");
      await supervisor.start(postgresProcess(config));
    } else {
      await untilReady(config.directUrl, 10_000);
    }
    say("Migrating the database …");
    const { applied, total } = await prepareDatabase(config);
    say(applied.length > 0 ? `${applied.length} of ${total} migrations applied.` : "The database is up to date.");
    if (config.directUrl === null) {
      // what was put back may know people who were erased since; while writes are halted nobody reads them either
      const { repeated } = await repeatErasures(config).catch((error: unknown) => {
        if (!(error instanceof EvergreenError && error.retryable)) throw error;
        say(error.message);
        return { repeated: 0 };
      });
      if (repeated > 0) say(`${repeated} persons whom the database had back were erased again.`);
      const sealed = await sealClearAccounts(config).catch((error: unknown) => {
        if (!(error instanceof EvergreenError && error.retryable)) throw error;
        return 0;
      });
      if (sealed > 0) say(`${sealed} accounts of investors that were kept in clear are encrypted.`);
    }
  };
  const temporal = async () => {
    if (config.temporal.address !== null) {
      if (await portAnswers(config.temporal.address)) return;
      throw new EvergreenError(
        "EG503",
        `Temporal does not answer at ${config.temporal.address}: start it or unset TEMPORAL_ADDRESS.`,
      );
    }
    const cli = await ensureTemporalCli(config, say, signal);
    say("Starting Temporal …");
    await supervisor.start(temporalProcess(config, cli));
    await keepHistory(config, cli).catch(() => undefined);
    local = cli;
  };
  await together([database(), temporal()]);
  // before anybody works: a store that was put back may be older than the other
  const halted = local === undefined || config.directUrl !== null ? null : await haltIfApart(config, local);
  // in one message: who waits for a detached start sees the last one
  say([...(halted === null ? [] : reportLines(halted)), "Starting the gateway and the workers …"].join("\n"));
  const rest = [
    ...(config.chain?.local ? [chainProcess(config, config.chain.finality)] : []),
    gatewayProcess(config),
    ...workerProcesses(config),
    ...(config.demo && halted === null ? [demoProcess(config)] : []),
  ];
  await together(rest.map((spec) => supervisor.start(spec)));
}

/** Waits for all; throws the first failure at once, and lets the others end quietly. */
async function together(work: Promise<void>[]): Promise<void> {
  for (const promise of work) promise.catch(() => undefined);
  await Promise.all(work);
}

async function refuseTakenPorts(config: Config): Promise<void> {
  const wanted: [string, number][] = [["the gateway", config.ports.gateway]];
  if (config.chain?.local) wanted.push(["the node of the chain", config.ports.chain]);
  if (config.directUrl === null) wanted.push(["Postgres", config.ports.postgres]);
  if (config.temporal.address === null) {
    wanted.push(["Temporal", config.ports.temporal], ["the Temporal UI", config.ports.temporalUi]);
    wanted.push(["Temporal's metrics", config.ports.temporalMetrics]);
  }
  for (const [what, port] of wanted) if (!(await portBecomesFree(port))) throw portTaken(what, port);
}

/** Starts the stack in a process of its own and returns when all is healthy. Log: EVERGREEN_HOME/logs/stack.log. */
export async function upDetached(config: Config, onProgress: Progress): Promise<StackAddresses> {
  refuseHalfASupabase(config);
  const running = supervisorOf(config.home);
  if (running) takeHome(config.home); // throws the sentence about the stack that runs
  makeHome(config.home);
  mkdirSync(join(config.home, "logs"), { recursive: true, mode: 0o700 });
  const log = openSync(join(config.home, "logs", "stack.log"), "a", 0o600);
  const entry = new URL("./stack-process.ts", import.meta.url);
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), entry.pathname], {
    detached: true,
    stdio: ["ignore", log, log],
    env: processEnvironment(config, {}),
  });
  closeSync(log);
  child.unref();
  const pid = child.pid ?? 0;
  let told = "";
  for (;;) {
    const state = readState(config.home);
    if (state?.pid === pid) {
      if (state.message !== told && state.message !== "" && state.phase === "starting") {
        told = state.message;
        onProgress(told);
      }
      if (state.phase === "ready") return stackAddresses(config);
      if (state.phase === "failed") throw new EvergreenError("EG503", state.message);
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new EvergreenError("EG503", `The stack did not start: see ${join(config.home, "logs", "stack.log")}.`);
    }
    await pause(50);
  }
}

/** Stops the stack of this home, or what a killed one left. Returns the names of what was running. */
export async function down(config: Config): Promise<string[]> {
  const running = supervisorOf(config.home);
  const names = (readState(config.home)?.processes ?? []).filter(stillRuns).map((entry) => entry.name);
  if (running) {
    process.kill(running.pid, "SIGTERM");
    // The longest grace of each child, one after the other, is the bound; it is far less in practice.
    if (!(await waitForExit(running.pid, 90_000))) process.kill(running.pid, "SIGKILL");
  }
  await endLeftovers(config.home);
  return names;
}

export interface StackStatus {
  running: boolean;
  phase: Phase | "stopped";
  home: string;
  startedAt: string | null;
  message: string;
  processes: (Pick<ProcessRecord, "name" | "pid" | "state" | "restarts" | "log"> & { alive: boolean })[];
  /** How far the synthetic demo fund is; null without one. */
  demo: DemoProgress | null;
  addresses: StackAddresses | null;
}

/** How the stack of this home is, from its state file and the process table. Changes nothing. */
export async function status(config: Config): Promise<StackStatus> {
  const state: RunState | undefined = readState(config.home);
  const running = supervisorOf(config.home) !== undefined;
  const demo = state?.processes.find(({ name }) => name === "demo");
  return {
    running,
    phase: running ? (state?.phase ?? "starting") : state?.phase === "failed" ? "failed" : "stopped",
    home: config.home,
    startedAt: running ? (state?.startedAt ?? null) : null,
    message: state?.message ?? "",
    processes: (state?.processes ?? []).map(({ name, pid, start, state: processState, restarts, log }) => {
      const alive = pid > 0 && stillRuns({ pid, start });
      return { name, pid, state: alive || processState === "done" ? processState : "stopped", restarts, log, alive };
    }),
    demo: demo === undefined ? null : demoProgress(demo.log),
    addresses: running ? stackAddresses(config) : null,
  };
}

/** Whether the stack's database answers; for commands that need it. */
export const databaseAnswers = async (url: string): Promise<boolean> => (await answers(url)) === undefined;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
