// A process that is killed in the middle of a synchronisation, at every named place: the previous snapshot is whole, and the next one completes.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { findSnapshot, SYNC_POINTS, synchronise, verifySnapshot } from "./index.ts";
import { insertSnapshot, type Market, openMarket } from "./test-market.ts";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

let market: Market;
let client: pg.Client;
beforeAll(async () => {
  market = await openMarket();
  client = new pg.Client({ connectionString: market.db.database.adminUrl });
  await client.connect();
  return () => client.end();
});

/** How a child ended that synchronises `home` and kills itself at `place`. */
const childKilledAt = (home: string, place: string): Promise<NodeJS.Signals | number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--import",
        TSX,
        join(import.meta.dirname, "test-sync-child.ts"),
        home,
        market.db.database.urlFor("evergreen_app"),
        place,
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });

describe("a process killed in the middle of a synchronisation", () => {
  it.for([...SYNC_POINTS])(
    "at %s leaves the previous snapshot whole, and the next synchronisation completes",
    async (place) => {
      const home = await market.freshHome();
      const before = await synchronise({ home, openReader: market.openReader });
      await insertSnapshot(client, market, { day: 3, scenario: place });
      expect(await childKilledAt(home, place)).toBe("SIGKILL");

      const newest = await findSnapshot(home);
      // the pointer moves in the last step, and then to a whole snapshot
      if (place === "pointed") expect(newest.name).not.toBe(before.manifest.name);
      else expect(newest.name).toBe(before.manifest.name);
      await verifySnapshot(newest.path, newest);

      const after = await synchronise({ home, openReader: market.openReader, check: "full" });
      expect(after.rebuilt).toBeNull();
      const anew = await synchronise({ home: await market.freshHome(), openReader: market.openReader });
      expect(after.manifest.contentHash).toBe(anew.manifest.contentHash);
      const found = await findSnapshot(home);
      expect(found.name).toBe(after.manifest.name);
      await verifySnapshot(found.path, found);
    },
  );

  it("at the first read leaves nothing that looks like a snapshot", async () => {
    const home = await market.freshHome();
    expect(await childKilledAt(home, "copied")).toBe("SIGKILL");
    await expect(findSnapshot(home)).rejects.toMatchObject({ code: "EG404" });
    expect((await synchronise({ home, openReader: market.openReader })).rebuilt).toBeNull();
  });
});
