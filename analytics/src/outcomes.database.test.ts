// What is ours alone survives a change of the model, and the views add up what Postgres holds.
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import {
  amend,
  analyticsHome,
  findSnapshot,
  listSnapshots,
  openFile,
  openNewest,
  synchronise,
  verifySnapshot,
} from "./index.ts";
import { type Market, openMarket } from "./test-market.ts";

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});

describe("what is saved here", () => {
  it("stays when the model changes, and when everything is read anew", async () => {
    const home = await market.freshHome();
    const first = await synchronise({ home, openReader: market.openReader });
    const work = await openFile(analyticsHome(home).work);
    const [id, by] = [randomUUID(), randomUUID()];
    await work.run(
      `insert into laboratory.what_ifs values ($id::uuid, $by::uuid, $fund::uuid, 'Half the property (synthetic)', 1, '{"shift": "-0.5"}', 'a', 'b', now())`,
      { id, by, fund: market.fund.fundId },
    );
    await work.run(
      "insert into valuation_runs select 'run-1', fund_id, 'rates_+100', 'a', 'b', '7', 0, id, date '2026-09-30', 'USD', 100, 99.1234, 'dv100_linear', '{}', 3, now() from assets limit 1",
    );
    // as if it had been made by an older model, with a table and a column that are no more
    await work.run(
      "alter table valuation_runs add column mood varchar; create table dreams (night date); update sync.state set model = 'older'",
    );
    work.close();
    const second = await synchronise({ home, openReader: market.openReader });
    expect(second.rebuilt).toBe("nothing was read before");
    expect(second.manifest.contentHash).toBe(first.manifest.contentHash);
    await synchronise({ home, openReader: market.openReader, rebuild: true });
    const { file } = await openNewest(home);
    expect(await file.rows("select what_if_id, body->>'shift' as shift from laboratory.what_ifs")).toEqual([
      { what_if_id: id, shift: "-0.5" },
    ]);
    expect(await file.rows("select run_id, nav_after from valuation_runs")).toEqual([
      { run_id: "run-1", nav_after: "99.1234" },
    ]);
    expect((await file.rows("select table_name from duckdb_tables() where table_name = 'dreams'")).length).toBe(0);
    await expect(file.run("insert into assets (id) values (null)")).rejects.toThrow(/read-only/i);
    file.close();
  });

  it("is published at once, all of it or nothing, and leaves older snapshots as they were", async () => {
    const home = await market.freshHome();
    await expect(amend(home, async () => {})).rejects.toMatchObject({ code: "EG428" });
    const { manifest: before } = await synchronise({ home, openReader: market.openReader });
    const run = (id: string) =>
      `insert into valuation_runs select '${id}', fund_id, 'base', 'a', 'b', null, 0, id, date '2026-09-30', 'USD', 1, 2, 'mark', '{}', 0, now() from assets`;
    const { manifest, result } = await amend(home, async (file) => {
      await file.run(run("run-2"));
      return "done";
    });
    expect(result).toBe("done");
    expect(manifest.contentHash).toBe(before.contentHash);
    expect(manifest.name).not.toBe(before.name);
    const failing = amend(home, async (file) => {
      await file.run(run("run-3"));
      throw new Error("after half of it");
    });
    await expect(failing).rejects.toThrow("after half of it");
    const { file } = await openNewest(home);
    expect(await file.rows("select distinct run_id from valuation_runs")).toEqual([{ run_id: "run-2" }]);
    file.close();
    expect((await listSnapshots(home)).map(({ name }) => name)).toEqual([manifest.name, before.name]);
    for (const { name } of [manifest, before]) {
      const found = await findSnapshot(home, name);
      await verifySnapshot(found.path, found);
    }
    expect((await synchronise({ home, openReader: market.openReader, check: "full" })).rebuilt).toBeNull();
  });

  it("comes back from the newest snapshot when the working file cannot be read", async () => {
    const home = await market.freshHome();
    await synchronise({ home, openReader: market.openReader });
    const paths = analyticsHome(home);
    await rm(paths.work);
    await writeFile(paths.work, "not a DuckDB file");
    const { rebuilt, manifest } = await synchronise({ home, openReader: market.openReader, check: "full" });
    expect(rebuilt).toBeNull();
    const newest = await findSnapshot(home);
    expect(newest.name).toBe(manifest.name);
    await verifySnapshot(newest.path, newest);
  });
});

