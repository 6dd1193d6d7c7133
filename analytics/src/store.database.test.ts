// Copies of snapshots in a real S3-compatible server: a day is written once, what comes back is what went, and what was damaged is refused.
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { noS3Server, type S3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  analyticsHome,
  findSnapshot,
  listSnapshots,
  openStore,
  restoreSnapshot,
  type Store,
  type SyncResult,
  synchronise,
} from "./index.ts";
import { type Market, openMarket } from "./test-market.ts";

const missing = await noS3Server();

describe.skipIf(missing !== null)(`copies in a store (needs an S3 server; ${missing ?? "there is one"})`, () => {
  let market: Market;
  let server: S3Server;
  let store: Store;
  beforeAll(async () => {
    [market, server] = await Promise.all([openMarket(), startS3Server()]);
    store = openStore({ ...server, environment: "test", region: "us-east-1" });
  }, 16 * 60_000);
  afterAll(async () => {
    store?.close();
    await server?.stop();
  });

  const made = async (home: string): Promise<SyncResult["manifest"] & { path: string }> => {
    await market.db.look("update assets set issuer = gen_random_uuid()::text where external_key = 'BOND-A'");
    const { manifest } = await synchronise({ home, openReader: market.openReader });
    return findSnapshot(home, manifest.name);
  };
  const files = async (): Promise<string[]> =>
    (await readdir(server.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(".sgwtmp"))
      .map((entry) => join(entry.parentPath, entry.name).slice(server.folder.length + 1))
      .sort();

  it("writes the newest every time and a day once", async () => {
    const home = await market.freshHome();
    const first = await made(home);
    const day = first.takenAt.slice(0, 10);
    expect(await store.upload(first)).toEqual({ day, dailyWritten: true });
    const second = { ...(await made(home)), takenAt: `${day}T23:59:59.999Z` };
    expect(second.sha256).not.toBe(first.sha256);
    expect(await store.upload(second)).toEqual({ day, dailyWritten: false });
    expect(await files()).toEqual([
      `test/daily/${day}/${first.name}.duckdb`,
      `test/daily/${day}/manifest.json`,
      "test/duckdb.db",
      "test/duckdb.json",
    ]);
    expect((await store.manifest(day)).sha256).toBe(first.sha256);
    expect((await store.manifest(null)).sha256).toBe(second.sha256);
    expect(await store.days()).toEqual([day]);
    // an older one does not take the place of the newest
    await store.upload(first);
    expect((await store.manifest(null)).sha256).toBe(second.sha256);
  });

  it("lets one of two machines write a day, whole", async () => {
    const at = "2026-02-03T04:05:06.000Z";
    const [one, two] = await Promise.all([made(await market.freshHome()), made(await market.freshHome())]);
    const written = await Promise.all([store.upload({ ...one, takenAt: at }), store.upload({ ...two, takenAt: at })]);
    expect(written.map(({ dailyWritten }) => dailyWritten).sort()).toEqual([false, true]);
    const winner = written[0]?.dailyWritten ? one : two;
    const home = await market.freshHome();
    const manifest = await restoreSnapshot(home, { store, day: "2026-02-03" });
    expect(manifest.sha256).toBe(winner.sha256);
  });

  it("restores what went, and the next synchronisation goes on from there", async () => {
    const source = await made(await market.freshHome());
    await store.upload({ ...source, takenAt: "2026-03-01T00:00:00.000Z" });
    const home = await market.freshHome();
    const lines: string[] = [];
    const manifest = await restoreSnapshot(home, { store, day: "2026-03-01" }, (line) => lines.push(line));
    expect(manifest.contentHash).toBe(source.contentHash);
    expect(lines[0]).toMatch(/fetching \d+ bytes$/);
    const newest = await findSnapshot(home);
    expect((await readFile(newest.path)).equals(await readFile(source.path))).toBe(true);
    const { rebuilt } = await synchronise({ home, openReader: market.openReader, check: "full" });
    expect(rebuilt).toBeNull();
    // and back to the one that lies here
    expect((await restoreSnapshot(home, { name: manifest.name })).name).toBe(manifest.name);
    expect((await findSnapshot(home)).name).toBe(manifest.name);
  });

  it("refuses a damaged copy, a damaged manifest and a day without one, and moves nothing", async () => {
    const source = await made(await market.freshHome());
    await store.upload({ ...source, takenAt: "2026-04-01T00:00:00.000Z" });
    const home = await market.freshHome();
    const before = await made(home);
    const file = join(server.folder, "test/daily/2026-04-01", `${source.name}.duckdb`);
    const bytes = await readFile(file);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    await chmod(file, 0o600);
    await writeFile(file, bytes);
    await expect(restoreSnapshot(home, { store, day: "2026-04-01" })).rejects.toMatchObject({ code: "EG431" });
    await writeFile(
      join(server.folder, "test/daily/2026-04-01/manifest.json"),
      JSON.stringify({ ...source, name: "../../x" }),
    );
    await expect(restoreSnapshot(home, { store, day: "2026-04-01" })).rejects.toMatchObject({ code: "EG431" });
    await expect(restoreSnapshot(home, { store, day: "2026-04-02" })).rejects.toMatchObject({ code: "EG404" });
    await expect(restoreSnapshot(home, { store, day: "2026-02-30" })).rejects.toMatchObject({ code: "EG400" });
    expect((await findSnapshot(home)).name).toBe(before.name);
    expect((await listSnapshots(home)).map(({ name }) => name)).toEqual([before.name]);
    expect((await readdir(analyticsHome(home).snapshots)).filter((name) => name.includes("draft"))).toEqual([]);
  });

  it("says who refused and who did not answer", async () => {
    const settings = { ...server, environment: "test", region: "us-east-1" };
    const wrong = { ...server.credentials, secretAccessKey: "nothing" };
    for (const credentials of [wrong, { ...wrong, accessKeyId: "nobody" }])
      await expect(openStore({ ...settings, credentials }).days()).rejects.toMatchObject({ code: "EG403" });
    const away = openStore({ ...settings, endpoint: "http://127.0.0.1:9" });
    await expect(away.days()).rejects.toMatchObject({ code: "EG503" });
    await expect(openStore({ ...settings, bucket: "another-bucket" }).days()).rejects.toMatchObject({ code: "EG404" });
  });
});
