// Postings and exceptions beside the plain dealing day, to their end: what the ledger says agrees with packages/finance, and no invariant is broken after them.

import { openSidePocket } from "@evergreen-fund/finance/dealing/side-pocket.ts";
import { crystallisation as computed } from "@evergreen-fund/finance/fees/crystallisation.ts";
import { describe, expect, it } from "vitest";
import { type Args, agent, OPS, PM_ONE, refusedWith } from "./arrange.ts";
import {
  broken,
  classPrices,
  type Day,
  dayAt,
  dealingDatabase,
  dealingFund,
  fills,
  NAV_BODY,
  navInputs,
  openDealingDay,
  ordered,
  place,
  strikeOf,
} from "./dealing-day.ts";
import { activated, COMMANDER, claimInKind, consented, crystallisation, dust, feeDay, pocketDay } from "./postings.ts";

const db = await dealingDatabase();
const ENGINE = agent("liquidity-engine");
const orderOf = async (flowId: string): Promise<Args> =>
  (
    await db.look(
      "select status, dealing_date::text, reason, trim_scale(requested_units)::text as units, trim_scale(filled_units)::text as filled from fund_flows where flow_id = $1",
      [flowId],
    )
  )[0] ?? {};

describe("the performance fee of a class", () => {
  it("is posted as packages/finance computes it, and breaks nothing", async () => {
    const day = await feeDay(db);
    const rows = await db.look<{ id: string; units: string; reference: string; credit: string }>(
      `select lot_id as id, trim_scale(units_left)::text as units, trim_scale(high_water)::text as reference, trim_scale(equalisation_credit)::text as credit
         from lots where share_class_id = $1`,
      [day.classId],
    );
    const { accrued, fee, high_water, lots } = computed({
      currency: "USD",
      rate: "0.2",
      highWater: "104",
      nav: "108000.00",
      navPerUnit: "108",
      accrued: "1000",
      lots: rows,
    });
    const strike_id = await strikeOf(db, day.dayId);
    const body = { share_class_id: day.classId, strike_id, accrued, fee, high_water, lots };
    const posting = await consented(db, day.fund, "crystallisation", body);
    expect(await db.value(COMMANDER, "fn_crystallise_fee", posting)).toMatchObject({ fee: "1000", high_water: "108" });
    expect(await broken(db, day.fund)).toEqual([]);
    expect(body.lots).toHaveLength(3);
  });

  it("leaves a day that is struck to be posted, and is not taken twice", async () => {
    const day = await feeDay(db);
    const once = await consented(db, day.fund, "crystallisation", await crystallisation(db, day));
    await db.call(COMMANDER, "fn_crystallise_fee", once);
    await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: day.dayId, decision: { gate: true, cap_units: "50" } });
    const terms = { dealing_day_id: day.dayId, terms: {}, fills: JSON.stringify(fills(day)) };
    await db.call(ENGINE, "fn_record_allocations", terms);
    await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId });
    expect(await broken(db, day.fund)).toEqual([]);
    const again = await consented(db, day.fund, "crystallisation", {
      ...(await crystallisation(db, day)),
      fee: "999.99",
    });
    expect(await refusedWith(db.call(COMMANDER, "fn_crystallise_fee", again))).toBe("EG425");
  });
});

