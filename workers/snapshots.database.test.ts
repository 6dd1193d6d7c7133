// Two machines that share a run: one takes the snapshot, the other fetches it from a real S3-compatible store by the hash of its content and reads the same book.
import { readFile } from "node:fs/promises";
import { openStore, type Store } from "@evergreen-fund/analytics";
import { type Market, openMarket } from "@evergreen-fund/analytics/test-market.ts";
import { noS3Server, type S3Server, startS3Server } from "@evergreen-fund/testing/s3-server.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSnapshots, type Snapshots } from "./snapshots.ts";

const missing = await noS3Server();

describe.skipIf(missing !== null)(
  `snapshots of several machines (needs an S3 server; ${missing ?? "there is one"})`,
  () => {
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

    const machine = async (withStore: Store | null): Promise<Snapshots> =>
      openSnapshots({
        home: await market.freshHome(),
        openReader: market.openReader,
        store: withStore,
        codeHash: "a".repeat(64),
        log: () => {},
      });
    /** The database's clock, which says how old a snapshot is. */
    const now = async (): Promise<Date> => {
      const [row] = await market.db.look<{ now: Date }>("select clock_timestamp() as now");
      return new Date(row!.now.getTime() + 1);
    };

    it("each of one day is found by its content, whichever was taken first or last", async () => {
      const one = await machine(store);
      const taken = [];
      for (const issuer of ["first", "second", "third"]) {
        await market.db.look("update assets set issuer = $1 where external_key = 'BOND-A'", [issuer]);
        taken.push({ issuer, ref: await one.freshAfter(await now()) });
      }
      expect(new Set(taken.map(({ ref }) => ref.hash)).size).toBe(3);
      const other = await machine(store);
      for (const { issuer, ref } of taken) {
        const [here, there] = await Promise.all([
          one.book(ref, market.fund.fundId),
          other.book(ref, market.fund.fundId),
        ]);
        expect(there.path).not.toBe(here.path);
        const text = await readFile(there.path, "utf8");
        expect(text).toBe(await readFile(here.path, "utf8"));
        expect(text).toContain(issuer);
      }
    });

    it("that is nowhere, or lies on a machine that shares nothing, is an error and no other book", async () => {
      await market.db.look("update assets set issuer = 'kept to itself' where external_key = 'BOND-A'");
      const alone = await (await machine(null)).freshAfter(await now());
      const other = await machine(store);
      for (const hash of [alone.hash, "0".repeat(64)])
        await expect(other.book({ name: alone.name, hash }, market.fund.fundId)).rejects.toMatchObject({
          code: "EG404",
        });
    });
  },
);
