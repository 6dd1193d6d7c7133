// Functions of retention: what is due, holds that forbid it, retiring what was archived, and reading events wherever their content is; comparing runs after a restore.
import { z } from "zod";
import { bigint, day, id, json, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const hold = z.object({ hold_id: uuid });
const retiring = z.object({
  fund_id: uuid.nullable(),
  month: day,
  /** A whole number, as the database counts it. */
  rows: z.string().regex(/^[1-9]\d*$/),
  digest: z.string(),
  archive: z.object({ file: z.string(), sha256: z.string(), bytes: bigint, stored: z.enum(["home", "store"]) }),
  request_id,
});
const retired = z.object({ archive_id: uuid, event_id: uuid, rows: z.int() });

const halted = z.object({ hash: z.string() });

export const RETENTION_RPCS = {
  fn_compare_runs: rpc(
    "one",
    z.object({ runs: z.array(z.object({ workflow_id: z.string(), status: z.string() })), since: z.string() }),
    z.object({ unknown: z.array(json), ahead: z.array(json), missing: z.array(json), compared: z.int() }),
  ),
  fn_halt_writes: rpc("one", z.object({ report: json, request_id }), halted),
  fn_resume_writes: rpc("one", z.object({ hash: z.string(), request_id }), z.object({ queued: z.int() })),
  fn_place_legal_hold: rpc(
    "one",
    z.object({ fund_id: uuid, reason: z.string(), until: z.string().optional(), request_id }),
    hold,
  ),
  fn_lift_legal_hold: rpc("one", z.object({ hold_id: uuid, reason: z.string(), request_id }), hold),
  fn_plan_retention: rpc(
    "rows",
    z.object({}),
    z.object({
      what: z.enum(["fund_events", "asset_snapshots"]),
      keep_months: z.int(),
      afterwards: z.string(),
      fund_id: uuid.nullable(),
      month: z.union([day, when]),
      rows: bigint,
      held: z.boolean(),
    }),
  ),
  fn_read_archivable: rpc(
    "rows",
    z.object({ what: id, fund_id: uuid.nullable(), month: day }),
    z.object({ place: z.string(), canonical: z.string() }),
  ),
  fn_retire_events: rpc("one", retiring, retired),
  fn_retire_snapshots: rpc("one", retiring, retired),
  fn_read_events: rpc(
    "rows",
    z.object({
      fund_id: uuid,
      since: z.string().optional(),
      until: z.string().optional(),
      after: bigint.optional(),
      max_events: z.int().optional(),
    }),
    z.object({
      seq: bigint,
      event_id: uuid,
      type: z.string(),
      fund: uuid,
      payload: json,
      source: z.string(),
      event_meta: json,
      created_by: z.string(),
      recorded_at: when,
      archive_id: uuid.nullable(),
      content_digest: z.string().nullable(),
    }),
  ),
} as const;
