// The journeys that the crash and server tests send through a house, and which of them passes each crash point. Each expects its own end.
import { DEALING_CONTRACTS, RESTATEMENT_CONTRACTS, SCREENING_CONTRACTS } from "@evergreen-fund/domain";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { calendarTicked } from "./calendar-journey.ts";
import { dealt, dealtWith, overdue, restated, scheduled, stopped } from "./dealing-crashes.ts";
import type { TestHouse } from "./houses.ts";
import {
  AUDIT,
  expectEnd,
  expectRebalancedOnce,
  expectRememberedOnce,
  FULL_EVIDENCE,
  importFund,
  OPS,
  PM_ONE,
  PM_TWO,
  proposalStands,
  runEnded,
} from "./journeys.ts";
import { expired } from "./kyc-journey.ts";
import { retired } from "./retention-journey.ts";
import { liveRules } from "./rule-packs.ts";
import { screenedByLists } from "./screening-journey.ts";
import { stressBrokenOff, stressedInPart, stressOfTheNight, stressRun } from "./stress-journeys.ts";
import { chained } from "./token-journey.ts";
import { told } from "./webhook-journey.ts";

export type Journey = (house: TestHouse) => Promise<void>;

export const approved: Journey = async ({ database }) => {
  const { fundId, code } = await importFund(database);
  const { event_id } = await database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const proposal = await proposalStands(database, event_id);
  expect(proposal.status).toBe("pending");
  await database.rpc(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposal_id,
    hash: proposal.hash,
    decision: "approved",
  });
  await expectEnd(database, event_id, "completed");
  await expectRebalancedOnce(database, fundId, event_id);
  await expectRememberedOnce(database, event_id);
};

export const rejected: Journey = async ({ database }) => {
  const { fundId, code } = await importFund(database);
  const { event_id } = await database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const proposal = await proposalStands(database, event_id);
  await database.rpc(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposal_id,
    hash: proposal.hash,
    decision: "rejected",
    reason: "not now",
  });
  await expectEnd(database, event_id, "refused");
  const [version, held] = await database.read(AUDIT, async (tx) => [
    (await tx.funds.findUniqueOrThrow({ where: { fund_id: fundId } })).allocations_version,
    await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
  ]);
  expect([String(version), held]).toEqual(["1", 0]);
};

/** The allocations change between approval and application: the database refuses, the proposal is withdrawn, nothing stays reserved. */
export const overtaken: Journey = async ({ database }) => {
  const { fundId, code } = await importFund(database);
  const first = await database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const second = await database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
  const [one, two] = [await proposalStands(database, first.event_id), await proposalStands(database, second.event_id)];
  for (const [proposal, eventId] of [
    [one, first.event_id],
    [two, second.event_id],
  ] as const) {
    await database.rpc(PM_TWO, "fn_decide_proposal", {
      proposal_id: proposal.proposal_id,
      hash: proposal.hash,
      decision: "approved",
    });
    await runEnded(database, eventId);
  }
  const end = await database.read(AUDIT, async (tx) => ({
    status: (await tx.proposals.findUniqueOrThrow({ where: { proposal_id: two.proposal_id } })).status,
    held: await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
  }));
  expect(end).toEqual({ status: "withdrawn", held: 0 });
};

export const onboard: Journey = async ({ database }) => {
  const evidence = FULL_EVIDENCE;
  const pendingId = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence });
  const event = await database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "INVESTOR_SUBMITTED", payload: { path: ["pending_id"], equals: pendingId } },
    }),
  );
  await expectEnd(database, event.event_id, "completed");
  const pending = await database.read(AUDIT, (tx) =>
    tx.investors_pending_kyc.findUniqueOrThrow({ where: { pending_id: pendingId } }),
  );
  const assigned = await database.read(AUDIT, (tx) =>
    tx.fund_events.count({
      where: { type: "INVESTOR_ASSIGNED", payload: { path: ["investor_id"], equals: pending.investor_id! } },
    }),
  );
  expect([pending.kyc_status, assigned]).toEqual(["assigned", 1]);
};

export const stressed: Journey = async ({ database }) => {
  const { fundId } = await importFund(database);
  const eventId = await database.rpc(PM_ONE, "fn_record_event", {
    type: "STRESS_REQUESTED",
    payload: { scenario_id: "rates_+200", shift_bps: 200 },
    source: "test",
    fund_id: fundId,
  });
  await expectEnd(database, eventId, "completed");
  const done = await database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { fund_id: fundId, type: "STRESS_COMPLETED" } }),
  );
  expect(done.map((event) => (event.payload as { loss: string }).loss)).toEqual(["2469.00"]);
};

export const tokenized: Journey = async ({ database }) => {
  const { fundId } = await importFund(database);
  const eventId = await database.rpc(PM_ONE, "fn_record_event", {
    type: "TOKENIZATION_REQUESTED",
    payload: { chain: "test", instrument: "UNIT", size: "1" },
    source: "test",
    fund_id: fundId,
  });
  await expectEnd(database, eventId, "refused");
  const actions = await database.read(AUDIT, (tx) =>
    tx.tokenization_actions.findMany({ where: { fund_id: fundId }, include: { compliance_log: true } }),
  );
  expect(actions.map((action) => [action.status, action.compliance_log?.result])).toEqual([["refused", "failed"]]);
};

