// Functions of compliance rules, breaches and the regulatory calendar.
import { z } from "zod";
import { amount, day, id, json, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const version = z.object({ version_id: uuid, hash: z.string(), body: json });
const status = z.enum(["draft", "tested", "live"]);

export const COMPLIANCE_RPCS = {
  fn_draft_rules: rpc(
    "one",
    z.object({ body: json, source: z.enum(["file", "infisical"]), request_id }),
    z.object({ version_id: uuid, pack: z.string(), version: z.int(), hash: z.string(), status }),
  ),
  fn_test_rules: rpc(
    "one",
    z.object({ version_id: uuid, results: z.array(json), request_id }),
    z.object({ version_id: uuid, status, examples: z.int(), passed: z.int() }),
  ),
  fn_refuse_rules: rpc(
    "one",
    z.object({ pack: id, source: z.enum(["file", "infisical"]), problems: z.array(z.string()), request_id }),
    uuid,
  ),
  fn_activate_rules: rpc(
    "one",
    z.object({ version_id: uuid, hash: z.string(), reason: z.string(), request_id }),
    z.object({ version_id: uuid, status, approvals: z.int(), effective_from: z.union([day, when]) }),
  ),
  fn_snooze_rule: rpc(
    "one",
    z.object({
      pack: z.string(),
      rule: z.string(),
      entity_type: z.string(),
      entity_id: uuid,
      until: z.string(),
      reason: z.string(),
      request_id,
    }),
    uuid,
  ),
  fn_read_tests_due: rpc(
    "one",
    z.object({
      workflow_id: id,
      dealing_day_id: uuid.optional(),
      pending_id: uuid.optional(),
      max_parties: z.int().optional(),
    }),
    z.object({
      as_of: day,
      versions: z.array(version),
      parties: z.array(z.object({ party_id: uuid, kind: z.string(), mark: z.string() })),
    }),
  ),
  fn_record_party_tests: rpc(
    "one",
    z.object({
      answers: z.array(
        z.object({
          party_id: uuid,
          mark: z.string(),
          answers: z.record(z.string(), z.boolean().nullable()),
        }),
      ),
      version_ids: z.array(uuid),
      request_id,
    }),
    z.int(),
  ),
  fn_read_applicant_facts: rpc(
    "one",
    z.object({ pending_id: uuid }),
    z.object({
      pending_id: uuid,
      fund_id: uuid.nullable(),
      party_id: uuid,
      as_of: day,
      investor: json,
      parties: z.array(z.object({ party_id: uuid, kind: z.string(), facts: json })),
      links: z.array(z.object({ owner: uuid, owned: uuid, kind: z.string(), share: z.string().nullable() })),
      snoozed: z.array(z.string()),
    }),
  ),
  fn_pin_rules: rpc(
    "one",
    z.object({ workflow_id: id, fund_id: uuid.optional() }),
    z.object({ live: z.array(version), drafts: z.array(version) }),
  ),
  fn_read_order_facts: rpc(
    "one",
    z.object({
      dealing_day_id: uuid.optional(),
      fund: z.string().optional(),
      since: z.string().optional(),
      until: z.string().optional(),
      after: uuid.optional(),
      max_orders: z.int().optional(),
    }),
    z.array(
      z.object({
        flow_id: uuid,
        investor_id: uuid,
        as_of: day,
        facts: json,
        snoozed: z.array(z.string()),
        cleared: z.array(uuid),
      }),
    ),
  ),
  fn_read_fund_facts: rpc(
    "one",
    z.object({ fund: z.string(), proposal_id: uuid.optional() }),
    z.object({
      fund_id: uuid,
      as_of: day,
      facts: json,
      after: json.nullable(),
      open_breaches: z.array(z.string()),
      snoozed: z.array(z.string()),
    }),
  ),
  fn_record_rules: rpc(
    "one",
    z.object({
      workflow_id: id,
      results: z.array(json),
      shadows: z.array(json).optional(),
      dealing_day_id: uuid.optional(),
      request_id,
    }),
    z.object({ recorded: z.int(), held: z.int() }),
  ),
  fn_record_breach: rpc(
    "one",
    z.object({
      fund: z.string(),
      rule: z.string(),
      class: z.enum(["active", "passive"]),
      cause: z.string(),
      detail: json.optional(),
      cure_days: z.int().optional(),
      proposal_id: uuid.optional(),
      request_id,
    }),
    z.object({ breach_id: uuid, class: z.enum(["active", "passive"]), cure_by: when.nullable() }),
  ),
  fn_cure_breach: rpc(
    "one",
    z.object({
      breach_id: uuid,
      note: z.string(),
      cost: amount.optional(),
      compensated: z.string().optional(),
      request_id,
    }),
    z.object({ breach_id: uuid, status: z.string() }),
  ),
  fn_set_obligation: rpc(
    "one",
    z.object({
      fund: z.string(),
      code: z.string(),
      title: z.string(),
      source: z.string(),
      due_on: day,
      every_months: z.int().optional(),
      lead_days: z.int().optional(),
      request_id,
    }),
    z.object({ obligation_id: uuid, due_on: z.union([day, when]) }),
  ),
  fn_complete_obligation: rpc(
    "one",
    z.object({ obligation_id: uuid, evidence: z.string(), request_id }),
    z.object({
      obligation_id: uuid,
      next_obligation_id: uuid.nullable(),
      next_due_on: z.union([day, when]).nullable(),
    }),
  ),
  fn_tick_obligations: rpc(
    "one",
    z.object({ fund: z.string().optional(), request_id }),
    z.object({ due: z.int(), overdue: z.int(), uncured: z.int() }),
  ),
} as const;
