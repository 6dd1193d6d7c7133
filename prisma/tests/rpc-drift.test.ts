// DATA_DRIFT: a mark is measured against the mark before it and what the fund itself traded since; its own trades are no drift.
// Days are counted from the day the trades are applied, which the database's clock decides.
import { beforeAll, describe, expect, it } from "vitest";
import { agent, PM_ONE, testDatabase } from "./arrange.ts";
import { approvedProposal, type Fund, newFund, syntheticFund } from "./synthetic-fund.ts";

const db = await testDatabase();

/** Market values in cents, by the key of the asset. */
type Marks = Record<string, number>;

const MARKS: Marks = Object.fromEntries(
  (syntheticFund("ANY").assets as { key: string; market_value: string }[]).map((asset) => [
    asset.key,
    Math.round(Number(asset.market_value) * 100),
  ]),
);
const cents = (amount: number): string => (amount / 100).toFixed(2);

/** The day on which `trade` was called, or is: UTC, by the database. */
const today = async (): Promise<string> =>
  String((await db.look("select (now() at time zone 'UTC')::date::text as day"))[0]?.day);
const days = async (from: string, n: number): Promise<string> =>
  String((await db.look("select ($1::date + $2::int)::text as day", [from, n]))[0]?.day);

async function file(fund: Fund, asOf: string, marks: Marks): Promise<void> {
  const filing = syntheticFund(fund.code, { as_of: asOf });
  filing.assets = (filing.assets as { key: string }[]).map((asset) => ({
    ...asset,
    market_value: cents(marks[asset.key] ?? 0),
  }));
  filing.net_assets = cents(Object.values(marks).reduce((sum, mark) => sum + mark, 0));
  await db.call(PM_ONE, "fn_import_fund", { fund: filing });
}

/** Sells 40,000 of one bond and buys 30,000 of the share, approved and applied now; the day of it. */
async function trade(fund: Fund): Promise<string> {
  const { proposalId } = await approvedProposal(db, { fund });
  await db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId });
  const [row] = await db.look(
    "select (applied_at at time zone 'UTC')::date::text as day from proposals where proposal_id = $1",
    [proposalId],
  );
  return String(row?.day);
}

/** What the fund holds by its own books. */
const held = async (fund: Fund): Promise<Marks> =>
  Object.fromEntries(
    (
      await db.look<{ key: string; value: string }>(
        `select a.external_key as key, p.market_value as value from portfolio_allocations p join assets a on a.id = p.asset_id
          where p.fund_id = $1 and p.superseded_at is null`,
        [fund.fundId],
      )
    ).map(({ key, value }) => [key, Math.round(Number(value) * 100)]),
  );

const drifts = async (fund: Fund) =>
  (
    await db.look(
      `select a.external_key as key, e.payload ->> 'deviation_bps' as bps from fund_events e
         join assets a on a.id = (e.payload ->> 'asset_id')::uuid where e.type = 'DATA_DRIFT' and e.fund_id = $1 order by e.seq`,
      [fund.fundId],
    )
  ).map(({ key, bps }) => `${key} ${bps}`);

describe("the fund's own trades are no drift", () => {
  let start: string;
  beforeAll(async () => {
    start = await days(await today(), -60);
  });

  it("a filing that shows what the fund holds after them, and then one in which a share fell", async () => {
    const fund = await newFund(db, { as_of: start });
    const day = await trade(fund);
    const after = await held(fund);
    expect(after).toEqual({ ...MARKS, "BOND-A": 16_000_000, "SHARE-A": 18_000_000, CASH: 10_995_000 });
    await file(fund, await days(day, 30), after);
    expect(await drifts(fund)).toEqual([]);
    await file(fund, await days(day, 60), { ...after, "SHARE-A": 14_400_000 });
    expect(await drifts(fund)).toEqual(["SHARE-A 2000.0000"]);
  });

  it("a filing that does not show them has drifted by them", async () => {
    const fund = await newFund(db, { as_of: start });
    const day = await trade(fund);
    await file(fund, day, MARKS);
    // 40,000 of the 160,000 that should be left, 30,000 of the 180,000 that should be there, and cash
    expect((await drifts(fund)).sort()).toEqual(["BOND-A 2500.0000", "CASH 904.9568", "SHARE-A 1666.6667"]);
  });

  it("a filing of a day before them cannot show them", async () => {
    const fund = await newFund(db, { as_of: start });
    const day = await trade(fund);
    await file(fund, await days(day, -1), MARKS);
    expect(await drifts(fund)).toEqual([]);
    await file(fund, await days(day, 1), { ...MARKS, "BOND-A": 16_000_000, "SHARE-A": 18_000_000, CASH: 10_995_000 });
    expect(await drifts(fund)).toEqual([]);
  });

  it("are counted once: a mark of their day holds them when it was recorded after them", async () => {
    const fund = await newFund(db, { as_of: start });
    const day = await trade(fund);
    const after = await held(fund);
    await file(fund, day, after);
    await file(fund, await days(day, 1), after);
    expect(await drifts(fund)).toEqual([]);
  });

  it("and not when it was recorded before them", async () => {
    // marked, traded and marked again within a day: nothing else happens between
    const fund = await newFund(db, { as_of: await today() });
    const day = await trade(fund);
    await file(fund, await days(day, 1), await held(fund));
    expect(await drifts(fund)).toEqual([]);
  });
});

it("marks of two days in one statement are each measured against the one before", async () => {
  const fund = await newFund(db, { as_of: "2026-06-30" });
  await db.look(
    `insert into asset_snapshots (asset_id, fund_id, as_of, nav, method, source)
     select $2::uuid, $1::uuid, day, nav, 'reported', 'test' from (values ('2026-08-31'::date, 110000), ('2026-07-31', 100000)) marked (day, nav)`,
    [fund.fundId, fund.assets.CASH],
  );
  expect(await drifts(fund)).toEqual(["CASH 1000.0000"]);
});