describe("the fills of a class under equalisation (R24)", () => {
  // 109 before the fee and a mark of 104: 10,800.00 buy 99.0825 units with a credit of 1 each; 50 units at 108 leave their share of the fee, 50.00
  const entered = {
    filled_units: "99.0825",
    gross_amount: "10800.00",
    net_amount: "10800.00",
    high_water: "109",
    equalisation_credit: "99.0825",
  };
  const left = { ...fills({} as Day)[1], performance_fee: "50.00" };
  const recorded = async (subscription: Args, redemption: Args) => {
    const day = await feeDay(db);
    await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: day.dayId, decision: { gate: true, cap_units: "50" } });
    const rows = [
      { flow_id: day.subscription, cohort: "full", ...subscription },
      { ...redemption, flow_id: day.redemption },
    ];
    const args = { dealing_day_id: day.dayId, terms: {}, fills: JSON.stringify(rows) };
    return { day, work: db.call(ENGINE, "fn_record_allocations", args) };
  };
  it("that are as the rule has them are posted: the credit on the lot, the fee owed to the manager", async () => {
    const { day, work } = await recorded(entered, left);
    await work;
    await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId });
    expect(
      await db.look(
        `select trim_scale(price)::text as price, trim_scale(high_water)::text as reference, trim_scale(equalisation_credit)::text as credit from lots where flow_id = $1`,
        [day.subscription],
      ),
    ).toEqual([{ price: "109", reference: "109", credit: "99.0825" }]);
    expect(
      await db.look(
        "select trim_scale(amount)::text as amount from cash_balances where fund_id = $1 and account = 'fee_payable'",
        [day.fund.fundId],
      ),
    ).toEqual([{ amount: "-50" }]);
    expect(await broken(db, day.fund)).toEqual([]);
  });
  it.each<[string, Args, Args]>([
    ["a subscription at the price after the fee", { ...entered, filled_units: "100" }, left],
    ["a credit too large", { ...entered, equalisation_credit: "99.0826" }, left],
    ["no credit", { ...entered, equalisation_credit: "0" }, left],
    ["a reference that is not the price before the fee", { ...entered, high_water: "108" }, left],
    ["a redemption that pays no fee", entered, { ...left, performance_fee: "0" }],
    ["a fee two cents off", entered, { ...left, performance_fee: "49.98" }],
    ["a credit that the lot has not", entered, { ...left, credit: "0.02", net_amount: "5400.02" }],
    ["a charge that the lot does not owe", entered, { ...left, credit: "-0.02", net_amount: "5399.98" }],
  ])("are refused with %s", async (_what, subscription, redemption) => {
    const { work } = await recorded(subscription, redemption);
    expect(await refusedWith(work)).toBe("EG424");
  });
});

it("a distribution is owed, paid, and lowers the mark and the references", async () => {
  const day = await feeDay(db);
  await db.look("update dealing_days set status = 'suspended' where dealing_day_id = $1", [day.dayId]);
  const body = { share_class_id: day.classId, ex_date: "2026-01-31", per_unit: "2.5" };
  await db.call(COMMANDER, "fn_post_distribution", await consented(db, day.fund, "distribution", body));
  expect(
    await db.look(
      "select trim_scale(high_water)::text as reference from lots where share_class_id = $1 order by price",
      [day.classId],
    ),
  ).toEqual([{ reference: "92.5" }, { reference: "101.5" }, { reference: "104.5" }]);
  const owed = await db.look<{ investor_id: string; amount: string }>(
    "select investor_id, (-amount)::text as amount from cash_balances where fund_id = $1 and account = 'distributions_payable' order by cash_balances.amount",
    [day.fund.fundId],
  );
  expect(owed.map(({ amount }) => amount)).toEqual(["1500.0000", "750.0000", "250.0000"]);
  await db.call(OPS, "fn_confirm_payout", { fund: day.fund.code, account: "distributions_payable", payments: owed });
  expect(await broken(db, day.fund)).toEqual([]);
});

it("a side pocket mirrors every lot and splits marks, references and credits as packages/finance does", async () => {
  const { day, args } = await pocketDay(db);
  await db.look("update lots set high_water = 107.25, equalisation_credit = 33.33 where share_class_id = $1", [
    day.classId,
  ]);
  const [before] = await db.look<{ lot_id: string; investor_id: string }>(
    "select lot_id, investor_id from lots where share_class_id = $1",
    [day.classId],
  );
  const wanted = openSidePocket({
    currency: "USD",
    nav: "108000.00",
    fairValue: "90000.00",
    holdback: "2000.00",
    liabilities: "200.00",
    lots: [
      {
        id: before?.lot_id ?? "",
        investorId: before?.investor_id ?? "",
        units: "1000",
        highWaterPerUnit: "107.25",
        equalisationCredit: "33.33",
      },
    ],
  });
  const { share_class_id } = await db.value<{ share_class_id: string }>(COMMANDER, "fn_open_side_pocket", args);
  const halves = await db.look(
    `select round(high_water, 4)::text as "highWaterPerUnit", round(equalisation_credit, 2)::text as "equalisationCredit", units_left::numeric(38, 4)::text as units
       from lots where share_class_id in ($1, $2) order by high_water`,
    [day.classId, share_class_id],
  );
  expect(halves).toMatchObject([
    { ...omitHurdle(wanted.lots[0]?.main), units: "1000.0000" },
    { ...omitHurdle(wanted.lots[0]?.pocket), units: "1000.0000" },
  ]);
  expect(await broken(db, day.fund)).toEqual([]);
  // and the next strike is over both classes
  const inputs = navInputs(day.fund, "2026-02-27");
  const { strike_id } = await db.value<{ strike_id: string }>(COMMANDER, "fn_freeze_nav_inputs", {
    fund: day.fund.code,
    nav_date: "2026-02-27",
    inputs,
  });
  const proposal = { strike_id, body: NAV_BODY };
  expect(
    await refusedWith(db.call(COMMANDER, "fn_propose_nav", { ...proposal, classes: classPrices(day.classId) })),
  ).toBe("EG400");
  const classes = [
    { share_class_id: day.classId, nav: "16200.00", nav_per_unit: "16.2", performance_accrued: "1000.00" },
    { share_class_id, nav: "91800.00", nav_per_unit: "91.8" },
  ];
  await db.call(COMMANDER, "fn_propose_nav", { ...proposal, classes });
});
const omitHurdle = ({ hurdleBase: _, ...half }: { hurdleBase?: string } = {}) => half;

