// Rebalancing on a real Postgres: one proposal per run, one new version per approval; what the database refuses is a verdict.
import { describe, expect, it } from "vitest";
import { AUDIT, PM_TWO } from "../tests/journeys.ts";
import {
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  failureOf,
  proposed,
  rebalanceRequested,
  redemptionAccepted,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const approved = async (ready: Awaited<ReturnType<typeof proposed>>) => {
  const { proposal } = ready;
  await house.call("liquidity-engine.reserve", proposal);
  await house.call("compliance-sentinel.checkTrades", proposal);
  await house.call("commander.openProposal", proposal);
  const { hash } = await house.database.read(AUDIT, (tx) =>
    tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposal.proposalId } }),
  );
  await house.database.rpc(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposalId,
    hash,
    decision: "approved",
  });
  return ready;
};

describe("propose", () => {
  it("stores one proposal, with what it rests on", async () => {
    const { run } = await rebalanceRequested(house);
    const answer = await twice<{ outcome: string; proposalId: string; trades: number }>(house, "rebalancing.propose", {
      ...run,
      memoryIds: [],
    });
    expect(answer).toMatchObject({ outcome: "proposed" });
    expect(answer.trades).toBeGreaterThan(0);
    const row = await house.database.read(AUDIT, (tx) =>
      tx.proposals.findUniqueOrThrow({ where: { proposal_id: answer.proposalId } }),
    );
    expect(row).toMatchObject({
      status: "checking",
      proposed_by: "agent:rebalancing",
      inputs: { allocations_version: "1", mandate_version: 1, memory_ids: [] },
    });
  });
  it("a refusal is an answer and leaves nothing behind", async () => {
    const ladder = [
      { side: "asset", bucket: "1d", capacity: "1000000.00" },
      { side: "liability", bucket: "30d", capacity: "900000.00", stress_delta: "0" },
    ];
    const { run, fundId } = await rebalanceRequested(house, { ladder });
    expect(await twice(house, "rebalancing.propose", { ...run, memoryIds: [] })).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/^EG427: /),
    });
    expect(await house.database.read(AUDIT, (tx) => tx.proposals.count({ where: { fund_id: fundId } }))).toBe(0);
  });
});

it("plans for redemptions that were accepted: what they leave too little for is refused", async () => {
  const { run, code } = await rebalanceRequested(house);
  // 1,000,000 less costs against 1.2 × (150,000 planned and stressed + 700,000 accepted) = 1,020,000
  await redemptionAccepted(house, code, "700000.00");
  expect(await house.call("rebalancing.propose", { ...run, memoryIds: [] })).toMatchObject({
    outcome: "refused",
    reason: expect.stringMatching(/^EG427: .*30d/),
  });
});

describe("apply", () => {
  it("applies an approved proposal once", async () => {
    const { proposal, fundId } = await approved(await proposed(house));
    expect(await twice(house, "rebalancing.apply", proposal)).toEqual({
      outcome: "applied",
      version: "2",
      reason: "applied",
    });
    const fund = await house.database.read(AUDIT, (tx) => tx.funds.findUniqueOrThrow({ where: { fund_id: fundId } }));
    expect(String(fund.allocations_version)).toBe("2");
  });
  it("proposing again after it, as a run does whose answers were lost, answers the proposal that was applied", async () => {
    const { proposal, run, fundId } = await approved(await proposed(house));
    await house.call("rebalancing.apply", proposal);
    expect(await house.call("rebalancing.propose", { ...run, memoryIds: [] })).toMatchObject({
      outcome: "proposed",
      proposalId: proposal.proposalId,
    });
    expect(await house.database.read(AUDIT, (tx) => tx.proposals.count({ where: { fund_id: fundId } }))).toBe(1);
  });
  it("facts that changed meanwhile are a refusal, not a failure", async () => {
    const first = await proposed(house);
    const { event_id, workflow_id } = await house.database.rpc(
      { role: "pm_role", userId: PM_TWO.userId.replace(/2$/, "1") },
      "fn_request_rebalance",
      { fund: first.code },
    );
    const run = { eventId: event_id, workflowId: workflow_id, fundId: first.fundId };
    const { proposalId } = await house.call<{ proposalId: string }>("rebalancing.propose", { ...run, memoryIds: [] });
    const second = { ...first, run, proposal: { ...run, proposalId } };
    await approved(first);
    await approved(second);
    expect(await house.call("rebalancing.apply", first.proposal)).toMatchObject({ outcome: "applied" });
    expect(await house.call("rebalancing.apply", second.proposal)).toMatchObject({
      outcome: "refused",
      version: "",
      reason: expect.stringMatching(/^EG425: /),
    });
  });
  it("what nobody approved is a fault of the caller", async () => {
    const { proposal } = await proposed(house);
    expect(await failureOf(house.call("rebalancing.apply", proposal))).toMatchObject({ code: "EG428", final: true });
  });
});

it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "rebalancing"));
it("may not do what other rooms do", async () => {
  const { proposal } = await proposed(house);
  const agent = { role: "agent_rebalancing" } as const;
  const id = { proposal_id: proposal.proposalId };
  await expect(house.database.rpc(agent, "fn_reserve_liquidity", id)).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_record_checks", { ...id, checks: [{}] })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(house.database.rpc(agent, "fn_open_proposal", id)).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "rebalancing"));
