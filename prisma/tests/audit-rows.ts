// The audit trail as the verifier takes it, read by whoever looks.
import { type AuditVerdict, verifyChain } from "@evergreen-fund/cli/audit/verify-chain.ts";

const ENTRIES = `select audit_id, tx::text, seq::text, fund_id, entity_type, entity_id, message, created_by, request_id, canonical, digest,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at from public.audit_trail`;
const BLOCKS = `select chain_id, height::text, from_tx::text, from_seq::text, to_tx::text, to_seq::text, entries, digests, prev_hash, hash from public.audit_blocks`;

type Look = <T extends Record<string, unknown>>(sql: string) => Promise<T[]>;
type Trail = Parameters<typeof verifyChain>[0];

/** Cursor first, then blocks, then entries: the order in which the verifier wants them read. */
export async function readTrail(look: Look): Promise<Required<Pick<Trail, "blocks" | "entries" | "cursor" | "now">>> {
  const [cursor] = await look<{ tx: string; seq: string; now: Date }>(
    "select tx::text, seq::text, clock_timestamp() as now from public.audit_cursor",
  );
  if (cursor === undefined) throw new Error("audit_cursor has no row");
  const blocks = (await look(BLOCKS)) as unknown as Trail["blocks"];
  const entries = (await look(ENTRIES)) as unknown as Trail["entries"];
  return { cursor, blocks, entries, now: cursor.now };
}

export const verifyTrail = async (look: Look, more: Partial<Trail> = {}): Promise<AuditVerdict> =>
  verifyChain({ ...(await readTrail(look)), ...more });
