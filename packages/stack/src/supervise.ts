// A small supervised process tree: starts children and waits until each is ready, restarts what dies, stops all in reverse order
// within a bound. Signals only processes it started. Knows nothing of Postgres, Temporal or anything else it runs.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { startOf } from "./process-table.ts";

export interface Command {
  command: string;
  args: string[];
  env?: Record<string, string | undefined>;
  uid?: number;
  gid?: number;
}

export interface ProcessSpec {
  name: string;
  /** Called before every start, restarts included: checks what must be free and returns what to run. */
  prepare(): Promise<Command>;
  /** Whether it works; `output` is what it wrote since this start. Called until true. */
  ready(output: () => string): Promise<boolean>;
  readyTimeoutMs: number;
  stopSignal: NodeJS.Signals;
  /** How long it may take to finish its work after the signal, before it is killed. */
  graceMs: number;
  /** A task that ends by itself: these exit codes are its end, any other is tried again. Default: it must never end. */
  endsWith?: readonly number[];
}

export type ProcessState = "starting" | "ready" | "done" | "restarting" | "failed" | "stopped";

export interface ProcessRecord {
  name: string;
  pid: number;
  /** See startOf: with pid it names one process for ever. */
  start: string | undefined;
  state: ProcessState;
  restarts: number;
  log: string;
}

interface Child {
  spec: ProcessSpec;
  state: ProcessState;
  restarts: number;
  youngDeaths: number;
  log: string;
  process: ChildProcess | undefined;
  pid: number;
  start: string | undefined;
  startedAt: number;
  logOffset: number;
}

/** A child that lived shorter than this died young; that many in a row and it is given up. */
const YOUNG_MS = 5_000;
const MAX_YOUNG_DEATHS = 8;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const BACKOFF_MS = [50, 100, 200, 500, 1_000, 2_000, 4_000, 4_000];

