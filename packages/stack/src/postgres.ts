// The embedded Postgres: one cluster in one folder, on loopback only, UTC, with generated passwords. Starts and stops exactly the
// process it started; a postmaster left behind by a crash is recognised by its own lock file and stopped first.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import pg from "pg";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { commandLine, isAlive, portBecomesFree, portHolder, waitForExit } from "./process-table.ts";

export interface PostgresOptions {
  /** Folder of the cluster; made when missing. */
  dataDir: string;
  port: number;
  /** Password of the superuser `postgres`; used when the cluster is made, and to connect. */
  password: string;
  /** Folder with another Postgres's `initdb` and `postgres`, 15 or later; default: the one from npm. */
  binDir?: string | null;
  /** False only for throw-away test clusters: a power cut would break the data. */
  durable?: boolean;
  /** Lines of the server's log. */
  onLog?: (text: string) => void;
}

/** What a supervisor needs to run the server: the cluster exists, nothing else holds it. */
export interface PostgresCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
  uid?: number;
  gid?: number;
  /** "fast" shutdown: open transactions are rolled back and nothing waits for clients. */
  stopSignal: "SIGINT";
  adminUrl: string;
}

export interface RunningPostgres {
  adminUrl: string;
  pid: number;
  /** Fast shutdown; SIGQUIT (crash recovery at the next start) when that takes longer than 10 s. */
  stop(): Promise<void>;
}

// The server gets no variable of ours: nothing in it may depend on the caller's locale, zone or keys.
const SERVER_ENVIRONMENT = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
const SUPERUSER = "postgres";

/** URL of a login on the embedded cluster. */
export function postgresUrl(port: number, user: string, password: string, database = "postgres"): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Makes the cluster when it is missing, ends a stale server on it, and says how to run it. */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresCommand> {
  const dataDir = resolve(options.dataDir);
  const { postgres, initdb } = await findPostgresBinaries(options.binDir ?? null);
  const owner = serverUser();
  await stopStaleServer(dataDir);
  if (!(await portBecomesFree(options.port))) throw portTaken("Postgres", options.port);
  if (owner.uid !== undefined) await checkReachable([postgres, dirname(dataDir)], owner.uid);
  if (!existsSync(join(dataDir, "PG_VERSION"))) await createCluster(initdb, dataDir, options, owner);
  return {
    command: postgres,
    args: ["-D", dataDir, "-p", String(options.port), ...serverFlags(options.durable ?? true)],
    env: SERVER_ENVIRONMENT,
    ...owner,
    stopSignal: "SIGINT",
    adminUrl: postgresUrl(options.port, SUPERUSER, options.password),
  };
}

