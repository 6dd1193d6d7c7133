// The ladder under concurrent callers: never reserved beyond its capacity, and R38 decides which trades may go on.
import { describe, expect, it } from "vitest";
import { agent, refusedWith, testDatabase } from "./arrange.ts";
import { type Fund, newFund, newProposal, type Trade } from "./synthetic-fund.ts";

const db = await testDatabase();
const LIQUIDITY = agent("liquidity-engine");

const buy = (amount: string): Trade[] => [{ asset: "SHARE-A", side: "buy", amount, cost: "0.00" }];
const reserve = async (proposalId: string) =>
  (await db.call(LIQUIDITY, "fn_reserve_liquidity", { proposal_id: proposalId }))[0];
const oneDay = async (fund: Fund) =>
  (
    await db.look(
      "select capacity, utilization from liquidity_ladder where fund_id = $1 and side = 'asset' and bucket = '1d'",
      [fund.fundId],
    )
  )[0];

it("20 proposals reserve at once: as many as the bucket holds, not one more", async () => {
  const fund = await newFund(db);
  const proposals: string[] = [];
  for (let i = 0; i < 20; i++) proposals.push((await newProposal(db, { fund, trades: buy("30000.00") })).proposalId);
  const verdicts = await Promise.all(proposals.map(reserve));
  expect(verdicts.filter((v) => v?.result === "passed")).toHaveLength(8); // 8 × 30,000 ≤ 250,000 < 9 × 30,000
  expect(verdicts.filter((v) => v?.result === "failed").map((v) => v?.reason)).toEqual(
    Array(12).fill("cash for the buys is reserved elsewhere"),
  );
  expect(await oneDay(fund)).toEqual({ capacity: "250000.0000", utilization: "240000.0000" });
  const held = await db.look<{ id: string }>(
    "select proposal_id as id from liquidity_reservations where fund_id = $1",
    [fund.fundId],
  );
  await Promise.all(
    held.map(({ id }) => db.call(LIQUIDITY, "fn_release_liquidity", { proposal_id: id, reason: "withdrawn" })),
  );
  expect(await oneDay(fund)).toEqual({ capacity: "250000.0000", utilization: "0.0000" });
  expect(await db.value(LIQUIDITY, "fn_release_liquidity", { proposal_id: held[0]?.id, reason: "again" })).toBe(0);
});

it("reserving and releasing one proposal at the same time ends in one of the two states", async () => {
  const fund = await newFund(db);
  for (let trial = 0; trial < 30; trial++) {
    const { proposalId } = await newProposal(db, { fund, trades: buy("1000.00") });
    await Promise.all([
      reserve(proposalId),
      db.call(LIQUIDITY, "fn_release_liquidity", { proposal_id: proposalId, reason: "race" }),
      reserve(proposalId),
    ]);
    await db.call(LIQUIDITY, "fn_release_liquidity", { proposal_id: proposalId, reason: "after" });
    expect((await oneDay(fund))?.utilization).toBe("0.0000");
  }
});

it("40 callers move one bucket: the sum is exact", async () => {
  const fund = await newFund(db);
  const move = (delta: string) =>
    db.call(LIQUIDITY, "fn_update_liquidity_bucket", {
      bucket: "1d",
      delta_capacity: delta,
      context: { fund_id: fund.fundId },
    });
  await Promise.all(Array.from({ length: 40 }, (_, i) => move(i % 2 === 0 ? "0.10" : "-0.03")));
  expect(await oneDay(fund)).toEqual({ capacity: "250001.4000", utilization: "0.0000" });
});

it("20 callers make one rung that was not there: it is one", async () => {
  const fund = await newFund(db);
  await Promise.all(
    Array.from({ length: 20 }, () =>
      db.call(LIQUIDITY, "fn_update_liquidity_bucket", {
        bucket: "T+90",
        delta_capacity: "1.00",
        context: { fund_id: fund.fundId, side: "liability" },
      }),
    ),
  );
  expect(
    await db.look("select capacity from liquidity_ladder where fund_id = $1 and bucket = '90d'", [fund.fundId]),
  ).toEqual([{ capacity: "20.0000" }]);
});

it("a bucket cannot be cut below what is reserved of it", async () => {
  const fund = await newFund(db);
  await reserve((await newProposal(db, { fund, trades: buy("30000.00") })).proposalId);
  const cut = (delta: string) =>
    db.call(LIQUIDITY, "fn_update_liquidity_bucket", {
      bucket: "1d",
      delta_capacity: delta,
      context: { fund_id: fund.fundId },
    });
  expect(await refusedWith(cut("-220000.01"))).toBe("EG424");
  expect((await cut("-220000.00"))[0]).toMatchObject({ capacity: "30000.0000", utilization: "30000.0000" });
});

describe("R38", () => {
  const withLiability = (capacity: string, stress: string) =>
    newFund(db, {
      ladder: [
        { side: "asset", bucket: "1d", capacity: "100000.00" },
        { side: "asset", bucket: "7d", capacity: "19999.99" },
        { side: "asset", bucket: "90d", capacity: "900000.00" }, // too far away to count
        { side: "liability", bucket: "7d", capacity, stress_delta: stress },
        { side: "liability", bucket: "gt365d", capacity: "1000000.00" },
      ],
    });
  const nothing: Trade[] = [];

  it("fails a cent below 1.2 × the stressed liabilities", async () => {
    const fund = await withLiability("60000.00", "40000.00");
    expect(await reserve((await newProposal(db, { fund, trades: nothing })).proposalId)).toEqual({
      result: "failed",
      reason: "R38: 30-day assets after the trades are below 1.2 × stressed 30-day liabilities",
      ratio: "1.199999900000000000",
    });
  });

  it("passes at 1.2 × exactly", async () => {
    const fund = await withLiability("59999.99", "39999.99");
    const [row] = await db.look("select 1.2 * 99999.98 as needed");
    await db.call(LIQUIDITY, "fn_update_liquidity_bucket", {
      bucket: "7d",
      delta_capacity: (Number(row?.needed) - 119999.99).toFixed(2),
      context: { fund_id: fund.fundId },
    });
    const verdict = await reserve((await newProposal(db, { fund, trades: nothing })).proposalId);
    expect(verdict).toMatchObject({ result: "passed" });
  });

  it("passes when there are no liabilities, without a ratio", async () => {
    const fund = await withLiability("0.00", "0.00");
    expect(await reserve((await newProposal(db, { fund, trades: nothing })).proposalId)).toMatchObject({
      result: "passed",
      ratio: null,
    });
  });

  it("is not counted twice for what the proposal itself has reserved", async () => {
    const fund = await newFund(db);
    const { proposalId } = await newProposal(db, { fund, trades: buy("30000.00") });
    const first = await reserve(proposalId);
    const [again] = await db.look(
      "select round(round(assets, 20) / liabilities, 18) as ratio from evergreen.thirty_day_cover($1, $2)",
      [fund.fundId, proposalId],
    );
    expect(again?.ratio).toBe(first?.ratio);
  });
});