describe("views", () => {
  it("liquidity_risk_tree: buckets, and what they sum up to", async () => {
    const home = await market.freshHome();
    await synchronise({ home, openReader: market.openReader });
    const { file } = await openNewest(home);
    const rows = await file.rows(
      "select bucket, assets, liabilities, liabilities_stress_delta, pending_redemptions, assets_within, liabilities_within, gap from liquidity_risk_tree where fund_id = $fund::uuid order by place",
      { fund: market.fund.fundId },
    );
    file.close();
    // the ladder of the synthetic fund: assets 250,000 + 350,000 + 400,000, liabilities 100,000 within 30 days
    const [none, at] = ["0.0000", (n: number): string => `${n}.0000`];
    const row = (bucket: string, own: [number, number], within: [number, number]) => ({
      bucket,
      assets: at(own[0]),
      liabilities: at(own[1]),
      liabilities_stress_delta: bucket === "30d" ? at(50_000) : none,
      pending_redemptions: none,
      assets_within: at(within[0]),
      liabilities_within: at(within[1]),
      gap: at(within[0] - within[1]),
    });
    expect(rows).toEqual([
      row("1d", [250_000, 0], [250_000, 0]),
      row("7d", [350_000, 0], [600_000, 0]),
      row("30d", [0, 100_000], [600_000, 100_000]),
      row("90d", [0, 0], [600_000, 100_000]),
      row("180d", [0, 0], [600_000, 100_000]),
      row("365d", [0, 0], [600_000, 100_000]),
      row("gt365d", [400_000, 0], [1_000_000, 100_000]),
    ]);
  });

  it("liquidity_risk_tree: redemptions in the bucket of their dealing date, those in units at the last price, others counted apart", async () => {
    const file = await openFile(":memory:");
    await file.run((await (await import("./model.ts")).readModel()).sql);
    const [fund, share, strike] = [randomUUID(), randomUUID(), randomUUID()];
    const place = (
      currency: string,
      amount: string | null,
      units: string | null,
      date: string | null,
      status: string,
    ) =>
      file.run(
        "insert into fund_flows by name select uuid() as flow_id, $fund::uuid as fund_id, $share::uuid as share_class_id, 'redemption' as direction, $currency as currency, $amount::decimal(38,4) as amount, $units::decimal(38,18) as requested_units, $date::date as dealing_date, $status as status",
        { fund, share, currency, amount, units, date, status },
      );
    await file.run("insert into funds by name select $fund::uuid as fund_id, 'USD' as base_currency", { fund });
    await file.run(
      "insert into share_classes by name select $share::uuid as share_class_id, 90::decimal(38,18) as nav_per_unit",
      { share },
    );
    await file.run(
      "insert into nav_strikes by name select $strike::uuid as strike_id, date '2026-01-31' as nav_date, 1 as version",
      { strike },
    );
    await file.run(
      "insert into class_navs by name select $strike::uuid as strike_id, $share::uuid as share_class_id, 101.2345::decimal(38,18) as nav_per_unit, now() as published_at",
      { strike, share },
    );
    await file.run(
      "insert into liquidity_ladder by name select uuid() as ladder_id, $fund::uuid as fund_id, 'asset' as side, date '2026-02-01' as as_of, 'base' as scenario_id, '1d' as bucket, 5::decimal(38,4) as capacity, 2::decimal(38,4) as utilization, 0::decimal(38,4) as stress_delta",
      { fund },
    );
    await place("USD", "10.0000", null, null, "accepted"); // no date: the first bucket
    await place("USD", null, "3", "2026-02-08", "locked"); // 7 days: 3 x 101.2345 = 303.7035
    await place("USD", "20.0000", null, "2026-02-09", "submitted"); // 8 days: within 30
    await place("USD", "40.0000", null, "2028-01-01", "submitted"); // far beyond
    await place("EUR", "80.0000", null, "2026-02-01", "submitted"); // another currency
    await place("USD", "160.0000", null, "2026-02-01", "settled"); // paid
    const rows = await file.rows(
      "select bucket, pending_redemptions as pending, pending_not_counted as other, pending_within as within, gap from liquidity_risk_tree order by place",
    );
    file.close();
    expect(rows.map(({ bucket, pending, other, within, gap }) => [bucket, pending, other, within, gap])).toEqual([
      ["1d", "10.0000", "1", "10.0000", "3.0000"],
      ["7d", "303.7035", "0", "313.7035", "3.0000"],
      ["30d", "20.0000", "0", "333.7035", "3.0000"],
      ["90d", "0.0000", "0", "333.7035", "3.0000"],
      ["180d", "0.0000", "0", "333.7035", "3.0000"],
      ["365d", "0.0000", "0", "333.7035", "3.0000"],
      ["gt365d", "40.0000", "0", "373.7035", "3.0000"],
    ]);
  });
});
