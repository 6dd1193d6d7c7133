// Orders and filings: who is not cleared is held, what is not submitted is skipped, what was accepted is owed on whatever ladder is the newest.
import { beforeEach, describe, expect, it } from "vitest";
import { agent, callOn, OPS, PM_ONE, SERVICE, testDatabase } from "./arrange.ts";
import { type Fund, newFund, newInvestor, syntheticFund } from "./synthetic-fund.ts";

const db = await testDatabase();
const KYC = agent("kyc");

const order = async (fund: Fund, investorId: string, change: object = {}): Promise<string> =>
  db.value(OPS, "fn_place_order", {
    fund: fund.code,
    investor_id: investorId,
    direction: "redemption",
    amount: "100.00",
    currency: "USD",
    ...change,
  });

async function nextBatch(): Promise<unknown> {
  await db.settled();
  const [batch] = await db.call(SERVICE, "fn_claim_batch", { consumer: "test" });
  return batch?.batch_id;
}
const takeIn = async () => db.value(KYC, "fn_intake_orders", { batch_id: await nextBatch() });

const newRedemption = async (fund: Fund, amount: string): Promise<string> =>
  order(fund, await newInvestor(db, null), { amount });

/** `day/bucket capacity utilization` of every rung of the liability ladder. */
const liabilities = async (fund: Fund): Promise<string[]> =>
  (
    await db.look(
      `select as_of || '/' || bucket || ' ' || capacity || ' ' || utilization as rung from liquidity_ladder
        where fund_id = $1 and side = 'liability' order by as_of, bucket`,
      [fund.fundId],
    )
  ).map(({ rung }) => String(rung));

const ASSET_RUNG = { side: "asset", bucket: "1d", capacity: "250000.00" };
const due = (bucket: string, capacity: string) => ({ side: "liability", bucket, capacity });
const file = (fund: Fund, asOf: string, ladder: object[]) =>
  db.call(PM_ONE, "fn_import_fund", { fund: syntheticFund(fund.code, { as_of: asOf, ladder }) });

describe("taking orders in", () => {
  it("accepts who is cleared today, holds who is not, skips what is no longer submitted", async () => {
    const fund = await newFund(db);
    const lapsed = await newInvestor(db, null);
    await db.look("update investors set kyc_valid_until = now() - interval '1 second' where investor_id = $1", [
      lapsed,
    ]);
    const flows = [
      await order(fund, await newInvestor(db, null)),
      await order(fund, await newInvestor(db, null, "expired")),
      await order(fund, await newInvestor(db, null, "blocked")),
      await order(fund, lapsed),
      await order(fund, await newInvestor(db, null)),
    ];
    await db.call(OPS, "fn_cancel_order", { flow_id: flows[4] });
    expect(await takeIn()).toEqual({ accepted: 1, held: 3, skipped: 1 });
    const rows = await db.look("select flow_id, status from fund_flows where fund_id = $1", [fund.fundId]);
    expect(flows.map((id) => rows.find((row) => row.flow_id === id)?.status)).toEqual([
      "accepted",
      "kyc_hold",
      "kyc_hold",
      "kyc_hold",
      "cancelled",
    ]);
    expect(
      await db.look("select result, count(*)::int as n from compliance_logs where fund_id = $1 group by 1 order by 1", [
        fund.fundId,
      ]),
    ).toEqual([
      { result: "passed", n: 1 },
      { result: "review", n: 3 },
    ]);
    expect(
      await db.look("select utilization from liquidity_ladder where fund_id = $1 and side = 'liability'", [
        fund.fundId,
      ]),
    ).toEqual([{ utilization: "100.0000" }]);
  });

  it("an event of one fund cannot move the order of another", async () => {
    const [mine, theirs] = [await newFund(db), await newFund(db)];
    const flowId = await order(theirs, await newInvestor(db, null));
    await db.look("delete from event_outbox");
    await db.call(OPS, "fn_record_event", {
      type: "REDEMPTION_REQUESTED",
      payload: { flow_id: flowId },
      source: "test",
      fund_id: mine.fundId,
    });
    expect(await takeIn()).toEqual({ accepted: 0, held: 0, skipped: 1 });
  });

  it("subscriptions and redemptions are seen through their views, the sum being all orders", async () => {
    const fund = await newFund(db);
    const investor = await newInvestor(db, null);
    await order(fund, investor);
    await order(fund, investor, { direction: "subscription", amount: "7.00" });
    expect(await db.look("select amount, status from subscriptions where fund_id = $1", [fund.fundId])).toEqual([
      { amount: "7.0000", status: "submitted" },
    ]);
    expect(await db.look("select amount, status from redemptions where fund_id = $1", [fund.fundId])).toEqual([
      { amount: "100.0000", status: "submitted" },
    ]);
  });
});

