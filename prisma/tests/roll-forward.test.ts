// A mark that is old is rolled forward by its index (R5), and one that jumps is held back: what the database stores, checks and releases.
import { describe, expect, it } from "vitest";
import { type Args, agent, OPS, PM_ONE, refusedWith } from "./arrange.ts";
import { DEALING_DATE, dayAt, dealingDatabase, dealingFund, navInputs } from "./dealing-day.ts";

const db = await dealingDatabase();
const COMMANDER = agent("commander");

describe("a stale mark (R5)", () => {
  const rolled = { mark: "90000.00", beta: "1.2", index_series: "SYN", index_at_mark: "100", index_now: "110" };
  const freeze = async (change: Args) => {
    const day = await dayAt(db, "rechecked");
    const [asset, ...rest] = navInputs(day.fund);
    const inputs = [{ ...asset, as_of: "2025-12-01", ...change }, ...rest];
    return {
      day,
      frozen: db.value<{ strike_id: string; inputs_hash: string }>(COMMANDER, "fn_freeze_nav_inputs", {
        fund: day.fund.code,
        nav_date: DEALING_DATE,
        inputs,
      }),
    };
  };

  it("is frozen with beta, index, values and age, and only at what they give", async () => {
    // 90,000 × (1 + 1.2 × 10 %) = 100,800.00
    const { frozen } = await freeze({ ...rolled, value: "100800.00" });
    const { strike_id } = await frozen;
    expect(
      await db.look(
        "select value::text, mark::text, trim_scale(beta)::text as beta, index_series, trim_scale(index_at_mark)::text as before, trim_scale(index_now)::text as now, age_days from nav_inputs where strike_id = $1 and kind = 'asset'",
        [strike_id],
      ),
    ).toEqual([
      {
        value: "100800.0000",
        mark: "90000.0000",
        beta: "1.2",
        index_series: "SYN",
        before: "100",
        now: "110",
        age_days: 60,
      },
    ]);
    expect(await refusedWith((await freeze({ ...rolled, value: "100800.01" })).frozen)).toBe("EG400");
    expect(await refusedWith((await freeze({ ...rolled, beta: null, value: "100800.00" })).frozen)).toBe("EG400");
  });

  it("counts what was paid since, and only that", async () => {
    // 100,800 + 5,000 × (1 + 1.2 × 6/104) − 1,200 × (1 + 1.2 × 2/108)
    const payments = [
      { on: "2026-01-05", amount: "5000", index: "104" },
      { on: "2026-01-20", amount: "-1200", index: "108" },
    ];
    const { strike_id } = await (await freeze({ ...rolled, payments, value: "104919.49" })).frozen;
    const [kept] = await db.look("select payments from nav_inputs where strike_id = $1 and kind = 'asset'", [
      strike_id,
    ]);
    expect(kept).toEqual({ payments });
    const bad: Args[] = [
      { value: "104919.48" },
      { payments: [] },
      { payments: {} },
      { payments: [{ ...payments[0], on: "2025-12-01" }] }, // of the day of the mark: it is in it
      { payments: [{ ...payments[0], on: "2026-02-28" }] },
      { payments: [{ ...payments[0], index: "0" }] },
      { payments: [{ on: "2026-01-05", index: "104" }] },
      { mark: null, beta: null, index_series: null, index_at_mark: null, index_now: null },
    ];
    for (const change of bad)
      expect(
        await refusedWith((await freeze({ ...rolled, payments, value: "104919.49", ...change })).frozen),
        JSON.stringify(change),
      ).toBe("EG400");
  });

  it("that the breaker holds back is told once, and stays where it is", async () => {
    const { day, frozen } = await freeze({ blocked_by: "moved too far", drift_bps: "1200", limit_bps: "1000" });
    await frozen;
    const asset = day.fund.assets["INFRA-1"];
    const drifts = () =>
      db.look(
        "select payload ->> 'deviation_bps' as bps, source from fund_events where type = 'DATA_DRIFT' and payload ->> 'asset_id' = $1",
        [asset],
      );
    expect(await drifts()).toEqual([{ bps: "1200", source: "price_breaker" }]);
    expect(
      await db.look("select count(*)::int as n from nav_inputs where asset_id = $1 and blocked_by is not null", [
        asset,
      ]),
    ).toEqual([{ n: 1 }]);
  });

  it("is held against the first NAV within the window, or what a person confirmed since", async () => {
    const day = await dayAt(db, "closed");
    const asset = day.fund.assets["INFRA-1"];
    const anchor = async () =>
      (
        await db.look("select trim_scale(evergreen.anchor_of($1, $2, '2026-02-27', '2026-02-27'))::text as value", [
          asset,
          day.fund.fundId,
        ])
      )[0]?.value;
    expect(await anchor()).toBe("90000");
    const mark = { asset: "INFRA-1", as_of: "2026-02-10", value: "120000.00", source: "synthetic" };
    await db.call(PM_ONE, "fn_record_marks", { fund: day.fund.code, marks: JSON.stringify([mark]) });
    expect(await anchor()).toBe("90000");
    await db.call(PM_ONE, "fn_record_marks", {
      fund: day.fund.code,
      marks: JSON.stringify([{ ...mark, confirmed: true }]),
    });
    expect(await anchor()).toBe("120000");
  });

  it("has its index among all market data: from a file as from a person, until the file is undone; a rate is no index", async () => {
    const row = (series: string, kind: string, unit: string, value: string) => ({
      series,
      as_of: "2026-01-28",
      kind,
      unit,
      value,
    });
    const rows = [row("SYN filed", "index", "points", "120"), row("SYN rate", "yield", "ratio", "0.03")];
    const file = { rows: JSON.stringify(rows), source: "synthetic", file_hash: "e".repeat(64) };
    const { import_id } = await db.value<{ import_id: string }>(OPS, "fn_import_market", file);
    const known = async () =>
      (await db.look("select evergreen.index_value('SYN filed', '2026-01-30', 7)::int as value"))[0]?.value;
    expect(await known()).toBe(120);
    const typed = (series: string) =>
      db.call(OPS, "fn_record_index_values", {
        index_values: JSON.stringify([{ series, as_of: "2026-01-28", value: "121", source: "synthetic" }]),
      });
    await typed("SYN filed");
    expect(await known()).toBe(121);
    expect(await refusedWith(typed("SYN rate"))).toBe("EG428");
    await db.call(OPS, "fn_undo_market_import", { import_id, reason: "test" });
    expect(await known()).toBe(121);
  });

  it("has the index of its day and of the NAV date, or of the week before them", async () => {
    const on = await dealingFund(db);
    const series = `SYN ${on.fund.code}`;
    const values = [
      ["2025-12-01", "90"],
      ["2025-12-01", "100"],
      ["2026-01-24", "110"],
    ].map(([as_of, value]) => ({ series, as_of, value, source: "synthetic" }));
    await db.call(OPS, "fn_record_index_values", { index_values: JSON.stringify(values.slice(0, 1)) });
    await db.call(OPS, "fn_record_index_values", { index_values: JSON.stringify(values.slice(1)) });
    const rule = {
      fund: on.fund.code,
      asset: "INFRA-1",
      series,
      beta: "1.2",
      after_days: 30,
      effective_from: "2026-01-01",
    };
    await db.call(PM_ONE, "fn_set_roll_forward", rule);
    const roll = async (markedOn: string, day: string) =>
      (
        await db.look("select evergreen.roll_forward_of($1, $2, $3) as rule", [
          on.fund.assets["INFRA-1"],
          markedOn,
          day,
        ])
      )[0]?.rule;
    const found = { series, beta: "1.2", index_at_mark: "100", payments: [] };
    expect(await roll("2025-12-01", "2026-01-30")).toEqual({ ...found, index_now: "110" });
    expect(await roll("2025-12-01", "2026-02-01")).toEqual({ ...found, index_now: null });
    const paid = { asset: "INFRA-1", kind: "call", amount: "500.00", source: "notice" };
    await db.call(OPS, "fn_record_asset_payments", {
      fund: on.fund.code,
      payments: JSON.stringify([
        { ...paid, paid_on: "2025-12-01" },
        { ...paid, paid_on: "2025-12-20" },
        { ...paid, kind: "distribution", paid_on: "2026-01-25" },
        { ...paid, paid_on: "2026-01-31" },
      ]),
    });
    // after the day of the mark, up to the NAV date; the index of the first was not published within the week
    expect(await roll("2025-12-01", "2026-01-30")).toMatchObject({
      payments: [
        { on: "2025-12-20", amount: "500", index: null },
        { on: "2026-01-25", amount: "-500", index: "110" },
      ],
    });
    await db.call(PM_ONE, "fn_set_roll_forward", {
      ...rule,
      series: null,
      beta: null,
      after_days: null,
      effective_from: "2026-01-29",
    });
    expect(await roll("2025-12-01", "2026-01-30")).toBeNull();
  });
});