function serverFlags(durable: boolean): string[] {
  const flags: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    max_connections: "200",
    shared_buffers: "256MB",
    work_mem: "16MB", // a set-based step over a large dealing day sorts and hashes in memory
    max_wal_size: "2GB", // such a day is one burst of writing: no checkpoint in the middle of it
    jit: "off", // short statements: compiling them costs more than it saves
    // The log must never hold what a row holds: no detail, no parameters, no statement text.
    log_error_verbosity: "terse",
    log_parameter_max_length_on_error: "0",
    log_min_error_statement: "panic",
    log_checkpoints: "off",
    password_encryption: "scram-sha-256",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function createCluster(
  initdb: string,
  dataDir: string,
  options: PostgresOptions,
  owner: { uid?: number; gid?: number },
): Promise<void> {
  // A folder without PG_VERSION is one whose making was interrupted: nothing in it can be used.
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(dataDir, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  const args = [
    `--pgdata=${dataDir}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    ...(await localeFlags(initdb)),
    "--no-instructions",
    ...((options.durable ?? true) ? [] : ["--no-sync"]),
  ];
  try {
    const output = await run(initdb, args, owner);
    options.onLog?.(output);
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** The built-in C.UTF-8 provider (17 and later) needs no locale of the machine; before, plain C. Both sort by code point. */
async function localeFlags(initdb: string): Promise<string[]> {
  const version = await run(initdb, ["--version"], {});
  const major = Number(/(\d+)/.exec(version.replace(/^.*PostgreSQL\)/, ""))?.[1]);
  return major >= 17 ? ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] : ["--locale=C"];
}

/** Starts the cluster and waits until it answers. For tests and tools; the stack runs it under its supervisor. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const command = await preparePostgres(options);
  const child = spawn(command.command, command.args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: command.env,
    ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-4_000);
    options.onLog?.(text);
  });
  try {
    await untilReady(command.adminUrl, 60_000, () => child.exitCode === null && child.signalCode === null);
  } catch (error) {
    child.kill("SIGQUIT");
    throw new EvergreenError("EG503", `Postgres did not start: ${log.trim().split("\n").at(-1) ?? "no message"}`, {
      cause: error,
    });
  }
  return { adminUrl: command.adminUrl, pid: child.pid ?? 0, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  const late = (ms: number) => new Promise<false>((resolve) => setTimeout(() => resolve(false), ms).unref());
  child.kill("SIGINT");
  if (await Promise.race([gone, late(10_000)])) return;
  child.kill("SIGQUIT");
  await gone;
}

/** Waits until a login works; EG503 when the time is up or `alive` says that the server is gone. */
export async function untilReady(url: string, timeoutMs: number, alive: () => boolean = () => true): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const problem = await answers(url);
    if (problem === undefined) return;
    if ((problem as { code?: string }).code === "28P01") {
      throw new EvergreenError(
        "EG503",
        "Postgres refused the stack's own password: restore EVERGREEN_HOME/keys from where this home was copied.",
        { cause: problem },
      );
    }
    if (!alive() || Date.now() >= deadline) {
      throw new EvergreenError("EG503", "Postgres does not answer.", { cause: problem });
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** One login and one query; undefined when it worked, else what went wrong. */
export async function answers(url: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined); // a server that dies meanwhile is reported by the query
  try {
    await client.connect();
    await client.query("select 1");
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One sentence about a port that is taken: which, by whom where the system tells, and what to do. */
export function portTaken(what: string, port: number): EvergreenError {
  const holder = portHolder(port);
  return new EvergreenError(
    "EG503",
    `Port ${port} for ${what} is taken${holder ? ` by ${holder}` : ""}: stop it or set EVERGREEN_PORT_BASE to another base.`,
  );
}

/**
 * Ends a postmaster that a crash left on this folder. Its own lock file names it; the command line must name the folder too,
 * so that a process which merely inherited the number is left alone (then only the lock file is removed).
 */
async function stopStaleServer(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, "postmaster.pid");
  const pid = Number((await readFile(lockFile, "utf8").catch(() => "")).split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (isAlive(pid)) {
    const command = commandLine(pid);
    if (command === undefined || command.includes(dataDir)) {
      for (const [signal, patienceMs] of [
        ["SIGINT", 10_000],
        ["SIGQUIT", 5_000],
      ] as const) {
        process.kill(pid, signal);
        if (await waitForExit(pid, patienceMs)) return;
      }
      throw new EvergreenError(
        "EG503",
        `Another Postgres (process ${pid}) holds ${dataDir} and does not stop: stop it.`,
      );
    }
    await rm(lockFile, { force: true });
  }
}

/** Postgres refuses to run as root: then it runs as the user `postgres`, which is made when the machine has none. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    try {
      execFileSync("groupadd", ["--system", "--force", "postgres"], { stdio: "ignore" });
      execFileSync("useradd", ["--system", "--gid", "postgres", "postgres"], { stdio: "ignore" });
      return { uid: id("-u"), gid: id("-g") };
    } catch (error) {
      throw new EvergreenError(
        "EG503",
        "Postgres does not run as root: make a user named postgres, or run as another user.",
        {
          cause: error,
        },
      );
    }
  }
}

/** As root the server's user must be able to walk to the programs and to the data. */
async function checkReachable(paths: string[], uid: number): Promise<void> {
  for (const path of paths) {
    for (let folder = dirname(resolve(path, "x")); folder !== dirname(folder); folder = dirname(folder)) {
      const found = await stat(folder).catch(() => undefined);
      if (found?.isDirectory() && (found.mode & 0o001) === 0 && found.uid !== uid) {
        throw new EvergreenError(
          "EG503",
          `Postgres runs as the user postgres, which may not enter ${folder}: run "chmod o+x ${folder}" or move the checkout and EVERGREEN_HOME elsewhere.`,
        );
      }
    }
  }
}

function run(command: string, args: string[], owner: { uid?: number; gid?: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: SERVER_ENVIRONMENT, ...owner });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else
        reject(new EvergreenError("EG503", `Postgres could not make its folder: ${output.trim().split("\n").at(-1)}`));
    });
  });
}
