// The lock and the state file: one supervisor per home, and never a signal to a process that was not recorded.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive, startOf } from "./process-table.ts";
import { endLeftovers, readState, supervisorOf, takeHome, writeState } from "./run-state.ts";

const homes: string[] = [];
const children: number[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
  for (const pid of children.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // gone already
    }
  }
});

function freshHome(): string {
  const home = mkdtempSync(join(tmpdir(), "evergreen-run-"));
  homes.push(home);
  return home;
}

function sleeper(): number {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  children.push(child.pid ?? 0);
  return child.pid ?? 0;
}

const process1 = (pid: number, start: string | undefined) => ({
  name: "gateway",
  pid,
  start,
  state: "ready" as const,
  restarts: 0,
  log: "x.log",
});
const state = (processes: ReturnType<typeof process1>[]) => ({
  pid: 1,
  start: "0",
  phase: "ready" as const,
  startedAt: "2026-01-01T00:00:00Z",
  portBase: 24320,
  message: "",
  processes,
});

describe("takeHome", () => {
  it("lets one in, refuses the second, and lets the next in after the release", () => {
    const home = freshHome();
    const release = takeHome(home);
    expect(supervisorOf(home)?.pid).toBe(process.pid);
    expect(() => takeHome(home)).toThrow(`A stack is already running in ${home} (process ${process.pid})`);
    release();
    expect(supervisorOf(home)).toBeUndefined();
    takeHome(home)();
  });

  it("takes over the lock of a process that is gone, also when another one has its id now", () => {
    const home = freshHome();
    takeHome(home)();
    writeFileSync(join(home, "run", "lock.json"), JSON.stringify({ pid: process.ppid, start: "1" }));
    expect(supervisorOf(home)).toBeUndefined();
    const release = takeHome(home);
    expect(supervisorOf(home)?.pid).toBe(process.pid);
    release();
  });
});

describe("endLeftovers", () => {
  it("ends a recorded process and leaves one alone that merely has the id", async () => {
    const home = freshHome();
    takeHome(home)();
    const [recorded, bystander] = [sleeper(), sleeper()];
    writeState(home, state([process1(recorded, startOf(recorded)), process1(bystander, "another start")]));
    expect(readState(home)?.processes).toHaveLength(2);
    expect(await endLeftovers(home)).toEqual(["gateway"]);
    expect([isAlive(recorded), isAlive(bystander)]).toEqual([false, true]);
    expect(await endLeftovers(freshHome())).toEqual([]);
  });
});
