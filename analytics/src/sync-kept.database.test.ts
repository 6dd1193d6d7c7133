// A worker that keeps file and connection between two turns: it reads what changed meanwhile, and goes on when its connection was cut.
import { keepDeltaReaders } from "@evergreen-fund/supabase-client";
import pg from "pg";
import { beforeAll, expect, it } from "vitest";
import { analyticsHome, findSnapshot, letRest, synchronise, verifySnapshot } from "./index.ts";
import { insertSnapshot, type Market, openMarket } from "./test-market.ts";

let market: Market;
let client: pg.Client;
beforeAll(async () => {
  market = await openMarket();
  client = new pg.Client({ connectionString: market.db.database.adminUrl });
  await client.connect();
  return () => client.end();
});

/** The connections of workers to this database. */
async function connections(): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and usename = 'evergreen_app'",
  );
  return rows.map(({ pid }) => pid);
}

it("keeps one connection, in no transaction, and comes to the content of a rebuild at every turn", async () => {
  const [home, other] = [await market.freshHome(), await market.freshHome()];
  const readers = keepDeltaReaders(
    { url: market.db.database.urlFor("evergreen_app"), role: "agent_simulation" },
    600_000,
  );
  const turn = async () => {
    const { manifest, rebuilt } = await synchronise({ home, openReader: readers.open, keepOpenFor: 600_000 });
    return { manifest, rebuilt, left: await connections() };
  };
  const first = await turn();
  // those over which everything was read are closed with their reader
  await expect.poll(connections, { timeout: 30_000 }).toHaveLength(1);
  const [kept] = await connections();
  await insertSnapshot(client, market, { day: 4, scenario: "kept" });
  const second = await turn();
  expect([second.rebuilt, second.left]).toEqual([null, [kept]]);
  expect(second.manifest.contentHash).not.toBe(first.manifest.contentHash);
  const { rows } = await client.query("select state, backend_xmin from pg_stat_activity where pid = $1", [kept]);
  expect(rows).toEqual([{ state: "idle", backend_xmin: null }]);

  await client.query("select pg_terminate_backend($1)", [kept]);
  await insertSnapshot(client, market, { day: 5, scenario: "kept" });
  const third = await turn();
  expect(third.rebuilt).toBeNull();
  expect(third.left).not.toContain(kept);
  const anew = await synchronise({ home: other, openReader: market.openReader });
  expect(third.manifest.contentHash).toBe(anew.manifest.contentHash);
  const newest = await findSnapshot(home);
  await verifySnapshot(newest.path, newest);

  letRest(analyticsHome(home));
  await readers.close();
  await expect.poll(connections, { timeout: 30_000 }).toEqual([]);
});
