// Settings of the policies and facts beside them, in SQL: what each changes in what a dealing day reads, allocates, posts and asks.
import { describe, expect, it } from "vitest";
import { type Args, agent, LP_A, OPS, PM_ONE, refusedWith } from "./arrange.ts";
import { inDays, OFFER_NOTICE, OFFERING, workdayIn } from "./cases/policy-cases.ts";
import {
  broken,
  type Day,
  DEALING_DATE,
  DEALING_POLICY,
  type DealingFund,
  dayAt,
  dealingDatabase,
  dealingFund,
  fills,
  LMT_POLICY,
  navInputs,
  openDay,
  openDealingDay,
  ordered,
  place,
  take,
} from "./dealing-day.ts";
import { userOf } from "./populate.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();
const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");
const record = (day: Day, rows: Args[]) =>
  db.call(ENGINE, "fn_record_allocations", { dealing_day_id: day.dayId, terms: {}, fills: JSON.stringify(rows) });
/** The fills of the day, with a change of the subscription's or the redemption's. */
const changed = (day: Day, bought: Args, sold: Args = {}): Args[] => {
  const [subscription, redemption] = fills(day);
  return [
    { ...subscription, ...bought },
    { ...redemption, ...sold },
  ];
};
const post = (day: Day) => db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId });
const readBook = (dayId: string) =>
  db.value<{
    orders: { flow_id: string; owner_id: string; asked: boolean; kept: boolean; elected_lots: string[] }[];
    holdings: { owner_id: string; units: string; redeemed: string; step: number }[];
    certain_inflows: string | null;
    offer_share: string | null;
  }>(ENGINE, "fn_read_book", { dealing_day_id: dayId });

/** A lot that was taken over, of somebody. */
async function lotOf({ fund, classId }: DealingFund, investorId: string, units: string, openedOn: string) {
  const [lot] = await db.look<{ lot_id: string }>(
    `insert into lots (share_class_id, investor_id, opened_on, units_issued, price) values ($1, $2, $3, $4, 100) returning lot_id`,
    [classId, investorId, openedOn, units],
  );
  await db.look(
    `select evergreen.post_ledger($1, 'opening', 'synthetic', null,
       evergreen.emit('REGISTER_OPENED', $1, jsonb_build_object('share_class_id', $3::text, 'positions', 1), 'test'), null,
       array(select row(share_class_id, 'holder', investor_id, lot_id, null, units_issued)::evergreen.unit_entry from lots where lot_id = $2), null)`,
    [fund.fundId, lot?.lot_id, classId],
  );
  return lot?.lot_id ?? "";
}

describe("refundFrom (R5b)", () => {
  // 10,800.01 buys 100.0000 units at 108.0000, and a cent is left
  const bought = { filled_units: "100", gross_amount: "10800.01" };
  const kept = { ...bought, net_amount: "10800.01" };
  const paidBack = { ...bought, refund: "0.01", net_amount: "10800.00" };
  const day = async (refundFrom?: string): Promise<Day> => {
    const made = await openDay(db, {
      policy: refundFrom === undefined ? DEALING_POLICY : { ...DEALING_POLICY, refundFrom },
    });
    await db.look("update fund_flows set amount = 10800.01 where flow_id = $1", [made.subscription]);
    return take(db, made, "decided");
  };

  it("owes what rounding leaves to the investor from that amount on, and a person pays it", async () => {
    const refunding = await day("0.01");
    expect(await refusedWith(record(refunding, changed(refunding, kept)))).toBe("EG424");
    await record(refunding, changed(refunding, paidBack));
    await post(refunding);
    const owed = await db.look(
      "select amount::text from cash_balances where account = 'refunds_payable' and investor_id = $1",
      [refunding.subscriber],
    );
    expect(owed).toEqual([{ amount: "-0.0100" }]);
    const [figures] = await db.look("select evergreen.ledger_figures($1) ->> 'redemptions_payable' as owed", [
      refunding.fund.fundId,
    ]);
    expect(figures).toEqual({ owed: "5400.0100" });
    expect(await broken(db, refunding.fund)).toEqual([]);
    await db.call(OPS, "fn_confirm_payout", {
      fund: refunding.fund.code,
      account: "refunds_payable",
      payments: [{ investor_id: refunding.subscriber, amount: "0.01", reference: "synthetic" }],
    });
    expect(await broken(db, refunding.fund)).toEqual([]);
  });

  it.each(["0.02", undefined])("keeps it in the fund below: %s", async (refundFrom) => {
    const keeping = await day(refundFrom);
    expect(await refusedWith(record(keeping, changed(keeping, paidBack)))).toBe("EG424");
    await record(keeping, changed(keeping, kept));
  });
});

