// Events of units on a chain: what took effect there, what was refused, and whether the register agrees.
import { z } from "zod";

const id = z.uuid();
const fact = <P extends z.ZodType>(payload: P): { mode: "note"; recordedBy: readonly []; payload: P } => ({
  mode: "note",
  recordedBy: [],
  payload,
});
const warning = <P extends z.ZodType>(
  payload: P,
): { mode: "run"; playbook: "warn-of-risk"; recordedBy: readonly []; payload: P } => ({
  mode: "run",
  playbook: "warn-of-risk",
  recordedBy: [],
  payload,
});

/** What may be asked of a chain. */
export const TOKEN_KINDS = [
  "deploy",
  "mint",
  "burn",
  "deal",
  "settle",
  "freeze",
  "unfreeze",
  "force_transfer",
  "recover",
  "claim_issue",
  "claim_revoke",
  "keep",
  "pause",
  "unpause",
  "reconcile",
  "limits",
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
const kind = z.enum(TOKEN_KINDS);

export const TOKEN_EVENTS = {
  TOKEN_SETTLED: fact(z.object({ action_id: id, kind })),
  /** By compliance, by people, or by the chain; nothing of the register changed. */
  TOKEN_REFUSED: warning(
    z.object({ action_id: id, kind, code: z.string().max(10), by: z.enum(["compliance", "people", "chain"]) }),
  ),
  TOKEN_RECONCILED: fact(z.object({ contract_id: id, block: z.int().min(0) })),
  TOKEN_BREAK: warning(z.object({ contract_id: id, block: z.int().min(0), breaks: z.int().positive() })),
  TOKEN_CONTRACT_DEPLOYED: fact(z.object({ contract_id: id, share_class_id: id })),
  WALLET_REGISTERED: fact(z.object({ wallet_id: id })),
} as const;
