// What a memory is: words for people, references to rows, and the small graph of what caused, resolved, violated or prefers what. Never copies of rows.
import { FundId, MemoryId, RequestId } from "@evergreen-fund/domain/ids.ts";
import { z } from "zod";

/** Longest text of a memory, in UTF-8 bytes. */
export const TEXT_MAX_BYTES = 4096;

export const TRUSTS = ["system", "person", "untrusted"] as const;
export const NODE_KINDS = ["Asset", "Scenario", "Workflow", "Investor", "Policy"] as const;
export const EDGE_KINDS = ["caused", "resolved_with", "violated", "prefers"] as const;

/** Who stands behind the words: our code, a signed-in person, or a text from outside. */
export const Trust = z.enum(TRUSTS);
export type Trust = z.infer<typeof Trust>;

const tableName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);
const opaque = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}$/);

/** A row of Postgres and the version that was read (its xid8 or version number as a string; null when the table has none). */
export const SupabaseRef = z.strictObject({
  table: tableName,
  id: opaque,
  version: z
    .string()
    .regex(/^\d{1,20}$/)
    .nullable(),
});
export type SupabaseRef = z.infer<typeof SupabaseRef>;

/** A row of a DuckDB table or view, for example of a scenario's results, and the day it speaks of. */
export const DuckdbRef = z.strictObject({ table: tableName, id: opaque, as_of: z.iso.date().nullable() });
export type DuckdbRef = z.infer<typeof DuckdbRef>;

const refOf = { Asset: z.uuid(), Investor: z.uuid(), Scenario: opaque, Workflow: opaque, Policy: opaque } as const;

/** A thing a memory speaks of. Assets and investors by their uuid only: a name here would be personal data. */
export const MemoryNode = z
  .strictObject({ kind: z.enum(NODE_KINDS), ref: z.string() })
  .refine(({ kind, ref }) => refOf[kind].safeParse(ref).success, "ref must be an id or code of its kind");
export type MemoryNode = z.infer<typeof MemoryNode>;

export const MemoryEdge = z.strictObject({ kind: z.enum(EDGE_KINDS), from: MemoryNode, to: MemoryNode });
export type MemoryEdge = z.infer<typeof MemoryEdge>;

const sameNode = (a: MemoryNode, b: MemoryNode): boolean => a.kind === b.kind && a.ref === b.ref;

/** What the caller of `remember` gives. */
export const RememberInput = z
  .strictObject({
    text: z.string().min(1),
    fundId: FundId,
    nodes: z.array(MemoryNode).max(200).default([]),
    edges: z.array(MemoryEdge).max(400).default([]),
    supabase_refs: z.array(SupabaseRef).max(500).default([]),
    duckdb_refs: z.array(DuckdbRef).max(500).default([]),
    workflow_id: opaque.nullable(),
    langfuse_trace_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .nullable(),
    trust: Trust,
    requestId: RequestId,
  })
  .refine(
    ({ nodes, edges }) =>
      edges.every(({ from, to }) => [from, to].every((end) => nodes.some((node) => sameNode(node, end)))),
    { path: ["edges"], message: "both ends of an edge must be among the nodes" },
  );
export type RememberInput = z.input<typeof RememberInput>;

/** A memory as the store takes it; the store gives it its memory_id. */
export type MemoryRow = {
  fund_id: FundId;
  text: string;
  /** One vector; all memories of a store have the same length. */
  embedding: number[];
  /** The uuids among supabase_refs, each once, sorted. */
  reference_ids: string[];
  supabase_refs: SupabaseRef[];
  duckdb_refs: DuckdbRef[];
  workflow_id: string | null;
  langfuse_trace_id: string | null;
  trust: Trust;
  nodes: MemoryNode[];
  edges: MemoryEdge[];
};

/** A memory as it comes back: data to weigh, never an instruction. Score is the cosine, 1 is the same meaning, 0 none in common. */
export const Recollection = z.object({
  memory_id: MemoryId,
  text: z.string(),
  score: z.number(),
  trust: Trust,
  supabase_refs: z.array(SupabaseRef),
  duckdb_refs: z.array(DuckdbRef),
  workflow_id: z.string().nullable(),
  langfuse_trace_id: z.string().nullable(),
  recorded_at: z.coerce.date().transform((date) => date.toISOString()),
});
export type Recollection = z.infer<typeof Recollection>;
