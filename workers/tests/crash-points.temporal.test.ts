// Kills the worker at every named crash point of a journey that passes it, restarts it, and expects the work to finish with one effect.
import { crashPoints } from "@evergreen-fund/agent-kit";
import { DEALING_CONTRACTS, RESTATEMENT_CONTRACTS } from "@evergreen-fund/domain";
import { crashFired, until, type Worker } from "@evergreen-fund/testing/working-house.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dealt, overdue, restated, scheduled, stopped } from "./dealing-crashes.ts";
import { openHouses, type TestHouse } from "./houses.ts";
import {
  AUDIT,
  expectEnd,
  expectRebalancedOnce,
  expectRememberedOnce,
  importFund,
  OPS,
  PM_ONE,
  PM_TWO,
  proposalStands,
  runEnded,
} from "./journeys.ts";

/** Most of a crash test is waiting for a dead worker to be noticed: so several houses wait at once, each with a crash of its own. */
const LANES = 3;
const houses: TestHouse[] = [];
const free: TestHouse[] = [];
const waiting: ((house: TestHouse) => void)[] = [];
beforeAll(async () => {
  houses.push(...(await openHouses(LANES)));
  free.push(...houses);
}, 120_000);
afterAll(() => Promise.all(houses.map((house) => house.stop())));

/** First come, first served. */
async function inHouse(work: (house: TestHouse) => Promise<void>): Promise<void> {
  const house = free.pop() ?? (await new Promise<TestHouse>((enter) => waiting.push(enter)));
  try {
    await work(house);
  } finally {
    const next = waiting.shift();
    if (next) next(house);
    else free.push(house);
  }
}

type Journey = (house: TestHouse) => Promise<void>;

const approved: Journey = async ({ database }) => {
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
  await until(
    async () => (await database.read(AUDIT, (tx) => tx.event_outbox.count({ where: { fund_id: fundId } }))) === 0,
    "the outbox to be empty",
  );
  await expectRebalancedOnce(database, fundId, event_id);
  await expectRememberedOnce(database, event_id);
};

const rejected: Journey = async ({ database }) => {
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
const overtaken: Journey = async ({ database }) => {
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

const onboard: Journey = async ({ database }) => {
  const evidence = { identity_document: "2026-01-02", address_proof: "2026-01-02", professional_status: "2026-01-03" };
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

const stressed: Journey = async ({ database }) => {
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

const tokenized: Journey = async ({ database }) => {
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

const warned: Journey = async ({ database }) => {
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

const ordered: Journey = async ({ database }) => {
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

/** The journey that passes each crash point. The sweep below fails for a point without one. */
const PASSES: [prefix: string, journey: Journey][] = [
  ["dispatcher.batched", ordered],
  ["dispatcher.", approved],
  ["commander.withdrawProposal", overtaken],
  ["commander.escalateNav", overdue],
  ["commander.discardDay", stopped("notice_extension", "discarded", "accepted")],
  ["commander.activateTool", stopped("suspension", "suspended", "locked")],
  ["liquidity-engine.suspendDay", stopped("suspension", "suspended", "locked")],
  ["liquidity-engine.proposeTool", stopped("notice_extension", "discarded", "accepted")],
  ["kyc.recheckOrders", dealt],
  ["commander.openDealingDays", scheduled],
  ...Object.keys(RESTATEMENT_CONTRACTS.commander).map((action): [string, Journey] => [`commander.${action}`, restated]),
  ...Object.keys(DEALING_CONTRACTS.commander).map((action): [string, Journey] => [`commander.${action}`, dealt]),
  ["commander.", approved],
  ["rebalancing.", approved],
  ["liquidity-engine.reserve", approved],
  ["liquidity-engine.release", rejected],
  ["liquidity-engine.", dealt],
  ["compliance-sentinel.checkTrades", approved],
  ["compliance-sentinel.checkTokenization", tokenized],
  ["risk-guardian.", warned],
  ["kyc.", onboard],
  ["simulation.", stressed],
  ["tokenization.", tokenized],
];
const journeyOf = (point: string): Journey | undefined => PASSES.find(([prefix]) => point.startsWith(prefix))?.[1];

/** Runs a journey while the worker crashes at `point`; whoever watches starts it again. */
async function crashDuring(house: TestHouse, point: string, journey: Journey): Promise<void> {
  const first = await house.startWorkers({ crashAt: point });
  let second: Worker | undefined;
  const watch = first.ended.then(async () => {
    second = await house.startWorkers();
  });
  try {
    await journey(house);
    // the journey may be over before the process that it passed through reaches the point
    await until(async () => crashFired(house, point), `the crash at ${point}`);
    expect(await first.ended).toBe("SIGKILL");
  } finally {
    // whatever happened, no worker stays behind to do the next test's work
    await first.kill();
    await watch.catch(() => {});
    await second?.kill();
  }
}

describe.concurrent("a worker killed at every crash point", () => {
  it("has a journey for each", ({ expect }) => {
    expect(crashPoints().filter((point) => journeyOf(point) === undefined)).toEqual([]);
  });
  it.each(crashPoints())("%s", { timeout: 1_800_000 }, (point) =>
    inHouse((house) => crashDuring(house, point, journeyOf(point)!)),
  );
});

describe.concurrent("other deaths during a rebalancing", () => {
  it("Temporal is killed and comes back with its file", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const worker = await house.startWorkers();
      const killing = new Promise((wake) => setTimeout(wake, 300)).then(() => house.restartTemporal());
      await Promise.all([approved(house), killing]);
      await worker.kill();
    }),
  );
  it("the worker is killed three times, two seconds apart", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const journey = approved(house);
      for (let kills = 0; kills < 3; kills++) {
        const worker = await house.startWorkers();
        await new Promise((wake) => setTimeout(wake, 2_000));
        await worker.kill();
      }
      const last = await house.startWorkers();
      await journey.finally(() => last.kill());
    }),
  );
  it("rooms in processes of their own handle the same playbooks", { timeout: 1_800_000 }, () =>
    inHouse(async (house) => {
      const others = [
        "rebalancing",
        "liquidity-engine",
        "compliance-sentinel",
        "risk-guardian",
        "kyc",
        "simulation",
        "tokenization",
      ];
      const workers = [await house.startWorkers({ rooms: ["commander"] }), await house.startWorkers({ rooms: others })];
      for (const journey of [approved, rejected, onboard, stressed, tokenized, warned, ordered, dealt])
        await journey(house);
      for (const worker of workers) await worker.kill();
    }),
  );
});
