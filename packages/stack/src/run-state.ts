// What is known about a running stack: one lock (who supervises) and one state file (what runs), both under EVERGREEN_HOME/run.
// Processes are recorded with their start time, so that nothing else with the same id is ever signalled.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { startOf, stillRuns, waitForExit } from "./process-table.ts";
import type { ProcessRecord } from "./supervise.ts";

export type Phase = "starting" | "ready" | "stopping" | "failed";

export interface RunState {
  /** The supervisor. */
  pid: number;
  start: string | undefined;
  phase: Phase;
  /** ISO 8601. */
  startedAt: string;
  portBase: number;
  /** What is being done, or why it failed: one sentence. */
  message: string;
  processes: ProcessRecord[];
}

interface Owner {
  pid: number;
  start: string | undefined;
}

const folder = (home: string): string => join(home, "run");
const lockFile = (home: string): string => join(folder(home), "lock.json");
const stateFile = (home: string): string => join(folder(home), "stack.json");

/** Takes the home for this process. EG428 when another supervisor holds it; a lock whose holder is gone is taken over. */
export function takeHome(home: string): () => void {
  mkdirSync(folder(home), { recursive: true, mode: 0o700 });
  const draft = `${lockFile(home)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, start: startOf(process.pid) } satisfies Owner), {
    mode: 0o600,
  });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(draft, lockFile(home));
        return () => rmSync(lockFile(home), { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const owner = supervisorOf(home);
        if (owner) {
          throw new EvergreenError(
            "EG428",
            `A stack is already running in ${home} (process ${owner.pid}): see "npx --no-install evergreen status", or stop it with "npx --no-install evergreen down".`,
          );
        }
        rmSync(lockFile(home), { force: true });
      }
    }
    throw new EvergreenError("EG428", `Another start of ${home} is under way.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The living supervisor of this home, if any. */
export function supervisorOf(home: string): Owner | undefined {
  const owner = readJson<Owner>(lockFile(home));
  return owner && stillRuns(owner) ? owner : undefined;
}

/** Replaces the state file in one step. */
export function writeState(home: string, state: RunState): void {
  const draft = `${stateFile(home)}.draft`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, stateFile(home));
}

export function readState(home: string): RunState | undefined {
  return readJson<RunState>(stateFile(home));
}

/**
 * Ends what a killed supervisor left running: exactly the recorded processes, last started first. Returns their names.
 * Each gets its gentle signal and five seconds, then its group is killed.
 */
export async function endLeftovers(home: string): Promise<string[]> {
  const leftovers = (readState(home)?.processes ?? []).filter((entry) => entry.pid > 1 && stillRuns(entry)).reverse();
  for (const entry of leftovers) {
    signal(entry.pid, entry.name === "postgres" ? "SIGINT" : "SIGTERM");
    if (await waitForExit(entry.pid, 5_000)) continue;
    if (stillRuns(entry)) {
      signal(-entry.pid, "SIGKILL");
      signal(entry.pid, "SIGKILL");
    }
    await waitForExit(entry.pid, 5_000);
  }
  return leftovers.map((entry) => entry.name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it went by itself
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}
