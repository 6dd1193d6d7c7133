// Four eyes under pressure: one decision per proposal, whoever comes together; nothing applied that nobody approved.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { describe, expect, it } from "vitest";
import { agent, PM_ONE, PM_TWO, type Row, refusal, refusedWith, testDatabase } from "./arrange.ts";
import {
  approvedProposal,
  checkedProposal,
  newFund,
  newProposal,
  pendingProposal,
  syntheticFund,
} from "./synthetic-fund.ts";

const db = await testDatabase();
const COMMANDER = agent("commander");
const TRIALS = 60;
const OTHERS: Actor[] = Array.from({ length: 6 }, (_, n) => ({
  role: "pm_role",
  userId: `00000000-0000-4000-8000-0000000001${String(n).padStart(2, "0")}`,
}));

const settle = async (calls: Promise<Row[]>[]): Promise<string[]> =>
  (await Promise.allSettled(calls)).map((r) =>
    r.status === "fulfilled" ? "ok" : String((r.reason as { code?: string }).code),
  );

it(`${TRIALS} races of six people and the requester: exactly one decision, by no requester`, async () => {
  const fund = await newFund(db);
  for (let trial = 0; trial < TRIALS; trial++) {
    const { proposalId, hash } = await pendingProposal(db, { fund });
    const outcomes = await settle(
      [PM_ONE, ...OTHERS].map((by, i) =>
        db.call(by, "fn_decide_proposal", {
          proposal_id: proposalId,
          hash,
          decision: i % 2 === 0 ? "approved" : "rejected",
          request_id: `race/${trial}`,
        }),
      ),
    );
    expect(["EG420", "EG422"]).toContain(outcomes[0]);
    expect(outcomes.slice(1).sort()).toEqual([...Array(5).fill("EG422"), "ok"]);
    const [state] = await db.look(
      `select count(*)::int as approvals, min(a.decision) as decision, min(p.status) as status, min(a.decided_by::text) as by,
              (select count(*)::int from fund_events e where e.type = 'PROPOSAL_DECIDED' and e.payload ->> 'proposal_id' = $1::uuid::text) as events
         from approvals a join proposals p using (proposal_id) where proposal_id = $1::uuid`,
      [proposalId],
    );
    expect(state).toMatchObject({ approvals: 1, events: 1 });
    expect(state?.status).toBe(state?.decision);
    expect(state?.by).not.toBe("userId" in PM_ONE ? PM_ONE.userId : "");
    await db.call(COMMANDER, "fn_withdraw_proposal", { proposal_id: proposalId, reason: "next trial" });
  }
});

it(`${TRIALS} races of a decision, a withdrawal and the passing of its time: never applied without an approval that stands`, async () => {
  const fund = await newFund(db);
  for (let trial = 0; trial < TRIALS; trial++) {
    const { proposalId, hash } = await pendingProposal(db, { fund });
    const outcomes = await settle([
      db.call(PM_TWO, "fn_decide_proposal", { proposal_id: proposalId, hash, decision: "approved" }),
      db.call(COMMANDER, "fn_withdraw_proposal", { proposal_id: proposalId, reason: "withdrawn in time" }),
      db.call(COMMANDER, "fn_read_decision", { proposal_id: proposalId }),
    ]);
    expect(outcomes[1]).toBe("ok");
    expect(["ok", "EG422"]).toContain(outcomes[0]);
    expect(await db.look("select status from proposals where proposal_id = $1", [proposalId])).toEqual([
      { status: "withdrawn" },
    ]);
    expect(await refusedWith(db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId }))).toBe(
      "EG428",
    );
  }
  expect(await db.look("select allocations_version from funds where fund_id = $1", [fund.fundId])).toEqual([
    { allocations_version: "1" },
  ]);
});

it("20 callers apply one approved proposal: one version more", async () => {
  const { proposalId, fund } = await approvedProposal(db);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () =>
      db.value(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId }),
    ),
  );
  expect(outcomes).toEqual(Array(20).fill({ status: "applied", version: "2" }));
  expect(await db.look("select allocations_version from funds where fund_id = $1", [fund.fundId])).toEqual([
    { allocations_version: "2" },
  ]);
  expect(
    await db.look("select count(*)::int as n from portfolio_allocations where fund_id = $1", [fund.fundId]),
  ).toEqual([{ n: 12 }]);
});

