// A synthetic class with a register, and a dealing day on it taken up to any step, each through its own function under the role whose step it is.
// 1,000 units at 108.0000 (assets 110,000, accrued 1,000, performance fee 1,000); somebody subscribes 10,800.00, the holder redeems 200 units, the gate lets 50 through.
import { type Checked, checkAfterEach } from "@evergreen-fund/testing/checked.ts";
import { type Args, agent, OPS, PM_ONE, PM_TWO, type TestDatabase, testDatabase } from "./arrange.ts";
import { type Fund, newFund, newInvestor } from "./synthetic-fund.ts";

/** A database for a file of dealing tests: after each of them the one checker finds nothing in the funds it touched. */
export async function dealingDatabase(): Promise<TestDatabase & Checked> {
  const db = await testDatabase();
  return Object.assign(
    db,
    checkAfterEach((sql, values) => db.look(sql, values)),
  );
}

const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");
export const DEALING_DATE = "2026-01-30";

export const DEALING_POLICY = {
  frequency: "monthly",
  on: { businessDayOfMonth: "last" },
  cutOff: "12:00",
  timeZone: "UTC",
  pricing: "forward",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 5, basis: "business" } },
  lockUp: { hardMonths: 3 },
  minimums: { initial: "1000", additional: "100", redemption: "50", holding: "500" },
  units_dp: 4,
  price_dp: 4,
};
export const LMT_POLICY = { tools: ["redemption_gate", "redemption_fee"], gate: { basis: "gross", share: "0.05" } };

export interface DealingFund {
  fund: Fund;
  classId: string;
  /** Holds 1,000 units since 2025-01-15. */
  holder: string;
}

export async function newClass(
  db: TestDatabase,
  fund: Fund,
  code: string,
  policy: object = DEALING_POLICY,
): Promise<string> {
  const share_class_id = await db.value<string>(PM_ONE, "fn_open_class", {
    fund: fund.code,
    code,
    name: `Class ${code} (synthetic)`,
    issue_price: "100",
  });
  await db.call(PM_ONE, "fn_set_dealing_policy", { share_class_id, body: policy, effective_from: "2020-01-01" });
  return share_class_id;
}

export async function dealingFund(
  db: TestDatabase,
  options: { holderUser?: string | null; policy?: object; units?: string } = {},
): Promise<DealingFund> {
  const fund = await newFund(db);
  const classId = await newClass(db, fund, "A", options.policy);
  await db.call(PM_ONE, "fn_set_lmt_policy", {
    fund: fund.code,
    pack: "free-form",
    body: LMT_POLICY,
    effective_from: "2020-01-01",
  });
  const holder = await newInvestor(db, options.holderUser ?? null);
  await db.call(OPS, "fn_open_register", {
    share_class_id: classId,
    positions: [{ investor_id: holder, units: options.units ?? "1000", opened_on: "2025-01-15", price: "100" }],
  });
  return { fund, classId, holder };
}

/** Places an order as operations. */
export const place = (db: TestDatabase, { fund }: DealingFund, investor_id: string, args: Args): Promise<string> =>
  db.value<string>(OPS, "fn_place_order", { fund: fund.code, share_class: "A", investor_id, ...args });

/** As intake leaves a cleared order, and received long before the dealing date; arranged as superuser, for intake takes whole batches. */
export async function accept(db: TestDatabase, flowId: string): Promise<void> {
  await db.look(
    `with moved as (select flow_id, event_id from fund_flows where flow_id = $1 or linked_flow_id = $1), noted as (
       insert into order_transitions (flow_id, from_status, to_status, event_id, actor) select flow_id, 'submitted', 'accepted', event_id, 'test' from moved)
     update fund_flows f set status = 'accepted', accepted_at = now(), requested_at = '2026-01-15 10:00+00' from moved m where f.flow_id = m.flow_id`,
    [flowId],
  );
}

export const ordered = async (db: TestDatabase, on: DealingFund, investorId: string, args: Args): Promise<string> => {
  const flowId = await place(db, on, investorId, args);
  await accept(db, flowId);
  return flowId;
};

export interface Day extends DealingFund {
  dayId: string;
  subscriber: string;
  subscription: string;
  redemption: string;
}

/** An open day with one subscription and one redemption accepted for it. */
export async function openDay(
  db: TestDatabase,
  options: { subscriberUser?: string | null } & Parameters<typeof dealingFund>[1] = {},
): Promise<Day> {
  const on = await dealingFund(db, options);
  const subscriber = await newInvestor(db, options.subscriberUser ?? null);
  const subscription = await ordered(db, on, subscriber, { direction: "subscription", amount: "10800.00" });
  const redemption = await ordered(db, on, on.holder, { direction: "redemption", units: "200" });
  return { ...on, subscriber, subscription, redemption, dayId: await openDealingDay(db, on) };
}

export const openDealingDay = async (db: TestDatabase, { fund }: DealingFund, date = DEALING_DATE): Promise<string> =>
  (
    await db.value<{ dealing_day_id: string }>(COMMANDER, "fn_open_dealing_day", {
      fund: fund.code,
      share_class: "A",
      dealing_date: date,
    })
  ).dealing_day_id;

