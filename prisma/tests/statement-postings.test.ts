// Statements and performance where more happened than dealing: a performance fee crystallised lot by lot, a distribution, a side pocket. Figures by hand.
import { unitPerformance } from "@evergreen-fund/finance";
import { describe, expect, it } from "vitest";
import { agent, OPS, PM_ONE } from "./arrange.ts";
import { broken, type Day, DEALING_DATE, dayAt, dealingDatabase, fills } from "./dealing-day.ts";
import { COMMANDER, consented, crystallisation, feeDay, pocketDay } from "./postings.ts";
import { accountOf, booksOf, latestStatement, linesOf, prepare, runDay } from "./statement-days.ts";

const db = await dealingDatabase();
const BEFORE = "2025-01-14";
const NEXT = "2026-02-27";
const now = async (): Promise<string> => String((await db.look("select clock_timestamp()::text as now"))[0]?.now);

const changed = (lines: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(lines).filter(([, amount]) => !/^0\.0+$/.test(amount)));
async function account(classId: string, investor: string, [from, to]: [string, string], known?: string) {
  return changed(linesOf({ account: accountOf(await booksOf(db, classId, investor, known), from, to) }));
}

type PerformanceAnswer = Pick<Parameters<typeof unitPerformance>[0], "currency" | "classes">;
async function performanceOf(on: { fund: { code: string } }, investor: string, share_class?: string) {
  const { currency, classes } = await db.value<PerformanceAnswer>(OPS, "fn_performance_books", {
    fund: on.fund.code,
    investor_ids: [investor],
    ...(share_class ? { share_class } : {}),
  });
  return unitPerformance({
    currency,
    to: NEXT,
    basis: { fees: "net", subscriptionLine: "none", staleShare: null },
    classes: classes.map(({ id, prices, flows }) => ({ id, prices, flows })),
  });
}

