// What Simulation reads of a stress run: the run with what it rests on, one of its scenarios, the shards that are valued, the outcomes. One snapshot each.
import { EvergreenError } from "@evergreen-fund/domain";
import type { Reader } from "@evergreen-fund/supabase-client";
import type { ReportQuestion } from "../../stress-engine.ts";

export interface RunFacts {
  runId: string;
  fundId: string;
  kind: string;
  status: string;
  scenarios: number;
  /** When it was asked for, by the database's clock. */
  askedAt: Date;
  /** Null until the run is open. */
  basis: { snapshot: { name: string; hash: string }; asOf: string; codeHash: string } | null;
}

/** The run that an event asked for. Errors: EG404. */
export async function readRun(tx: Reader, eventId: string): Promise<RunFacts> {
  const row = await tx.stress_runs.findUnique({ where: { event_id: eventId } });
  if (row === null) throw new EvergreenError("EG404", "No stress run was asked for by that event.");
  const { snapshot_name: name, snapshot_hash: hash, as_of: asOf, code_hash: codeHash } = row;
  const open = name !== null && hash !== null && asOf !== null && codeHash !== null;
  return {
    runId: row.stress_run_id,
    fundId: row.fund_id,
    kind: row.kind,
    status: row.status,
    scenarios: row.scenarios,
    askedAt: row.started_at,
    basis: open ? { snapshot: { name, hash }, asOf: asOf.toISOString().slice(0, 10), codeHash } : null,
  };
}

export interface ScenarioFacts {
  hash: string;
  title: string;
  body: string;
  status: string;
}
/** One scenario of the run, by its place in the list. Errors: EG404. */
export async function readScenario(tx: Reader, runId: string, ordinal: number): Promise<ScenarioFacts> {
  const row = await tx.stress_outcomes.findFirst({
    where: { stress_run_id: runId, ordinal },
    include: { scenario: true },
  });
  if (row === null) throw new EvergreenError("EG404", "The run has no scenario with that number.");
  return { hash: row.scenario_hash, title: row.scenario.title, body: row.scenario.body, status: row.status };
}

/** Bodies of the shards of a scenario, in their order. */
export async function readShards(tx: Reader, runId: string, scenarioHash: string): Promise<string[]> {
  const rows = await tx.stress_shards.findMany({
    where: { stress_run_id: runId, scenario_hash: scenarioHash },
    orderBy: { shard: "asc" },
  });
  return rows.map(({ body }) => body);
}

export interface DoneScenario extends ScenarioFacts {
  ordinal: number;
  scenarioId: string;
  version: number;
  outcome: string;
  outcomeHash: string;
}
/** What is done of a run, in the order it was asked for. */
export async function readDone(tx: Reader, runId: string): Promise<DoneScenario[]> {
  const rows = await tx.stress_outcomes.findMany({
    where: { stress_run_id: runId, status: "done" },
    include: { scenario: true },
    orderBy: { ordinal: "asc" },
  });
  return rows.map((row) => ({
    ordinal: row.ordinal,
    hash: row.scenario_hash,
    scenarioId: row.scenario.scenario_id,
    version: row.scenario.version,
    title: row.scenario.title,
    body: row.scenario.body,
    status: row.status,
    outcome: row.body ?? "",
    outcomeHash: row.body_hash ?? "",
  }));
}

/** A run that has ended, and everything that its report says. */
export async function readReported(tx: Reader, runId: string): Promise<ReportQuestion> {
  const row = await tx.stress_runs.findUniqueOrThrow({
    where: { stress_run_id: runId },
    include: { fund: true, outcomes: { include: { scenario: true }, orderBy: { ordinal: "asc" } } },
  });
  return {
    run: {
      runId,
      fund: row.fund.code,
      kind: row.kind,
      status: row.status,
      asOf: row.as_of?.toISOString().slice(0, 10) ?? null,
      snapshotName: row.snapshot_name,
      snapshotHash: row.snapshot_hash,
      codeHash: row.code_hash,
      seed: row.seed,
      currency: row.currency,
      scenarios: row.scenarios,
      done: row.done,
      failed: row.failed,
      reason: row.reason,
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
    },
    outcomes: row.outcomes.map(({ scenario, ordinal, scenario_hash, status, reason, body }) => ({
      ordinal,
      scenarioId: scenario.scenario_id,
      version: scenario.version,
      title: scenario.title,
      scenarioHash: scenario_hash,
      status: status as "waiting" | "done" | "failed",
      reason,
      body,
    })),
  };
}
