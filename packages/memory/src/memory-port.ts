// The store of memories as this package sees it. Postgres implements it through fn_remember and fn_search_memories under the caller's own role, so
// row-level security decides what can be found. Whoever implements it runs memory-port.contract.ts.
import type { FundId, MemoryId } from "@evergreen-fund/domain/ids.ts";
import type { MemoryRow } from "./schema.ts";

/** One row that a search found, as it came from the store: it is parsed before anyone reads it. */
export type MemoryHit = {
  memory_id: string;
  text: string;
  /** Cosine of the two vectors; null when one of them is zero. */
  score: number | null;
  trust: string;
  supabase_refs: unknown;
  duckdb_refs: unknown;
  workflow_id: string | null;
  langfuse_trace_id: string | null;
  recorded_at: Date | string;
};

export interface MemoryPort {
  /**
   * Stores a memory and answers its id. A retry with the same request id answers the first id; its embedding may differ in the last digits.
   * Refuses with EG409 when the request id was used with other input, with EG400 when the embedding's length is not that of the memories here.
   */
  remember(row: MemoryRow, requestId: string): Promise<MemoryId>;
  /** The `limit` nearest memories of a fund that the caller may see, best first, without superseded ones and without those of another length. */
  search(query: { embedding: number[]; fundId: FundId; limit: number }): Promise<MemoryHit[]>;
}