describe("accepted redemptions are owed", () => {
  beforeEach(() => db.look("delete from event_outbox"));

  it("by a fund whose filing plans no liabilities, and by the next filing's ladder", async () => {
    const fund = await newFund(db, { ladder: [ASSET_RUNG] });
    await newRedemption(fund, "100.00");
    expect(await takeIn()).toEqual({ accepted: 1, held: 0, skipped: 0 });
    expect(await liabilities(fund)).toEqual(["2026-09-30/30d 0.0000 100.0000"]);
    expect(await db.look("select liabilities from evergreen.thirty_day_cover($1, null)", [fund.fundId])).toEqual([
      { liabilities: "100.0000" },
    ]);
    await file(fund, "2026-10-31", [ASSET_RUNG, due("30d", "7.00")]);
    await newRedemption(fund, "1.00");
    await takeIn();
    expect(await liabilities(fund)).toEqual(["2026-09-30/30d 0.0000 100.0000", "2026-10-31/30d 7.0000 101.0000"]);
  });

  it("by a fund without any ladder, from the day on which it stands", async () => {
    const fund = await newFund(db, { ladder: [] });
    await newRedemption(fund, "5.00");
    await newRedemption(fund, "6.00");
    await takeIn();
    expect(await liabilities(fund)).toEqual(["2026-09-30/30d 0.0000 11.0000"]);
  });

  it("after a filing that plans for other buckets only, and after the same filing again", async () => {
    const fund = await newFund(db);
    await newRedemption(fund, "100.00");
    await takeIn();
    for (let times = 0; times < 2; times++) {
      await file(fund, "2026-10-31", [ASSET_RUNG, due("90d", "9.00")]);
      expect(await liabilities(fund)).toEqual([
        "2026-09-30/30d 100000.0000 100.0000",
        "2026-10-31/30d 0.0000 100.0000",
        "2026-10-31/90d 9.0000 0.0000",
      ]);
    }
  });

  it("beside what was planned, when a filing plans no liabilities: the earlier ladder stands", async () => {
    const fund = await newFund(db);
    await newRedemption(fund, "100.00");
    await takeIn();
    await file(fund, "2026-10-31", [ASSET_RUNG]);
    expect(await liabilities(fund)).toEqual(["2026-09-30/30d 100000.0000 100.0000"]);
    await file(fund, "2026-11-30", [ASSET_RUNG, due("30d", "8.00")]);
    expect((await liabilities(fund)).at(-1)).toBe("2026-11-30/30d 8.0000 100.0000");
  });

  it.each(["the orders", "the filing"])("whoever comes first: %s", async (first) => {
    const fund = await newFund(db);
    await newRedemption(fund, "100.00");
    const batch_id = await nextBatch();
    const takes = { by: KYC, fn: "fn_intake_orders", args: { batch_id } };
    const files = {
      by: PM_ONE,
      fn: "fn_import_fund",
      args: { fund: syntheticFund(fund.code, { as_of: "2026-10-31" }) },
    };
    const [one, other] = first === "the orders" ? [takes, files] : [files, takes];
    let waiting: Promise<unknown> | undefined;
    await db.as(one.by, async (client) => {
      await callOn(client, one.fn, one.args);
      waiting = db.call(other.by, other.fn, other.args);
      await someoneWaits();
    });
    await waiting;
    expect((await liabilities(fund)).at(-1)).toBe("2026-10-31/30d 100000.0000 100.0000");
  });
});

