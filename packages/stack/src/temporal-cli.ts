// Finds the `temporal` program, which holds the local server, or gets it: set path → PATH → cache → official download → Go.
// No npm package ships it. Writes only into the cache folder.
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Config, foreignEnvironment } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

const run = promisify(execFile);

/** The release that is fetched or built when the machine has none. */
export const TEMPORAL_CLI_VERSION = "1.5.1";
/** Oldest server that has everything the workers use. */
const OLDEST_SERVER: readonly [number, number] = [1, 29];
const DOWNLOAD_TIMEOUT_MS = 20_000;
const BUILD_TIMEOUT_MS = 15 * 60_000;

type Say = (line: string) => void;

export interface TemporalCli {
  path: string;
  /** Version of the server inside, such as "1.29.1". */
  server: string;
}

/** Where the program is kept once fetched. */
export const cachedCli = (config: Pick<Config, "cacheDir">): string => join(config.cacheDir, "bin", "temporal");

/** The program that is already there, without fetching anything; undefined when there is none. */
export async function findTemporalCli(config: Config): Promise<TemporalCli | undefined> {
  if (config.temporal.cliPath !== null) {
    const found = await inspectCli(config.temporal.cliPath);
    if (found) return found;
    throw new EvergreenError(
      "EG503",
      `TEMPORAL_CLI_PATH names ${config.temporal.cliPath}, which is not a temporal program.`,
    );
  }
  for (const candidate of ["temporal", cachedCli(config)]) {
    const found = await inspectCli(candidate);
    if (found && isRecent(found.server)) return found;
  }
  return undefined;
}

/** The program, fetched or built when missing. EG503 with the one thing to do when that is impossible here. */
export async function ensureTemporalCli(config: Config, say: Say, signal?: AbortSignal): Promise<TemporalCli> {
  const found = await findTemporalCli(config);
  if (found) return found;
  const target = cachedCli(config);
  await mkdir(join(config.cacheDir, "bin"), { recursive: true });
  const problems: string[] = [];
  for (const get of [download, buildWithGo]) {
    try {
      signal?.throwIfAborted();
      await get(target, say, signal);
      const fetched = await inspectCli(target);
      if (fetched) return fetched;
      problems.push("the program does not run");
    } catch (error) {
      problems.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  }
  throw new EvergreenError(
    "EG503",
    `Temporal is missing and could not be fetched (${problems.join("; ")}): install the temporal CLI, or set TEMPORAL_ADDRESS to a server.`,
  );
}

async function inspectCli(path: string): Promise<TemporalCli | undefined> {
  if (path.includes("/") && !existsSync(path)) return undefined;
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    const server = /Server (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return server === undefined ? undefined : { path, server };
  } catch {
    return undefined;
  }
}

function isRecent(server: string): boolean {
  const [major = 0, minor = 0] = server.split(".").map(Number);
  return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
}

/** Name of this machine in the official releases. */
function platform(): { os: string; arch: string } {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  const os = { linux: "linux", darwin: "darwin", win32: "windows" }[process.platform as string];
  if (!arch || !os) throw new Error(`no official build for ${process.platform} ${process.arch}`);
  return { os, arch };
}

/** Where the official release is; a test names its own. */
export const OFFICIAL = {
  archives: "https://temporal.download/cli/archive",
  checksums: `https://github.com/temporalio/cli/releases/download/v${TEMPORAL_CLI_VERSION}/checksums.txt`,
};

/** Downloads the official build for this machine, compares its checksum and puts it in place in one step. */
export async function download(target: string, say: Say, signal?: AbortSignal, source = OFFICIAL): Promise<void> {
  const { os, arch } = platform();
  say(`Fetching Temporal ${TEMPORAL_CLI_VERSION} from ${new URL(source.archives).host} …`);
  const url = `${source.archives}/v${TEMPORAL_CLI_VERSION}?platform=${os}&arch=${arch}`;
  const archive = await fetchBytes(url, 120_000, signal);
  await checkSum(archive, `temporal_cli_${TEMPORAL_CLI_VERSION}_${os}_${arch}.tar.gz`, source.checksums, say);
  const folder = await mkdtemp(join(tmpdir(), "evergreen-temporal-"));
  try {
    const file = join(folder, "temporal.tar.gz");
    await writeFile(file, archive);
    await run("tar", ["-xzf", file, "-C", folder, "temporal"]);
    await install(join(folder, "temporal"), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Compares with the checksums of the release; a difference is refused, an unreachable list is said. */
async function checkSum(archive: Buffer, name: string, url: string, say: Say): Promise<void> {
  const list = await fetchBytes(url, DOWNLOAD_TIMEOUT_MS).catch(() => undefined);
  const expected = list
    ?.toString("utf8")
    .split("\n")
    .find((line) => line.endsWith(name))
    ?.split(/\s+/)[0];
  if (expected === undefined)
    return say("The checksum list of the release cannot be read; the download is not verified.");
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== expected) throw new Error("the download does not have the checksum of the release");
}

async function fetchBytes(url: string, timeoutMs: number, signal?: AbortSignal): Promise<Buffer> {
  // Two limits: one to get an answer at all, so that a machine without a network moves on at once, and one for the whole.
  const whole = AbortSignal.timeout(timeoutMs);
  const first = new AbortController();
  const timer = setTimeout(() => first.abort(new Error("no answer")), DOWNLOAD_TIMEOUT_MS);
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.any([whole, first.signal, ...(signal ? [signal] : [])]),
      redirect: "follow",
    });
    clearTimeout(timer);
    if (!answer.ok) throw new Error(`${new URL(url).host} answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new Error(`${new URL(url).host} cannot be reached`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function buildWithGo(target: string, say: Say, signal?: AbortSignal): Promise<void> {
  await run("go", ["version"]).catch(() => {
    throw new Error("Go is not installed");
  });
  say(`Building Temporal ${TEMPORAL_CLI_VERSION} with Go; this takes some minutes, once …`);
  const folder = await mkdtemp(join(tmpdir(), "evergreen-temporal-"));
  const started = Date.now();
  const progress = setInterval(() => say(`… still building (${Math.round((Date.now() - started) / 1_000)} s)`), 15_000);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn("go", ["install", `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`], {
        env: foreignEnvironment({ GOBIN: folder, CGO_ENABLED: "0" }),
        stdio: ["ignore", "ignore", "pipe"],
        timeout: BUILD_TIMEOUT_MS,
        signal,
      });
      let last = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        last = text.trim().split("\n").at(-1) ?? last;
      });
      child.once("error", reject);
      child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`go install failed: ${last}`))));
    });
    await install(join(folder, "temporal"), target);
  } finally {
    clearInterval(progress);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Moves the program into the cache in one step, so that another start never sees half of it. */
async function install(from: string, target: string): Promise<void> {
  const draft = `${target}.${randomBytes(4).toString("hex")}`;
  await run("cp", [from, draft]);
  await run("chmod", ["755", draft]);
  await rename(draft, target);
}