it("a redemption paid in kind settles its day with the cash that is left", async () => {
  const { day, body } = await claimInKind(db);
  await db.call(COMMANDER, "fn_settle_in_kind", await consented(db, day.fund, "in_kind", body));
  await db.call(OPS, "fn_confirm_cash", {
    fund: day.fund.code,
    payments: [{ flow_id: day.subscription, amount: "10800.00" }],
  });
  await db.call(COMMANDER, "fn_close_dealing_day", { dealing_day_id: day.dayId });
  expect(await broken(db, day.fund)).toEqual([]);
});

describe("dust", () => {
  it("is asked about once, and what is carried on remembers it", async () => {
    const { day, flow_id } = await dust(db);
    await db.call(ENGINE, "fn_ask_dust", { flow_id });
    await db.look("update fund_flows set requested_units = 150, policy_id = policy_id where flow_id = $1", [flow_id]);
    const dayId = await openDealingDay(db, day, "2026-02-27");
    const next = await onDate(day, dayId, "2026-02-27", [
      {
        flow_id,
        cohort: "pro_rata",
        requested_units: "150",
        filled_units: "50",
        carried_units: "100",
        gross_amount: "5400.00",
        net_amount: "5400.00",
        reason: "gate",
      },
    ]);
    expect(next.status).toBe("posted");
    const [child] = await db.look<{ flow_id: string; asked: boolean }>(
      "select flow_id, dust_asked_at is not null as asked from fund_flows where parent_flow_id = $1",
      [flow_id],
    );
    expect(child?.asked).toBe(true);
    expect(await db.value(COMMANDER, "fn_cancel_dust", { flow_id: child?.flow_id })).toBe("cancelled");
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

/** Takes a day of a class with 1,050 units at 108 through NAV and posting with the fills given. */
async function onDate(on: Day, dealing_day_id: string, nav_date: string, rows: Args[]): Promise<{ status: string }> {
  await db.call(COMMANDER, "fn_lock_orders", { dealing_day_id });
  await db.call(agent("kyc"), "fn_recheck_orders", { dealing_day_id });
  const { strike_id } = await db.value<{ strike_id: string }>(COMMANDER, "fn_freeze_nav_inputs", {
    fund: on.fund.code,
    nav_date,
    inputs: [{ kind: "cash", label: "bank", value: "113400.00", as_of: nav_date, source: "statement" }],
  });
  const nav = "113400.00";
  const proposal = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
    strike_id,
    body: { total_assets: nav, liabilities: "0", gnav: nav, performance_fee: "0", nav },
    classes: [{ share_class_id: on.classId, nav, nav_per_unit: "108" }],
  });
  for (const person of [PM_ONE, { ...PM_ONE, userId: "00000000-0000-4000-8000-000000000002" }])
    await db.call(person, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "approved",
    });
  await db.call(COMMANDER, "fn_strike_nav", { strike_id });
  await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id, decision: { gate: false } });
  await db.call(ENGINE, "fn_record_allocations", { dealing_day_id, terms: {}, fills: JSON.stringify(rows) });
  return db.value(COMMANDER, "fn_post_dealing_day", { dealing_day_id });
}

