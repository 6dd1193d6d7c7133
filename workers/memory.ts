// The memory of each room: mem0 over fn_remember and a search under the room's own role, so that it finds what the role may read.
import { join } from "node:path";
import type { Config } from "@evergreen-fund/config/config.ts";
import { agentRole, MemoryId, type RoomName } from "@evergreen-fund/domain";
import {
  type EmbedderConfig,
  type FundMemory,
  type ListedMemory,
  type MemoryPort,
  openEmbedder,
  openMemory,
  shelvedSearch,
} from "@evergreen-fund/memory";
import type { Database, RpcResult } from "@evergreen-fund/supabase-client";

/** Opens the memory of a room on first use; the embedder is shared by all rooms of the process. */
export function roomMemory(
  database: Database,
  config: Config,
  log: (line: string) => void,
): (room: RoomName) => FundMemory {
  const embedder = openEmbedder(embedderConfig(config.memory));
  const open = new Map<RoomName, FundMemory>();
  return (room) => {
    let memory = open.get(room);
    if (memory === undefined) {
      memory = openMemory({
        embedder,
        port: portOf(database, room),
        dir: join(config.home, "mem0"),
        report: ({ code, reason }) => log(`memory of ${room}: ${code} ${reason}`),
      });
      open.set(room, memory);
    }
    return memory;
  };
}

export function portOf(database: Database, room: RoomName): MemoryPort {
  const actor = { role: agentRole(room) };
  return {
    remember: async (row, requestId) =>
      MemoryId.parse(await database.rpc(actor, "fn_remember", { memory: { ...row }, request_id: requestId })),
    search: shelvedSearch({
      list: async ({ fundId, since, memoryIds, maxRows }) => {
        const rows = await database.rpc(actor, "fn_list_memories", {
          fund_id: fundId,
          since,
          memory_ids: memoryIds,
          max_rows: maxRows,
        });
        return { horizon: rows[0]!.horizon, memories: rows.filter(isMemory) };
      },
      search: ({ embedding, fundId, limit }) =>
        database.rpc(actor, "fn_search_memories", { embedding, fund_id: fundId, max_rows: limit }),
    }),
  };
}

type Row = RpcResult<"fn_list_memories">[number];

/** The store answers a row without a memory when there is none, for the horizon in it. */
const isMemory = (row: Row): row is Row & ListedMemory => row.memory_id !== null;

/** Vector length of the models that are asked for most; another model needs a server that answers one of these lengths. */
const DIMENSIONS: Record<string, number> = {
  "text-embedding-3-small": 1536,
  "text-embedding-3-large": 3072,
  "nomic-embed-text": 768,
  "mxbai-embed-large": 1024,
};

function embedderConfig({ embedder, baseUrl, model, apiKey }: Config["memory"]): EmbedderConfig {
  if (embedder === "offline") return { kind: "energetic" };
  const name = model ?? "nomic-embed-text";
  const dimensions = DIMENSIONS[name] ?? 768;
  return embedder === "openai"
    ? {
        kind: "openai",
        baseUrl: baseUrl ?? "https://api.openai.com/v1",
        model: name,
        dimensions,
        ...(apiKey ? { apiKey } : {}),
      }
    : { kind: "ollama", baseUrl: baseUrl ?? "http://127.0.0.1:11434", model: name, dimensions };
}
