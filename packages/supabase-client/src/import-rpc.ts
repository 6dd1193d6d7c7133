// The fn_* of files in and out: imports of orders and bank statements, accounts, payment files. Amounts are decimal strings.
import { z } from "zod";
import { amount, day, json, type Rpc, request_id, rpc, uuid, when } from "./rpc-shape.ts";

const refusal = z.object({
  position: z.int(),
  line: z.int(),
  outcome: z.string(),
  code: z.string().optional(),
  column: z.string().optional(),
  reason: z.string(),
});
const imported = z.object({
  import_id: uuid.nullable(),
  status: z.enum(["imported", "partly_undone", "dry_run", "refused"]),
  repeated: z.boolean(),
  rows: z.int(),
  accepted: z.int(),
  refused: z.int(),
  unmatched: z.int(),
  refusals: z.array(refusal),
});
const importing = {
  fund: z.string(),
  file: z.object({ sha256: z.string(), name: z.string(), format: z.string() }),
  partial: z.boolean().optional(),
  dry_run: z.boolean().optional(),
  request_id,
};

export const IMPORT_RPCS = {
  fn_import_orders: rpc("one", z.object({ ...importing, orders: z.array(json) }), imported),
  fn_import_bank_statement: rpc("one", z.object({ ...importing, lines: z.array(json) }), imported),
  fn_match_bank_lines: rpc(
    "one",
    z.object({ import_id: uuid, line_position: z.int().optional(), flow_id: uuid.optional(), request_id }),
    z.object({ import_id: uuid, matched: z.int(), unmatched: z.int() }),
  ),
  fn_undo_import: rpc(
    "one",
    z.object({ import_id: uuid, reason: z.string(), partial: z.boolean().optional(), request_id }),
    z.object({
      import_id: uuid,
      status: z.enum(["undone", "partly_undone"]),
      undone: z.int(),
      kept: z.array(z.object({ position: z.int(), line: z.int(), code: z.string(), reason: z.string() })),
    }),
  ),
  fn_propose_bank_accounts: rpc(
    "one",
    z.object({ fund: z.string(), accounts: z.array(json), request_id }),
    z.object({ proposed: z.int(), known: z.int() }),
  ),
  fn_read_bank_accounts: rpc(
    "one",
    z.object({ fund: z.string(), status: z.string().optional() }),
    z.array(
      z.object({
        account_id: uuid,
        investor: z.string().nullable(),
        currency: z.string(),
        status: z.string(),
        proposed_by: z.string(),
        decided_by: z.string().nullable(),
        words: json,
      }),
    ),
  ),
  fn_list_clear_accounts: rpc(
    "rows",
    z.object({ max_accounts: z.int().optional() }),
    z.object({
      account_id: uuid,
      subject_id: uuid,
      account: z.string(),
      holder: z.string(),
      bic: z.string().nullable(),
      currency: z.string(),
    }),
  ),
  fn_seal_accounts: rpc("one", z.object({ accounts: z.array(json), request_id }), z.int()),
  fn_decide_bank_accounts: rpc(
    "one",
    z.object({ accounts: z.array(json), decision: z.enum(["approved", "rejected", "ended"]), request_id }),
    z.object({ accounts: z.int(), decision: z.string() }),
  ),
  fn_export_payments: rpc(
    "one",
    z.object({
      fund: z.string(),
      dealing_date: day,
      execution_date: day.optional(),
      purpose: z.enum(["redemption", "compensation"]).optional(),
      request_id,
    }),
    z.object({
      payment_file_id: uuid,
      message_id: z.string(),
      created_at: when,
      execution_date: day,
      currency: z.string(),
      places: z.int(),
      repeated: z.boolean(),
      missing: z.array(z.object({ flow_id: uuid, investor: z.string() })),
      transactions: z.int(),
      control_sum: amount,
      debtor: json,
      transfers: z.array(
        z.object({ flow_id: uuid, end_to_end: z.string(), amount, payee: json, remittance: z.string() }),
      ),
    }),
  ),
  fn_withdraw_payments: rpc("one", z.object({ payment_file_id: uuid, reason: z.string(), request_id }), z.string()),
} as const satisfies Record<string, Rpc>;