/** Until a session of this database stands behind the lock of another. */
async function someoneWaits(): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    const rows = await db.look(
      "select pid from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0",
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Nobody waits: the two calls do not see each other.");
}

it("20 calls assign one pending investor: one investor", async () => {
  const pending_id = await db.value<string>(OPS, "fn_submit_investor", { classification: "retail" });
  const ids = await Promise.all(
    Array.from({ length: 20 }, () =>
      db.value<string>(KYC, "fn_assign_investor", { pending_id, classification: "retail" }),
    ),
  );
  expect(new Set(ids).size).toBe(1);
  expect(
    await db.look(
      "select count(*)::int as n from investors i join investors_pending_kyc p using (investor_id) where p.pending_id = $1",
      [pending_id],
    ),
  ).toEqual([{ n: 1 }]);
});

describe("a later filing", () => {
  it("brings the fund forward: new version, retired assets, the mandate stays, drift is recorded", async () => {
    const fund = await newFund(db);
    const next = syntheticFund(fund.code, { as_of: "2026-10-31" });
    // BOND-A + 3.5 % (limit of debt 3 %), BOND-B + 3 % exactly (not over it), EQUITY-1 gone to pay for both
    next.assets = (next.assets as { key: string; market_value: string }[])
      .filter((a) => a.key !== "EQUITY-1")
      .map((a) => ({
        ...a,
        market_value: { "BOND-A": "207000.00", "BOND-B": "154500.00", CASH: "338500.00" }[a.key] ?? a.market_value,
      }));
    await db.call(PM_ONE, "fn_import_fund", { fund: next });
    expect(
      await db.look("select nav_as_of::text, allocations_version, net_assets from funds where fund_id = $1", [
        fund.fundId,
      ]),
    ).toEqual([{ nav_as_of: "2026-10-31", allocations_version: "2", net_assets: "1000000.0000" }]);
    expect(
      await db.look("select external_key, status from assets where fund_id = $1 and status <> 'active'", [fund.fundId]),
    ).toEqual([{ external_key: "EQUITY-1", status: "retired" }]);
    expect(
      await db.look(
        "select count(*)::int as n, max(version)::int as v from portfolio_allocations where fund_id = $1 and superseded_at is null",
        [fund.fundId],
      ),
    ).toEqual([{ n: 5, v: 2 }]);
    expect(await db.look("select version from mandates where fund_id = $1", [fund.fundId])).toEqual([{ version: 1 }]);
    const drift = await db.look(
      `select a.external_key as key, e.payload ->> 'deviation_bps' as deviation, e.payload ->> 'threshold_bps' as threshold, e.source from fund_events e
         join assets a on a.id = (e.payload ->> 'asset_id')::uuid where e.type = 'DATA_DRIFT' and e.fund_id = $1 order by 1`,
      [fund.fundId],
    );
    expect(drift).toEqual([
      { key: "BOND-A", deviation: "350.0000", threshold: "300", source: "trigger:asset_snapshots" },
      { key: "CASH", deviation: "23850.0000", threshold: "10", source: "trigger:asset_snapshots" },
    ]);
    const [ladder] = await db.look(
      "select count(distinct as_of)::int as days from liquidity_ladder where fund_id = $1",
      [fund.fundId],
    );
    expect(ladder).toEqual({ days: 2 });
  });

  it("a hypothetical value is no mark and does not drift", async () => {
    const fund = await newFund(db);
    await db.look(
      `insert into asset_snapshots (asset_id, fund_id, as_of, nav, scenario_id, method, source) select id, fund_id, '2026-10-31', 1, 'crash', 'model', 'test' from assets where fund_id = $1`,
      [fund.fundId],
    );
    expect(
      await db.look("select 1 from fund_events where type = 'DATA_DRIFT' and fund_id = $1", [fund.fundId]),
    ).toEqual([]);
  });
});
