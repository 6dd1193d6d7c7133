// Everything about tokens that staff sees, as `fn_read_tokens` answers it: units are decimal text, addresses are in lower case.
import { z } from "zod";
import { TOKEN_KINDS } from "./token-events.ts";

const id = z.uuid();
const count = z.int().min(0);
const address = z.string().regex(/^0x[0-9a-f]{40}$/);

/** Limits of transfers between holders, zero for none: units of the class as decimal text, a lock-up in seconds. */
export const TransferLimits = z.object({
  min_holding: z.string(),
  max_holding: z.string(),
  min_transfer: z.string(),
  lock_up: z.string(),
  transferable: z.boolean(),
});
export type TransferLimits = z.infer<typeof TransferLimits>;
/** Where the limits on the chain stand against what the packs of rules ask. */
export const LIMITS_STATES = ["not compared", "packs changed", "in line", "differ"] as const;

export const TokenClass = z.object({
  contract_id: id,
  fund_id: id,
  fund: z.string(),
  share_class_id: id,
  code: z.string(),
  chain_id: z.int(),
  addresses: z.object({ gate: address, share: address, vault: address, registrar: address, guardian: address }),
  unit_decimals: z.int(),
  register_units: z.string(),
  chain_units: z.string(),
  off_chain_units: z.string(),
  paused: z.boolean(),
  /** On the chain, as it was last read; null before the first look. */
  limits: TransferLimits.nullable(),
  /** What the packs in force asked at the last look, and the rules that no limit says. */
  rules: z.object({ asked: TransferLimits, unsaid: z.array(z.string()) }).nullable(),
  limits_state: z.enum(LIMITS_STATES),
  reconciled_block: z.int().nullable(),
  reconciled_at: z.string().nullable(),
  wallets: count,
  pending: count,
  open_breaks: count,
});
export const TokenWallet = z.object({
  wallet_id: id,
  contract_id: id,
  /** Code of the investor: no name. */
  investor: z.string(),
  address,
  status: z.string(),
  claim_until: z.string().nullable(),
  units: z.string(),
});
export const TokenAction = z.object({
  action_id: id,
  fund: z.string(),
  kind: z.enum(TOKEN_KINDS),
  share_class_id: id,
  instrument: z.string(),
  chain: z.string(),
  units: z.string(),
  status: z.string(),
  wallet: address.nullable(),
  dealing_day_id: id.nullable(),
  proposal_id: id.nullable(),
  tx_hash: z.string().nullable(),
  block: z.int().nullable(),
  refusal: z.object({ by: z.string(), code: z.string(), reason: z.string() }).nullable(),
  workflow_id: z.string(),
  created_at: z.string(),
});
export const ChainBreak = z.object({
  break_id: id,
  contract_id: id,
  block: z.int(),
  kind: z.enum(["differs", "not_in_register", "not_on_chain", "total"]),
  wallet: z.string(),
  register_units: z.string(),
  chain_units: z.string(),
  opened_at: z.string(),
});
/** A trade in a pool, with the pool as it stood: amounts and reserves are whole smallest units. */
export const PoolTrade = z.object({
  trade_id: id,
  pool_id: id,
  fund: z.string(),
  class: z.string(),
  pool: z.string(),
  version: z.int(),
  chain: z.string(),
  curve: z.enum(["constant_product", "stable_swap"]),
  reserve_units: z.string(),
  reserve_cash: z.string(),
  unit_decimals: z.int(),
  cash_decimals: z.int(),
  fee_ppm: z.int(),
  amplification: z.int().nullable(),
  /** sell: units for cash. */
  direction: z.enum(["sell", "buy"]),
  amount_in: z.string(),
  amount_out: z.string(),
  tx_hash: z.string(),
  executed_at: z.string(),
});
export const Tokens = z.object({
  classes: z.array(TokenClass),
  wallets: z.array(TokenWallet),
  actions: z.array(TokenAction),
  breaks: z.array(ChainBreak),
  trades: z.array(PoolTrade),
});
export type Tokens = z.infer<typeof Tokens>;
export type TokenClass = z.infer<typeof TokenClass>;