export const navInputs = (fund: Fund, date = DEALING_DATE): Args[] => [
  {
    asset_id: fund.assets["INFRA-1"],
    kind: "asset",
    label: "INFRA-1",
    value: "90000.00",
    as_of: date,
    source: "appraisal",
  },
  { kind: "cash", label: "bank", value: "20000.00", as_of: date, source: "statement" },
  { kind: "accrual", label: "management fee", value: "1000.00", as_of: date, source: "accrual" },
];
export const NAV_BODY = {
  total_assets: "110000.00",
  liabilities: "1000.00",
  gnav: "109000.00",
  performance_fee: "1000.00",
  nav: "108000.00",
};
export const classPrices = (classId: string): Args[] => [
  { share_class_id: classId, nav: "108000.00", nav_per_unit: "108", performance_accrued: "1000.00" },
];

export const STEPS = [
  "locked",
  "rechecked",
  "frozen",
  "proposed",
  "approved",
  "struck",
  "decided",
  "allocated",
  "posted",
  "claimable",
  "settled",
  "closed",
] as const;
export type Step = (typeof STEPS)[number];

export const strikeOf = async (db: TestDatabase, dayId: string): Promise<string> =>
  String((await db.look("select strike_id from dealing_days where dealing_day_id = $1", [dayId]))[0]?.strike_id);

export const GATED = { gate: true, cap_units: "50", fraction: "0.25" };

export const fills = (day: Day): Args[] => [
  { flow_id: day.subscription, cohort: "full", filled_units: "100", gross_amount: "10800.00", net_amount: "10800.00" },
  {
    flow_id: day.redemption,
    cohort: "pro_rata",
    requested_units: "200",
    filled_units: "50",
    carried_units: "150",
    gross_amount: "5400.00",
    net_amount: "5400.00",
    reason: "gate",
  },
];

export async function approve(db: TestDatabase, proposal: { proposal_id: string; hash: string }): Promise<void> {
  for (const person of [PM_ONE, PM_TWO])
    await db.call(person, "fn_decide_proposal", { ...proposal, decision: "approved" });
}

const proposed = new Map<string, { proposal_id: string; hash: string }>();

export const TAKE: Record<Step, (db: TestDatabase, day: Day) => Promise<unknown>> = {
  locked: (db, { dayId }) => db.call(COMMANDER, "fn_lock_orders", { dealing_day_id: dayId }),
  rechecked: (db, { dayId }) => db.call(agent("kyc"), "fn_recheck_orders", { dealing_day_id: dayId }),
  frozen: (db, { fund }) =>
    db.call(COMMANDER, "fn_freeze_nav_inputs", { fund: fund.code, nav_date: DEALING_DATE, inputs: navInputs(fund) }),
  proposed: async (db, { dayId, classId }) => {
    const { proposal_id, hash } = await db.value<{ proposal_id: string; hash: string }>(COMMANDER, "fn_propose_nav", {
      strike_id: await strikeOf(db, dayId),
      body: NAV_BODY,
      classes: classPrices(classId),
    });
    proposed.set(dayId, { proposal_id, hash });
  },
  approved: (db, { dayId }) => approve(db, proposed.get(dayId) ?? { proposal_id: "", hash: "" }),
  struck: async (db, { dayId }) => db.call(COMMANDER, "fn_strike_nav", { strike_id: await strikeOf(db, dayId) }),
  decided: (db, { dayId }) => db.call(ENGINE, "fn_decide_lmt", { dealing_day_id: dayId, decision: GATED }),
  allocated: (db, day) =>
    db.call(ENGINE, "fn_record_allocations", {
      dealing_day_id: day.dayId,
      terms: {},
      fills: JSON.stringify(fills(day)),
    }),
  posted: (db, { dayId }) => db.call(COMMANDER, "fn_post_dealing_day", { dealing_day_id: dayId }),
  claimable: (db, { dayId }) => db.call(COMMANDER, "fn_open_claims", { dealing_day_id: dayId }),
  settled: (db, day) => db.call(OPS, "fn_confirm_cash", { fund: day.fund.code, payments: payments(day) }),
  closed: (db, { dayId }) => db.call(COMMANDER, "fn_close_dealing_day", { dealing_day_id: dayId }),
};

export const payments = (day: Day): Args[] => [
  { flow_id: day.subscription, amount: "10800.00", reference: "synthetic/1" },
  { flow_id: day.redemption, amount: "5400.00", reference: "synthetic/2" },
];

/** Takes an open day through the steps up to and with `until`. */
export async function take(db: TestDatabase, day: Day, until: Step): Promise<Day> {
  for (const step of STEPS.slice(0, STEPS.indexOf(until) + 1)) await TAKE[step](db, day);
  return day;
}

export const dayAt = async (db: TestDatabase, until: Step, options: Parameters<typeof openDay>[1] = {}): Promise<Day> =>
  take(db, await openDay(db, options), until);

export const proposalOf = (day: Day): { proposal_id: string; hash: string } =>
  proposed.get(day.dayId) ?? { proposal_id: "", hash: "" };

/** What is broken in a fund; nothing when all is well. */
export const broken = (db: TestDatabase, fund: Fund): Promise<Args[]> =>
  db.call({ role: "audit_role", userId: "00000000-0000-4000-8000-000000000006" }, "fn_verify_invariants", {
    fund: fund.code,
  });
