// The mem0 door: recall and remember, over a store that the caller gives.
export { type Embedder, type EmbedderConfig, openEmbedder } from "./embedder.ts";
export { type FundMemory, type MemoryOptions, type MemoryTrouble, openMemory, quoteForModel } from "./memory.ts";
export type { MemoryHit, MemoryPort } from "./memory-port.ts";
export {
  DuckdbRef,
  EDGE_KINDS,
  MemoryEdge,
  MemoryNode,
  type MemoryRow,
  NODE_KINDS,
  Recollection,
  RememberInput,
  SupabaseRef,
  TEXT_MAX_BYTES,
  TRUSTS,
  Trust,
} from "./schema.ts";
export { personalDataCheck, type TextCheck } from "./text-rules.ts";
export { type ListedMemory, type MemoryListing, type ShelfOptions, shelvedSearch } from "./vector-shelf.ts";
