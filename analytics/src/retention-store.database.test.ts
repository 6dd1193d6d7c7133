// Archives in a real S3-compatible server: copied and read back before anything is retired, fetched by a home that never saw the rows, refused when damaged.
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openArchiveReader, openDatabase } from "@evergreen-fund/supabase-client";
import { noS3Server, type S3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archiveFolder, openStore, runRetention, type Store } from "./index.ts";
import { type Market, openMarket } from "./test-market.ts";
import { oldFund, retiring, seen, whole } from "./test-retention.ts";

const missing = await noS3Server();

describe.skipIf(missing !== null)(`archives in a store (needs an S3 server; ${missing ?? "there is one"})`, () => {
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

  const run = async (home: string) => {
    const url = market.db.database.urlFor("evergreen_app");
    const database = openDatabase({ url });
    try {
      return await runRetention({
        home,
        openReader: market.openReader,
        openArchives: () => openArchiveReader({ url, role: "agent_simulation" }),
        retire: retiring(database),
        store,
      });
    } finally {
      await database.close();
    }
  };
  const stored = async (): Promise<string[]> =>
    (await readdir(server.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith(".parquet") && !entry.parentPath.includes(".sgwtmp"))
      .map((entry) => join(entry.parentPath, entry.name));

  it("have every file that the database names, and give a home that never saw the rows the same", async () => {
    const fund = await oldFund(market);
    const [first, second] = [await market.freshHome(), await market.freshHome()];
    const { retired } = await run(first);
    expect(retired).toHaveLength(3);
    expect((await stored()).map((path) => path.split("/").at(-1)).sort()).toEqual(
      retired.map(({ archiveId }) => `${archiveId}.parquet`).sort(),
    );
    expect(await market.db.look("select distinct stored from retention_archives")).toEqual([{ stored: "store" }]);
    const { loaded } = await run(second);
    expect(loaded).toHaveLength(3);
    expect(await seen(second, fund)).toEqual(whole(fund));
  });

  it("are refused when they were damaged", async () => {
    const home = await market.freshHome();
    const [path = ""] = await stored();
    await rm(path);
    await writeFile(path, "no parquet");
    await expect(run(home)).rejects.toMatchObject({ code: expect.stringMatching(/^EG431$/) });
    expect((await readdir(archiveFolder(home))).length).toBeGreaterThan(0);
  });
});