describe("a performance fee crystallised between the strike and the posting", async () => {
  const day = await feeDay(db);
  const known = await now();
  const [held] = await db.look("select investor_id from lots where lot_id = $1", [day.lots.credited]);
  const [low] = await db.look("select investor_id from lots where lot_id = $1", [day.lots.low]);
  const [credited, charged] = [String(held?.investor_id), String(low?.investor_id)];
  const posting = await consented(db, day.fund, "crystallisation", await crystallisation(db, day));
  await db.call(COMMANDER, "fn_crystallise_fee", posting);

  it("gives a refund back in units, and the credit is gone", async () => {
    // 300 units taken over at 107 with a credit of 180; 1.6666 units of 108 for it, 0.0072 stays in the fund
    expect(await account(day.classId, credited, [BEFORE, DEALING_DATE])).toEqual({
      transfers: "32280.00",
      result: "300.00",
      dealing_difference: "-0.01",
      closing: "32579.99",
    });
  });

  it("takes a depreciation charge in units, as a performance fee of that holder alone", async () => {
    expect(await account(day.classId, charged, [BEFORE, DEALING_DATE])).toEqual({
      transfers: "9500.00",
      result: "1300.00",
      performance_fees: "-180.00",
      dealing_difference: "0.01",
      closing: "10620.01",
    });
    expect(await account(day.classId, day.holder, [BEFORE, DEALING_DATE])).toEqual({
      transfers: "60000.00",
      result: "4800.00",
      closing: "64800.00",
    });
  });

  it("is not there as known before, when the credit was still one", async () => {
    expect(await account(day.classId, credited, [BEFORE, DEALING_DATE], known)).toEqual({
      transfers: "32280.00",
      result: "300.00",
      closing: "32580.00",
    });
  });

  it("is part of the return, and no flow", async () => {
    const { classes, currency } = await db.value<PerformanceAnswer>(OPS, "fn_performance_books", {
      fund: day.fund.code,
      investor_ids: [credited],
    });
    expect(classes[0]?.flows.map(({ via, units }) => [via, units])).toEqual([
      ["taken_over", "300"],
      ["fee", "1.6666"],
    ]);
    const basis = { fees: "net", subscriptionLine: "none", staleShare: null } as const;
    const told = unitPerformance({
      currency,
      to: DEALING_DATE,
      basis,
      classes: [{ ...classes[0]!, id: "A" }].map(bare),
    });
    expect(told.window.closing).toBe("32579.99");
    // 301.6666 · 108 / (300 · 107)
    expect(told.twr?.cumulative).toBe("0.014953046728971963");
    expect(told.measures.rows[0]?.multiples).toMatchObject({ paidIn: "32100", distributed: "0" });
    expect(told.remarks).toContain("Fees and refunds in units count on the day they were crystallised.");
  });

  it("stays what it was when its lots deal later", async () => {
    await post(day);
    // at the mark, so that the lots that leave owe nothing and are owed nothing
    const [at] = await db.look<{ nav: string }>(
      "select round(units_outstanding * 108, 2)::numeric(38,2)::text as nav from share_classes where share_class_id = $1",
      [day.classId],
    );
    const plan = { nav: at?.nav ?? "", orders: [credited, charged].map((investor) => redeemed(investor)) };
    const later = await runDay(db, day, NEXT, plan);
    await prepare(db, later);
    for (const [investor, closing] of [
      [credited, "32579.99"],
      [charged, "10620.01"],
    ] as const) {
      const body = await latestStatement(db, later, investor);
      expect(linesOf(body)).toMatchObject({ opening: closing, equalisation: "0.00" });
      expect(body.account.lines).toEqual(accountOf(await booksOf(db, day.classId, investor), DEALING_DATE, NEXT).lines);
    }
    expect(await account(day.classId, credited, [BEFORE, DEALING_DATE])).toMatchObject({ closing: "32579.99" });
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

describe("a credit refunded in part", async () => {
  const day = await feeDay(db);
  const whole = await crystallisation(db, day);
  const lots = whole.lots.map((lot) =>
    lot.lot_id === day.lots.credited ? { ...lot, refund: "100", change: "0.9259", credit: "80" } : lot,
  );
  const posting = await consented(db, day.fund, "crystallisation", { ...whole, fee: "1080", lots });
  await db.call(COMMANDER, "fn_crystallise_fee", posting);

  it("is out of reach for the rest until the price rises, and not lost", async () => {
    const [lot] = await db.look("select investor_id from lots where lot_id = $1", [day.lots.credited]);
    const investor = String(lot?.investor_id);
    // 300.9259 units of 108, and none of the 80 that are left
    expect(await account(day.classId, investor, [BEFORE, DEALING_DATE])).toMatchObject({
      transfers: "32280.00",
      equalisation: "-80.00",
      closing: "32500.00",
    });
    await post(day);
    const fees = { equalisation_per_unit: "0.1" };
    await runDay(db, day, NEXT, { nav: "115500.00", filled: 0, fees });
    expect(await account(day.classId, investor, [DEALING_DATE, NEXT])).toMatchObject({ equalisation: "30.09" });
  });
});

const redeemed = (investor: string) => ({ investor, direction: "redemption" as const, size: "50" });
const bare = ({ id, prices, flows }: PerformanceAnswer["classes"][number]) => ({ id, prices, flows });

/** Posts a struck day as its fixture fills it. */
async function post(day: Day): Promise<void> {
  const dealing_day_id = day.dayId;
  const engine = agent("liquidity-engine");
  await db.call(engine, "fn_decide_lmt", { dealing_day_id, decision: { gate: true, cap_units: "50" } });
  await db.call(engine, "fn_record_allocations", { dealing_day_id, terms: {}, fills: JSON.stringify(fills(day)) });
  await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id });
}

describe("a distribution", async () => {
  const on = await dayAt(db, "posted");
  const body = { share_class_id: on.classId, ex_date: DEALING_DATE, per_unit: "2.0005" };
  const { ledger_tx_id } = await db.value<{ ledger_tx_id: string }>(
    COMMANDER,
    "fn_post_distribution",
    await consented(db, on.fund, "distribution", body),
  );
  const known = await now();
  const pending = await account(on.classId, on.holder, [BEFORE, DEALING_DATE]);
  const dayId = await runDay(db, on, NEXT, {
    nav: "112350.00",
    filled: 0,
    orders: [{ investor: on.subscriber, direction: "subscription", size: "1070.00" }],
  });
  await prepare(db, dayId);

  it("counts when a price is without it, and not before", async () => {
    expect(pending).toMatchObject({ closing: "102600.00" });
    expect(await account(on.classId, on.holder, [BEFORE, DEALING_DATE])).toEqual(pending);
    // 950 units from 108 to 107, and 2.0005 each: 1,900.475, paid down to the cent
    const expected = {
      opening: "102600.00",
      distributions: "-1900.47",
      result: "950.48",
      dealing_difference: "-0.01",
      closing: "101650.00",
    };
    expect(await account(on.classId, on.holder, [DEALING_DATE, NEXT])).toEqual(expected);
    expect(changed(linesOf(await latestStatement(db, dayId, on.holder)))).toEqual(expected);
    expect(linesOf(await latestStatement(db, dayId, on.subscriber))).toMatchObject({
      distributions: "-200.05",
      contributions: "1070.00",
      closing: "11770.00",
    });
    expect((await booksOf(db, on.classId, on.holder, known)).entries.map(({ kind }) => kind)).not.toContain(
      "distribution",
    );
  });

  it("is a payment in the rate, and is reinvested in the return of the unit price", async () => {
    const told = await performanceOf(on, on.holder);
    expect(told.measures.rows[0]?.multiples).toMatchObject({ paidIn: "100000", distributed: "7300.47" });
    // 108 / 100 · (107 + 2.0005) / 108
    expect(told.twr?.cumulative).toBe("0.090005");
    expect(told.classes[0]?.twr?.cumulative).toBe("0.090005");
    expect(told.remarks).toContain("A distribution counts on the day of the first price that is without it.");
  });

  it("that was not paid to a lot does not foot", async () => {
    const books = await booksOf(db, on.classId, on.holder);
    const entries = books.entries.filter(({ kind }) => kind !== "distribution");
    expect(() => accountOf({ ...books, entries }, DEALING_DATE, NEXT)).toThrowError(/distributions \(lot/);
  });

  it("taken back it is gone, and the price has lost it", async () => {
    const stood = await now();
    await db.call(PM_ONE, "fn_reverse_ledger", { ledger_tx_id, reason: "declared by mistake" });
    expect(await account(on.classId, on.holder, [DEALING_DATE, NEXT])).toEqual({
      opening: "102600.00",
      result: "-950.00",
      closing: "101650.00",
    });
    expect(await account(on.classId, on.holder, [DEALING_DATE, NEXT], stood)).toMatchObject({
      distributions: "-1900.47",
    });
  });
});

describe("a distribution of a later date than the next price", async () => {
  const on = await dayAt(db, "posted");
  const body = { share_class_id: on.classId, ex_date: "2026-03-01", per_unit: "1" };
  await db.call(COMMANDER, "fn_post_distribution", await consented(db, on.fund, "distribution", body));
  await runDay(db, on, NEXT, { nav: "113400.00", filled: 0 });
  await runDay(db, on, "2026-03-31", { nav: "112350.00", filled: 0 });

  it("counts in the first price from its date on", async () => {
    expect(await account(on.classId, on.holder, [DEALING_DATE, NEXT])).toEqual({
      opening: "102600.00",
      closing: "102600.00",
    });
    expect(await account(on.classId, on.holder, [NEXT, "2026-03-31"])).toEqual({
      opening: "102600.00",
      distributions: "-950.00",
      closing: "101650.00",
    });
  });
});

describe("a side pocket", async () => {
  const { day, args } = await pocketDay(db);
  await db.look("update lots set equalisation_credit = 40 where share_class_id = $1", [day.classId]);
  const { share_class_id: pocket } = await db.value<{ share_class_id: string }>(COMMANDER, "fn_open_side_pocket", args);
  const opened = await now();
  await db.look("update lmt_activations set status = 'ended' where fund_id = $1", [day.fund.fundId]);
  const later = await runDay(db, day, NEXT, {
    nav: "17000.00",
    others: [{ share_class_id: pocket, nav: "92000.00", nav_per_unit: "92" }],
    orders: [redeemed(day.holder)],
  });

  it("leaves the class as units of another one, at what they are worth when both are priced", async () => {
    await prepare(db, later);
    expect(await account(day.classId, day.holder, [BEFORE, DEALING_DATE])).toMatchObject({
      transfers: "100040.00",
      closing: "108040.00",
    });
    // 85 % of the credit went with the pocket, and a twentieth of the other 6.00 with the redemption, for nothing
    const expected = {
      opening: "108040.00",
      redemptions: "-850.00",
      distributions: "-92000.00",
      result: "1000.00",
      equalisation: "-34.30",
      closing: "16155.70",
    };
    expect(await account(day.classId, day.holder, [DEALING_DATE, NEXT])).toEqual(expected);
    expect(changed(linesOf(await latestStatement(db, later, day.holder)))).toEqual(expected);
    expect(await account(pocket, day.holder, [DEALING_DATE, NEXT])).toEqual({
      transfers: "92000.00",
      equalisation: "34.00",
      closing: "92034.00",
    });
    expect((await booksOf(db, pocket, day.holder, opened)).entries).toEqual([]);
  });

  it("moves inside the holding: no payment, and the return is that of both", async () => {
    const told = await performanceOf(day, day.holder);
    expect(told.window.closing).toBe("108150.00");
    expect(told.measures.rows[0]?.multiples).toMatchObject({ paidIn: "100000", distributed: "850" });
    expect(told.twr?.cumulative).toBe("0.09");
    // of one class alone it is a payment
    const main = await performanceOf(day, day.holder, "A");
    expect(main.measures.rows[0]?.multiples).toMatchObject({ distributed: "92850" });
    expect(main.twr?.cumulative).toBe("0.09");
  });
});
