// The journeys of this house as tests take them: what a person asks, what the second person decides, and what must be true afterwards.
import type { Actor } from "@evergreen-fund/domain";
import type { Database } from "@evergreen-fund/supabase-client";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { issuerOf, nameOf, SYNTHETIC_ASSETS, SYNTHETIC_LADDER, SYNTHETIC_MANDATE } from "./synthetic-fund.ts";

const person = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
export const PM_ONE = { role: "pm_role", userId: person(1) } satisfies Actor;
export const PM_TWO = { role: "pm_role", userId: person(2) } satisfies Actor;
export const OPS = { role: "ops_role", userId: person(5) } satisfies Actor;
export const AUDIT = { role: "audit_role", userId: person(6) } satisfies Actor;

/** A day so many days ago, as evidence is dated. */
export const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
/** Everything a natural person owes who is a professional investor (policies/kyc/onboarding.yaml). */
export const FULL_EVIDENCE = {
  identity_document: daysAgo(200),
  address_proof: daysAgo(30),
  professional_status: daysAgo(100),
  source_of_funds: daysAgo(20),
};

let made = 0;

/** A synthetic fund of 1,000,000.00 whose equity sleeve is far below its band, so that a rebalancing has trades. */
export async function importFund(
  database: Database,
  change: Record<string, unknown> = {},
): Promise<{ fundId: string; code: string }> {
  const code = `J${process.pid}-${++made}`;
  const fund = {
    code,
    name: `Synthetic fund ${code}`,
    currency: "USD",
    as_of: "2026-09-30",
    net_assets: "1000000.00",
    synthetic: true,
    source: { kind: "synthetic" },
    assets: SYNTHETIC_ASSETS.map((asset) => ({
      ...asset,
      name: nameOf(asset.key),
      issuer: issuerOf(asset.key),
      liquid: true,
    })),
    ladder: SYNTHETIC_LADDER,
    sensitivities: [{ measure: "dv100", currency: "USD", tenor: "1y", value: "1234.50" }],
    mandate: SYNTHETIC_MANDATE,
    ...change,
  };
  const { fund_id } = await database.rpc(PM_ONE, "fn_import_fund", { fund, request_id: `journey/${code}` });
  return { fundId: fund_id, code };
}

/** Waits until the run of an event has ended in the mirror; its memory, if any, may still be on its way. */
export function runEnded(database: Database, eventId: string, timeoutMs = 600_000) {
  return until(
    async () => {
      const run = await database.read(AUDIT, (tx) => tx.workflow_runs.findFirst({ where: { event_id: eventId } }));
      return run?.ended_at ? run : null;
    },
    `the run of event ${eventId} to end`,
    timeoutMs,
  );
}

/** Waits for the end of a run and expects it to be `status`; a run that ended otherwise says why. */
export async function expectEnd(database: Database, eventId: string, status: string): Promise<void> {
  const run = await runEnded(database, eventId);
  expect(run, JSON.stringify(run.metadata)).toMatchObject({ status });
}

export function proposalStands(database: Database, eventId: string) {
  return until(async () => {
    const proposal = await database.read(AUDIT, (tx) =>
      tx.proposals.findFirst({ where: { event_id: eventId }, include: { checks: true } }),
    );
    return proposal && proposal.status !== "checking" ? proposal : null;
  }, `a proposal for event ${eventId}`);
}

/** What must hold after a rebalancing that was approved, however often anything died on the way. */
export async function expectRebalancedOnce(database: Database, fundId: string, eventId: string): Promise<void> {
  // an event leaves the outbox after the run that it started has ended, and later still when a database died meanwhile
  await until(
    async () => (await database.read(AUDIT, (tx) => tx.event_outbox.count({ where: { fund_id: fundId } }))) === 0,
    `the outbox of fund ${fundId} to be empty`,
  );
  const seen = await database.read(AUDIT, async (tx) => ({
    fund: await tx.funds.findUniqueOrThrow({ where: { fund_id: fundId } }),
    current: await tx.portfolio_allocations.findMany({ where: { fund_id: fundId, superseded_at: null } }),
    proposals: await tx.proposals.findMany({ where: { event_id: eventId } }),
    approvals: await tx.approvals.count({ where: { proposal: { event_id: eventId } } }),
    checks: await tx.proposal_checks.findMany({ where: { proposal: { event_id: eventId } } }),
    held: await tx.liquidity_reservations.count({ where: { fund_id: fundId, released_at: null } }),
    rungs: await tx.liquidity_ladder.findMany({ where: { fund_id: fundId, side: "asset" } }),
    applied: await tx.fund_events.count({ where: { fund_id: fundId, type: "ALLOCATIONS_APPLIED" } }),
    completed: await tx.fund_events.count({ where: { fund_id: fundId, type: "WORKFLOW_COMPLETED" } }),
  }));
  expect(seen.proposals.map((proposal) => proposal.status)).toEqual(["applied"]);
  expect(seen.approvals).toBe(1);
  expect(seen.applied).toBe(1);
  expect(seen.completed).toBe(1);
  expect(seen.held).toBe(0);
  expect(seen.rungs.every((rung) => rung.utilization.isZero())).toBe(true);
  expect(String(seen.fund.allocations_version)).toBe("2");
  expect(new Set(seen.checks.map((check) => check.rule)).size).toBe(seen.checks.length);
  const body = seen.proposals[0]!.body as { trades: { amount: string }[]; cost: string };
  expect(body.trades.length).toBeGreaterThan(0);
  // money is conserved to the cent: what was held less what trading cost
  const total = seen.current.reduce(
    (sum, row) => sum.plus(row.market_value),
    seen.fund.net_assets.minus(seen.fund.net_assets),
  );
  expect(total.plus(body.cost).toFixed(2)).toBe("1000000.00");
  expect(seen.fund.net_assets.toFixed(2)).toBe(total.toFixed(2));
  expect(seen.rungs.reduce((sum, rung) => sum.plus(rung.capacity), total.minus(total)).toFixed(2)).toBe(
    total.toFixed(2),
  );
}

/** One memory per run, made once the run has closed. */
export async function expectRememberedOnce(database: Database, eventId: string): Promise<void> {
  const find = () =>
    database.read(AUDIT, (tx) => tx.agent_memories.findMany({ where: { workflow_id: `event/${eventId}` } }));
  // remembering is retried for long: a fresh process loads its model first
  await until(async () => (await find()).length > 0, `the memory of event ${eventId}`, 240_000);
  expect(await find()).toHaveLength(1);
}
