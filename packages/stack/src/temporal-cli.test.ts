// Finding and fetching the temporal program, from a release served on loopback: no network, no real download.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cachedCli, download, findTemporalCli, TEMPORAL_CLI_VERSION } from "./temporal-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-cli-"));
/** A program that answers `--version` as the real one does. */
const program = (server: string) =>
  `#!/bin/sh\necho "temporal version ${TEMPORAL_CLI_VERSION} (Server ${server}, UI 2.42.1)"\n`;

function place(path: string, text: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

let server: Server;
let archive: Buffer;
let checksums: string | undefined;
let source: { archives: string; checksums: string };

beforeAll(async () => {
  place(join(folder, "release", "temporal"), program("1.29.1"));
  execFileSync("tar", ["-czf", join(folder, "release.tar.gz"), "-C", join(folder, "release"), "temporal"]);
  archive = readFileSync(join(folder, "release.tar.gz"));
  server = createServer((request, answer) => {
    if (request.url?.startsWith(`/archive/v${TEMPORAL_CLI_VERSION}?platform=`)) answer.end(archive);
    else if (request.url === "/checksums.txt" && checksums !== undefined) answer.end(checksums);
    else answer.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  source = { archives: `${origin}/archive`, checksums: `${origin}/checksums.txt` };
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const listed = (sum: string): string => {
  const os = process.platform === "darwin" ? "darwin" : "linux";
  return `${sum}  temporal_cli_${TEMPORAL_CLI_VERSION}_${os}_${process.arch === "arm64" ? "arm64" : "amd64"}.tar.gz\n`;
};

describe("download", () => {
  it("puts a verified program in place", async () => {
    checksums = listed(createHash("sha256").update(archive).digest("hex"));
    const target = place(join(folder, "verified", "temporal"), "old");
    const said: string[] = [];
    await download(target, (line) => said.push(line), undefined, source);
    expect(execFileSync(target, ["--version"], { encoding: "utf8" })).toContain("Server 1.29.1");
    expect(said).toEqual([expect.stringContaining(`Fetching Temporal ${TEMPORAL_CLI_VERSION}`)]);
  });

  it("refuses a download with another checksum and leaves nothing behind", async () => {
    checksums = listed("0".repeat(64));
    const target = join(folder, "wrong");
    await expect(download(target, () => undefined, undefined, source)).rejects.toThrow(/checksum of the release/);
    expect(existsSync(target)).toBe(false);
  });

  it("says that it could not verify when the list is not there", async () => {
    checksums = undefined;
    const said: string[] = [];
    await download(place(join(folder, "unverified", "temporal"), ""), (line) => said.push(line), undefined, source);
    expect(said.at(-1)).toMatch(/not verified/);
  });
});

describe("findTemporalCli", () => {
  const environment = { XDG_CACHE_HOME: join(folder, "cache") };

  it("takes the set path before everything, and refuses one that is not the program", async () => {
    const path = place(join(folder, "mine", "temporal"), program("1.30.2"));
    expect(await findTemporalCli(readConfig({ ...environment, TEMPORAL_CLI_PATH: path }))).toEqual({
      path,
      server: "1.30.2",
    });
    const other = place(join(folder, "other", "temporal"), "#!/bin/sh\necho hello\n");
    await expect(findTemporalCli(readConfig({ ...environment, TEMPORAL_CLI_PATH: other }))).rejects.toThrow(
      `TEMPORAL_CLI_PATH names ${other}, which is not a temporal program.`,
    );
  });

  it("takes the cached one, but not when its server is too old", async () => {
    const config = readConfig(environment);
    const cached = cachedCli(config);
    place(cached, program("1.28.0"));
    const onPath = await findTemporalCli(config);
    expect(onPath?.path).not.toBe(cached);
    place(cached, program("1.29.1"));
    expect((await findTemporalCli(config))?.server).toBe(onPath?.server ?? "1.29.1");
  });
});
