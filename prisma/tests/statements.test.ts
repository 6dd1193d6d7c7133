// Statements: what is stored per dealing day is what finance computes from the books, to the cent; it follows a restatement, and can be seen as it was known.

import { fillLetters, StatementBody } from "@evergreen-fund/finance";
import { describe, expect, it } from "vitest";
import { LP_A, LP_B, OPS, PM_ONE, type Row, refusedWith } from "./arrange.ts";
import { broken, DEALING_DATE, dayAt, dealingDatabase, dealingFund } from "./dealing-day.ts";
import { userOf } from "./populate.ts";
import {
  accountOf,
  type Books,
  booksOf,
  type DayPlan,
  latestStatement,
  linesOf,
  prepare,
  restate,
  runDay,
  storedOn,
} from "./statement-days.ts";

const db = await dealingDatabase();

const statementsOf = (dayId: string): Promise<Row[]> => storedOn(db, dayId);
const latest = (dayId: string, investor: string): Promise<StatementBody> => latestStatement(db, dayId, investor);
const books = (on: { classId: string }, investor_id: string, known_on?: string): Promise<Books> =>
  booksOf(db, on.classId, investor_id, known_on);
const now = async (): Promise<string> => String((await db.look("select clock_timestamp()::text as now"))[0]?.now);

describe("a gated first day", async () => {
  const day = await dayAt(db, "closed", { holderUser: userOf(LP_A), subscriberUser: userOf(LP_B) });
  const answer = await prepare(db, day.dayId);

  it("tells each investor what the account did, as computed by hand", async () => {
    expect(answer).toEqual({ dealing_day_id: day.dayId, investors: 2, written: 2, stale_days: [] });
    // 1,000 units taken over at 100, worth 108: 50 of them redeemed
    expect(linesOf(await latest(day.dayId, day.holder))).toEqual({
      opening: "0.00",
      contributions: "0.00",
      redemptions: "-5400.00",
      distributions: "0.00",
      transfers: "100000.00",
      result: "8000.00",
      management_fees: "0.00",
      performance_fees: "0.00",
      equalisation: "0.00",
      dealing_difference: "0.00",
      rounding: "0.00",
      closing: "102600.00",
    });
    expect(linesOf(await latest(day.dayId, day.subscriber))).toMatchObject({
      contributions: "10800.00",
      closing: "10800.00",
    });
  });

  it("writes a letter about each own fill, which recomputes it", async () => {
    const { letters } = fillLetters(await latest(day.dayId, day.holder));
    expect(letters.map(({ facts }) => facts)).toEqual([
      [
        { label: "Asked for", value: "200.0000 units" },
        { label: "Gate", value: "25 % of what was asked is paid, 50 units of the class in all" },
        { label: "Filled", value: "50.0000 units (25 % of the units asked for)" },
        { label: "Carried", value: expect.stringMatching(/^150\.0000 units go on as order [0-9a-f-]{36}$/) },
        { label: "Price", value: "108 USD per unit" },
        { label: "Value at that price", value: "5,400.00 USD" },
        { label: "Cash to you", value: "5,400.00 USD" },
      ],
    ]);
  });

  it("is seen by its own investor and by nobody else's", async () => {
    const seen = (actor: typeof LP_A): Promise<Row[]> =>
      db.as(
        actor,
        async (client) =>
          (await client.query("select investor_id from public.statements where dealing_day_id = $1", [day.dayId])).rows,
      );
    expect(await seen(LP_A)).toEqual([{ investor_id: day.holder }]);
    expect(await seen(LP_B)).toEqual([{ investor_id: day.subscriber }]);
    const asked = { investor_id: day.subscriber, share_class_id: day.classId };
    expect(await refusedWith(db.call(LP_A, "fn_statement_books", asked))).toBe("EG404");
    const own = await db.value<{ holders: number; classes: { flows: unknown[] }[] }>(LP_A, "fn_performance_books", {
      fund: day.fund.code,
    });
    expect(own.holders).toBeGreaterThan(0);
    expect(own.classes[0]?.flows).toEqual([
      { date: "2025-01-15", via: "taken_over", units: "1000", paidIn: "100000", paidOut: "0" },
      { date: DEALING_DATE, via: "cash", units: "-50", paidIn: "0", paidOut: "5400" },
    ]);
  });

  it("changes nothing when it is prepared again, and can be changed by nobody", async () => {
    const before = await db.fingerprint();
    expect(await prepare(db, day.dayId)).toMatchObject({ investors: 2, written: 0 });
    expect(await db.fingerprint()).toEqual(before);
    await expect(db.look("update statements set version = 9 where dealing_day_id = $1", [day.dayId])).rejects.toThrow(
      "append-only",
    );
  });
});

