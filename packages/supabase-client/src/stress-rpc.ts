// The fn_* of stress runs: their arguments and what they answer. Bodies are canonical JSON texts with their SHA-256; amounts are decimal strings.
import { z } from "zod";
import { day, id, json, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const STRESS_RPCS = {
  fn_request_stress: rpc(
    "one",
    z.object({ fund: z.string(), scenarios: z.array(json), kind: z.string().optional(), request_id }),
    z.object({ event_id: uuid, workflow_id: z.string(), stress_run_id: uuid }),
  ),
  fn_open_stress_run: rpc(
    "one",
    z.object({
      stress_run_id: uuid,
      snapshot_name: id,
      snapshot_hash: digest,
      as_of: day,
      code_hash: digest,
      seed: z.string().optional(),
      request_id,
    }),
    z.object({
      stress_run_id: uuid,
      fund_id: uuid,
      status: z.string(),
      scenarios: z.int(),
      snapshot_name: z.string(),
      snapshot_hash: digest,
      as_of: day,
      code_hash: digest,
      seed: z.string().nullable(),
    }),
  ),
  fn_record_stress_shard: rpc(
    "one",
    z.object({
      stress_run_id: uuid,
      scenario_hash: digest,
      shard: z.int(),
      body: z.string(),
      body_hash: digest,
      request_id,
    }),
    z.object({ shard: z.int(), body_hash: digest }),
  ),
  fn_record_stress_outcome: rpc(
    "one",
    z.object({
      stress_run_id: uuid,
      scenario_hash: digest,
      status: z.enum(["done", "failed"]),
      body: z.string().optional(),
      body_hash: digest.optional(),
      reason: z.string().optional(),
      request_id,
    }),
    z.object({ status: z.enum(["done", "failed"]), done: z.int(), failed: z.int(), scenarios: z.int() }),
  ),
  fn_record_stress_check: rpc(
    "one",
    z.object({ stress_run_id: uuid, scenario_hash: digest, body_hash: digest, request_id }),
    z.enum(["equal", "different"]),
  ),
  fn_close_stress_run: rpc(
    "one",
    z.object({ stress_run_id: uuid, reason: z.string().optional(), request_id }),
    z.object({
      stress_run_id: uuid,
      status: z.enum(["completed", "partial", "failed"]),
      done: z.int(),
      failed: z.int(),
      worst_scenario_id: z.string().nullable(),
      loss: z.string().nullable(),
      outcomes_hash: digest,
    }),
  ),
} as const satisfies Record<string, Rpc>;
