// The words of a run for memory: what was asked, what came of it, and references. No amount, no personal data.

import { FundId } from "@evergreen-fund/domain";
import type { RememberInput } from "@evergreen-fund/memory";
import { traceIdOf } from "@evergreen-fund/tracing";
import type { RunFacts } from "./facts.ts";

export interface RunEnd {
  eventId: string;
  workflowId: string;
  fundId: string;
  status: string;
  reason: string;
}

export function memoryOf(end: RunEnd, facts: RunFacts): RememberInput {
  const fund = facts.fundCode ?? "the platform";
  const { proposal, stress } = facts;
  const story = [
    `${facts.type} of fund ${fund} ended as ${end.status}: ${end.reason}.`,
    ...(proposal
      ? [
          `The proposal had ${proposal.trades} trades${proposal.sleeves.length > 0 ? ` in ${proposal.sleeves.join(", ")}` : ""} and stands as ${proposal.status}.`,
        ]
      : []),
    ...(proposal && proposal.failedRules.length > 0 ? [`It violated ${proposal.failedRules.join(", ")}.`] : []),
    ...facts.alerts.map((alert) => `Risk Guardian raised a ${alert.severity} about ${alert.kind}.`),
  ];
  const run = { kind: "Workflow" as const, ref: end.workflowId };
  const policy =
    facts.mandateVersion === undefined
      ? []
      : [{ kind: "Policy" as const, ref: `mandate/${end.fundId}/${facts.mandateVersion}` }];
  const rules = (proposal?.failedRules ?? []).map((rule) => ({ kind: "Policy" as const, ref: `rule/${rule}` }));
  const scenarios = [...new Set(stress?.scenarios ?? [])].map((ref) => ({ kind: "Scenario" as const, ref }));
  return {
    text: story.join(" ").slice(0, 4000),
    fundId: FundId.parse(end.fundId),
    supabase_refs: [
      { table: "fund_events", id: end.eventId, version: facts.seq },
      ...(stress ? [{ table: "stress_runs", id: stress.runId, version: null }] : []),
      ...(proposal ? [{ table: "proposals", id: proposal.id, version: proposal.version }] : []),
    ],
    duckdb_refs:
      stress?.snapshotHash == null
        ? []
        : [
            { table: "snapshots", id: stress.snapshotHash, as_of: stress.asOf },
            { table: "valuation_runs", id: stress.runId, as_of: stress.asOf },
          ],
    workflow_id: end.workflowId,
    langfuse_trace_id: traceIdOf(end.workflowId),
    trust: "system",
    nodes: [run, ...policy, ...rules, ...scenarios],
    edges: [
      ...policy.map((node) => ({ kind: "resolved_with" as const, from: run, to: node })),
      ...rules.map((node) => ({ kind: "violated" as const, from: run, to: node })),
    ],
    requestId: `${end.workflowId}/commander.remember`,
  };
}
