// Every fn_* of the database: its arguments and what it answers. The SQL is in prisma/sql; a test compares names and arguments.
import { z } from "zod";
import { COCKPIT_RPCS } from "./cockpit-rpc.ts";
import { COMPLIANCE_RPCS } from "./compliance-rpc.ts";
import { DEALING_RPCS } from "./dealing-rpc.ts";
import { DESK_PAGE_RPCS } from "./desk-page-rpc.ts";
import { IMPORT_RPCS } from "./import-rpc.ts";
import { MARKET_RPCS } from "./market-rpc.ts";
import { PAGE_RPCS } from "./page-rpc.ts";
import { PARTY_RPCS } from "./party-rpc.ts";
import { PERSONAL_RPCS } from "./personal-rpc.ts";
import { POOL_RPCS } from "./pool-rpc.ts";
import { RETENTION_RPCS } from "./retention-rpc.ts";
import { amount, bigint, id, json, type Rpc, request_id, rpc, uuid, when } from "./rpc-shape.ts";
import { SCREENING_RPCS } from "./screening-rpc.ts";
import { STATEMENT_RPCS } from "./statement-rpc.ts";
import { STRESS_RPCS } from "./stress-rpc.ts";
import { TOKEN_RPCS } from "./token-rpc.ts";
import { WEBHOOK_RPCS } from "./webhook-rpc.ts";

const workflowRun = z.object({
  workflow_id: z.string(),
  type: z.string(),
  status: z.string(),
  fund_id: uuid.nullable(),
  trace_id: z.string(),
});
const rung = z.object({
  ladder_id: uuid,
  bucket: z.string(),
  side: z.string(),
  capacity: amount,
  utilization: amount,
  stress_delta: amount,
});

/** Arguments that are arrays in SQL; any other list travels as jsonb. A test compares these names with the database's own types. */
export const ARRAY_ARGUMENTS: ReadonlySet<string> = new Set([
  "seqs",
  "investor_ids",
  "missing",
  "embedding",
  "memory_ids",
  "elected_lots",
  "subject_ids",
  "fields",
  "version_ids",
  "types",
  "event_ids",
]);

