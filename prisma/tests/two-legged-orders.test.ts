// Orders of two legs: transfers and switches, from the order to the ledger.
import { describe, expect, it } from "vitest";
import { type Args, agent, PM_ONE, PM_TWO } from "./arrange.ts";
import {
  accept,
  broken,
  classPrices,
  DEALING_POLICY,
  dealingDatabase,
  fills,
  NAV_BODY,
  newClass,
  openDay,
  place,
  strikeOf,
  take,
} from "./dealing-day.ts";
import { COMMANDER } from "./postings.ts";
import { newInvestor } from "./synthetic-fund.ts";

const db = await dealingDatabase();
const ENGINE = agent("liquidity-engine");
const orderOf = async (flowId: string): Promise<Args> =>
  (
    await db.look("select status, trim_scale(filled_units)::text as filled from fund_flows where flow_id = $1", [
      flowId,
    ])
  )[0] ?? {};

describe("two legs of one order", () => {
  const legs = async (flowId: string): Promise<[string, string]> => {
    const [row] = await db.look<{ linked: string }>(
      "select linked_flow_id as linked from fund_flows where flow_id = $1",
      [flowId],
    );
    return [flowId, row?.linked ?? ""];
  };

  it("a transfer moves the lot with its age, mark and part of the credit, and no cash", async () => {
    const day = await openDay(db);
    const to = await newInvestor(db, null);
    await db.look("update lots set high_water = 104, equalisation_credit = 90 where share_class_id = $1", [
      day.classId,
    ]);
    const out = await place(db, day, day.holder, {
      direction: "redemption",
      units: "300",
      order_kind: "transfer",
      to_investor: to,
    });
    await accept(db, out);
    const [given, taken] = await legs(out);
    await take(db, day, "decided");
    const leg = (flow_id: string) => ({
      flow_id,
      cohort: "full",
      requested_units: "300",
      filled_units: "300",
      gross_amount: "0",
      net_amount: "0",
    });
    const rows = [...fills(day), leg(given), leg(taken)];
    await db.call(ENGINE, "fn_record_allocations", {
      dealing_day_id: day.dayId,
      terms: {},
      fills: JSON.stringify(rows),
    });
    await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId });
    expect(
      await db.look(
        `select trim_scale(units_left)::text as units, opened_on::text, trim_scale(high_water)::text as mark, trim_scale(equalisation_credit)::text as credit
           from lots where share_class_id = $1 and investor_id in ($2, $3) order by 1`,
        [day.classId, day.holder, to],
      ),
    ).toEqual([
      { units: "300", opened_on: "2025-01-15", mark: "104", credit: "27" },
      // 50 of 1,000 were redeemed and took 4.5 of the credit with them
      { units: "650", opened_on: "2025-01-15", mark: "104", credit: "58.5" },
    ]);
    expect(await db.look("select 1 from cash_movements where flow_id in ($1, $2)", [given, taken])).toEqual([]);
    expect(await broken(db, day.fund)).toEqual([]);
  });

  it("a switch sells and buys at the NAV of one strike, through cash in transit that ends at nothing", async () => {
    const day = await openDay(db);
    const other = await newClass(db, day.fund, "B", { ...DEALING_POLICY, lockUp: { hardMonths: 0 } });
    const out = await place(db, day, day.holder, {
      direction: "redemption",
      units: "100",
      order_kind: "switch",
      to_class: "B",
    });
    await accept(db, out);
    const [sold, bought] = await legs(out);
    await take(db, day, "frozen");
    const strike_id = await strikeOf(db, day.dayId);
    const classes = [...classPrices(day.classId), { share_class_id: other, nav: "0", nav_per_unit: "100" }];
    const proposal = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
      strike_id,
      body: NAV_BODY,
      classes,
    });
    for (const person of [PM_ONE, PM_TWO])
      await db.call(person, "fn_decide_proposal", {
        proposal_id: proposal.proposal_id,
        hash: proposal.hash,
        decision: "approved",
      });
    await db.call(COMMANDER, "fn_strike_nav", { strike_id });
    // beside the gate's 50 units: a switch takes nothing out of the fund
    await db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: day.dayId, decision: { gate: true, cap_units: "50" } });
    const rows = [
      ...fills(day),
      {
        flow_id: sold,
        cohort: "full",
        requested_units: "100",
        filled_units: "100",
        gross_amount: "10800.00",
        net_amount: "10800.00",
      },
      { flow_id: bought, cohort: "full", filled_units: "108", gross_amount: "10800.00", net_amount: "10800.00" },
    ];
    await db.call(ENGINE, "fn_record_allocations", {
      dealing_day_id: day.dayId,
      terms: {},
      fills: JSON.stringify(rows),
    });
    await db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: day.dayId });
    expect(
      await db.look(
        "select account, sum(amount)::text as amount from cash_movements where flow_id in ($1, $2) group by 1",
        [sold, bought],
      ),
    ).toEqual([{ account: "in_transit", amount: "0.0000" }]);
    expect(await orderOf(bought)).toMatchObject({ status: "allocated", filled: "108" });
    expect(await broken(db, day.fund)).toEqual([]);
  });
});