describe("a second day, and the first one restated", async () => {
  const on = await dayAt(db, "posted");
  await prepare(db, on.dayId);
  const plan: DayPlan = { nav: "115500.00", fees: { management_fee: "210.00", performance_fee: "105.00" } };
  const secondId = await runDay(db, on, "2026-02-27", {
    ...plan,
    orders: [{ investor: on.subscriber, direction: "subscription", size: "1000.00" }],
  });
  await prepare(db, secondId);
  const known = await now();
  // 107 instead of 108: 107,000 over 1,000 units
  await restate(db, on, DEALING_DATE, { nav: "107000.00" });

  it("goes on from the closing of the day before, with the fees that the strike states", async () => {
    const [, row] = (await statementsOf(secondId))
      .map((each) => StatementBody.parse(each.body))
      .sort((a) => (a.investorId === on.holder ? 1 : -1));
    // 950 units from 108 to 110, charged 0.2 and 0.1 per unit; 150 more asked for and all of them carried on is another matter
    expect(row).toMatchObject({
      investorId: on.holder,
      opening: { version: 1, navPerUnit: "108" },
      account: { feesStated: true },
    });
    expect(linesOf(row as StatementBody)).toMatchObject({
      opening: "102600.00",
      result: "2185.00",
      management_fees: "-190.00",
      performance_fees: "-95.00",
      redemptions: "-16500.00",
      closing: "88000.00",
    });
  });

  it("gets a new version for everybody the correction touches, and names the other days", async () => {
    const answer = await prepare(db, on.dayId);
    expect(answer).toEqual({ dealing_day_id: on.dayId, investors: 2, written: 2, stale_days: [secondId] });
    const rows = (await statementsOf(on.dayId)).filter((row) => row.investor_id === on.holder);
    expect(rows.map((row) => row.version)).toEqual([1, 2]);
    expect(linesOf(StatementBody.parse(rows[1]?.body))).toMatchObject({
      result: "7000.00",
      redemptions: "-5400.00",
      // 50 units paid at 108 that were worth 107
      dealing_difference: "50.00",
      closing: "101650.00",
    });
    expect(await prepare(db, secondId)).toMatchObject({ written: 2, stale_days: [] });
    expect(linesOf(await latest(secondId, on.holder))).toMatchObject({
      opening: "101650.00",
      result: "3135.00",
      closing: "88000.00",
    });
    expect(await prepare(db, on.dayId)).toMatchObject({ written: 0, stale_days: [] });
  });

  it("is shown as it was known before the correction, and as it is known since", async () => {
    const [then, today] = [await books(on, on.holder, known), await books(on, on.holder)];
    expect(accountOf(then, DEALING_DATE, "2026-02-27").lines[0]).toEqual({ line: "opening", amount: "102600.00" });
    expect(accountOf(today, DEALING_DATE, "2026-02-27").lines[0]).toEqual({ line: "opening", amount: "101650.00" });
    // and before anything was dealt there is nothing to show but what was taken over
    const [posted] = await db.look("select min(recorded_at)::text as at from ledger_transactions where fund_id = $1", [
      on.fund.fundId,
    ]);
    expect((await books(on, on.holder, String(posted?.at))).entries).toHaveLength(1);
    expect((await books(on, on.holder, "2020-01-01T00:00:00Z")).entries).toEqual([]);
  });
});

describe("performance books", async () => {
  const on = await dayAt(db, "posted");
  const beforeSecond = await now();
  await runDay(db, on, "2026-02-27", { nav: "115500.00" });
  const beforeCorrection = await now();
  await restate(db, on, DEALING_DATE, { nav: "107000.00" });
  type Answer = {
    classes: { prices: { date: string; price: string }[]; flows: { date: string }[] }[];
    dates: unknown[];
  };
  const known = (known_on?: string): Promise<Answer> =>
    db.value<Answer>(OPS, "fn_performance_books", { fund: on.fund.code, ...(known_on ? { known_on } : {}) });

  it("hold what was posted and published by the time asked for", async () => {
    const [first, second, third] = [await known(beforeSecond), await known(beforeCorrection), await known()];
    expect(first.classes[0]?.prices).toEqual([{ date: DEALING_DATE, price: "108", distributed: "0", fees: null }]);
    expect(first.classes[0]?.flows.map(({ date }) => date)).toEqual(["2025-01-15", DEALING_DATE]);
    expect(second.classes[0]?.prices.map(({ price }) => price)).toEqual(["108", "110"]);
    expect(second.classes[0]?.flows).toHaveLength(3);
    expect(third.classes[0]?.prices.map(({ price }) => price)).toEqual(["107", "110"]);
    expect([first.dates.length, third.dates.length]).toEqual([1, 2]);
  });
});

