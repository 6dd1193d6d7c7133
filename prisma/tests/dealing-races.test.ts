// Orders and dealing days when two come at once. Who waits for whom is arranged by open transactions, never by time.

import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { describe, expect, it } from "vitest";
import { type Args, agent, callOn, LP_A, OPS, PM_ONE, refusal, type TestDatabase } from "./arrange.ts";
import {
  broken,
  type Day,
  dayAt,
  dealingDatabase,
  dealingFund,
  openDay,
  openDealingDay,
  ordered,
  payments,
  place,
  strikeOf,
  take,
} from "./dealing-day.ts";
import { consented } from "./postings.ts";

const db = await dealingDatabase();
const COMMANDER = agent("commander");

/** "ok", or the code of the refusal. */
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    async () => (await refusal(promise)).code,
  );
const tally = (codes: string[]): Record<string, number> =>
  Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((other) => other === code).length]));
const together = async (n: number, call: (i: number) => Promise<unknown>): Promise<Record<string, number>> =>
  tally(await Promise.all(Array.from({ length: n }, (_, i) => codeOf(call(i)))));

/** Until somebody in this database waits for a lock of somebody else. */
async function someoneWaits(on: TestDatabase): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    const waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    if ((await on.look(waiting)).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Nobody waits.");
}

/** `first` acts and stays open until `second` waits for it; then it commits. The codes of both. */
async function oneAfterTheOther(
  [actor, fn, args]: [Actor, string, Args],
  second: () => Promise<unknown>,
): Promise<[string, string]> {
  let late = Promise.resolve("");
  const first = await codeOf(
    db.as(actor, async (client) => {
      await callOn(client, fn, args);
      late = codeOf(second());
      await someoneWaits(db);
    }),
  );
  return [first, await late];
}

const statusOf = async (flowId: string): Promise<unknown> =>
  (await db.look("select status from fund_flows where flow_id = $1", [flowId]))[0]?.status;
const leaves = (day: Day) => db.look("select flow_id from order_leaves where dealing_day_id = $1", [day.dayId]);

describe("one holding", () => {
  it("is promised once when twenty redemptions of more than half of it come together", async () => {
    const on = await dealingFund(db);
    const codes = await together(20, () => place(db, on, on.holder, { direction: "redemption", units: "600" }));
    expect(codes).toEqual({ ok: 1, EG430: 19 });
  });

  it("the second waits for the first and then sees it", async () => {
    const on = await dealingFund(db);
    const redeem = {
      fund: on.fund.code,
      share_class: "A",
      investor_id: on.holder,
      direction: "redemption",
      units: "600",
    };
    const second = () => db.call(OPS, "fn_place_order", redeem);
    expect(await oneAfterTheOther([OPS, "fn_place_order", redeem], second)).toEqual(["ok", "EG430"]);
  });
});

describe.each([
  ["fn_open_claims", "posted", COMMANDER],
  ["fn_lock_orders", "opened", COMMANDER],
  ["fn_post_dealing_day", "allocated", COMMANDER],
  ["fn_close_dealing_day", "settled", COMMANDER],
] as const)("%s", (fn, before, actor) => {
  it("has one effect when ten come together", async () => {
    const day = before === "opened" ? await openDay(db) : await dayAt(db, before);
    expect(await together(10, () => db.call(actor, fn, { dealing_day_id: day.dayId }))).toEqual({ ok: 1, EG428: 9 });
    expect(await broken(db, day.fund)).toEqual([]);
    expect(await leaves(day)).toHaveLength(2);
  });
});

it("a dealing day is opened once when ten come together", async () => {
  const on = await dealingFund(db);
  const ids = await Promise.all(Array.from({ length: 10 }, () => openDealingDay(db, on)));
  expect(new Set(ids).size).toBe(1);
  const events = await db.look("select 1 from fund_events where fund_id = $1 and type = 'DEALING_DAY_OPENED'", [
    on.fund.fundId,
  ]);
  expect(events).toHaveLength(1);
});

it("a payment is taken once when ten confirm it together", async () => {
  const day = await dayAt(db, "claimable");
  const args = { fund: day.fund.code, payments: payments(day) };
  expect(await together(10, () => db.call(OPS, "fn_confirm_cash", args))).toEqual({ ok: 1, EG428: 9 });
  expect(await broken(db, day.fund)).toEqual([]);
});