export const RPCS = {
  fn_record_event: rpc(
    "one",
    z.object({
      type: z.string(),
      payload: json,
      source: id,
      workflow_id: id.optional(),
      request_id,
      fund_id: uuid.optional(),
      investor_ids: z.array(uuid).optional(),
    }),
    uuid,
  ),
  fn_claim_events: rpc(
    "rows",
    z.object({ consumer: id, max_events: z.int().optional(), lease_seconds: z.int().optional() }),
    z.object({
      seq: bigint,
      event_id: uuid,
      type: z.string(),
      mode: z.enum(["run", "tell"]),
      fund_id: uuid.nullable(),
      attempts: z.int(),
      recorded_at: when,
      to_workflow_id: z.string().nullable(),
    }),
  ),
  fn_finish_events: rpc("one", z.object({ seqs: z.array(z.string()) }), z.int()),
  fn_fail_event: rpc(
    "one",
    z.object({ seq: z.string(), reason: z.string(), max_attempts: z.int().optional() }),
    z.enum(["later", "dead", "gone"]),
  ),
  fn_release_events: rpc("one", z.object({ seqs: z.array(z.string()) }), z.int()),
  fn_claim_batch: rpc(
    "rows",
    z.object({ consumer: id, max_events: z.int().optional(), lease_seconds: z.int().optional() }),
    z.object({ batch_id: uuid, type: z.string(), events: z.int(), attempts: z.int() }),
  ),
  fn_fail_batch: rpc(
    "one",
    z.object({ batch_id: uuid, reason: z.string(), max_attempts: z.int().optional() }),
    z.enum(["later", "dead", "gone"]),
  ),
  fn_retry_event: rpc("one", z.object({ event_id: uuid, request_id }), z.string()),
  fn_seal_audit: rpc("one", z.object({ max_entries: z.int().optional() }), z.int()),
  fn_open_workflow: rpc(
    "row",
    z.object({ workflow_id: id, type: id, event_id: uuid.optional(), metadata: json.optional(), request_id }),
    workflowRun,
  ),
  fn_complete_workflow: rpc(
    "row",
    z.object({ workflow_id: id, status: z.string(), metadata: json, request_id }),
    workflowRun,
  ),
  fn_update_liquidity_bucket: rpc(
    "row",
    z.object({ bucket: z.string(), delta_capacity: amount, context: json, request_id }),
    rung,
  ),
  fn_reserve_liquidity: rpc(
    "row",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ result: z.enum(["passed", "failed"]), reason: z.string(), ratio: amount.nullable() }),
  ),
  fn_release_liquidity: rpc("one", z.object({ proposal_id: uuid, reason: z.string(), request_id }), z.int()),
  fn_record_stress_liquidity: rpc(
    "one",
    z.object({
      stress_run_id: uuid,
      ladder: z.array(json),
      base: json.nullable(),
      breaches: z.array(json),
      trends: z.array(json),
      request_id,
    }),
    z.object({
      outcome: z.enum(["moved", "laboratory"]),
      scenarios: z.int(),
      moved: z.int(),
      deltas: z.int(),
      breaches: z.int(),
      trends: z.int(),
    }),
  ),
  fn_request_rebalance: rpc(
    "one",
    z.object({
      fund: z.string(),
      reason: z.string().optional(),
      method: z.string().optional(),
      request_id,
      mandate: json.optional(),
    }),
    z.object({ event_id: uuid, workflow_id: z.string(), fund_id: uuid }),
  ),
  fn_propose_rebalancing: rpc(
    "one",
    z.object({ event_id: uuid, body: json, inputs: json, request_id }),
    z.object({ proposal_id: uuid, hash: z.string() }),
  ),
  fn_record_checks: rpc(
    "one",
    z.object({ proposal_id: uuid, checks: z.array(json), request_id }),
    z.enum(["passed", "failed"]),
  ),
  fn_open_proposal: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ status: z.string(), expires_in_ms: z.number(), reason: z.string() }),
  ),
  fn_decide_proposal: rpc(
    "one",
    z.object({ proposal_id: uuid, hash: z.string(), decision: z.string(), reason: z.string().optional(), request_id }),
    z.object({ proposal_id: uuid, status: z.string(), workflow_id: z.string() }),
  ),
  fn_read_decision: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ status: z.string(), final: z.boolean(), expires_in_ms: z.number() }),
  ),
  fn_withdraw_proposal: rpc("one", z.object({ proposal_id: uuid, reason: z.string(), request_id }), z.string()),
  fn_apply_allocations: rpc(
    "one",
    z.object({ proposal_id: uuid, request_id }),
    z.object({ status: z.string(), version: z.string() }),
  ),
  fn_set_mandate: rpc(
    "one",
    z.object({ fund: z.string(), mandate: json, label: z.string().optional(), request_id }),
    z.int(),
  ),
  fn_import_fund: rpc(
    "one",
    z.object({ fund: json, request_id }),
    z.object({ fund_id: uuid, code: z.string(), assets: z.int(), version: z.string() }),
  ),
  fn_submit_investor: rpc(
    "one",
    z.object({
      classification: z.string(),
      evidence: json.optional(),
      fund: z.string().optional(),
      request_id,
      party_kind: z.string().optional(),
      party_id: uuid.optional(),
    }),
    uuid,
  ),
  fn_assign_investor: rpc(
    "one",
    z.object({
      pending_id: uuid,
      classification: z.string(),
      request_id,
      risk_score: z.int().optional(),
      risk_level: z.string().optional(),
      next_review: z.string().optional(),
    }),
    uuid,
  ),
  fn_ask_evidence: rpc("one", z.object({ pending_id: uuid, missing: z.array(z.string()), request_id }), z.string()),
  ...PARTY_RPCS,
  ...DEALING_RPCS,
  ...STATEMENT_RPCS,
  ...COMPLIANCE_RPCS,
  ...RETENTION_RPCS,
  ...PERSONAL_RPCS,
  ...PAGE_RPCS,
  ...COCKPIT_RPCS,
  ...DESK_PAGE_RPCS,
  ...IMPORT_RPCS,
  ...STRESS_RPCS,
  ...MARKET_RPCS,
  ...POOL_RPCS,
  ...WEBHOOK_RPCS,
  ...SCREENING_RPCS,
  ...TOKEN_RPCS,
  fn_intake_orders: rpc(
    "one",
    z.object({ batch_id: uuid, request_id }),
    z.object({ accepted: z.int(), held: z.int(), skipped: z.int() }),
  ),
  fn_raise_alert: rpc(
    "one",
    z.object({
      event_id: uuid,
      kind: z.string(),
      severity: z.string(),
      reason: z.string(),
      request_id,
      remedy: json.optional(),
    }),
    uuid,
  ),
  fn_acknowledge_alert: rpc(
    "one",
    z.object({ alert_id: uuid, note: z.string(), request_id }),
    z.object({ alert_id: uuid, acknowledged_at: z.string(), acknowledged_by: z.string() }),
  ),
  fn_record_stress: rpc(
    "one",
    z.object({
      event_id: uuid,
      scenario_id: z.string(),
      loss: amount,
      method: z.string(),
      detail: json.optional(),
      request_id,
    }),
    uuid,
  ),
  fn_log_compliance: rpc(
    "one",
    z.object({
      event_id: uuid,
      rule: z.string(),
      rule_version: z.string(),
      result: z.string(),
      detail: json.optional(),
      request_id,
    }),
    uuid,
  ),
  fn_remember: rpc("one", z.object({ memory: json, request_id }), uuid),
  fn_search_memories: rpc(
    "rows",
    z.object({ embedding: z.array(z.number()), fund_id: uuid.optional(), max_rows: z.int().optional() }),
    z.object({
      memory_id: uuid,
      text: z.string(),
      score: z.number().nullable(),
      supabase_refs: z.unknown(),
      duckdb_refs: z.unknown(),
      workflow_id: z.string().nullable(),
      langfuse_trace_id: z.string().nullable(),
      trust: z.string(),
      superseded: z.boolean(),
      recorded_at: when,
    }),
  ),
  fn_list_memories: rpc(
    "rows",
    z.object({
      fund_id: uuid,
      since: z.string().optional(),
      memory_ids: z.array(uuid).optional(),
      max_rows: z.int().optional(),
    }),
    z.object({
      horizon: z.string(),
      tx: z.string().nullable(),
      changed: z.boolean().nullable(),
      memory_id: uuid.nullable(),
      embedding: z.array(z.number()).nullable(),
      text: z.string().nullable(),
      supabase_refs: z.unknown(),
      duckdb_refs: z.unknown(),
      workflow_id: z.string().nullable(),
      langfuse_trace_id: z.string().nullable(),
      trust: z.string().nullable(),
      superseded: z.boolean().nullable(),
      recorded_at: when.nullable(),
    }),
  ),
  fn_record_spans: rpc("one", z.object({ spans: z.array(json) }), z.int()),
  fn_load_demo: rpc("one", z.object({ chunk: json, request_id }), z.unknown()),
  fn_set_demo_clock: rpc("one", z.object({ at: z.string() }), z.unknown()),
  fn_batch_demo_orders: rpc(
    "one",
    z.object({ fund: z.string(), direction: z.enum(["subscription", "redemption"]), request_id }),
    uuid.nullable(),
  ),
  fn_hand_over_demo_days: rpc("one", z.object({ fund: z.string(), request_id }), z.int()),
  fn_note_schedule: rpc(
    "one",
    z.object({
      schedule_id: z.string(),
      action: z.enum(["pause", "resume", "backfill"]),
      note: z.string(),
      request_id,
    }),
    z.object({ event_id: uuid }),
  ),
} as const satisfies Record<string, Rpc>;

export type RpcName = keyof typeof RPCS;
export type RpcArgs<N extends RpcName> = z.input<(typeof RPCS)[N]["args"]>;
type Result<N extends RpcName> = z.output<(typeof RPCS)[N]["result"]>;
export type RpcResult<N extends RpcName> = (typeof RPCS)[N]["shape"] extends "rows" ? Result<N>[] : Result<N>;