describe("an equalisation credit", async () => {
  const on = await dayAt(db, "posted");
  // 1,000.00 of the 11,000.00 are what a tenth of the units' gain above the mark would cost: 100 units, 10.00 a unit
  const dayId = await runDay(db, on, "2026-02-27", {
    nav: "105000.00",
    orders: [{ investor: on.subscriber, direction: "subscription", size: "11000.00" }],
    credit: 909,
    fees: { equalisation_per_unit: "10" },
    filled: 0,
  });
  await prepare(db, dayId);

  it("is worth what is in reach of the mark, and the rest is a loss on its own line", async () => {
    // paid 11,000.00 of which 999.90 for the credit: 10,000.10 / 100 buys 100.0010 units, and the credit is in reach up to 10 a unit
    expect(linesOf(await latest(dayId, on.subscriber))).toMatchObject({
      opening: "10800.00",
      result: "-800.00",
      contributions: "11000.00",
      equalisation: "0.00",
      closing: "21000.00",
    });
    const lower = await runDay(db, on, "2026-03-31", {
      nav: "114500.95",
      fees: { equalisation_per_unit: "4" },
      filled: 0,
      orders: [{ investor: on.subscriber, direction: "subscription", size: "100.00" }],
    });
    await prepare(db, lower);
    // 100.0010 units · 4 = 400.004: 599.896 of the credit is out of reach
    expect(linesOf(await latest(lower, on.subscriber))).toMatchObject({ equalisation: "-599.90" });
  });
});

describe("units taken over between two strikes", async () => {
  const on = await dealingFund(db);
  // a price from before the take-over, as another holder of the class would have had it
  await db.look(
    `with s as (insert into nav_strikes (fund_id, nav_date, version, state, inputs_hash) values ($1, '2024-12-31', 1, 'estimated', repeat('0', 64)) returning strike_id)
     insert into class_navs (strike_id, share_class_id, nav, units, nav_per_unit, published_at) select strike_id, $2, 95, 1, 95, now() from s`,
    [on.fund.fundId, on.classId],
  );
  const dayId = await runDay(db, on, DEALING_DATE, {
    nav: "108000.00",
    orders: [{ investor: on.holder, direction: "redemption", size: "10" }],
  });

  it("come in at the price they were taken over at, in the database and outside it", async () => {
    await prepare(db, dayId);
    const body = await latest(dayId, on.holder);
    expect(linesOf(body)).toMatchObject({
      opening: "0.00",
      transfers: "100000.00",
      result: "8000.00",
      redemptions: "-1080.00",
      closing: "106920.00",
    });
    expect(body.opening).toMatchObject({ date: "2024-12-31", navPerUnit: "95" });
    expect(body.account.lines).toEqual(accountOf(await books(on, on.holder), "2024-12-31", DEALING_DATE).lines);
  });
});

describe("a posting taken back", async () => {
  const on = await dayAt(db, "posted");
  const dayId = await runDay(db, on, "2026-02-27", { nav: "115500.00" });
  const known = await now();
  const [wrong] = await db.look("select ledger_tx_id from ledger_transactions where dealing_day_id = $1", [dayId]);
  await db.call(PM_ONE, "fn_reverse_ledger", { ledger_tx_id: wrong?.ledger_tx_id, reason: "dealt by mistake" });

  it("is gone from the statement, and still there as known before", async () => {
    const closing = (of: Books) =>
      accountOf(of, DEALING_DATE, "2026-02-27").lines.find(({ line }) => line === "closing")?.amount;
    expect(closing(await books(on, on.holder))).toBe("104500.00");
    expect(closing(await books(on, on.holder, known))).toBe("88000.00");
    expect(await broken(db, on.fund)).toEqual([]);
    await prepare(db, dayId);
    expect(linesOf(await latest(dayId, on.holder))).toMatchObject({ redemptions: "0.00", closing: "104500.00" });
  });
});

describe("what does not foot is named", () => {
  const tampered = async (sql: string): Promise<() => unknown> => {
    const on = await dayAt(db, "posted");
    db.broken(on.fund.fundId, "a row is changed behind the functions' back");
    const client = await db.admin.connect();
    await client.query("set session_replication_role = replica");
    await client.query(sql, [on.holder]);
    await client.query("reset session_replication_role");
    client.release();
    const of = await books(on, on.holder);
    return () => accountOf(of, "2025-01-14", DEALING_DATE);
  };
  it.each([
    [
      "a lot that is not what its entries say",
      "update lots set units_left = units_left + 1 where investor_id = $1",
      /opening \(the entries of lot|closing \(the entries of lot/,
    ],
    [
      "cash that is not what the units were dealt for",
      "update cash_movements set amount = amount - 1 where investor_id = $1",
      /redemptions \(order .*: its cash is not units times price/,
    ],
    ["a charge that nobody took", "update allocations set levy = 5 where investor_id = $1", /redemptions \(order /],
    [
      "a price that was not published",
      "update allocations set price = 107 where investor_id = $1",
      /redemptions \(order .*: its price was not published/,
    ],
  ])("%s", async (_what, sql, named) => {
    const account = await tampered(sql);
    expect(account).toThrowError(expect.objectContaining({ code: "EG428" }));
    expect(account).toThrowError(named);
  });
});
