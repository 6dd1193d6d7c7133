// For tests: a fund with assets in a real database, and writers who insert and change rows in transactions of very different length.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestDatabase, testDatabase } from "@evergreen-fund/prisma/tests/arrange.ts";
import { type Fund, newFund } from "@evergreen-fund/prisma/tests/synthetic-fund.ts";
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import pg from "pg";
import { afterAll } from "vitest";
import type { SyncOptions } from "./sync.ts";

export interface Market {
  db: TestDatabase;
  fund: Fund;
  assets: readonly string[];
  /** Reads as the Simulation agent does. */
  openReader: SyncOptions["openReader"];
  /** A new, empty EVERGREEN_HOME. */
  freshHome(): Promise<string>;
}

/** For one test file; gone after its tests. */
export async function openMarket(): Promise<Market> {
  const db = await testDatabase();
  const fund = await newFund(db);
  const homes: string[] = [];
  afterAll(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));
  return {
    db,
    fund,
    assets: Object.values(fund.assets),
    openReader: () => openDeltaReader({ url: db.database.urlFor("evergreen_app"), role: "agent_simulation" }),
    async freshHome() {
      const home = await mkdtemp(join(tmpdir(), "evergreen-analytics-"));
      homes.push(home);
      return home;
    },
  };
}

const INSERT = `insert into public.asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source)
  values ($1, $2, $3, $4, $5, 'synthetic', 'synthetic "quoted", line
and \\N') returning snapshot_id`;

/** One hypothetical value (so that no drift is looked for), on a client whose transaction is the caller's. */
export async function insertSnapshot(
  client: pg.ClientBase,
  { fund, assets }: Market,
  change: { nav?: string; scenario?: string; day?: number } = {},
): Promise<string> {
  const day = new Date(Date.UTC(2026, 0, 1 + (change.day ?? 0))).toISOString().slice(0, 10);
  const asset = assets[(change.day ?? 0) % assets.length];
  const { rows } = await client.query(INSERT, [
    asset,
    fund.fundId,
    day,
    change.nav ?? "12.3400",
    change.scenario ?? "synthetic",
  ]);
  return String(rows[0].snapshot_id);
}

/** `count` writers, transactions until `enough`: inserts, changes of rows of its own and of assets; every third is held open a while, every seventh is rolled back. */
export async function writeTogether(market: Market, count: number, enough: () => boolean): Promise<void> {
  const writer = async (seat: number): Promise<void> => {
    const client = new pg.Client({ connectionString: market.db.database.adminUrl });
    await client.connect();
    try {
      const own: string[] = [];
      for (let round = 0; round < 20 || !enough(); round++) {
        await client.query("begin");
        const made: string[] = [];
        for (let i = 0; i <= round % 3; i++)
          made.push(
            await insertSnapshot(client, market, {
              day: seat * 31 + round,
              nav: `${seat}${round}.0${i}`,
              scenario: randomUUID(),
            }),
          );
        const old = own[round % Math.max(own.length, 1)];
        if (old !== undefined)
          await client.query("update public.asset_snapshots set nav = nav + 0.01 where snapshot_id = $1", [old]);
        if (round % 3 === seat % 3) await client.query("select pg_sleep(0.004)");
        // an asset is locked last, so that writers wait for each other without a circle
        await client.query("update public.assets set name = $2 where id = $1", [
          market.assets[round % market.assets.length],
          `Asset ${seat}.${round} (synthetic)`,
        ]);
        const kept = round % 7 !== 6;
        await client.query(kept ? "commit" : "rollback");
        if (kept) own.push(...made);
      }
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: count }, (_, seat) => writer(seat)));
}
