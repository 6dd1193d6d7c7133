// Dealing days as tests take them: a synthetic fund with a register, orders through the intake, two approvals, cash, and what must be true at the end.
// Its figures are the vector of rule R6: 1,000,000 units at 12.3456, a gate of 5 %, four redemptions of 77,679.5122 units in all.
import { until } from "@evergreen-fund/testing/working-house.ts";
import type { Client } from "@temporalio/client";
import { expect } from "vitest";
import type { TestHouse } from "./houses.ts";
import { AUDIT, importFund, OPS, PM_ONE, PM_TWO } from "./journeys.ts";

export const DEALING_POLICY = {
  frequency: "daily",
  calendar: "none",
  timeZone: "UTC",
  cutOff: "23:59",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 0, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "12.3456",
  fees: {
    management: { rate: "0", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
export const LMT_POLICY = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "anti_dilution_levy"],
  gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } },
  levy: { rate: "0", on: "both" },
  carry: "auto_pari_passu",
};
/** What each holder has and asks for, what R6 gives, and what goes on. */
export const VECTOR = [
  { units: "40000", filled: "25746.8146", carried: "14253.1854" },
  { units: "25000.5", filled: "16092.081", carried: "8908.419" },
  { units: "12345.6789", filled: "7946.5476", carried: "4399.1313" },
  { units: "333.3333", filled: "214.5568", carried: "118.7765" },
] as const;
const OTHERS = "922320.4878";

/** `n` days from today. */
export const dayAhead = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

/** Two dealing dates next to each other, 1 and 2, with no weekend between them and near enough that today's balances are still fresh. */
export const dealAhead = (n: 1 | 2): string => {
  const weekday = new Date().getUTCDay();
  const first = weekday <= 3 ? 1 : 8 - weekday;
  return dayAhead(first + n - 1);
};

export interface DealingHouse {
  fundId: string;
  code: string;
  classId: string;
  /** Holders in the order of VECTOR. */
  holders: string[];
  other: string;
}

export async function newInvestor({ database }: Pick<TestHouse, "database">): Promise<string> {
  const pending_id = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence: {} });
  return await database.rpc(OPS, "fn_assign_investor", { pending_id, classification: "professional" });
}

/** A fund of 12,345,600.00 with 1,000,000 units of class A. */
export async function dealingFund(
  house: TestHouse,
  change: { policy?: object; lmt?: object | null; asOf?: string; assets?: readonly object[] } = {},
): Promise<DealingHouse> {
  const { database } = house;
  const { fundId, code } = await importFund(database, {
    as_of: change.asOf ?? dayAhead(0),
    net_assets: "12345600.00",
    assets: change.assets ?? [
      asset("INFRA", "infrastructure", "10345600.00", false),
      asset("BOND", "debt", "1500000.00", true),
      asset("CASH", "cash", "500000.00", true),
    ],
    ladder: [{ side: "asset", bucket: "1d", capacity: "2000000.00" }],
  });
  const classId = await openClass(house, code, "A", change.policy);
  if (change.lmt !== null)
    await database.rpc(PM_ONE, "fn_set_lmt_policy", {
      fund: code,
      pack: (change.lmt as { pack?: string } | undefined)?.pack ?? LMT_POLICY.pack,
      body: { ...LMT_POLICY, ...change.lmt },
      effective_from: "2020-01-01",
    });
  const holders: string[] = [];
  for (const _one of VECTOR) holders.push(await newInvestor(house));
  const other = await newInvestor(house);
  await database.rpc(OPS, "fn_open_register", {
    share_class_id: classId,
    positions: [
      ...VECTOR.map(({ units }, i) => ({ investor_id: holders[i], units, opened_on: "2025-01-15", price: "12.3456" })),
      { investor_id: other, units: OTHERS, opened_on: "2025-01-15", price: "12.3456" },
    ],
  });
  return { fundId, code, classId, holders, other };
}

