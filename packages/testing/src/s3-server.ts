// A real S3-compatible server for tests: versitygw, built once per machine with Go, on a free loopback port over a temporary folder.
// Stops exactly the process it started.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { foreignEnvironment, loadConfig } from "@evergreen-fund/config/config.ts";
import { freePort } from "@evergreen-fund/stack/process-table.ts";

const run = promisify(execFile);

/** Pinned: what a store does with conditional writes is what the tests rest on. */
export const S3_SERVER = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const BUILD_TIMEOUT_MS = 15 * 60_000;

const cached = (): string => join(loadConfig().cacheDir, "bin", `versitygw-${S3_SERVER.split("@")[1]}`);

/** Why there can be no server here, or null. */
export async function noS3Server(): Promise<string | null> {
  if (existsSync(cached())) return null;
  return run("go", ["version"]).then(
    () => null,
    () => "Go is not installed, with which the S3 server of the tests is built",
  );
}

async function ensureServer(): Promise<string> {
  const target = cached();
  if (existsSync(target)) return target;
  const folder = await mkdtemp(join(tmpdir(), "evergreen-s3-"));
  try {
    const env = foreignEnvironment({ GOBIN: folder, CGO_ENABLED: "0" });
    await run("go", ["install", S3_SERVER], { env, timeout: BUILD_TIMEOUT_MS });
    await mkdir(join(target, ".."), { recursive: true });
    const draft = `${target}.${randomBytes(4).toString("hex")}`;
    await copyFile(join(folder, "versitygw"), draft);
    await rename(draft, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface S3Server {
  endpoint: string;
  bucket: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Folder of the bucket: for looking, and for damaging what lies there. */
  folder: string;
  stop(): Promise<void>;
}

/** Starts a server with one empty bucket; builds it first when this machine has none (some minutes, once). */
export async function startS3Server(): Promise<S3Server> {
  const program = await ensureServer();
  const root = await mkdtemp(join(tmpdir(), "evergreen-s3-"));
  const bucket = "evergreen-analytics";
  await mkdir(join(root, bucket));
  const port = await freePort();
  const credentials = { accessKeyId: "test-access", secretAccessKey: randomBytes(12).toString("hex") };
  const child = spawn(program, ["--port", `127.0.0.1:${port}`, "--quiet", "posix", root], {
    stdio: ["ignore", "ignore", "inherit"],
    env: foreignEnvironment({ ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey }),
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(root, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; tries++) {
    // any answer, a refusal too, says that it listens
    const up = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (up) return { endpoint, bucket, credentials, folder: join(root, bucket), stop };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error("The S3 server of the tests does not start.");
}
