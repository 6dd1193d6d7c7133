// The fn_* of lists and screening: their arguments and what they answer. Ids, codes, counts and hashes; the text of lists goes in and is read as rows.
import { z } from "zod";
import { day, json, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const instant = z.iso.datetime({ offset: true });
const count = z.int().nonnegative();
const standing = z.enum(["clear", "open", "refused", "unscreened"]);
const published = z.object({
  version_id: uuid,
  status: z.enum(["current", "unchanged", "held", "refused", "superseded"]),
  reason: z.enum(["empty", "old", "older", "shrunken"]).nullable(),
  ordinal: z.int().nullable(),
  rows: count,
  added: count,
  changed: count,
  removed: count,
});

export const SCREENING_RPCS = {
  fn_set_watchlist: rpc(
    "one",
    z.object({
      source: z.string(),
      title: z.string(),
      format: z.string(),
      address: z.string().optional(),
      active: z.boolean().optional(),
      max_age_hours: z.int().optional(),
      shrink_limit: z.string().optional(),
      request_id,
    }),
    z.object({ list_id: uuid, source: z.string(), active: z.boolean() }),
  ),
  fn_request_list_refresh: rpc(
    "one",
    z.object({ source: z.string(), request_id }),
    z.object({ list_id: uuid, event_id: uuid }),
  ),
  fn_publish_watchlist: rpc(
    "one",
    z.object({
      source: z.string(),
      entries: z.array(json),
      file_hash: z.string(),
      fetched_at: instant,
      label: z.string().optional(),
      published_on: day.optional(),
      request_id,
    }),
    published,
  ),
  fn_accept_watchlist_version: rpc(
    "one",
    z.object({ version_id: uuid, reason: z.string(), request_id }),
    published.extend({ accepted: z.int() }),
  ),
  fn_request_screening: rpc(
    "one",
    z.object({ party_id: uuid, request_id }),
    z.object({ party_id: uuid, revision: z.int() }),
  ),
  fn_record_check: rpc(
    "one",
    z.object({
      party_id: uuid,
      revision: z.int(),
      scope: z.enum(["full", "delta"]),
      lists: z.array(json),
      engine: z.string(),
      candidates: z.array(json),
      request_id,
    }),
    z.object({
      check_id: uuid,
      outcome: z.enum(["clear", "possible", "ask"]),
      candidates: count,
      undecided: count,
      missing: z.array(z.string()),
    }),
  ),
  fn_clear_candidate: rpc(
    "one",
    z.object({ candidate_id: uuid, decision: z.enum(["false_match", "true_match"]), reason: z.string(), request_id }),
    z.object({ clearance_id: uuid, decision: z.string(), standing }),
  ),
  fn_end_clearance: rpc(
    "one",
    z.object({ clearance_id: uuid, reason: z.string(), request_id }),
    z.object({ clearance_id: uuid, standing }),
  ),
  fn_record_rescreen: rpc(
    "one",
    z.object({
      list_id: uuid,
      from_ordinal: z.int(),
      to_ordinal: z.int(),
      parties: z.int(),
      affected: z.int(),
      engine: z.string(),
      request_id,
    }),
    z.object({ entries: count, parties: count, affected: count }),
  ),
  fn_list_unscreened: rpc(
    "rows",
    z.object({ after: uuid.optional(), max_rows: z.int().optional() }),
    z.object({ party_id: uuid }),
  ),
  fn_read_screening: rpc(
    "one",
    z.object({ party_id: uuid }),
    z.object({
      party_id: uuid,
      standing,
      revision: z.int().nullable(),
      trouble: z.string().nullable(),
      check: z
        .object({
          check_id: uuid,
          outcome: z.string(),
          missing: z.array(z.string()),
          engine: z.string(),
          checked_at: z.string(),
          lists: z.array(z.object({ source: z.string(), ordinal: z.int(), sha256: z.string() })),
        })
        .nullable(),
      candidates: z.array(
        z.object({
          candidate_id: uuid,
          source: z.string(),
          entry: z.string(),
          outcome: z.string(),
          score: z.string(),
          decision: z.string().nullable(),
        }),
      ),
    }),
  ),
} as const satisfies Record<string, Rpc>;
