// What the Commander knows of an event before it plans, and of a run before it remembers it. One snapshot each.
import type { Reader } from "@evergreen-fund/supabase-client";

export interface EventFacts {
  type: string;
  payload: unknown;
  fundId: string | undefined;
  fundCode: string | undefined;
}

export async function readEvent(tx: Reader, eventId: string): Promise<EventFacts | null> {
  const row = await tx.fund_events.findUnique({
    where: { event_id: eventId },
    include: { fund: { select: { code: true } } },
  });
  if (row === null) return null;
  return {
    type: row.type,
    payload: row.payload,
    fundId: row.fund_id ?? undefined,
    fundCode: row.fund?.code,
  };
}

export interface RunFacts {
  type: string;
  /** Position of the event: its version as a row. */
  seq: string;
  fundCode: string | undefined;
  proposal:
    | {
        id: string;
        hash: string;
        status: string;
        trades: number;
        sleeves: string[];
        failedRules: string[];
        version: string;
      }
    | undefined;
  mandateVersion: number | undefined;
  alerts: { kind: string; severity: string }[];
  /** What a stress run rests on; undefined for any other run, null hash for one that never was opened. */
  stress: { runId: string; snapshotHash: string | null; asOf: string | null; scenarios: string[] } | undefined;
}

export async function readRun(tx: Reader, eventId: string, proposalId: string | undefined): Promise<RunFacts> {
  const event = await tx.fund_events.findUniqueOrThrow({
    where: { event_id: eventId },
    include: { fund: { select: { code: true } } },
  });
  const proposal =
    proposalId === undefined
      ? null
      : await tx.proposals.findUnique({ where: { proposal_id: proposalId }, include: { checks: true } });
  const alerts = await tx.risk_alerts.findMany({ where: { event_id: eventId } });
  const stress = await tx.stress_runs.findUnique({
    where: { event_id: eventId },
    include: { outcomes: { include: { scenario: true }, orderBy: { ordinal: "asc" } } },
  });
  const body = proposal?.body as { trades?: { sleeve?: string }[] } | undefined;
  return {
    type: event.type,
    seq: String(event.seq),
    fundCode: event.fund?.code,
    mandateVersion: (event.payload as { mandate_version?: number }).mandate_version,
    alerts: alerts.map(({ kind, severity }) => ({ kind, severity })),
    stress:
      stress === null
        ? undefined
        : {
            runId: stress.stress_run_id,
            snapshotHash: stress.snapshot_hash,
            asOf: stress.as_of?.toISOString().slice(0, 10) ?? null,
            scenarios: stress.outcomes.map(({ scenario }) => scenario.scenario_id),
          },
    proposal:
      proposal === null
        ? undefined
        : {
            id: proposal.proposal_id,
            hash: proposal.hash,
            status: proposal.status,
            trades: body?.trades?.length ?? 0,
            sleeves: [...new Set((body?.trades ?? []).map((trade) => trade.sleeve ?? ""))].sort(),
            failedRules: proposal.checks
              .filter((check) => check.result === "failed")
              .map((check) => check.rule)
              .sort(),
            version: String(proposal.based_on_version),
          },
  };
}