describe("an order that is late", () => {
  it("for the dealing date it names rolls to the next one, and says so", async () => {
    const on = await dealingFund(db);
    const flowId = await place(db, on, on.holder, { direction: "redemption", units: "10", dealing_date: "2026-01-30" });
    expect(await orderOf(flowId)).toMatchObject({
      status: "submitted",
      dealing_date: null,
      reason: "late for 2026-01-30: rolls to the next dealing day",
    });
    await db.look(
      "select evergreen.move_order(f.flow_id, 'accepted', f.event_id, null) from fund_flows f where f.flow_id = $1",
      [flowId],
    );
    // the day it was late for does not take it, though it is still open
    const late = await openDealingDay(db, on, "2026-01-30");
    expect(await db.value(COMMANDER, "fn_lock_orders", { dealing_day_id: late })).toMatchObject({ orders: 0 });
    expect((await orderOf(flowId)).status).toBe("accepted");
  });

  it("by its notice waits for the next day and deals there", async () => {
    const on = await dealingFund(db);
    const flowId = await ordered(db, on, on.holder, { direction: "redemption", units: "10" });
    // five business days before Friday 30 January end on the 23rd at noon
    await db.look("update fund_flows set requested_at = '2026-01-23 12:00:01+00' where flow_id = $1", [flowId]);
    const [first, second] = [await openDealingDay(db, on, "2026-01-30"), await openDealingDay(db, on, "2026-02-27")];
    expect(await refusedWith(db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: second }))).toBe("EG428");
    expect(await db.value(COMMANDER, "fn_lock_orders", { dealing_day_id: first })).toMatchObject({ orders: 0 });
    expect(await db.value(COMMANDER, "fn_lock_orders", { dealing_day_id: second })).toMatchObject({ orders: 1 });
    expect(await orderOf(flowId)).toMatchObject({ status: "locked", dealing_date: "2026-02-27" });
  });
});

describe("an extension of notice", () => {
  it("binds what was asked after it, and leaves what was asked before its terms", async () => {
    const on = await dealingFund(db);
    await db.call(PM_ONE, "fn_set_lmt_policy", {
      fund: on.fund.code,
      pack: "free-form",
      body: { tools: ["redemption_gate", "notice_extension"] },
      effective_from: "2020-01-01",
    });
    await activated(db, on.fund, "notice_extension", { notice: { n: 20, basis: "calendar" } });
    await db.look("update lmt_activations set active_from = '2026-01-12 00:00+00' where fund_id = $1", [
      on.fund.fundId,
    ]);
    const redeeming = { direction: "redemption", units: "10" };
    const [before, after, early] = [
      await ordered(db, on, on.holder, redeeming),
      await ordered(db, on, on.holder, redeeming),
      await ordered(db, on, on.holder, redeeming),
    ];
    const asked = (flowId: string, at: string) =>
      db.look("update fund_flows set requested_at = $2::timestamptz where flow_id = $1", [flowId, at]);
    await asked(before, "2026-01-11 23:59+00");
    await asked(after, "2026-01-15 10:00+00");
    await asked(early, "2026-01-12 00:00+00"); // asked after it, and twenty days are Saturday the 10th, so Friday the 9th
    const dayId = await openDealingDay(db, on);
    expect(await db.value(COMMANDER, "fn_lock_orders", { dealing_day_id: dayId })).toMatchObject({ orders: 1 });
    expect([(await orderOf(before)).status, (await orderOf(after)).status, (await orderOf(early)).status]).toEqual([
      "locked",
      "accepted",
      "accepted",
    ]);
  });
});

it("a strike whose inputs were frozen anew cannot be struck, approved or not", async () => {
  const day = await dayAt(db, "approved");
  const strike_id = await strikeOf(db, day.dayId);
  const inputs = navInputs(day.fund);
  await db.call(COMMANDER, "fn_freeze_nav_inputs", { fund: day.fund.code, nav_date: "2026-01-30", inputs });
  expect(await refusedWith(db.call(COMMANDER, "fn_strike_nav", { strike_id }))).toBe("EG425");
  expect(await broken(db, day.fund)).toEqual([]);
});