export const asset = (key: string, type: string, market_value: string, liquid: boolean) => ({
  key,
  name: `${key} (synthetic)`,
  issuer: `Issuer ${key}`,
  type,
  sleeve: type,
  market_value,
  bucket: liquid ? "1d" : "gt365d",
  liquid,
});

export async function openClass(house: TestHouse, fund: string, code: string, policy: object = {}): Promise<string> {
  const { database } = house;
  const share_class_id = await database.rpc(PM_ONE, "fn_open_class", {
    fund,
    code,
    name: `Class ${code} (synthetic)`,
    issue_price: "12.3456",
  });
  await database.rpc(PM_ONE, "fn_set_dealing_policy", {
    share_class_id,
    body: { ...DEALING_POLICY, ...policy },
    effective_from: "2020-01-01",
  });
  return share_class_id;
}

export const redeem = ({ database }: TestHouse, on: DealingHouse, investor_id: string, units: string) =>
  database.rpc(OPS, "fn_place_order", { fund: on.code, share_class: "A", investor_id, direction: "redemption", units });
export const subscribe = ({ database }: TestHouse, on: DealingHouse, investor_id: string, amount: string) =>
  database.rpc(OPS, "fn_place_order", {
    fund: on.code,
    share_class: "A",
    investor_id,
    direction: "subscription",
    amount,
  });

/** Until the intake has accepted every order named. */
export const accepted = ({ database }: TestHouse, flows: readonly string[]) =>
  until(
    async () =>
      (await database.read(AUDIT, (tx) =>
        tx.fund_flows.count({ where: { flow_id: { in: [...flows] }, status: "accepted" } }),
      )) === flows.length,
    "the orders to be accepted",
  );

/** The four redemptions of R6, accepted; in the order of VECTOR. */
export async function orderVector(house: TestHouse, on: DealingHouse): Promise<string[]> {
  const flows: string[] = [];
  for (const [i, { units }] of VECTOR.entries()) flows.push(await redeem(house, on, on.holders[i]!, units));
  await accepted(house, flows);
  return flows;
}

export const openDay = ({ database }: TestHouse, fund: string, dealing_date: string, share_class = "A") =>
  database.rpc(OPS, "fn_open_dealing_day", { fund, share_class, dealing_date });

/** The cut-off is now: by the superuser, since no function may move it. */
export async function reachCutOff(house: TestHouse, dealing_day_id: string): Promise<void> {
  await house.look("update dealing_days set cut_off_at = now() where dealing_day_id = $1", [dealing_day_id]);
  await house.database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id, reason: "the cut-off was moved" });
}

export const dayOf = ({ database }: TestHouse, dealing_day_id: string) =>
  database.read(AUDIT, (tx) => tx.dealing_days.findUniqueOrThrow({ where: { dealing_day_id } }));

export const dayReaches = (house: TestHouse, dealingDayId: string, ...statuses: string[]) =>
  until(
    async () => {
      const day = await dayOf(house, dealingDayId);
      return statuses.includes(day.status) ? day : null;
    },
    `day ${dealingDayId} to be ${statuses.join(" or ")}`,
  );

/** The proposal of a day's NAV once it can be decided; not `after`, when it is the one that comes next that is waited for. */
export const navProposed = (house: TestHouse, dealingDayId: string, after?: string) =>
  until(async () => {
    const day = await house.database.read(AUDIT, (tx) =>
      tx.dealing_days.findUniqueOrThrow({
        where: { dealing_day_id: dealingDayId },
        include: { strike: { include: { proposal: true, class_navs: true } } },
      }),
    );
    const { strike } = day;
    const proposal = strike?.proposal;
    return proposal?.status === "pending" && proposal.proposal_id !== after ? { ...proposal, strike } : null;
  }, `the NAV of day ${dealingDayId} to be proposed`);

export async function approve({ database }: TestHouse, proposal: { proposal_id: string; hash: string }): Promise<void> {
  for (const person of [PM_ONE, PM_TWO])
    await database.rpc(person, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "approved",
    });
}

