// The Commander on a real Postgres under its own role: each action once, however often it is called; and nothing of another room.
import { describe, expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE, PM_TWO } from "../tests/journeys.ts";
import {
  effects,
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  failureOf,
  proposed,
  rebalanceRequested,
  recorded,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const checked = async (change: Record<string, unknown> = {}) => {
  const made = await proposed(house, change);
  await house.call("liquidity-engine.reserve", made.proposal);
  await house.call("compliance-sentinel.checkTrades", made.proposal);
  return made;
};
const runOf = (eventId: string) =>
  house.database.read(AUDIT, (tx) => tx.workflow_runs.findFirstOrThrow({ where: { event_id: eventId } }));

describe("brief", () => {
  it("opens the run once and names the playbook", async () => {
    const { run, fundId } = await rebalanceRequested(house);
    const brief = await twice(house, "commander.brief", run);
    expect(brief).toEqual({ type: "REBALANCE_REQUESTED", playbook: "rebalance", memoryIds: [], fundId });
    expect(await runOf(run.eventId)).toMatchObject({ status: "running", metadata: { playbook: "rebalance" } });
  });
  it("opens a run also for a payload it has to refuse, so that its end can be told", async () => {
    const { fundId } = await importFund(house.database);
    const run = await recorded(house, { role: "service_role" }, fundId, "DATA_DRIFT", {
      asset_id: fundId,
      deviation_bps: "far",
      threshold_bps: "500",
    });
    const failure = await failureOf(house.call("commander.brief", run));
    expect(failure).toMatchObject({ code: "EG400", final: true });
    expect(failure.message).toBe("The payload of DATA_DRIFT is not what its schema says.");
    expect(await runOf(run.eventId)).toMatchObject({ status: "running", metadata: { refused: "EG400" } });
    await twice(house, "commander.close", { ...run, status: "failed", reason: failure.message });
    expect(await runOf(run.eventId)).toMatchObject({ status: "failed" });
  });
  it("of an event that does not exist is EG404 and leaves nothing", async () => {
    const before = await effects(house.database);
    const eventId = "00000000-0000-4000-8000-00000000dead";
    expect(await failureOf(house.call("commander.brief", { eventId, workflowId: `event/${eventId}` }))).toMatchObject({
      code: "EG404",
      final: true,
    });
    expect(await effects(house.database)).toEqual(before);
  });
});

describe("a proposal", () => {
  it("is put before people once its checks are in, and not before", async () => {
    const early = await proposed(house);
    expect(await failureOf(house.call("commander.openProposal", early.proposal))).toMatchObject({
      code: "EG428",
      final: true,
    });
    const { proposal } = await checked();
    const { expiresInMs, ...first } = await house.call<{ status: string; expiresInMs: number; reason: string }>(
      "commander.openProposal",
      proposal,
    );
    const after = await effects(house.database);
    const { expiresInMs: left, ...again } = await house.call<typeof first & { expiresInMs: number }>(
      "commander.openProposal",
      proposal,
    );
    expect([first, again]).toEqual([
      { status: "pending", reason: "" },
      { status: "pending", reason: "" },
    ]);
    expect(left).toBeLessThanOrEqual(expiresInMs);
    expect(left).toBeGreaterThan(71 * 3_600_000);
    expect(await effects(house.database)).toEqual(after);
  });
  it("stands open until a second person decides; then the decision is final", async () => {
    const { proposal } = await checked();
    await house.call("commander.openProposal", proposal);
    expect(await house.call("commander.readDecision", proposal)).toMatchObject({ status: "pending", final: false });
    const { hash } = await house.database.read(AUDIT, (tx) =>
      tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposal.proposalId } }),
    );
    const decide = (who: typeof PM_ONE) =>
      house.database.rpc(who, "fn_decide_proposal", { proposal_id: proposal.proposalId, hash, decision: "approved" });
    await expect(decide(PM_ONE)).rejects.toMatchObject({ code: "EG420" });
    await decide(PM_TWO);
    expect(await house.call("commander.readDecision", proposal)).toMatchObject({ status: "approved", final: true });
    await expect(decide(PM_TWO)).rejects.toMatchObject({ code: "EG422" });
  });
  it("is withdrawn once; again is the same", async () => {
    const { proposal } = await checked();
    expect(await twice(house, "commander.withdrawProposal", { ...proposal, reason: "the run failed" })).toEqual({
      status: "withdrawn",
    });
    expect(await house.call("commander.readDecision", proposal)).toMatchObject({ status: "withdrawn", final: true });
  });
});

describe("the end of a run", () => {
  it("is written once; the step taken again with another end answers the first", async () => {
    const { run } = await rebalanceRequested(house);
    const end = { ...run, status: "refused", reason: "EG427: synthetic" };
    expect(await twice(house, "commander.close", end)).toEqual({ status: "refused" });
    expect(await runOf(run.eventId)).toMatchObject({ status: "refused", metadata: { reason: "EG427: synthetic" } });
    expect(await house.call("commander.close", { ...end, status: "completed" })).toEqual({ status: "refused" });
    expect(await runOf(run.eventId)).toMatchObject({ status: "refused", metadata: { reason: "EG427: synthetic" } });
  });
  it("is remembered once, with the rules a proposal violated, and found again by the next brief", async () => {
    const illiquid = {
      ladder: [
        { side: "asset", bucket: "1d", capacity: "10000.00" },
        { side: "liability", bucket: "30d", capacity: "100000.00", stress_delta: "0" },
      ],
    };
    const { proposal, run, code } = await checked(illiquid);
    expect(await house.call("commander.openProposal", proposal)).toMatchObject({ status: "refused" });
    const { memoryId } = await twice<{ memoryId: string }>(house, "commander.remember", {
      ...proposal,
      status: "refused",
      reason: "refused by a check",
    });
    const memory = await house.database.read(AUDIT, (tx) =>
      tx.agent_memories.findUniqueOrThrow({ where: { memory_id: memoryId } }),
    );
    expect(memory.text).toContain("It violated thirty_day_cover.");
    expect(memory.workflow_id).toBe(run.workflowId);
    const next = await house.database.rpc(PM_ONE, "fn_request_rebalance", { fund: code });
    expect(await house.call("commander.brief", { eventId: next.event_id, workflowId: next.workflow_id })).toMatchObject(
      { memoryIds: [memoryId] },
    );
  });
  it("of an event of no fund is not remembered", async () => {
    const { eventId, workflowId } = (await rebalanceRequested(house)).run;
    expect(await house.call("commander.remember", { eventId, workflowId, status: "completed", reason: "x" })).toEqual(
      {},
    );
  });
});

it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "commander"));
it("may not do what other rooms do", async () => {
  const { proposal } = await checked();
  const agent = { role: "agent_commander" } as const;
  const id = { proposal_id: proposal.proposalId };
  await expect(house.database.rpc(agent, "fn_apply_allocations", id)).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_reserve_liquidity", id)).rejects.toMatchObject({ code: "EG403" });
  await expect(
    house.database.rpc(agent, "fn_decide_proposal", { ...id, hash: "x", decision: "approved" }),
  ).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "commander"));