it("lots that an order names go first, in that order, and are committed with the order; the others go oldest first (R3)", async () => {
  const on = await dealingFund(db, { units: "900" });
  const [young, younger] = [
    await lotOf(on, on.holder, "60", "2025-03-01"),
    await lotOf(on, on.holder, "40", "2025-04-01"),
  ];
  const [old] = await db.look<{ lot_id: string }>(
    "select lot_id from lots where share_class_id = $1 order by opened_on limit 1",
    [on.classId],
  );
  const subscriber = await newInvestor(db, null);
  const redemption = await ordered(db, on, on.holder, { direction: "redemption", units: "50" });
  const naming = await ordered(db, on, on.holder, {
    direction: "redemption",
    units: "70",
    elected_lots: [younger, young],
  });
  const subscription = await ordered(db, on, subscriber, { direction: "subscription", amount: "10800.00" });
  const day: Day = { ...on, subscriber, subscription, redemption, dayId: await openDealingDay(db, on) };
  await take(db, day, "struck");
  const [leaf] = await db.look<{ canonical: string }>("select canonical from order_leaves where flow_id = $1", [
    naming,
  ]);
  expect(JSON.parse(leaf?.canonical ?? "{}")).toMatchObject({ lots: `${younger},${young}`, units: "70" });
  expect((await readBook(day.dayId)).orders.find(({ flow_id }) => flow_id === naming)?.elected_lots).toEqual([
    younger,
    young,
  ]);
  await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: day.dayId, decision: { gate: false } });
  const sold = (flow_id: string, units: string, gross: string): Args => ({
    flow_id,
    cohort: "full",
    requested_units: units,
    filled_units: units,
    gross_amount: gross,
    net_amount: gross,
  });
  await record(day, [fills(day)[0] as Args, sold(redemption, "50", "5400.00"), sold(naming, "70", "7560.00")]);
  await post(day);
  const taken = await db.look(
    "select flow_id, lot_id, trim_scale(units)::text as units from unit_ledger where flow_id = any ($1) order by unit_ledger.units",
    [[redemption, naming]],
  );
  expect(taken).toEqual([
    { flow_id: redemption, lot_id: old?.lot_id, units: "-50" },
    { flow_id: naming, lot_id: younger, units: "-40" },
    { flow_id: naming, lot_id: young, units: "-30" },
  ]);
  expect(await broken(db, day.fund)).toEqual([]);
});

