// Functions of personal data: subjects and their wrapped keys, encrypted values, documents, holds, erasure and export. Nothing here is in clear.
import { z } from "zod";
import { bigint, id, json, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const hold = z.object({ hold_id: uuid });
const state = z.enum(["active", "restricted", "destroyed"]);
const purpose = z.string().optional();

export const PERSONAL_RPCS = {
  fn_open_subject: rpc(
    "one",
    z.object({ subject_id: uuid, wrapped_key: z.string(), master_key_id: id, request_id }),
    z.object({ subject_id: uuid, opened: z.boolean() }),
  ),
  fn_put_personal: rpc(
    "one",
    z.object({ subject_id: uuid, field_values: z.array(json), request_id }),
    z.object({ subject_id: uuid, fields: z.int() }),
  ),
  fn_read_personal: rpc(
    "rows",
    z.object({ subject_ids: z.array(uuid), fields: z.array(z.string()).optional(), purpose }),
    z.object({
      subject_id: uuid,
      state,
      wrapped_key: z.string().nullable(),
      master_key_id: z.string().nullable(),
      key_version: z.int(),
      value_id: uuid.nullable(),
      field: z.string().nullable(),
      ciphertext: z.string().nullable(),
      recorded_at: when.nullable(),
    }),
  ),
  fn_find_subjects: rpc(
    "rows",
    z.object({ field: z.string(), index_value: z.string() }),
    z.object({ subject_id: uuid }),
  ),
  fn_put_document: rpc(
    "one",
    z.object({
      document_id: uuid,
      subject_id: uuid,
      kind: z.string(),
      content_type: z.string(),
      size: z.int(),
      sha256: z.string(),
      storage_path: z.string(),
      key_version: z.int().optional(),
      request_id,
    }),
    z.object({ document_id: uuid }),
  ),
  fn_read_document: rpc(
    "rows",
    z.object({ document_id: uuid, purpose }),
    z.object({
      id: uuid,
      subject_id: uuid,
      kind: z.string(),
      content_type: z.string(),
      size: bigint,
      sha256: z.string(),
      storage_path: z.string(),
      wrapped_key: z.string(),
      master_key_id: z.string(),
    }),
  ),
  fn_list_subject_keys: rpc(
    "rows",
    z.object({ but: id, after: uuid.optional(), max_keys: z.int().optional() }),
    z.object({ subject_id: uuid, wrapped_key: z.string(), master_key_id: z.string() }),
  ),
  fn_rotate_subject_keys: rpc(
    "one",
    z.object({ keys: z.array(json), request_id }),
    z.object({ rotated: z.int(), asked: z.int() }),
  ),
  fn_list_old_subject_keys: rpc(
    "rows",
    z.object({ made_before: z.string(), after: uuid.optional(), max_keys: z.int().optional() }),
    z.object({ subject_id: uuid, key_made_at: when }),
  ),
  fn_read_subject_cipher: rpc("one", z.object({ subject_id: uuid }), json),
  fn_renew_subject_key: rpc(
    "one",
    z.object({
      subject_id: uuid,
      was: z.string(),
      wrapped_key: z.string(),
      master_key_id: id,
      field_values: z.array(json),
      accounts: z.array(json),
      documents: z.array(json),
      request_id,
    }),
    z.object({ subject_id: uuid, key_version: z.int(), gone: z.array(z.string()) }),
  ),
  fn_hold_subject: rpc(
    "one",
    z.object({ subject_id: uuid, reason: z.string(), until: z.string().optional(), request_id }),
    hold,
  ),
  fn_release_subject: rpc("one", z.object({ hold_id: uuid, reason: z.string(), request_id }), hold),
  fn_request_erasure: rpc(
    "one",
    z.object({ subject_id: uuid, reason: z.string(), request_id }),
    z.object({ subject_id: uuid, state, held: z.boolean() }),
  ),
  fn_refuse_erasure: rpc(
    "one",
    z.object({ subject_id: uuid, reason: z.string(), request_id }),
    z.object({ subject_id: uuid, state }),
  ),
  fn_read_erasure: rpc("one", z.object({ subject_id: uuid }), json),
  fn_erase_subject: rpc(
    "one",
    z.object({ subject_id: uuid, tombstone: json, request_id }),
    z.object({ subject_id: uuid, tombstone: z.string(), documents: z.array(z.string()) }),
  ),
  fn_repeat_erasures: rpc(
    "one",
    z.object({ tombstones: z.array(json), request_id }),
    z.object({ repeated: z.int(), known: z.int() }),
  ),
  fn_read_vault_keys: rpc("one", z.object({}), json),
  fn_export_subject: rpc("one", z.object({ subject_id: uuid }), json),
} as const;