export interface SupervisorOptions {
  logDir: string;
  /** Pause before each restart, by the number of young deaths in a row; milliseconds. */
  backoffMs?: readonly number[];
  /** Called after every change, for the state file. */
  onChange(records: ProcessRecord[]): void;
  /** One sentence about a child that died or was given up. */
  onTrouble(sentence: string): void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children: Child[] = [];
  #stopping = false;
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true, mode: 0o700 });
    setInterval(() => this.trimLogs(), 60_000).unref();
  }

  /** Moves what a log holds aside once it has grown large; children go on writing to the same, now empty, file. */
  trimLogs(): void {
    for (const child of this.#children) {
      if ((statSync(child.log, { throwIfNoEntry: false })?.size ?? 0) <= MAX_LOG_BYTES) continue;
      copyFileSync(child.log, `${child.log}.1`);
      truncateSync(child.log, 0);
      child.logOffset = 0;
    }
  }

  records(): ProcessRecord[] {
    return this.#children.map(({ spec, pid, start, state, restarts, log }) => ({
      name: spec.name,
      pid,
      start,
      state,
      restarts,
      log,
    }));
  }

  /** Starts a child and waits until it is ready. EG503 with its last words when it does not get there. */
  async start(spec: ProcessSpec): Promise<void> {
    const child: Child = {
      spec,
      state: "starting",
      restarts: 0,
      youngDeaths: 0,
      log: join(this.#options.logDir, `${spec.name}.log`),
      process: undefined,
      pid: 0,
      start: undefined,
      startedAt: 0,
      logOffset: 0,
    };
    this.#children.push(child);
    await this.#launch(child);
    if (await this.#becomesReady(child)) return;
    if (this.#stopping) throw new EvergreenError("EG503", "Stopped while starting.");
    child.state = "failed";
    this.#changed();
    throw new EvergreenError("EG503", `${spec.name} did not start${lastWords(child)}; see ${child.log}.`);
  }

  async #launch(child: Child): Promise<void> {
    const command = await child.spec.prepare();
    if (this.#stopping) return;
    this.trimLogs();
    child.logOffset = statSync(child.log, { throwIfNoEntry: false })?.size ?? 0;
    const output = openSync(child.log, "a", 0o600);
    try {
      child.startedAt = Date.now();
      child.process = spawn(command.command, command.args, {
        // Its own process group: Ctrl-C in the terminal reaches only the supervisor, which then stops things in order.
        detached: true,
        stdio: ["ignore", output, output],
        ...(command.env === undefined ? {} : { env: command.env }),
        ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
      });
    } finally {
      closeSync(output);
    }
    const started = child.process;
    child.pid = started.pid ?? 0;
    child.start = startOf(child.pid);
    started.once("error", (error) => this.#options.onTrouble(`${child.spec.name} cannot be run: ${error.message}.`));
    started.once("exit", (code, signal) => void this.#ended(child, started, code, signal));
    this.#changed();
  }

  /** Waits for readiness; false when the time is up, the child is gone for good, or everything is being stopped. */
  async #becomesReady(child: Child): Promise<boolean> {
    const deadline = Date.now() + child.spec.readyTimeoutMs;
    while (Date.now() < deadline && !this.#stopping && child.state !== "failed") {
      if (child.state === "done") return true;
      const isUp = child.process !== undefined && child.process.exitCode === null && child.process.signalCode === null;
      if (isUp && (await child.spec.ready(() => outputSince(child)))) {
        // A task may have ended while it was asked.
        if ((child.state as ProcessState) !== "done") child.state = "ready";
        this.#changed();
        return true;
      }
      if (!isUp && child.state === "starting") return false;
      await pause(25);
    }
    return false;
  }

  #ended(child: Child, ended: ChildProcess, code: number | null, signal: NodeJS.Signals | null): Promise<void> | void {
    if (code === null || !child.spec.endsWith?.includes(code) || this.#stopping) {
      return this.#died(child, ended, signal ?? `code ${code}`);
    }
    killGroup(ended.pid ?? 0);
    child.state = "done";
    this.#changed();
    if (code !== 0) this.#options.onTrouble(`${child.spec.name} ended with nothing done${lastWords(child)}.`);
  }

  async #died(child: Child, died: ChildProcess, how: string): Promise<void> {
    killGroup(died.pid ?? 0); // what it started itself, such as a compiler service
    if (child.process !== died) return;
    if (this.#stopping) {
      child.state = "stopped";
      return this.#changed();
    }
    if (child.state === "starting") return; // the first start is awaited, and reports it
    child.youngDeaths = Date.now() - child.startedAt < YOUNG_MS ? child.youngDeaths + 1 : 0;
    if (child.youngDeaths >= MAX_YOUNG_DEATHS) {
      child.state = "failed";
      this.#changed();
      this.#options.onTrouble(
        `${child.spec.name} died ${MAX_YOUNG_DEATHS} times in a row and is not started again${lastWords(child)}: see ${child.log}, then run "npx --no-install evergreen down" and "npm start".`,
      );
      return;
    }
    child.state = "restarting";
    child.restarts += 1;
    this.#changed();
    this.#options.onTrouble(`${child.spec.name} ended (${how}); starting it again.`);
    await pause((this.#options.backoffMs ?? BACKOFF_MS)[child.youngDeaths] ?? 0);
    if (this.#stopping) return;
    try {
      await this.#launch(child);
      if (await this.#becomesReady(child)) {
        this.#options.onTrouble(`${child.spec.name} works again.`);
      } else if (child.process?.exitCode === null && !this.#stopping) {
        this.#options.onTrouble(`${child.spec.name} runs but does not become ready: see ${child.log}.`);
      }
    } catch (error) {
      this.#options.onTrouble(error instanceof Error ? error.message : String(error));
      child.startedAt = Date.now();
      await this.#died(child, died, "it could not be prepared");
    }
  }

  /** Stops everything in reverse order of starting; whatever does not end within its grace is killed. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** Second Ctrl-C: no grace for anybody. */
  kill(): void {
    this.#stopping = true;
    for (const child of this.#children) killGroup(child.pid);
  }

  async #stopAll(): Promise<void> {
    for (const child of [...this.#children].reverse()) {
      const running = child.process;
      if (running && running.exitCode === null && running.signalCode === null) {
        const gone = new Promise<true>((resolve) => running.once("exit", () => resolve(true)));
        running.kill(child.spec.stopSignal);
        const inTime = await within(gone, child.spec.graceMs);
        if (!inTime) {
          this.#options.onTrouble(
            `${child.spec.name} did not end within ${child.spec.graceMs / 1_000} s and was killed.`,
          );
          killGroup(child.pid);
          running.kill("SIGKILL");
          await gone;
        }
      }
      if (child.state !== "done") child.state = "stopped";
      this.#changed();
    }
  }

  #changed(): void {
    this.#options.onChange(this.records());
  }
}

/** Kills what is left of the process group that this child led. */
function killGroup(pid: number): void {
  if (pid <= 1) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left
  }
}

function outputSince(child: Child): string {
  const size = statSync(child.log, { throwIfNoEntry: false })?.size ?? 0;
  const length = Math.min(size - child.logOffset, 64 * 1024);
  if (length <= 0) return "";
  const file = openSync(child.log, "r");
  try {
    const bytes = Buffer.alloc(length);
    const read = readSync(file, bytes, 0, length, size - length);
    return bytes.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
}

/** The last line a child wrote, as the end of a sentence. */
function lastWords(child: Child): string {
  const line = outputSince(child)
    .split("\n")
    .filter((text) => text.trim() !== "")
    .at(-1);
  return line === undefined ? "" : ` (${line.trim().slice(0, 200)})`;
}

/** Whether it happens within so long. No timer is left behind: it would keep the process that has stopped everything alive. */
async function within(event: Promise<true>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