describe("a small rest (R9)", () => {
  const rested = async (rest: string, change: Args = {}) => {
    const day = await dayAt(db, "decided", { holderUser: userOf(LP_A) });
    await record(day, changed(day, {}, { rest, ...change }));
    await post(day);
    const [child] = await db.look<{ flow_id: string; asked: boolean }>(
      "select flow_id, dust_asked_at is not null as asked from fund_flows where parent_flow_id = $1",
      [day.redemption],
    );
    return { day, child };
  };

  it("is asked about when the day is posted, once, and what the investor says is read by the next day", async () => {
    const { day, child } = await rested("ask_dust");
    expect(child?.asked).toBe(true);
    expect(
      await db.look(
        `select i.investor_id from fund_events e join event_investors i using (event_id) where e.type = 'DUST_ASKED' and e.payload ->> 'flow_id' = $1`,
        [child?.flow_id],
      ),
    ).toEqual([{ investor_id: day.holder }]);
    expect(await db.value(LP_A, "fn_answer_dust", { flow_id: child?.flow_id, answer: "keep" })).toBe("accepted");
    await db.look("update fund_flows set requested_at = '2026-01-15' where flow_id = $1", [child?.flow_id]);
    const next = await openDealingDay(db, day, "2026-02-27");
    await db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: next });
    const inputs = navInputs(day.fund, "2026-02-27");
    await db.call(COMMANDER, "fn_freeze_nav_inputs", { fund: day.fund.code, nav_date: "2026-02-27", inputs });
    expect((await readBook(next)).orders).toMatchObject([{ flow_id: child?.flow_id, asked: true, kept: true }]);
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("that was only carried is not asked about", async () => {
    expect((await rested("carried")).child?.asked).toBe(false);
  });

  it.each([
    ["ends unasked", { rest: "cancelled_dust", carried_units: "0" }],
    ["is carried and has ended", { rest: "lapsed" }],
    ["waits and is not carried", { rest: "carried", carried_units: "0" }],
    ["is nothing that is known", { rest: "lost" }],
  ])("never %s", async (_what, sold) => {
    const day = await dayAt(db, "decided");
    expect(await refusedWith(record(day, changed(day, {}, sold)))).toMatch(/EG4(24|00)/);
  });

  it("that waited too long leaves a notice to the authority, with its event", async () => {
    const { day } = await rested("notify");
    expect(
      await db.look(
        `select n.kind, n.body ->> 'carried_units' as carried, n.notified_at, e.type from authority_notices n join fund_events e using (event_id) where n.flow_id = $1`,
        [day.redemption],
      ),
    ).toEqual([{ kind: "carried_too_long", carried: "150", notified_at: null, type: "AUTHORITY_NOTICE_DUE" }]);
    expect(await broken(db, day.fund)).toEqual([]);
  });
});

it("accounts of one owner count together for the gate per investor, from the date on which they are one's (R7)", async () => {
  const on = await dealingFund(db, { units: "600" });
  await db.call(PM_ONE, "fn_set_lmt_policy", {
    fund: on.fund.code,
    pack: "free-form",
    body: { ...LMT_POLICY, investorGate: { steps: ["0.25"], period: "quarterly" } },
    effective_from: "2020-01-02",
  });
  const feeder = await newInvestor(db, null);
  await lotOf(on, feeder, "400", "2025-03-01");
  const owner = (effective_from: string, owner_id: string) =>
    db.call(OPS, "fn_set_beneficial_owner", { investor_id: feeder, owner_id, effective_from, source: "synthetic" });
  const redemption = await ordered(db, on, feeder, { direction: "redemption", units: "200" });
  const dayId = await openDealingDay(db, on);
  await take(db, { ...on, subscriber: "", subscription: "", redemption, dayId }, "frozen");
  const seen = async () => {
    const { orders, holdings } = await readBook(dayId);
    return [orders.map(({ owner_id }) => owner_id), holdings.map(({ owner_id, units }) => [owner_id, units])];
  };
  expect(await seen()).toEqual([[feeder], [[feeder, "400"]]]);
  await owner("2026-02-01", on.holder);
  expect(await seen()).toEqual([[feeder], [[feeder, "400"]]]);
  await owner("2026-01-30", on.holder);
  expect(await seen()).toEqual([[on.holder], [[on.holder, "1000"]]]);
});

