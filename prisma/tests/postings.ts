// Postings beside the dealing day, arranged: consent of two people, a performance fee with a credit and a depreciation, a distribution, a payment in kind,
// a side pocket, and dust.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { type Args, agent, OPS, PM_ONE, type TestDatabase } from "./arrange.ts";
import { approve, type Day, DEALING_POLICY, dayAt, LMT_POLICY, openDay, strikeOf, take } from "./dealing-day.ts";
import { newInvestor } from "./synthetic-fund.ts";

export const COMMANDER = agent("commander");
export const NOTICE = "Dealing in the fund changes until further notice (synthetic draft).";

export async function proposedPosting(
  db: TestDatabase,
  fund: { code: string },
  kind: string,
  body: object,
  by: Actor = OPS,
): Promise<{ proposal_id: string; hash: string }> {
  const { proposal_id, hash } = await db.value<{ proposal_id: string; hash: string }>(by, "fn_propose_posting", {
    fund: fund.code,
    kind,
    body,
  });
  return { proposal_id, hash };
}

export async function consented(
  db: TestDatabase,
  fund: { code: string },
  kind: string,
  body: object,
): Promise<{ proposal_id: string }> {
  const proposal = await proposedPosting(db, fund, kind, body);
  await approve(db, proposal);
  return { proposal_id: proposal.proposal_id };
}

/** Approved and active. A tool that the policy has to select must be selected. */
export async function activated(
  db: TestDatabase,
  fund: { code: string },
  tool: string,
  trigger: object,
): Promise<string> {
  const made = await db.value<{ activation_id: string; proposal_id: string; hash: string }>(
    agent("liquidity-engine"),
    "fn_propose_lmt",
    { fund: fund.code, tool, trigger, notice: NOTICE },
  );
  await approve(db, { proposal_id: made.proposal_id, hash: made.hash });
  if (tool === "side_pocket") await db.call(PM_ONE, "fn_note_authority", { activation_id: made.activation_id });
  await db.call(PM_ONE, "fn_activate_lmt", { activation_id: made.activation_id });
  return made.activation_id;
}

export const LINEAR_FEE = { rate: "0.2", hurdle: "0", catchUp: "1", method: "equalisation" };

/**
 * A struck day at 109 before and 108 after performance fee, mark 104, rate 20 %: 600 units at the mark, 300 bought at 107 with a credit of 180, 100 bought
 * at 95. Accrued 1,000; refund 180 and depreciation 180, each 1.6666 units at 108.
 */
export async function feeDay(db: TestDatabase): Promise<Day & { lots: Record<"old" | "credited" | "low", string> }> {
  const day = await openDay(db, { policy: { ...DEALING_POLICY, fees: { performance: LINEAR_FEE } }, units: "600" });
  const { classId, holder } = day;
  await db.look(
    "insert into class_marks (share_class_id, as_of, cause, high_water) values ($1, '2025-12-31', 'opening', 104)",
    [classId],
  );
  await db.look("update lots set high_water = 104 where share_class_id = $1", [classId]);
  const others = [
    { units: "300", price: "107", credit: "180" },
    { units: "100", price: "95", credit: "0" },
  ];
  for (const { units, price, credit } of others) {
    const [lot] = await db.look(
      `insert into lots (share_class_id, investor_id, opened_on, units_issued, price, high_water, equalisation_credit)
         values ($1, $2, '2025-06-30', $3::numeric, $4::numeric, $4::numeric, $5::numeric) returning lot_id`,
      [classId, await newInvestor(db, null), units, price, credit],
    );
    await db.look(
      `select evergreen.post_ledger($1, 'opening', 'synthetic', null,
         evergreen.emit('REGISTER_OPENED', $1, jsonb_build_object('share_class_id', $3::text, 'positions', 1), 'test'), null,
         array(select row(share_class_id, 'holder', investor_id, lot_id, null, units_issued)::evergreen.unit_entry from lots where lot_id = $2), null)`,
      [day.fund.fundId, lot?.lot_id, classId],
    );
  }
  await take(db, day, "struck");
  const lots = await db.look<{ lot_id: string; price: string }>(
    "select lot_id, trim_scale(price)::text as price from lots where share_class_id = $1",
    [classId],
  );
  const lotAt = (price: string): string => lots.find((lot) => lot.price === price)?.lot_id ?? "";
  return { ...day, holder, lots: { old: lotAt("100"), credited: lotAt("107"), low: lotAt("95") } };
}