it("of two approved proposals on the same facts, one is applied and the other refused", async () => {
  const fund = await newFund(db);
  const first = await approvedProposal(db, { fund });
  const second = await approvedProposal(db, { fund });
  const outcomes = await settle(
    [first, second].map((p) => db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: p.proposalId })),
  );
  expect(outcomes.sort()).toEqual(["EG425", "ok"]);
});

it.each([
  ["checking", "EG422", "The proposal is still being checked; it cannot be decided yet."],
  ["approved", "EG422", "The proposal is already approved; it can no longer be decided."],
  ["rejected", "EG422", "The proposal is already rejected; it can no longer be decided."],
  ["refused", "EG422", "The proposal is already refused; it can no longer be decided."],
  ["applied", "EG422", "The proposal is already applied; it can no longer be decided."],
  ["withdrawn", "EG422", "The proposal is already withdrawn; it can no longer be decided."],
  ["expired", "EG423", "The time to decide has passed."],
])("who decides one that is %s reads %s and why", async (status, code, message) => {
  const { proposalId: proposal_id, hash } = await pendingProposal(db);
  await db.look("update proposals set status = $2 where proposal_id = $1", [proposal_id, status]);
  const decision = { proposal_id, hash, decision: "approved" };
  expect(await refusal(db.call(PM_TWO, "fn_decide_proposal", decision))).toEqual({ code, message });
});

describe("a proposal that its checks refuse", () => {
  it("never comes before people", async () => {
    const proposal = await newProposal(db);
    await db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id: proposal.proposalId });
    expect(
      await db.value(agent("compliance-sentinel"), "fn_record_checks", {
        proposal_id: proposal.proposalId,
        checks: [
          {
            rule: "issuer_concentration",
            result: "failed",
            value: "0.09",
            limit_value: "0.05",
            detail: "one issuer is over its limit",
          },
        ],
      }),
    ).toBe("failed");
    expect(await db.look("select payload from fund_events where type = 'COMPLIANCE_FAILED'")).toEqual([
      { payload: { rule: "issuer_concentration", entity_type: "proposals", entity_id: proposal.proposalId } },
    ]);
    expect(await db.value(COMMANDER, "fn_open_proposal", { proposal_id: proposal.proposalId })).toMatchObject({
      status: "refused",
      reason: "issuer_concentration (one issuer is over its limit)",
    });
    expect(
      await refusedWith(
        db.call(PM_TWO, "fn_decide_proposal", {
          proposal_id: proposal.proposalId,
          hash: proposal.hash,
          decision: "approved",
        }),
      ),
    ).toBe("EG422");
  });

  it("is not opened by a second verdict of the same room, under whatever name", async () => {
    const proposal = await newProposal(db);
    await db.call(agent("compliance-sentinel"), "fn_record_checks", {
      proposal_id: proposal.proposalId,
      checks: [{ rule: "thirty_day_cover", result: "passed", detail: "says another room" }],
    });
    expect(await refusedWith(db.call(COMMANDER, "fn_open_proposal", { proposal_id: proposal.proposalId }))).toBe(
      "EG428",
    );
    expect(
      await db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id: proposal.proposalId }),
    ).toEqual([expect.objectContaining({ reason: expect.stringContaining("R38") })]);
  });
});

it("a retry of the opening gets its first answer even when people were quicker", async () => {
  const proposal = await checkedProposal(db);
  const open = { proposal_id: proposal.proposalId, request_id: "open-before-decision" };
  await db.call(COMMANDER, "fn_open_proposal", open);
  await db.call(PM_TWO, "fn_decide_proposal", {
    proposal_id: proposal.proposalId,
    hash: proposal.hash,
    decision: "rejected",
  });
  expect(await db.value(COMMANDER, "fn_open_proposal", open)).toMatchObject({ status: "pending" });
  expect(await db.value(COMMANDER, "fn_read_decision", { proposal_id: proposal.proposalId })).toMatchObject({
    status: "rejected",
    final: true,
  });
});

it("an import between approval and application refuses the application", async () => {
  const { proposalId, fund } = await approvedProposal(db);
  await db.call(PM_ONE, "fn_import_fund", { fund: syntheticFund(fund.code, { as_of: "2026-10-31" }) });
  expect(await refusedWith(db.call(agent("rebalancing"), "fn_apply_allocations", { proposal_id: proposalId }))).toBe(
    "EG425",
  );
});
