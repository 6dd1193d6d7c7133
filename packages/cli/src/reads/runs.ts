// Runs: the mirror of a workflow in the database, with everything that hangs on it.
import { z } from "zod";
import type { Session } from "../session.ts";
import { type EventRow, eventsWhere } from "./events.ts";
import { type MemoryRow, memoriesWhere } from "./proposals.ts";

const RunRow = z.object({
  workflow_id: z.string(),
  type: z.string(),
  status: z.string(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  fund_id: z.string().nullable(),
  event_id: z.string().nullable(),
  trace_id: z.string(),
  metadata: z.record(z.string(), z.unknown()),
});
export type RunRow = z.infer<typeof RunRow>;
const COLUMNS = "workflow_id,type,status,started_at,ended_at,fund_id,event_id,trace_id,metadata";

const AuditRow = z.object({
  audit_id: z.string(),
  seq: z.coerce.string(),
  entity_type: z.string(),
  entity_id: z.string(),
  message: z.string(),
  created_by: z.string(),
  created_at: z.string(),
});
export type AuditRow = z.infer<typeof AuditRow>;

const ComplianceRow = z.object({
  log_id: z.string(),
  actor: z.string(),
  rule: z.string(),
  rule_version: z.string(),
  result: z.string(),
  entity_type: z.string(),
  entity_id: z.string(),
  detail: z.record(z.string(), z.unknown()),
  created_at: z.string(),
});
export type ComplianceRow = z.infer<typeof ComplianceRow>;

export function findRun(session: Session, workflowId: string): Promise<RunRow | undefined> {
  return session.one("workflow_runs", COLUMNS, (query) => query.eq("workflow_id", workflowId), RunRow);
}

export function listRuns(
  session: Session,
  filter: { fundId: string | undefined; status: string | undefined; limit: number },
): Promise<RunRow[]> {
  return session.read(
    "workflow_runs",
    COLUMNS,
    (query) => {
      const byFund = filter.fundId === undefined ? query : query.eq("fund_id", filter.fundId);
      const byStatus = filter.status === undefined ? byFund : byFund.eq("status", filter.status);
      return byStatus.order("started_at", { ascending: false }).range(0, filter.limit - 1);
    },
    RunRow,
  );
}

export interface RunDetails {
  events: EventRow[];
  audit: AuditRow[];
  complianceLogs: ComplianceRow[];
  memories: MemoryRow[];
}

/** What a run caused: its event and those it recorded, the audit entries of all it touched, compliance logs, memories. */
export async function runDetails(session: Session, run: RunRow): Promise<RunDetails> {
  const [caused, first, logs, memories, proposals] = await Promise.all([
    eventsWhere(session, (query) => query.eq("event_meta->>workflow_id", run.workflow_id)),
    run.event_id === null ? [] : eventsWhere(session, (query) => query.eq("event_id", run.event_id ?? "")),
    session.read(
      "compliance_logs",
      "log_id,actor,rule,rule_version,result,entity_type,entity_id,detail,created_at",
      (query) => query.eq("workflow_id", run.workflow_id).order("created_at"),
      ComplianceRow,
    ),
    memoriesWhere(session, (query) => query.eq("workflow_id", run.workflow_id)),
    session.read(
      "proposals",
      "proposal_id",
      (query) => query.eq("workflow_id", run.workflow_id),
      z.object({ proposal_id: z.string() }),
    ),
  ]);
  const known = new Map([...first, ...caused].map((event) => [event.event_id, event]));
  const events = [...known.values()].sort((a, b) => Number(a.seq) - Number(b.seq));
  const entities = [
    run.workflow_id,
    ...events.map((event) => event.event_id),
    ...proposals.map((proposal) => proposal.proposal_id),
    ...logs.map((log) => log.log_id),
    ...memories.map((memory) => memory.memory_id),
  ];
  const audit: AuditRow[] = [];
  // a URL has an end: ids are asked for in groups
  for (let at = 0; at < entities.length; at += 50) {
    audit.push(
      ...(await session.read(
        "audit_trail",
        "audit_id,seq,entity_type,entity_id,message,created_by,created_at",
        (query) => query.in("entity_id", entities.slice(at, at + 50)).order("seq"),
        AuditRow,
      )),
    );
  }
  audit.sort((a, b) => Number(a.seq) - Number(b.seq));
  return { events, audit, complianceLogs: logs, memories };
}