export interface LotOutcome {
  lot_id: string;
  refund: string;
  depreciation: string;
  change: string;
  high_water: string;
  credit: string;
}

/** What the day above crystallises. */
export async function crystallisation(
  db: TestDatabase,
  day: Awaited<ReturnType<typeof feeDay>>,
): Promise<Args & { lots: LotOutcome[] }> {
  const lot = (lot_id: string, change: Partial<LotOutcome>): LotOutcome => ({
    lot_id,
    refund: "0",
    depreciation: "0",
    change: "0",
    high_water: "108",
    credit: "0",
    ...change,
  });
  return {
    share_class_id: day.classId,
    strike_id: await strikeOf(db, day.dayId),
    accrued: "1000",
    fee: "1000",
    high_water: "108",
    lots: [
      lot(day.lots.old, {}),
      lot(day.lots.credited, { refund: "180", change: "1.6666" }),
      lot(day.lots.low, { depreciation: "180", change: "-1.6666" }),
    ],
  };
}

/** A posted day whose redemption of 5,400.00 can be claimed, of a professional investor and with the tool in use. */
export async function claimInKind(
  db: TestDatabase,
  options: { holderUser?: string | null } = {},
): Promise<{ day: Day; body: Args }> {
  const day = await openDay(db, options);
  await db.call(PM_ONE, "fn_set_lmt_policy", {
    fund: day.fund.code,
    pack: "free-form",
    body: { ...LMT_POLICY, tools: [...LMT_POLICY.tools, IN_KIND] },
    effective_from: "2020-01-01",
  });
  await activated(db, day.fund, IN_KIND, {});
  await db.look("update investors set classification = 'professional' where investor_id = $1", [day.holder]);
  await take(db, day, "claimable");
  // 5,400 of 108,000 is a twentieth: 4,500 of the asset at 90,000, the rest in cash
  const deliveries = [{ asset_id: day.fund.assets["INFRA-1"], quantity: "45", value: "4500.00" }];
  return { day, body: { flow_id: day.redemption, deliveries, cash: "900.00" } };
}
export const IN_KIND = "redemption_in_kind";

/** A class at 108.0000 with an activated side pocket that takes the asset (90,000) with 2,000 held back and 200 of its debts. */
export async function pocketDay(db: TestDatabase, units = "1000"): Promise<{ day: Day; args: Args }> {
  const day = await dayAt(db, "struck", { units });
  await db.look("update dealing_days set status = 'suspended' where dealing_day_id = $1", [day.dayId]);
  const activation_id = await activated(db, day.fund, "side_pocket", {
    assets: [day.fund.assets["INFRA-1"]],
    holdback: "2000.00",
    liabilities: "200.00",
  });
  return { day, args: { activation_id, share_class: "A", code: "A-SP1" } };
}

/** What is left (150 units at 108) of an order that was filled in part, under a policy that calls it dust. */
export async function dust(
  db: TestDatabase,
  options: { holderUser?: string | null } = {},
): Promise<{ day: Day; flow_id: string }> {
  const day = await dayAt(db, "closed", options);
  await db.call(PM_ONE, "fn_set_lmt_policy", {
    fund: day.fund.code,
    pack: "free-form",
    body: { ...LMT_POLICY, dust: { minimum: "20000", mode: "ask_then_cancel", tolerance: "0" } },
    effective_from: "2020-01-01",
  });
  const [child] = await db.look<{ flow_id: string }>("select flow_id from fund_flows where parent_flow_id = $1", [
    day.redemption,
  ]);
  return { day, flow_id: child?.flow_id ?? "" };
}