export const warned: Journey = async ({ database }) => {
  const { fundId } = await importFund(database);
  const eventId = await database.rpc({ role: "service_role" }, "fn_record_event", {
    type: "LIQUIDITY_BREACH",
    payload: { bucket: "30d", ratio: "0.9", required: "1.2" },
    source: "test",
    fund_id: fundId,
  });
  await expectEnd(database, eventId, "completed");
  const alerts = await database.read(AUDIT, (tx) => tx.risk_alerts.findMany({ where: { fund_id: fundId } }));
  expect(alerts.map((alert) => [alert.kind, alert.severity])).toEqual([["liquidity_breach", "critical"]]);
};

export const ordered: Journey = async ({ database }) => {
  const { fundId, code } = await importFund(database);
  const pending = await database.rpc(OPS, "fn_submit_investor", { classification: "professional", evidence: {} });
  const investor = await database.rpc(OPS, "fn_assign_investor", {
    pending_id: pending,
    classification: "professional",
  });
  for (let i = 0; i < 20; i++)
    await database.rpc(OPS, "fn_place_order", {
      fund: code,
      investor_id: investor,
      direction: "redemption",
      amount: "100.00",
      currency: "USD",
    });
  await until(
    async () =>
      (await database.read(AUDIT, (tx) => tx.fund_flows.count({ where: { fund_id: fundId, status: "accepted" } }))) ===
      20,
    "all orders to be accepted",
  );
  await until(
    async () => (await database.read(AUDIT, (tx) => tx.event_batches.count({ where: { done_at: null } }))) === 0,
    "all batches to be done",
  );
  const [logs, demand] = await database.read(AUDIT, async (tx) => [
    await tx.compliance_logs.count({ where: { fund_id: fundId } }),
    (await tx.liquidity_ladder.findFirstOrThrow({ where: { fund_id: fundId, side: "liability" } })).utilization.toFixed(
      2,
    ),
  ]);
  expect([logs, demand]).toEqual([20, "2000.00"]);
};

const screened: Journey = async (house) => void (await screenedByLists(house));

/**
 * A pack that asks about personal data goes live when the investors are in and their applications were looked at: a review under the pack would
 * answer for them, and the dealing day had nobody to ask.
 */
const dealtByRules = dealtWith(async ({ database }) => {
  const applications = await database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { type: "INVESTOR_SUBMITTED" } }),
  );
  for (const { event_id } of applications) await runEnded(database, event_id);
  await liveRules(database);
});
/** The pack is live before the application comes. */
const onboardedByRules: Journey = async (house) => {
  await liveRules(house.database);
  await onboard(house);
};

const suspended = stopped("suspension", "suspended", "locked");
const extended = stopped("notice_extension", "discarded", "accepted");

/** The journey that passes each crash point. The crash test fails for a point without one. */
const PASSES: [prefix: string, journey: Journey][] = [
  ["dispatcher.batched", ordered],
  ["dispatcher.", approved],
  ["commander.withdrawProposal", overtaken],
  ["commander.escalateNav", overdue],
  ["commander.discardDay", extended],
  ["commander.activateTool", suspended],
  ["liquidity-engine.suspendDay", suspended],
  ["liquidity-engine.proposeTool", extended],
  ["kyc.recheckOrders", dealt],
  ["kyc.answerTests", dealtByRules],
  ["commander.openDealingDays", scheduled],
  ["commander.sendWebhooks", told],
  ["commander.makeDocuments", dealt],
  ...Object.keys(RESTATEMENT_CONTRACTS.commander).map((action): [string, Journey] => [`commander.${action}`, restated]),
  ...Object.keys(DEALING_CONTRACTS.commander).map((action): [string, Journey] => [`commander.${action}`, dealt]),
  ["commander.", approved],
  ["rebalancing.", approved],
  ["liquidity-engine.reserve", approved],
  ["liquidity-engine.release", rejected],
  ["liquidity-engine.stressLadder", stressRun],
  ["liquidity-engine.", dealt],
  ["compliance-sentinel.checkTrades", approved],
  ["compliance-sentinel.checkTokenization", tokenized],
  ["compliance-sentinel.checkOrders", dealt],
  ["compliance-sentinel.checkFund", dealt],
  ["compliance-sentinel.checkApplicant", onboardedByRules],
  ["compliance-sentinel.tickCalendar", calendarTicked],
  ["risk-guardian.", warned],
  ["kyc.tick", expired],
  ...Object.keys(SCREENING_CONTRACTS.kyc).map((action): [string, Journey] => [`kyc.${action}`, screened]),
  ["kyc.", onboard],
  ["simulation.stress.", stressed],
  ["simulation.failScenario", stressedInPart],
  ["simulation.closeStress", stressBrokenOff],
  ["simulation.openNightly", stressOfTheNight],
  ["simulation.takeMarketFeed", stressOfTheNight],
  ["simulation.checkData", stressRun],
  ["simulation.retireRows", retired],
  ["simulation.", stressRun],
  ["tokenization.register", tokenized],
  ["tokenization.", chained],
];
/** Which file of crash tests a journey belongs to: each takes about as long as the others. */
export const PARTS = {
  small: [approved, rejected, overtaken, ordered, tokenized, warned, stressed],
  dealing: [dealt, overdue, suspended, extended, scheduled, restated],
  stress: [stressRun, stressedInPart, stressBrokenOff, stressOfTheNight, retired],
  people: [onboard, expired, screened, calendarTicked],
  tokens: [chained, told],
  rules: [dealtByRules, onboardedByRules],
} satisfies Record<string, Journey[]>;
export type Part = keyof typeof PARTS;

export const journeyOf = (point: string): Journey | undefined =>
  PASSES.find(([prefix]) => point.startsWith(prefix))?.[1];
