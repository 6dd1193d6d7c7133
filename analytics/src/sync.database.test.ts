// The mirror against a real Postgres: nothing is lost under concurrent writers, a rebuild gives the same content, and what differs is not published.
import { readFile } from "node:fs/promises";
import { openDeltaReader } from "@evergreen-fund/supabase-client";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { analyticsHome } from "./home.ts";
import { amend, findSnapshot, listSnapshots, openFile, openNewest, synchronise, verifySnapshot } from "./index.ts";
import { insertSnapshot, type Market, openMarket, writeTogether } from "./test-market.ts";

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});

const client = async (): Promise<pg.Client> => {
  const made = new pg.Client({ connectionString: market.db.database.adminUrl });
  await made.connect();
  return made;
};

const rebuiltHash = async (): Promise<string> =>
  (await synchronise({ home: await market.freshHome(), openReader: market.openReader })).manifest.contentHash;

describe("a synchronisation", () => {
  it("reads and transforms in spans of the caller's, and gives on what they give", async () => {
    const home = await market.freshHome();
    const spans: string[] = [];
    const { manifest } = await synchronise({
      home,
      openReader: market.openReader,
      span: async (name, work) => {
        const done = await work();
        spans.push(name);
        return done;
      },
    });
    expect(new Set(spans)).toEqual(new Set(["data.load.supabase", "data.transform.duckdb"]));
    expect(spans[0]).toBe("data.load.supabase");
    expect(spans.at(-1)).toBe("data.transform.duckdb");
    expect(manifest.contentHash).toBe(await rebuiltHash());
  });

  it("mirrors every row exactly, and reads only what changed the next time", async () => {
    const home = await market.freshHome();
    const first = await synchronise({ home, openReader: market.openReader });
    expect(first).toMatchObject({ rebuilt: "nothing was read before", check: "full" });
    expect(first.manifest.tables.assets).toMatchObject({ rows: "6" });
    const { file } = await openNewest(home);
    const [bond] = await file.rows(
      "select a.name, p.market_value, p.market_value::varchar as text from assets a join portfolio_allocations p on p.asset_id = a.id where external_key = 'BOND-A'",
    );
    expect(bond).toEqual({ name: "BOND-A (synthetic)", market_value: "200000.0000", text: "200000.0000" });
    expect(await file.rows("select distinct scenario_id = '' as mark from asset_snapshots")).toEqual([{ mark: true }]);
    file.close();

    await market.db.look("update assets set country = 'SE' where id = $1", [market.assets[0]]);
    const second = await synchronise({ home, openReader: market.openReader, check: "full" });
    // xmin is the whole cluster's: other tests may hold it back, so that rows are read again
    expect(second.rebuilt).toBeNull();
    expect(Number(second.read.assets)).toBeGreaterThanOrEqual(1);
    expect(second.manifest.contentHash).not.toBe(first.manifest.contentHash);
    expect(second.manifest.contentHash).toBe(await rebuiltHash());
    const third = await synchronise({ home, openReader: market.openReader });
    expect(third).toMatchObject({ check: "delta", manifest: { contentHash: second.manifest.contentHash } });
    expect((await listSnapshots(home)).length).toBe(3);
  });

  it("carries amounts of every length to the last digit, and empty texts beside nulls", async () => {
    const home = await market.freshHome();
    const writer = await client();
    const navs = [
      "0.0000",
      "-0.0001",
      "-1.5000",
      "99999999999999999.9999",
      "-100000000000000000.0000",
      `${"9".repeat(34)}.9999`,
    ];
    const ratios = [null, "-0.000000000000000001", "1.500000000000000000", `-${"9".repeat(20)}.${"9".repeat(18)}`];
    for (const [at, nav] of navs.entries())
      await writer.query(
        "insert into asset_snapshots (asset_id, fund_id, as_of, nav, leverage, scenario_id, method, source) values ($1, $2, '2026-01-01', $3, $4, 'digits', $5, E'a,\"b\"\\n\\\\N')",
        [market.assets[0], market.fund.fundId, nav, ratios[at % ratios.length], at % 2 === 0 ? "" : "\\N"],
      );
    await writer.end();
    await synchronise({ home, openReader: market.openReader });
    const { file } = await openNewest(home);
    const rows = await file.rows(
      "select nav::varchar as nav, leverage::varchar as leverage, method, source from asset_snapshots where scenario_id = 'digits'",
    );
    file.close();
    const wanted = navs.map((nav, at) => ({
      nav,
      leverage: ratios[at % ratios.length],
      method: at % 2 === 0 ? "" : "\\N",
      source: 'a,"b"\n\\N',
    }));
    const sorted = (all: readonly object[]) => all.map((row) => JSON.stringify(row)).sort();
    expect(sorted(rows)).toEqual(sorted(wanted));
    await market.db.look("delete from asset_snapshots where scenario_id = 'digits'");
  });

  it("reads as the diagnostic login too, and is refused to a role that may not read", async () => {
    const readonly = { url: market.db.database.urlFor("evergreen_readonly") };
    const { manifest } = await synchronise({
      home: await market.freshHome(),
      openReader: () => openDeltaReader(readonly),
    });
    expect(manifest.contentHash).toBe(await rebuiltHash());
    const url = market.db.database.urlFor("evergreen_app");
    const home = await market.freshHome();
    await expect(
      synchronise({ home, openReader: () => openDeltaReader({ url, role: "agent_kyc" }) }),
    ).rejects.toMatchObject({ code: "EG403" });
    await expect(synchronise({ home, openReader: () => openDeltaReader({ url }) })).rejects.toMatchObject({
      code: "EG403",
    });
    expect(await listSnapshots(home)).toEqual([]);
  });

  it("reads a large table over two connections of one snapshot, and every row once", async () => {
    const { url, role } = { url: market.db.database.urlFor("evergreen_app"), role: "agent_simulation" as const };
    const openReader = async () => {
      const reader = await openDeltaReader({ url, role, largeFrom: 1 });
      // committed between the two: neither may see it
      await market.db.look("update assets set country = 'FI' where id = $1", [market.assets[1]]);
      return reader;
    };
    const before = await rebuiltHash();
    const { manifest } = await synchronise({ home: await market.freshHome(), openReader });
    expect(manifest.contentHash).toBe(before);
    expect(await rebuiltHash()).not.toBe(before);
  });

  it("counts on a moment of recording that the database lets nobody change", async () => {
    await expect(
      market.db.look("update asset_snapshots set recorded_at = recorded_at - interval '1 day'"),
    ).rejects.toThrow(/append-only/);
    await market.db.look("update asset_snapshots set recorded_at = recorded_at");
  });

  it("loses nothing while eight writers write", async () => {
    const home = await market.freshHome();
    await synchronise({ home, openReader: market.openReader });
    let deltas = 0;
    let last = false;
    const written = writeTogether(market, 8, () => last);
    try {
      for (; deltas < 6; deltas++) {
        const check = deltas % 3 === 2 ? "full" : "delta";
        const { rebuilt } = await synchronise({ home, openReader: market.openReader, keep: 2, check });
        expect(rebuilt).toBeNull();
      }
    } finally {
      last = true;
      await written;
    }
    const { manifest } = await synchronise({ home, openReader: market.openReader, keep: 2 });
    expect(manifest.contentHash).toBe(await rebuiltHash());
    expect((await listSnapshots(home)).length).toBe(2);
    const [{ rows } = { rows: "" }] = await market.db.look<{ rows: string }>(
      "select count(*)::text as rows from asset_snapshots",
    );
    expect(manifest.tables.asset_snapshots?.rows).toBe(rows);
    const newest = await findSnapshot(home);
    await verifySnapshot(newest.path, newest);
  });

  it("finds the row that cursors on time or on the greatest transaction lose", async () => {
    const home = await market.freshHome();
    const [slow, quick, look] = [await client(), await client(), await client()];
    try {
      await slow.query("begin");
      const early = await insertSnapshot(slow, market, { day: 1 });
      const late = await insertSnapshot(quick, market, { day: 2 });
      // what a cursor on the time of the last row, or on its transaction, would keep
      const [seen] = (
        await look.query("select updated_at, tx::text from asset_snapshots where snapshot_id = $1", [late])
      ).rows;
      await synchronise({ home, openReader: market.openReader });
      await slow.query("commit");
      const after = async (column: string, value: unknown, type: string): Promise<string[]> =>
        (
          await look.query(`select snapshot_id::text as id from asset_snapshots where ${column} > $1::${type}`, [value])
        ).rows.map(({ id }) => id);
      expect(await after("updated_at", seen.updated_at, "timestamptz")).not.toContain(early);
      expect(await after("tx", seen.tx, "xid8")).not.toContain(early);
      await synchronise({ home, openReader: market.openReader });
      const { file, manifest } = await openNewest(home);
      const found = await file.rows(
        "select snapshot_id from asset_snapshots where snapshot_id in ($early::uuid, $late::uuid)",
        { early, late },
      );
      file.close();
      expect(found.map((row) => row.snapshot_id).sort()).toEqual([early, late].sort());
      expect(manifest.contentHash).toBe(await rebuiltHash());
    } finally {
      await Promise.all([slow.end(), quick.end(), look.end()]);
    }
  });

  it("takes out rows that are gone, keeps their months, and moves events to the archive", async () => {
    const home = await market.freshHome();
    const writer = await client();
    // two days of one month and one asset
    const gone = await insertSnapshot(writer, market, { day: 400, nav: "7.0000", scenario: "retired" });
    const later = await insertSnapshot(writer, market, { day: 406, nav: "5.0000", scenario: "retired" });
    await synchronise({ home, openReader: market.openReader });
    await writer.query("begin; set local session_replication_role = replica");
    await writer.query("delete from asset_snapshots where snapshot_id = $1", [gone]);
    const { rows } = await writer
      .query(
        "delete from event_outbox where event_id in (select event_id from fund_events where type = 'FUND_IMPORTED'); delete from fund_events where type = 'FUND_IMPORTED' returning event_id",
      )
      .then((all) => (all as unknown as pg.QueryResult[])[1]!);
    await writer.query("commit");
    const { manifest } = await synchronise({ home, openReader: market.openReader, check: "full" });
    expect(manifest.contentHash).toBe(await rebuiltHash());
    const { file } = await openNewest(home);
    const month =
      "select month, marks, first_as_of, last_as_of, first_nav, last_nav, lowest_nav, highest_nav, nav_sum from asset_snapshots_monthly where scenario_id = 'retired'";
    const whole = {
      month: "2027-02-01",
      marks: "2",
      first_as_of: "2027-02-05",
      last_as_of: "2027-02-11",
      first_nav: "7.0000",
      last_nav: "5.0000",
      lowest_nav: "5.0000",
      highest_nav: "7.0000",
      nav_sum: "12.0000",
    };
    expect(await file.rows("select nav from asset_snapshots where scenario_id = 'retired'")).toEqual([
      { nav: "5.0000" },
    ]);
    expect(await file.rows(month)).toEqual([whole]);
    expect((await file.rows("select event_id from fund_events_archive")).map((row) => row.event_id)).toEqual(
      rows.map((row) => row.event_id),
    );
    file.close();
    // a rebuild keeps both, and what went away since
    await writer.query("delete from asset_snapshots where snapshot_id = $1", [later]);
    await writer.end();
    await synchronise({ home, openReader: market.openReader, rebuild: true });
    const again = await openNewest(home);
    expect(await again.file.rows("select count(*)::integer as events from fund_events_archive")).toEqual([
      { events: rows.length },
    ]);
    expect(
      await again.file.rows("select count(*)::integer as events from all_fund_events where type = 'FUND_IMPORTED'"),
    ).toEqual([{ events: rows.length }]);
    expect(await again.file.rows("select nav from asset_snapshots where scenario_id = 'retired'")).toEqual([]);
    expect(await again.file.rows(month)).toEqual([whole]);
    again.file.close();
  });

  it("refuses to publish what is not what Postgres has", async () => {
    const home = await market.freshHome();
    await synchronise({ home, openReader: market.openReader });
    const before = await readFile(analyticsHome(home).newest);
    const work = await openFile(analyticsHome(home).work);
    await work.run("update assets set name = 'Another asset (synthetic)' where external_key = 'CASH'");
    work.close();
    await expect(synchronise({ home, openReader: market.openReader, check: "full" })).rejects.toMatchObject({
      code: "EG431",
      message: expect.stringMatching(/^assets is not what Postgres has \(rows differ\)/),
    });
    expect((await listSnapshots(home)).length).toBe(1);
    expect((await readFile(analyticsHome(home).newest)).equals(before)).toBe(true);
    const { rebuilt, manifest } = await synchronise({ home, openReader: market.openReader, rebuild: true });
    expect(rebuilt).toBe("asked for");
    expect(manifest.contentHash).toBe(await rebuiltHash());
  });

  it("refuses rows that changed on their way", async () => {
    const home = await market.freshHome();
    const openReader = async () => {
      const reader = await market.openReader();
      return { ...reader, check: async (tables: readonly unknown[]) => tables.map(() => ({ rows: "6", sum: "1" })) };
    };
    await expect(synchronise({ home, openReader })).rejects.toMatchObject({ code: "EG431" });
    expect(await listSnapshots(home)).toEqual([]);
  });

  it("lets one process of a home write at a time", async () => {
    const home = await market.freshHome();
    const openReader = async () => {
      await expect(synchronise({ home, openReader: market.openReader })).rejects.toMatchObject({ code: "EG428" });
      return market.openReader();
    };
    await synchronise({ home, openReader });
    // also while its snapshot is made out of the file: another one would write into what is copied, and sweep the draft away
    let others: Promise<unknown> | undefined;
    const made = await synchronise({
      home,
      openReader: market.openReader,
      reach: (at) => {
        if (at !== "written") return;
        others = Promise.allSettled([
          synchronise({ home, openReader: market.openReader }),
          amend(home, async () => {}),
        ]);
      },
    });
    expect(await others).toMatchObject(
      Array.from({ length: 2 }, () => ({ status: "rejected", reason: { code: "EG428" } })),
    );
    const newest = await findSnapshot(home);
    expect(newest.name).toBe(made.manifest.name);
    await verifySnapshot(newest.path, newest);
  });

  it("reads everything anew when the database is another one, or was put back", async () => {
    const home = await market.freshHome();
    await synchronise({ home, openReader: market.openReader });
    const as = (change: object) => async () => {
      const reader = await market.openReader();
      return { ...reader, position: { ...reader.position, ...change } };
    };
    expect((await synchronise({ home, openReader: as({ source: "1/2/3" }) })).rebuilt).toMatch(/another one/);
    expect((await synchronise({ home, openReader: as({ source: "1/2/3", tx: "3" }) })).rebuilt).toMatch(/ahead/);
  });
});
