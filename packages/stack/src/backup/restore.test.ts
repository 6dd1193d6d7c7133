// `backup restore --force` on real files: the old content is put aside whole, the new one takes its place, and what is refused or damaged moves nothing. The
// drill (cli/backup-drill) starts what was restored; here the stores are files with synthetic content.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Config, readConfig } from "@evergreen-fund/config/config.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveKeys, seal } from "./manifest.ts";
import { restoreBackup } from "./restore.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-restore-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (path: string, content: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};
const configOf = (name: string): Config => readConfig({ EVERGREEN_HOME: join(folder, name) });
const read = (...parts: string[]): string => readFileSync(join(...parts), "utf8");

const from = join(folder, "backup");
const keys = join(folder, "safe", "keys.json");
beforeAll(async () => {
  put(join(folder, "source", "keys", "jwt"), "the key of the backup");
  put(join(from, "postgres", "PG_VERSION"), "18");
  put(join(from, "postgres", "base", "1"), "rows of the backup");
  put(join(from, "temporal.db"), "runs of the backup");
  put(join(from, "analytics", "snapshots", "one.duckdb"), "a snapshot of the backup");
  await seal(from, {
    name: "synthetic",
    madeAt: "2026-11-20T21:00:00.000Z",
    postgres: { version: "18", system: "1", startLsn: "0/0", stopLsn: "0/1" },
    keys: await saveKeys(join(folder, "source"), "synthetic", keys),
  });
});

/** A home that was in use: stores, keys, a log and a backup of its own. */
function used(name: string): Config {
  const config = configOf(name);
  put(join(config.home, "pg", "base", "1"), "old rows");
  put(join(config.home, "temporal", "temporal.db"), "old runs");
  put(join(config.home, "keys", "jwt"), "the old key");
  put(join(config.home, "archive", "x.parquet"), "an old archive");
  put(join(config.home, "logs", "worker.log"), "a log");
  put(join(config.home, "backups", "b", "manifest.json"), "{}");
  return config;
}
const OLD = ["archive", "backups", "keys", "logs", "pg", "temporal"];
const untouched = ({ home }: Config): void => {
  expect(readdirSync(home).sort()).toEqual(OLD);
  expect(read(home, "pg", "base", "1")).toBe("old rows");
  expect(read(home, "keys", "jwt")).toBe("the old key");
};

describe("a home that is in use", () => {
  it("is not replaced without force", async () => {
    const config = used("kept");
    await expect(restoreBackup(config, { from, keys })).rejects.toMatchObject({ code: "EG428" });
    untouched(config);
  });

  it("is put aside whole with force; logs and backups stay where they are", async () => {
    const config = used("replaced");
    const { home } = config;
    const { putAside, manifest } = await restoreBackup(config, { from, keys, force: true });
    expect(manifest.name).toBe("synthetic");
    expect(putAside).toMatch(/before-\d{8}T\d{9}Z$/);
    expect(readdirSync(putAside ?? "").sort()).toEqual(["archive", "keys", "pg", "temporal"]);
    expect(read(putAside ?? "", "pg", "base", "1")).toBe("old rows");
    expect(read(putAside ?? "", "temporal", "temporal.db")).toBe("old runs");
    expect(read(putAside ?? "", "keys", "jwt")).toBe("the old key");
    expect(read(home, "pg", "base", "1")).toBe("rows of the backup");
    expect(read(home, "temporal", "temporal.db")).toBe("runs of the backup");
    expect(read(home, "keys", "jwt")).toBe("the key of the backup");
    expect(read(home, "analytics", "dev.duckdb")).toBe("a snapshot of the backup");
    // nothing of the old home is mixed into the new one
    expect(readdirSync(home).sort()).toEqual(
      ["analytics", "backups", "keys", "logs", "pg", "temporal", putAside?.slice(home.length + 1) ?? ""].sort(),
    );
    // and once more: what was put aside before stays beside what is now
    const again = await restoreBackup(config, { from, keys, force: true });
    expect(again.putAside).not.toBe(putAside);
    expect(read(putAside ?? "", "pg", "base", "1")).toBe("old rows");
  });

  it("stays as it is when the backup is damaged or the keys are others, force or not", async () => {
    const damaged = join(folder, "damaged");
    for (const path of ["postgres/PG_VERSION", "postgres/base/1", "temporal.db", "manifest.json"])
      put(join(damaged, path), read(from, path));
    put(join(damaged, "analytics/snapshots/one.duckdb"), "another snapshot");
    const wrong = join(folder, "wrong.json");
    writeFileSync(wrong, JSON.stringify({ backup: "synthetic", keys: { jwt: "00" } }));
    const config = used("safe-from-both");
    for (const given of [
      { from: damaged, keys },
      { from, keys: wrong },
    ]) {
      await expect(restoreBackup(config, { ...given, force: true })).rejects.toMatchObject({ code: "EG431" });
      untouched(config);
    }
    await expect(restoreBackup(config, { from, keys: join(folder, "nowhere"), force: true })).rejects.toMatchObject({
      code: "EG404",
    });
    untouched(config);
  });
});
