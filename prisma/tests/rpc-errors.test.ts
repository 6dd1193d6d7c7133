// What a caller learns when the database itself is in trouble: to try again, or that nothing was changed; never what a row holds.
import { expect, it } from "vitest";
import { agent, callOn, claimsOf, LP_A, PM_ONE, PM_TWO, refusal, testDatabase } from "./arrange.ts";
import { newFund, newInvestor, pendingProposal } from "./synthetic-fund.ts";

const db = await testDatabase();

it("a lock that does not come free in time is EG503", async () => {
  const fund = await newFund(db);
  await db.as(PM_ONE, async (holder) => {
    await callOn(holder, "fn_set_mandate", { fund: fund.code, mandate: { sleeves: [] } });
    const waiting = db.as(PM_TWO, async (client) => {
      await client.query("set local lock_timeout = '50ms'");
      return callOn(client, "fn_request_rebalance", { fund: fund.code });
    });
    expect(await refusal(waiting)).toEqual({
      code: "EG503",
      message: "The database is busy; try again with the same request id.",
    });
  });
});

it("a deadlock is EG503 for one of the two, and the other goes on", async () => {
  const [one, two] = [await newFund(db), await newFund(db)];
  const both = async (first: string, second: string, by: typeof PM_ONE, ready: () => Promise<void>) =>
    db.as(by, async (client) => {
      await callOn(client, "fn_set_mandate", { fund: first, mandate: { sleeves: [] } });
      await ready();
      return callOn(client, "fn_set_mandate", { fund: second, mandate: { sleeves: [] } });
    });
  let arrived = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const ready = () => {
    if (++arrived === 2) open();
    return gate;
  };
  const outcomes = await Promise.allSettled([
    both(one.code, two.code, PM_ONE, ready),
    both(two.code, one.code, PM_TWO, ready),
  ]);
  const failed = outcomes.filter((o) => o.status === "rejected");
  expect(failed).toHaveLength(1);
  expect((await refusal(Promise.reject((failed[0] as PromiseRejectedResult).reason))).code).toBe("EG503");
});

it("the same request id from a snapshot that is too old is EG503, not a second effect", async () => {
  const fund = await newFund(db);
  const args = {
    type: "STRESS_REQUESTED",
    payload: { scenario_id: "x", shift_bps: 1 },
    source: "test",
    fund_id: fund.fundId,
    request_id: "old-snapshot",
  };
  const client = await db.app.connect();
  await client.query("begin isolation level repeatable read");
  await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
    PM_ONE.role,
    claimsOf(PM_ONE),
  ]);
  await client.query("select 1 from public.currencies limit 1"); // takes the snapshot
  await db.call(PM_ONE, "fn_record_event", args);
  const outcome = await refusal(callOn(client, "fn_record_event", args));
  await client.query("rollback");
  client.release();
  expect(outcome).toEqual({
    code: "EG503",
    message: "The same request is being answered; try again with the same request id.",
  });
  expect(await db.look("select count(*)::int as n from fund_events where request_id = 'old-snapshot'")).toEqual([
    { n: 1 },
  ]);
});

it("a failure nobody foresaw is EG500 and names no object", async () => {
  const { proposalId } = await pendingProposal(db);
  await db.look("alter table public.proposal_checks rename to out_of_the_way");
  try {
    expect(
      await refusal(
        db
          .call(agent("commander"), "fn_open_proposal", { proposal_id: proposalId })
          .then(() => db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id: proposalId })),
      ),
    ).toEqual({
      code: "EG500",
      message: "Unforeseen failure (42P01); nothing was changed.",
    });
  } finally {
    await db.look("alter table public.out_of_the_way rename to proposal_checks");
  }
});

it("a broken rule of another investor's row tells nothing of that row", async () => {
  const fund = await newFund(db);
  const investorId = await newInvestor(db, "userId" in LP_A ? LP_A.userId : "");
  await db.look("alter table public.fund_flows add constraint no_even_hundreds check (amount % 100 <> 0) not valid");
  try {
    const { code, message } = await refusal(
      db.call(LP_A, "fn_place_order", {
        fund: fund.code,
        investor_id: investorId,
        direction: "redemption",
        amount: "300.00",
        currency: "USD",
      }),
    );
    expect(code).toBe("EG400");
    expect(message).toBe("The input breaks the rule no_even_hundreds.");
  } finally {
    await db.look("alter table public.fund_flows drop constraint no_even_hundreds");
  }
});
