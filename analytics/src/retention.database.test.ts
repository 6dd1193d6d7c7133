// Retention against a real database: nothing leaves before its archive was read back, nothing is lost and nothing counts twice, whoever dies where.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { oldEvents } from "@evergreen-fund/prisma/tests/retention-days.ts";
import { type Database, openArchiveReader, openDatabase } from "@evergreen-fund/supabase-client";
import { beforeAll, describe, expect, it } from "vitest";
import { archiveFolder, RETENTION_POINTS, runRetention, synchronise, withContent } from "./index.ts";
import type { RetentionOptions } from "./retention.ts";
import { type Market, openMarket } from "./test-market.ts";
import { oldFund as oldFundOf, retiring, seen as seenIn, whole } from "./test-retention.ts";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

let market: Market;
let database: Database;
let url: string;
/** One home for all tests: an archive is where it was made, and the database is one. */
let home: string;
beforeAll(async () => {
  market = await openMarket();
  home = await market.freshHome();
  url = market.db.database.urlFor("evergreen_app");
  database = openDatabase({ url });
  return () => database.close();
});

const run = (change: Partial<RetentionOptions> = {}) =>
  runRetention({
    home,
    openReader: market.openReader,
    openArchives: () => openArchiveReader({ url, role: "agent_simulation" }),
    retire: retiring(database),
    store: null,
    ...change,
  });

const oldFund = () => oldFundOf(market);
const seen = (fund: Awaited<ReturnType<typeof oldFund>>) => seenIn(home, fund);

describe("a run", () => {
  it("archives, reads back, retires and loads; events read the same as before", async () => {
    const fund = await oldFund();
    const { retired } = await run();
    expect(
      retired.filter(({ fundId }) => fundId === fund.fundId).map(({ what, month, rows }) => [what, month, rows]),
    ).toEqual([
      ["asset_snapshots", "2010-03-01", 3],
      ["fund_events", "2020-05-01", 2],
      ["fund_events", "2020-06-01", 1],
    ]);
    expect(await seen(fund)).toEqual(whole(fund));
    const left = await market.db.look("select 1 from fund_events where event_id = any ($1) and payload ? 'note'", [
      fund.events,
    ]);
    expect(left).toEqual([]);
    const read = await database.rpc(PM_ONE, "fn_read_events", { fund_id: fund.fundId, until: "2021-01-01T00:00:00Z" });
    expect((await withContent(home, null, read)).map(({ event_id, payload }) => ({ event_id, payload }))).toEqual(
      fund.payloads,
    );
    // and again: nothing is due, nothing is loaded
    expect(await run()).toEqual({ retired: [], held: [], loaded: [] });
    expect(await seen(fund)).toEqual(whole(fund));
  });

  it("retires nothing of a fund under a legal hold", async () => {
    const fund = await oldFund();
    await database.rpc(PM_ONE, "fn_place_legal_hold", { fund_id: fund.fundId, reason: "a claim" });
    const { retired, held } = await run();
    expect(retired).toEqual([]);
    expect(held.filter(({ fundId }) => fundId === fund.fundId)).toHaveLength(3);
    const [row] = await market.db.look(
      "select count(*)::int as n from fund_events where event_id = any ($1) and archive_id is null",
      [fund.events],
    );
    expect(row).toEqual({ n: 3 });
    await market.db.look("update legal_holds set until = now() where fund_id = $1 and until is null", [fund.fundId]);
    await run();
  });

  it("retires nothing when a row changes between the archive and the database", async () => {
    const fund = await oldFund();
    const late = run({
      retire: async (due, archive, stored) => {
        if (due.fundId === fund.fundId) await oldEvents(market.db, fund.fundId, [{}, { month: due.month.slice(0, 7) }]);
        if (due.what === "asset_snapshots")
          await market.db.look("update asset_snapshots set nav = nav + 1 where fund_id = $1 and as_of < '2011-01-01'", [
            fund.fundId,
          ]);
        return retiring(database)(due, archive, stored);
      },
    });
    await expect(late).rejects.toMatchObject({ code: "EG425" });
    expect(await market.db.look("select 1 from retention_archives where fund_id = $1", [fund.fundId])).toEqual([]);
    await run();
  });

  it("does not read an archive that somebody changed", async () => {
    const fund = await oldFund();
    await run();
    const read = await database.rpc(PM_ONE, "fn_read_events", { fund_id: fund.fundId, until: "2021-01-01T00:00:00Z" });
    const forged = read.map((event) => ({ ...event, content_digest: createHash("sha256").update("x").digest("hex") }));
    await expect(withContent(home, null, forged)).rejects.toMatchObject({ code: "EG431" });
    const elsewhere = await market.freshHome();
    await expect(withContent(elsewhere, null, read)).rejects.toMatchObject({ code: "EG404" });
  });
});

/** How a child ended that runs the retention in `home` and kills itself at `place`. */
const childKilledAt = (home: string, place: string): Promise<NodeJS.Signals | number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--import", TSX, join(import.meta.dirname, "test-retention-child.ts"), home, url, place],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });

describe("a process killed in the middle of a run", () => {
  it.for([...RETENTION_POINTS])("at %s loses nothing and counts nothing twice", async (place) => {
    const fund = await oldFund();
    await synchronise({ home, openReader: market.openReader });
    expect(await childKilledAt(home, place)).toBe("SIGKILL");
    // what is not in the database any more is in an archive that reads back, and the file counts every day once
    const between = await seen(fund);
    expect(between.events).toHaveLength(3);
    expect(between.months).toEqual(whole(fund).months);
    await run();
    expect(await seen(fund)).toEqual(whole(fund));
    const read = await database.rpc(PM_ONE, "fn_read_events", { fund_id: fund.fundId, until: "2021-01-01T00:00:00Z" });
    expect((await withContent(home, null, read)).map(({ event_id, payload }) => ({ event_id, payload }))).toEqual(
      fund.payloads,
    );
    expect((await readdir(archiveFolder(home))).filter((name) => name.endsWith(".draft"))).toEqual([]);
  });
});
