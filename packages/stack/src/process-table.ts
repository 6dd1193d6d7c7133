// Questions about processes by id: alive, what it runs, who holds a port. Reads /proc where there is one; signals only ids it is given.
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";

/** Whether a process with this id exists; one that we may not signal exists too. A zombie is dead. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return !/^State:\s+Z/m.test(readProc(pid, "status") ?? "");
}

/** The command line of a process, words separated by blanks; undefined where the system does not tell. */
export function commandLine(pid: number): string | undefined {
  return readProc(pid, "cmdline")?.replaceAll("\0", " ").trim();
}

/** Waits until the process is gone; false when it is still there after `timeoutMs`. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Whether the port can be bound on loopback now. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A free port for tests, below those that systems give to outgoing connections: one of these could take it before its server does. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = randomInt(12_000, 30_000);
    if (await portIsFree(port)) return port;
  }
  throw new Error("no port is free between 12000 and 30000");
}

/** The first of ten free ports in a row, for the whole platform in a test; as `freePort` chooses them. */
export async function freePortBase(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const base = 10 * randomInt(1_200, 3_000);
    const free = await Promise.all(Array.from({ length: 10 }, (_, offset) => portIsFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error("no ten ports in a row are free between 12000 and 30000");
}

/** Whether the port is free, or becomes so within `patienceMs`: connections of other programs take any port for a moment. */
export async function portBecomesFree(port: number, patienceMs = 3_000): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (!(await portIsFree(port))) {
    if (Date.now() >= deadline || isListening(port)) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
}

/** Who holds the port: "postgres (process 1234)", or undefined where the system does not tell. */
export function portHolder(port: number): string | undefined {
  const listener = socketsOf(port).find((socket) => socket.listens);
  const socket = listener ?? socketsOf(port)[0];
  if (socket === undefined) return undefined;
  for (const entry of listDirectory("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const holds = listDirectory(`/proc/${entry}/fd`).some(
      (fd) => linkOf(`/proc/${entry}/fd/${fd}`) === `socket:[${socket.inode}]`,
    );
    if (!holds) continue;
    const name = `${readProc(Number(entry), "comm")?.trim() ?? "a process"} (process ${entry})`;
    return listener ? name : `a connection of ${name}, which may end by itself`;
  }
  return undefined;
}

const isListening = (port: number): boolean => socketsOf(port).some((socket) => socket.listens);

function socketsOf(port: number): { inode: string; listens: boolean }[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const LISTEN = "0A";
  return ["tcp", "tcp6"].flatMap((table) =>
    (readFile(`/proc/net/${table}`) ?? "")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[1]?.endsWith(`:${hexPort}`))
      .map((columns) => ({ inode: columns[9] ?? "", listens: columns[3] === LISTEN })),
  );
}

const readProc = (pid: number, file: string): string | undefined => readFile(`/proc/${pid}/${file}`);

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * When the process started, as a text that differs for another process with the same id; undefined when it is not there.
 * A recorded (id, start) pair names one process for ever, so nothing else can be stopped by mistake.
 */
export function startOf(pid: number): string | undefined {
  const stat = readProc(pid, "stat");
  // The name, in brackets, may hold blanks and brackets; the start time is the 20th field after it.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  try {
    return (
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}

/** Whether the recorded process still runs: the same id and the same start. */
export function stillRuns(recorded: { pid: number; start: string | undefined }): boolean {
  return isAlive(recorded.pid) && startOf(recorded.pid) === recorded.start;
}
