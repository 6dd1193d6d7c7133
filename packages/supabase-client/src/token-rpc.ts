// Functions of units on a chain: operations, wallets, contracts, and the register held against the chain.
import { TOKEN_KINDS } from "@evergreen-fund/domain/token-events.ts";
import { Tokens, TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import { z } from "zod";
import { json, type Rpc, request_id, rpc, uuid } from "./rpc-shape.ts";

const asked = z.object({ action_id: uuid, event_id: uuid, workflow_id: z.string(), status: z.string() });
const units = z.array(z.object({ wallet: z.string(), units: z.string() }));

/** The packs in force for a fund, as they are stored. */
const rules = z.array(z.object({ version_id: uuid, body: z.unknown() }));

/** What an operation is to do on the chain: what fn_begin_token_action answers. */
export const TokenWork = z.object({
  action_id: uuid,
  kind: z.enum(TOKEN_KINDS),
  status: z.string(),
  busy: z.boolean(),
  contract_id: uuid.nullable(),
  contract: z
    .object({
      chain_id: z.int(),
      gate: z.string(),
      share: z.string(),
      vault: z.string(),
      registrar: z.string(),
      guardian: z.string(),
      unit_decimals: z.int(),
      deployed_block: z.int(),
    })
    .nullable(),
  name: z.string(),
  symbol: z.string(),
  unit_decimals: z.int(),
  request_no: z.string().nullable(),
  price: z.string().nullable(),
  wallet: z.string().nullable(),
  party_ref: z.string().nullable(),
  to_wallet: z.string().nullable(),
  units: z.string(),
  /** Seconds since 1970. */
  claim_until: z.string().nullable(),
  attempt: json.nullable(),
  /** Of an operation that sets them. */
  limits: TransferLimits.nullable(),
  /** Of a deployment: what its limits come from, and the day. */
  rules,
  as_of: z.string(),
  moves: units,
  /** Requests of the vault in which a lost wallet may still have something. */
  requests: z.array(z.string()),
});
export type TokenWork = z.infer<typeof TokenWork>;

/** What the chain should have of a class at a block. */
export const TokenRegister = z.object({
  contract_id: uuid,
  unit_decimals: z.int(),
  outstanding: z.string(),
  busy: z.boolean(),
  lines: units,
  rules,
  as_of: z.string(),
  over: z.array(z.object({ wallet: z.string(), units: z.string(), held: z.string() })),
});
export type TokenRegister = z.infer<typeof TokenRegister>;

export const TOKEN_RPCS = {
  fn_register_tokenization: rpc(
    "one",
    z.object({ event_id: uuid, compliance_log_id: uuid.optional(), request_id }),
    z.object({
      action_id: uuid,
      status: z.string(),
      kind: z.enum(TOKEN_KINDS).optional(),
      proposal_id: uuid.optional(),
      reason: z.string().optional(),
    }),
  ),
  fn_request_token_action: rpc(
    "one",
    z.object({ fund: z.string(), share_class: z.string(), kind: z.string(), body: json.optional(), request_id }),
    asked,
  ),
  fn_retry_token_action: rpc("one", z.object({ action_id: uuid, request_id }), asked),
  fn_register_wallet: rpc(
    "one",
    z.object({ share_class_id: uuid, investor_id: uuid, address: z.string(), consent: z.string(), request_id }),
    z.object({ wallet_id: uuid, status: z.string(), action_id: uuid }),
  ),
  fn_begin_token_action: rpc("one", z.object({ action_id: uuid }), TokenWork),
  fn_keep_token_attempt: rpc("one", z.object({ action_id: uuid, attempt: json }), z.string()),
  fn_mark_token_action: rpc(
    "one",
    z.object({ action_id: uuid, state: z.string(), detail: json.optional(), request_id }),
    z.object({ action_id: uuid, status: z.string() }),
  ),
  fn_record_token_contract: rpc(
    "one",
    z.object({ action_id: uuid, contract: json, request_id }),
    z.object({ contract_id: uuid, status: z.string() }),
  ),
  fn_read_token_request: rpc(
    "one",
    z.object({ event_id: uuid }),
    z.object({
      kind: z.enum(TOKEN_KINDS).nullable(),
      status: z.string(),
      legal_basis: z.boolean(),
      not_cleared: z.int(),
      still_cleared: z.boolean(),
      posted: z.boolean(),
      rules: z.boolean(),
    }),
  ),
  fn_read_token_register: rpc("one", z.object({ contract_id: uuid, block: z.int() }), TokenRegister),
  fn_record_token_reconciliation: rpc(
    "one",
    z.object({ contract_id: uuid, block: z.int(), breaks: z.array(json), rules: json.optional(), request_id }),
    z.object({ contract_id: uuid, block: z.int(), breaks: z.int(), opened: z.int() }),
  ),
  fn_read_chain_key: rpc("one", z.object({}), z.string()),
  fn_read_tokens: rpc("one", z.object({ fund_id: uuid.optional() }), Tokens),
} satisfies Record<string, Rpc>;