describe("a repurchase offer (23c-3)", () => {
  it("takes redemptions in for its own date, and none for another", async () => {
    const on = await dealingFund(db, { policy: OFFERING });
    const pricing_date = workdayIn(35);
    const offer = await db.value(PM_ONE, "fn_open_repurchase_offer", {
      fund: on.fund.code,
      deadline: inDays(25),
      pricing_date,
      share: "0.07",
      notice: OFFER_NOTICE,
    });
    const flowId = await place(db, on, on.holder, { direction: "redemption", units: "10" });
    expect(await db.look("select dealing_date::text, offer_id from fund_flows where flow_id = $1", [flowId])).toEqual([
      { dealing_date: pricing_date, offer_id: offer },
    ]);
    const another = place(db, on, on.holder, { direction: "redemption", units: "10", dealing_date: workdayIn(34 - 2) });
    expect(await refusedWith(another)).toBe("EG430");
  });
  it("that is not open yet, or no more, takes none in", async () => {
    for (const [notice_on, deadline] of [
      [inDays(1), inDays(25)],
      [inDays(-30), inDays(-1)],
    ]) {
      const on = await dealingFund(db, { policy: OFFERING });
      await db.look(
        `insert into repurchase_offers (fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
           values ($1, $2, $3, $3::date + 10, 0.05, 'synthetic', 'test', gen_random_uuid())`,
        [on.fund.fundId, notice_on, deadline],
      );
      expect(await refusedWith(place(db, on, on.holder, { direction: "redemption", units: "10" }))).toBe("EG430");
    }
  });
  it("says how much of the NAV its date buys back", async () => {
    const day = await dayAt(db, "frozen");
    expect((await readBook(day.dayId)).offer_share).toBeNull();
    await db.look(
      `insert into repurchase_offers (fund_id, notice_on, deadline, pricing_date, share, notice, opened_by, event_id)
         values ($1, '2025-12-25', '2026-01-20', $2, 0.07, 'synthetic', 'test', gen_random_uuid())`,
      [day.fund.fundId, DEALING_DATE],
    );
    expect((await readBook(day.dayId)).offer_share).toBe("0.07");
  });
});

it("certain inflows are those that were frozen with the NAV", async () => {
  const day = await dayAt(db, "rechecked");
  const draft = { certain_inflows: "1000.00", classes: [{ share_class_id: day.classId, nav_per_unit: "108" }] };
  const inputs = navInputs(day.fund);
  await db.call(COMMANDER, "fn_freeze_nav_inputs", { fund: day.fund.code, nav_date: DEALING_DATE, inputs, draft });
  expect((await readBook(day.dayId)).certain_inflows).toBe("1000.00");
  const inflows = { fund: day.fund.code, as_of: "2026-01-15", source: "synthetic", amount: "77.00" };
  await db.call(PM_ONE, "fn_record_certain_inflows", inflows);
  const facts = await db.value<{ certain_inflows: string }>(COMMANDER, "fn_read_nav_facts", {
    dealing_day_id: day.dayId,
  });
  expect(facts.certain_inflows).toBe("77.0000");
  expect((await readBook(day.dayId)).certain_inflows).toBe("1000.00");
});

it("an order that is accepted says as what its investor was found eligible", async () => {
  const on = await dealingFund(db, { holderUser: userOf(LP_A) });
  await db.look(
    "update investors set classification = 'professional', eligibility_tags = '{us_person,erisa}' where investor_id = $1",
    [on.holder],
  );
  const flow_id = await place(db, on, on.holder, { direction: "redemption", units: "10" });
  const tag = () =>
    db.as(
      LP_A,
      async (c) =>
        (await c.query("select eligibility_tag from fund_flows where flow_id = $1", [flow_id])).rows[0].eligibility_tag,
    );
  expect(await tag()).toBeNull();
  await db.call(OPS, "fn_hold_order", { flow_id, reason: "papers" });
  await db.call(OPS, "fn_release_hold", { flow_id, reason: "papers are there", document: "KYC file 1" });
  expect(await tag()).toBe("professional+erisa+us_person");
});
