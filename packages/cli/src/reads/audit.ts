// The audit trail and its sealed blocks as an auditor reads them: everything, page by page, bytes as Postgres writes them (\x…).
import { z } from "zod";
import type { Session } from "../session.ts";
import { listFunds } from "./funds.ts";

/** Chain of everything that belongs to no fund. */
const PLATFORM_CHAIN = "00000000-0000-0000-0000-000000000000";
/** A block holds 32 bytes per entry: fewer blocks per request. */
const BLOCKS_PER_PAGE = 20;

const AuditBlock = z.object({
  chain_id: z.string(),
  height: z.coerce.string(),
  from_tx: z.string(),
  from_seq: z.string(),
  to_tx: z.string(),
  to_seq: z.string(),
  entries: z.number(),
  digests: z.string(),
  prev_hash: z.string(),
  hash: z.string(),
});
type AuditBlock = z.infer<typeof AuditBlock>;

const AuditEntry = z.object({
  audit_id: z.string(),
  seq: z.coerce.string(),
  tx: z.string(),
  fund_id: z.string().nullable(),
  entity_type: z.string(),
  entity_id: z.string(),
  message: z.string(),
  created_by: z.string(),
  request_id: z.string().nullable(),
  canonical: z.string(),
  digest: z.string(),
  created_at: z.string(),
});
type AuditEntry = z.infer<typeof AuditEntry>;
const Cursor = z.object({ tx: z.string(), seq: z.coerce.string() });

export interface AuditTrail {
  blocks: AuditBlock[];
  entries: AuditEntry[];
  /** How far the sealer had come; only with the blocks of every chain. */
  cursor?: z.infer<typeof Cursor>;
  /** When the reading began: what was recorded later cannot be overdue. */
  now: Date;
}

const BLOCK_COLUMNS =
  "chain_id,height,from_tx::text,from_seq::text,to_tx::text,to_seq::text,entries,digests::text,prev_hash::text,hash::text";
const ENTRY_COLUMNS =
  "audit_id,seq,tx::text,fund_id,entity_type,entity_id,message,created_by,request_id,canonical::text,digest::text,created_at";

/**
 * The sealer's place first, then blocks, then entries: whatever a block covers was committed before it, so every entry of every block read is
 * among the entries. With a fund: its chain alone.
 */
export async function readAudit(session: Session, fundId: string | undefined): Promise<AuditTrail> {
  const now = new Date();
  const cursor = await session.one("audit_cursor", "tx::text,seq", (query) => query, Cursor);
  const chains =
    fundId === undefined ? [PLATFORM_CHAIN, ...(await listFunds(session)).map((fund) => fund.fund_id)] : [fundId];
  const blocks: AuditBlock[] = [];
  for (const chain of chains) {
    const rows = await session.all(
      "audit_blocks",
      BLOCK_COLUMNS,
      "height",
      (block) => block.height,
      (query) => query.eq("chain_id", chain),
      AuditBlock,
      BLOCKS_PER_PAGE,
    );
    for (const row of rows) blocks.push(row);
  }
  const entries = await session.all(
    "audit_trail",
    ENTRY_COLUMNS,
    "seq",
    (entry) => entry.seq,
    (query) => (fundId === undefined ? query : query.eq("fund_id", fundId)),
    AuditEntry,
  );
  return { blocks, entries, ...(fundId === undefined && cursor ? { cursor } : {}), now };
}