it("a posting is reversed once when ten reverse it together", async () => {
  const day = await dayAt(db, "posted");
  const [posting] = await db.look("select ledger_tx_id from ledger_transactions where dealing_day_id = $1", [
    day.dayId,
  ]);
  const args = { ledger_tx_id: posting?.ledger_tx_id, reason: "dealt at a wrong price" };
  expect(await together(10, () => db.call(PM_ONE, "fn_reverse_ledger", args))).toEqual({ ok: 1, EG428: 9 });
  expect(await broken(db, day.fund)).toEqual([]);
});

describe("a cancellation and the cut-off", () => {
  it("the cancellation first: the order is in no book", async () => {
    const day = await openDay(db);
    const cancel: [Actor, string, Args] = [OPS, "fn_cancel_order", { flow_id: day.redemption }];
    const codes = await oneAfterTheOther(cancel, () =>
      db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: day.dayId }),
    );
    expect(codes).toEqual(["ok", "ok"]);
    expect(await leaves(day)).toEqual([{ flow_id: day.subscription }]);
    expect(await statusOf(day.redemption)).toBe("cancelled");
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("the cut-off first: the cancellation needs consent", async () => {
    const day = await openDay(db);
    const lock: [Actor, string, Args] = [COMMANDER, "fn_lock_orders", { dealing_day_id: day.dayId }];
    const codes = await oneAfterTheOther(lock, () => db.call(OPS, "fn_cancel_order", { flow_id: day.redemption }));
    expect(codes).toEqual(["ok", "EG428"]);
    expect(await statusOf(day.redemption)).toBe("locked");
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("thirty orders, each cancelled while the book is locked: each is in the book or cancelled, never both", async () => {
    const on = await dealingFund(db);
    const flows: string[] = [];
    for (let i = 0; i < 30; i++) flows.push(await ordered(db, on, on.holder, { direction: "redemption", units: "10" }));
    const dayId = await openDealingDay(db, on);
    const cancels = flows.map((flow_id) => () => codeOf(db.call(OPS, "fn_cancel_order", { flow_id })));
    const lock = () => codeOf(db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: dayId }));
    const codes = await Promise.all([...cancels.slice(0, 15), lock, ...cancels.slice(15)].map((start) => start()));
    expect(codes[15]).toBe("ok");
    const rows = await db.look<{ status: string; committed: boolean }>(
      "select f.status, exists (select from order_leaves l where l.flow_id = f.flow_id) as committed from fund_flows f where f.flow_id = any ($1)",
      [flows],
    );
    for (const { status, committed } of rows) expect(status).toBe(committed ? "locked" : "cancelled");
    expect(await broken(db, on.fund)).toEqual([]);
  });
});

describe("a cancellation with consent and the strike", () => {
  const arranged = async () => {
    const day = await dayAt(db, "approved");
    await consented(db, day.fund, "cancellation", { flow_id: day.redemption, reason: "asked for" });
    const cancel: [Actor, string, Args] = [OPS, "fn_cancel_order", { flow_id: day.redemption }];
    const strike: [Actor, string, Args] = [COMMANDER, "fn_strike_nav", { strike_id: await strikeOf(db, day.dayId) }];
    return { day, cancel, strike };
  };
  const run = ([actor, fn, args]: [Actor, string, Args]) => db.call(actor, fn, args);

  it("the cancellation first: the order meets no price", async () => {
    const { day, cancel, strike } = await arranged();
    expect(await oneAfterTheOther(cancel, () => run(strike))).toEqual(["ok", "ok"]);
    expect(await statusOf(day.redemption)).toBe("cancelled");
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("the strike first: who knows the price cannot cancel", async () => {
    const { day, cancel, strike } = await arranged();
    expect(await oneAfterTheOther(strike, () => run(cancel))).toEqual(["ok", "EG428"]);
    expect(await statusOf(day.redemption)).toBe("priced");
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

it("an investor who loses clearance between the recheck and the posting gets no units", async () => {
  const day = await take(db, await openDay(db), "allocated");
  await db.look("update investors set kyc_status = 'expired' where investor_id = $1", [day.subscriber]);
  expect(await codeOf(db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId }))).toBe("EG430");
  await db.call(agent("kyc"), "fn_recheck_orders", { dealing_day_id: day.dayId });
  expect(await statusOf(day.subscription)).toBe("kyc_hold");
  expect(await broken(db, day.fund)).toEqual([]);
  expect(await codeOf(db.call(LP_A, "fn_cancel_order", { flow_id: day.subscription }))).toBe("EG404");
});