/** Every order of a day that waits for money gets it. */
export async function payAll(house: TestHouse, on: DealingHouse, dealingDayId: string): Promise<void> {
  const due = await house.database.read(AUDIT, (tx) =>
    tx.fund_flows.findMany({ where: { dealing_day_id: dealingDayId, status: "claimable", cleared_at: null } }),
  );
  if (due.length === 0) return;
  await house.database.rpc(OPS, "fn_confirm_cash", {
    fund: on.code,
    payments: due.map((flow) => ({
      flow_id: flow.flow_id,
      amount: (flow.direction === "redemption" ? flow.net_amount : flow.amount)?.toFixed(2),
      reference: `synthetic/${flow.flow_id}`,
    })),
  });
}

/** From an open day with its orders to a closed one. */
export async function takeDay(house: TestHouse, on: DealingHouse, dealingDayId: string): Promise<void> {
  await reachCutOff(house, dealingDayId);
  await approve(house, await navProposed(house, dealingDayId));
  await dayReaches(house, dealingDayId, "claimable", "settled", "closed");
  await payAll(house, on, dealingDayId);
  await dayReaches(house, dealingDayId, "closed");
}

export const brokenIn = ({ database }: TestHouse, fund: string) =>
  database.rpc(AUDIT, "fn_verify_invariants", { fund });

/** What R6 gives and nothing else: fills and carries to the last digit, units and cash, and every invariant. */
export async function expectVectorDealt(
  house: TestHouse,
  on: DealingHouse,
  dealingDayId: string,
  flows: readonly string[],
): Promise<void> {
  const seen = await house.database.read(AUDIT, async (tx) => ({
    day: await tx.dealing_days.findUniqueOrThrow({
      where: { dealing_day_id: dealingDayId },
      include: { strike: true },
    }),
    fills: await tx.allocations.findMany({ where: { dealing_day_id: dealingDayId }, include: { flow: true } }),
    children: await tx.fund_flows.findMany({ where: { parent_flow_id: { in: [...flows] } } }),
    posted: await tx.ledger_transactions.count({ where: { dealing_day_id: dealingDayId, kind: "dealing" } }),
    units: (await tx.share_classes.findUniqueOrThrow({ where: { share_class_id: on.classId } })).units_outstanding,
    bank: await tx.cash_balances.findFirst({ where: { fund_id: on.fundId, account: "bank" } }),
  }));
  const fillOf = (flowId: string) => seen.fills.find((fill) => fill.flow_id === flowId);
  expect(flows.map((flowId) => fillOf(flowId)?.filled_units.toFixed())).toEqual(VECTOR.map(({ filled }) => filled));
  expect(flows.map((flowId) => fillOf(flowId)?.carried_units.toFixed())).toEqual(VECTOR.map(({ carried }) => carried));
  expect(seen.fills).toHaveLength(VECTOR.length);
  expect(seen.fills.every((fill) => fill.price.toFixed(4) === "12.3456")).toBe(true);
  expect(
    flows.map((id) => seen.children.find((child) => child.parent_flow_id === id)?.requested_units?.toFixed()),
  ).toEqual(VECTOR.map(({ carried }) => carried));
  expect(seen.children.map(({ status }) => status)).toEqual(VECTOR.map(() => "accepted"));
  expect(seen.posted).toBe(1);
  expect(seen.units.toFixed()).toBe("950000");
  // ⌊units × 12.3456⌋ of each: 317,859.87 + 198,666.39 + 98,104.89 + 2,648.83
  expect(seen.bank?.amount.toFixed(2)).toBe("-617279.98");
  expect(seen.day).toMatchObject({ status: "closed", step: 12, orders: VECTOR.length });
  expect(seen.day.day_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(seen.day.strike?.nav?.toFixed(2)).toBe("12345600.00");
  expect(seen.day.decision).toMatchObject({ gate: true, cap_units: "50000.0000" });
  expect(await brokenIn(house, on.code)).toEqual([]);
}

export const progressOf = (client: Client, workflowId: string) =>
  client.workflow
    .getHandle(workflowId)
    .query<{ step: number; status: string; blockers: string[]; projectedFill: string | null }, []>("progress");
