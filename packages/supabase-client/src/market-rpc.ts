// The fn_* of market data, ESG ratings and data quality: their arguments and what they answer. Values are decimal strings.
import { z } from "zod";
import { amount, day, json, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const sha256 = z.string();
const heldValue = z.object({
  held_id: uuid,
  series: z.string(),
  as_of: day,
  value: amount,
  against: amount,
  against_on: day,
  move_bps: amount,
  limit_bps: amount,
});

export const MARKET_RPCS = {
  fn_import_market: rpc(
    "one",
    z.object({
      rows: z.array(json),
      source: z.string(),
      file_hash: sha256,
      file_name: z.string().optional(),
      fresh: z.boolean().optional(),
      dry_run: z.boolean().optional(),
      request_id,
    }),
    z.object({
      import_id: uuid.nullable(),
      status: z.enum(["imported", "undone", "dry_run"]),
      repeated: z.boolean(),
      rows: z.int(),
      taken: z.int(),
      unchanged: z.int(),
      held: z.int(),
      held_values: z.array(heldValue),
    }),
  ),
  fn_decide_market_values: rpc(
    "one",
    z.object({ held: z.array(json), decision: z.enum(["confirmed", "rejected"]), request_id }),
    z.object({ values: z.int(), decision: z.string() }),
  ),
  fn_undo_market_import: rpc(
    "one",
    z.object({ import_id: uuid, reason: z.string(), request_id }),
    z.object({ import_id: uuid, status: z.literal("undone"), values: z.int() }),
  ),
  fn_record_esg: rpc(
    "one",
    z.object({
      fund: z.string(),
      provider: z.string(),
      as_of: day,
      scale: z.object({ low: amount, high: amount }),
      ratings: z.array(json),
      file_hash: sha256,
      request_id,
    }),
    z.object({
      fund_id: uuid,
      rated: z.int(),
      recorded: z.int(),
      assets: z.array(z.object({ asset: z.string(), asset_id: uuid })),
    }),
  ),
  fn_read_fund_value: rpc(
    "one",
    z.object({ fund: uuid, known_at: z.iso.datetime({ offset: true }) }),
    z.object({
      nav: amount,
      marks: z.int(),
      assets: z.int(),
      limits: z.object({
        nav_agreement_bps: z.number(),
        stale_marks_share: z.number(),
        stale_series_share: z.number(),
      }),
      mark_ages: z.record(z.string(), z.number()),
      series_ages: z.record(z.string(), z.number()),
    }),
  ),
  fn_record_data_quality: rpc(
    "one",
    z.object({
      fund: z.string(),
      snapshot_hash: sha256,
      as_of: day,
      results: z.array(json),
      workflow_id: z.string(),
      request_id,
    }),
    z.object({ checks: z.int(), failed: z.int() }),
  ),
} as const satisfies Record<string, Rpc>;
