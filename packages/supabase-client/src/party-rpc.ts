// Functions of parties, of the policy of what they owe, and of cases. No personal value passes through any of them.
import { z } from "zod";
import { amount, day, json, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const candidates = z.array(
  z.object({
    list: z.string().optional(),
    list_version: z.string().optional(),
    entry_ref: z.string().optional(),
    check_id: uuid.optional(),
    score: amount.optional(),
    features: z.array(json).optional(),
  }),
);

export const PARTY_RPCS = {
  fn_resubmit_evidence: rpc(
    "one",
    z.object({ pending_id: uuid, evidence: json, request_id, party_kind: z.string().optional() }),
    z.object({ pending_id: uuid, given: z.int() }),
  ),
  fn_give_evidence: rpc("one", z.object({ party_id: uuid, evidence: json, request_id }), z.int()),
  fn_decline_investor: rpc("one", z.object({ pending_id: uuid, reason: z.string(), request_id }), z.string()),
  fn_tick_kyc: rpc("one", z.object({ request_id }), z.object({ expired: z.int(), opened: z.int(), overdue: z.int() })),
  fn_read_applicant: rpc("one", z.object({ pending_id: uuid }), json),
  fn_read_kyc: rpc(
    "rows",
    z.object({ investor_id: uuid.optional() }),
    z.object({
      investor: uuid,
      code: z.string(),
      classification: z.string(),
      state: z.string(),
      missing: z.array(z.string()),
      pending: uuid.nullable(),
      valid_until: when.nullable(),
    }),
  ),
  fn_register_party: rpc("one", z.object({ kind: z.string(), request_id }), uuid),
  fn_unfreeze_party: rpc(
    "one",
    z.object({ party_id: uuid, reason: z.string(), request_id }),
    z.object({ party_id: uuid, state: z.enum(["asked", "unfrozen"]) }),
  ),
  fn_link_parties: rpc(
    "one",
    z.object({
      owner_id: uuid,
      owned_id: uuid,
      kind: z.string(),
      share: amount.optional(),
      effective_from: day.optional(),
      ended: z.boolean().optional(),
      request_id,
    }),
    uuid,
  ),
  fn_set_kyc_policy: rpc(
    "one",
    z.object({ body: json, effective_from: day, request_id }),
    z.object({ policy_id: uuid, version: z.int(), hash: z.string() }),
  ),
  fn_open_case: rpc(
    "one",
    z.object({
      kind: z.string(),
      severity: z.string(),
      party_id: uuid.nullable(),
      source: z.string(),
      candidates: candidates.optional(),
      fund_id: uuid.optional(),
      dedupe: z.string().optional(),
      request_id,
    }),
    uuid,
  ),
  fn_claim_case: rpc("one", z.object({ case_id: uuid, request_id }), z.string()),
  fn_release_case: rpc("one", z.object({ case_id: uuid, request_id }), z.string()),
  fn_note_case: rpc("one", z.object({ case_id: uuid, body: z.string(), request_id }), uuid),
  fn_decide_case: rpc(
    "one",
    z.object({
      case_id: uuid,
      verdict: z.string(),
      reason: z.string(),
      candidate_id: uuid.optional(),
      request_id,
    }),
    z.object({
      case_id: uuid,
      status: z.string(),
      outcome: z.string().nullable(),
      waiting_for: z.string().nullable(),
    }),
  ),
  fn_list_cases: rpc(
    "rows",
    z.object({ status: z.string().optional(), mine: z.boolean().optional(), max_rows: z.int().optional() }),
    z.object({
      case_id: uuid,
      code: z.string(),
      kind: z.string(),
      severity: z.string(),
      case_status: z.string(),
      party_id: uuid.nullable(),
      party_code: z.string().nullable(),
      source: z.string(),
      due_at: when,
      overdue: z.boolean(),
      claimed_by: z.string().nullable(),
      candidates: z.int(),
      undecided: z.int(),
      top_score: amount.nullable(),
      outcome: z.string().nullable(),
      opened_at: when,
    }),
  ),
} as const;
