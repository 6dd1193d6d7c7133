// Who reads and calls what of units on a chain; a part of the role matrix.
import { type Identity, rooms } from "./role-identities.ts";

const STAFF: Identity[] = ["pm_role", "ops_role", "audit_role"];
const ROOM = rooms("tokenization");

export const TOKEN_CALLERS: Record<string, Identity[]> = {
  fn_register_tokenization: ROOM,
  fn_request_token_action: ["pm_role", "ops_role"],
  fn_retry_token_action: ["pm_role", "ops_role"],
  fn_register_wallet: ["ops_role"],
  fn_begin_token_action: ROOM,
  fn_keep_token_attempt: ROOM,
  fn_mark_token_action: ROOM,
  fn_record_token_contract: ROOM,
  fn_read_token_request: [...STAFF, ...rooms("compliance-sentinel"), ...ROOM],
  fn_read_token_register: [...STAFF, ...ROOM],
  fn_record_token_reconciliation: ROOM,
  fn_read_tokens: STAFF,
  fn_read_chain_key: ROOM,
};
