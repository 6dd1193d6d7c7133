// A store in this process that keeps the port's promises, for unit tests of what stands on it. Production uses Postgres; both pass memory-port.contract.ts.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { MemoryId } from "@evergreen-fund/domain/ids.ts";
import type { MemoryHit, MemoryPort } from "./memory-port.ts";
import type { MemoryRow } from "./schema.ts";

type Stored = { memoryId: MemoryId; row: MemoryRow; recordedAt: Date };

const cosine = (a: readonly number[], b: readonly number[]): number | null => {
  const dot = a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? null : dot / lengths;
};

const inputOf = ({ embedding: _, ...rest }: MemoryRow): string => JSON.stringify(rest);

export function inMemoryPort(): MemoryPort & { readonly rows: readonly Stored[] } {
  const rows: Stored[] = [];
  const answers = new Map<string, { input: string; memoryId: MemoryId }>();
  return {
    rows,
    async remember(row, requestId) {
      const earlier = answers.get(requestId);
      // what a step of a run said first stands, as evergreen.earlier_answer has it
      if (earlier && (earlier.input === inputOf(row) || requestId.startsWith("event/"))) return earlier.memoryId;
      if (earlier) throw new EvergreenError("EG409", "The request id was used before with other input.");
      if (row.text.length < 1 || row.text.length > 4096)
        throw new EvergreenError("EG400", "text has 1 to 4096 characters.");
      if (rows.some((stored) => stored.row.embedding.length !== row.embedding.length)) {
        throw new EvergreenError(
          "EG400",
          "The embedding has another dimension than the memories here; re-embed them before changing the embedder.",
        );
      }
      const memoryId = MemoryId.parse(randomUUID());
      rows.push({ memoryId, row: structuredClone(row), recordedAt: new Date() });
      answers.set(requestId, { input: inputOf(row), memoryId });
      return memoryId;
    },
    async search({ embedding, fundId, limit }) {
      const hits = rows
        .filter(({ row }) => row.fund_id === fundId && row.embedding.length === embedding.length)
        .map(({ memoryId, row, recordedAt }): MemoryHit => {
          const { text, trust, supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id } = row;
          const refs = { supabase_refs, duckdb_refs, workflow_id, langfuse_trace_id };
          return {
            memory_id: memoryId,
            text,
            trust,
            ...refs,
            score: cosine(row.embedding, embedding),
            recorded_at: recordedAt,
          };
        })
        .sort((a, b) => (b.score ?? -2) - (a.score ?? -2) || (a.memory_id < b.memory_id ? -1 : 1));
      return structuredClone(hits.slice(0, Math.min(Math.max(limit, 0), 100)));
    },
  };
}
