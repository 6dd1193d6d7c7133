// The whole rebalancing in SQL, from the filing to the changed allocations, each step under its own role.
import { EVENTS, isEventName } from "@evergreen-fund/domain/events.ts";
import { expect, it } from "vitest";
import { agent, PM_ONE, PM_TWO, testDatabase } from "./arrange.ts";
import { CHECKS, newFund, proposalBody, TRADES } from "./synthetic-fund.ts";

const db = await testDatabase();

it("imports, requests, proposes, checks, approves and applies", async () => {
  const fund = await newFund(db);
  const asked = await db.value<{ event_id: string; workflow_id: string }>(PM_ONE, "fn_request_rebalance", {
    fund: fund.code,
    reason: "quarter end",
    request_id: "ask-1",
  });
  expect(asked.workflow_id).toBe(`event/${asked.event_id}`);
  const [run] = await db.call(agent("commander"), "fn_open_workflow", {
    workflow_id: asked.workflow_id,
    type: "commander",
    event_id: asked.event_id,
    request_id: "open-1",
  });
  expect(run).toMatchObject({ status: "running", fund_id: fund.fundId, ended_at: null });

  const proposed = await db.value<{ proposal_id: string; hash: string }>(
    agent("rebalancing"),
    "fn_propose_rebalancing",
    {
      event_id: asked.event_id,
      body: proposalBody(fund, TRADES),
      inputs: { allocations_version: "1", memory_ids: [] },
      request_id: "propose-1",
    },
  );
  expect(proposed.hash).toMatch(/^[0-9a-f]{64}$/);
  const { proposal_id } = proposed;

  // 30-day assets 600,000 − 40,000 + 30,000 + (10,000 − 50) = 599,950; stressed liabilities 150,000
  expect(
    await db.call(agent("liquidity-engine"), "fn_reserve_liquidity", { proposal_id, request_id: "reserve-1" }),
  ).toEqual([{ result: "passed", reason: expect.stringContaining("R38"), ratio: "3.999666666666666667" }]);
  expect(
    await db.value(agent("compliance-sentinel"), "fn_record_checks", {
      proposal_id,
      checks: CHECKS,
      request_id: "check-1",
    }),
  ).toBe("passed");
  const opened = await db.value<{ status: string; expires_in_ms: number }>(agent("commander"), "fn_open_proposal", {
    proposal_id,
    request_id: "open-p-1",
  });
  expect(opened).toMatchObject({ status: "pending", reason: "" });
  expect(opened.expires_in_ms).toBeGreaterThan(71 * 3600 * 1000);
  expect(await db.value(agent("commander"), "fn_read_decision", { proposal_id })).toMatchObject({
    status: "pending",
    final: false,
  });
  expect(
    await db.value(PM_TWO, "fn_decide_proposal", {
      proposal_id,
      hash: proposed.hash,
      decision: "approved",
      request_id: "decide-1",
    }),
  ).toEqual({
    proposal_id,
    status: "approved",
    workflow_id: asked.workflow_id,
  });
  expect(await db.value(agent("commander"), "fn_read_decision", { proposal_id })).toMatchObject({
    status: "approved",
    final: true,
  });
  expect(await db.value(agent("rebalancing"), "fn_apply_allocations", { proposal_id, request_id: "apply-1" })).toEqual({
    status: "applied",
    version: "2",
  });
  const [ended] = await db.call(agent("commander"), "fn_complete_workflow", {
    workflow_id: asked.workflow_id,
    status: "completed",
    metadata: { proposal_id },
    request_id: "close-1",
  });
  expect(ended).toMatchObject({ status: "completed", metadata: { proposal_id } });

  const allocations = await db.look(
    `select x.external_key as key, a.market_value, a.version, a.actual_pct from portfolio_allocations a join assets x on x.id = a.asset_id
      where a.fund_id = $1 and a.superseded_at is null order by 1`,
    [fund.fundId],
  );
  expect(allocations.map((a) => [a.key, a.market_value, a.version])).toEqual([
    ["BOND-A", "160000.0000", "2"],
    ["BOND-B", "150000.0000", "2"],
    ["CASH", "109950.0000", "2"],
    ["EQUITY-1", "250000.0000", "2"],
    ["INFRA-1", "150000.0000", "2"],
    ["SHARE-A", "180000.0000", "2"],
  ]);
  expect(allocations[0]?.actual_pct).toBe("0.160008000400020001"); // 160,000 / 999,950
  expect(await db.look("select net_assets, allocations_version from funds where fund_id = $1", [fund.fundId])).toEqual([
    { net_assets: "999950.0000", allocations_version: "2" },
  ]);
  const ladder = await db.look(
    "select bucket, capacity, utilization from liquidity_ladder where fund_id = $1 and side = 'asset' order by bucket",
    [fund.fundId],
  );
  expect(ladder).toEqual([
    { bucket: "1d", capacity: "289950.0000", utilization: "0.0000" }, // + 30,000 shares + 9,950 cash
    { bucket: "7d", capacity: "310000.0000", utilization: "0.0000" },
    { bucket: "gt365d", capacity: "400000.0000", utilization: "0.0000" },
  ]);
});

it("recorded events that their schemas in the domain accept, all on one trace", async () => {
  const events = await db.look<{ type: string; payload: unknown; event_meta: Record<string, string> }>(
    "select type, payload, event_meta from fund_events order by seq",
  );
  expect(events.map((e) => e.type)).toEqual([
    "FUND_IMPORTED",
    "REBALANCE_REQUESTED",
    "PROPOSAL_CREATED",
    "PROPOSAL_DECIDED",
    "ALLOCATIONS_APPLIED",
    "WORKFLOW_COMPLETED",
  ]);
  for (const { type, payload } of events) {
    if (!isEventName(type)) throw new Error(`unknown type ${type}`);
    expect(EVENTS[type].payload.parse(payload), type).toBeDefined();
  }
  const [cause] = await db.look<{ event_id: string }>(
    "select event_id from fund_events where type = 'REBALANCE_REQUESTED'",
  );
  for (const { type, event_meta } of events.slice(2))
    expect(event_meta, type).toMatchObject({ workflow_id: `event/${cause?.event_id}`, causation_id: cause?.event_id });
});

it("wrote one audit row per step, by the one who did it", async () => {
  const rows = await db.look("select created_by, message, request_id from audit_trail order by seq");
  expect(rows.map((r) => `${r.created_by}: ${r.message}`)).toEqual([
    `user:${"userId" in PM_ONE ? PM_ONE.userId : ""}: mandate version 1 set`,
    `user:${"userId" in PM_ONE ? PM_ONE.userId : ""}: fund imported with 6 assets as of 2026-09-30`,
    `user:${"userId" in PM_ONE ? PM_ONE.userId : ""}: rebalancing requested`,
    "agent:commander: commander started",
    "agent:rebalancing: rebalancing proposed with 2 trades",
    "agent:liquidity-engine: liquidity reserved",
    "agent:compliance-sentinel: pre-trade checks recorded: 2, failed 0",
    "agent:commander: proposal waits for a decision",
    expect.stringMatching(/^user:.*2: proposal approved on hash [0-9a-f]{12}$/),
    "agent:rebalancing: allocations applied, version 2",
    "agent:commander: commander completed",
  ]);
  expect(rows.map((r) => r.request_id)).toEqual([
    null,
    null,
    "ask-1",
    "open-1",
    "propose-1",
    "reserve-1",
    "check-1",
    "open-p-1",
    "decide-1",
    "apply-1",
    "close-1",
  ]);
});
