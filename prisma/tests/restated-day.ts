// A posted dealing day whose NAV was 5,400.00 too high: restated and struck again, and what it comes to for its two deals.
import { type Args, agent, OPS, type TestDatabase } from "./arrange.ts";
import { approve, classPrices, type Day, NAV_BODY, navInputs, strikeOf } from "./dealing-day.ts";

const COMMANDER = agent("commander");

export interface RestatedDay {
  day: Day;
  strikeId: string;
}

/** The NAV of a posted day begun again with 5,400.00 less: 102,600.00 over 1,000 units is 102.60, where 108.00 was dealt at. */
export async function restateDay(
  db: TestDatabase,
  day: Day,
  until: "begun" | "struck" = "struck",
): Promise<RestatedDay> {
  const { strike_id } = await db.value<{ strike_id: string }>(OPS, "fn_restate_nav", {
    strike_id: await strikeOf(db, day.dayId),
    inputs: navInputs(day.fund).map((row) => (row.kind === "asset" ? { ...row, value: "84600.00" } : row)),
    reason: "an appraisal was read wrongly",
  });
  if (until === "struck") {
    const proposal = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
      strike_id,
      body: { ...NAV_BODY, total_assets: "104600.00", gnav: "103600.00", nav: "102600.00" },
      classes: classPrices(day.classId).map((row) => ({ ...row, nav: "102600.00", nav_per_unit: "102.6" })),
    });
    await approve(db, { proposal_id: proposal.proposal_id, hash: proposal.hash });
    await db.call(COMMANDER, "fn_strike_nav", { strike_id });
  }
  return { day, strikeId: strike_id };
}

/** 5.40 a unit: the buyer of 100 is owed 540.00 by the fund, the seller of 50 was paid 270.00 too much. */
export const outcome = ({ day, strikeId }: RestatedDay): Args => ({
  strike_id: strikeId,
  classes: [
    {
      dealing_day_id: day.dayId,
      published: "108",
      correct: "102.6",
      error: "0.052631578947368421",
      tolerance: "0.01",
      material: true,
      direction: "overstated",
      fund_pays: "540.00",
      fund_receives: "270.00",
      body: { investors: 1 },
    },
  ],
  deals: [
    {
      dealing_day_id: day.dayId,
      flow_id: day.subscription,
      investor_id: day.subscriber,
      kind: "subscriber_overpaid",
      units_dealt: "100",
      units_due: "105.2631",
      cash_due: null,
      difference: "540.00",
      owed_to: "investor",
      owed_by: "fund",
      pays: true,
    },
    {
      dealing_day_id: day.dayId,
      flow_id: day.redemption,
      investor_id: day.holder,
      kind: "redeemer_overpaid",
      units_dealt: "50",
      units_due: null,
      cash_due: "5130.00",
      difference: "270.00",
      owed_to: "fund",
      owed_by: "responsible_party",
      pays: false,
    },
  ],
});
