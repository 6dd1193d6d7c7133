// The one import of mem0. It embeds, searches, ranks and forgets through adapters of ours; its telemetry, history database and graph stay off.
// mem0 logs what its parts throw, words included, so the adapters never throw: they put the failure into the call, and memory.ts raises it.
import { AsyncLocalStorage } from "node:async_hooks";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { FundId, MemoryId } from "@evergreen-fund/domain/ids.ts";
import type { Memory } from "mem0ai/oss";
import type { MemoryPort } from "./memory-port.ts";
import { type MemoryRow, Recollection } from "./schema.ts";

/** What one call carries past mem0, whose interfaces have no place for it. */
export type RememberCall = {
  kind: "remember";
  vector: number[];
  row: MemoryRow;
  requestId: string;
  memoryId?: MemoryId;
  failure?: unknown;
};
export type RecallCall = {
  kind: "recall";
  vector: number[];
  fundId: FundId;
  limit: number;
  hits: Recollection[];
  failure?: unknown;
};
type Call = RememberCall | RecallCall;

const calls = new AsyncLocalStorage<Call>();

/** As much of LangChain's Document as passes between mem0 and a store. */
type StoredDocument = { pageContent: string; metadata: Record<string, unknown> };

/** mem0's vector store: LangChain's three methods over the caller's port. */
class PortVectorStore {
  private readonly port: MemoryPort;
  constructor(port: MemoryPort) {
    this.port = port;
  }

  async addVectors(vectors: number[][], _documents: StoredDocument[]): Promise<string[]> {
    const call = calls.getStore();
    const [embedding] = vectors;
    if (call?.kind !== "remember" || embedding === undefined) return [];
    try {
      call.memoryId = await this.port.remember({ ...call.row, embedding }, call.requestId);
      return [call.memoryId];
    } catch (failure) {
      call.failure = failure;
      return [];
    }
  }

  async similaritySearchVectorWithScore(vector: number[], _k: number): Promise<[StoredDocument, number][]> {
    const call = calls.getStore();
    // mem0 also searches here for entities of the query; our graph is in SQL, and its vectors are zero (see embedDocuments).
    if (call?.kind !== "recall" || vector.every((value) => value === 0)) return [];
    try {
      const rows = await this.port.search({ embedding: vector, fundId: call.fundId, limit: call.limit });
      // A row that does not parse is left out: one poisoned memory must not hide the others.
      call.hits = rows.flatMap((row) => {
        const parsed = Recollection.safeParse(row);
        return parsed.success ? [parsed.data] : [];
      });
    } catch (failure) {
      call.failure = failure;
    }
    return call.hits.map((hit) => [
      { pageContent: "", metadata: { data: hit.text, _mem0_id: hit.memory_id } },
      hit.score,
    ]);
  }

  /** Memories are superseded in SQL, never deleted here. */
  async delete(): Promise<void> {
    throw new EvergreenError("EG403", "A memory is superseded, never deleted.");
  }
}

/** mem0's embedder: hands over the vector that memory.ts has computed under its own time limit. */
const embeddings = (dimensions: number) => ({
  embeddingDimension: dimensions,
  embedQuery: async (): Promise<number[]> => calls.getStore()?.vector ?? new Array<number>(dimensions).fill(0),
  /** Asked for entities only, which we do not keep. */
  embedDocuments: async (texts: string[]): Promise<number[][]> =>
    texts.map(() => new Array<number>(dimensions).fill(0)),
});

const noModel = {
  invoke: async (): Promise<never> => {
    throw new EvergreenError("EG500", "Memory asks no language model.");
  },
};

/** Opens mem0 over a port. The first `dir` of a process is the one mem0 writes its settings file to. */
async function openMem0(port: MemoryPort, dimensions: number, dir: string): Promise<Memory> {
  // Read by mem0 while it is imported: from then on nothing is sent and no notice is fetched.
  process.env.MEM0_TELEMETRY = "false";
  process.env.MEM0_DIR ??= dir;
  const { Memory: Mem0 } = await import("mem0ai/oss");
  return new Mem0({
    embedder: { provider: "langchain", config: { model: embeddings(dimensions), embeddingDims: dimensions } },
    vectorStore: {
      provider: "langchain",
      config: { collectionName: "agent_memories", client: new PortVectorStore(port), dimension: dimensions },
    },
    llm: { provider: "langchain", config: { model: noModel } },
    disableHistory: true,
  });
}

export type Mem0Door = {
  /** Loads mem0; rejects with EG503 when one of its parts (better-sqlite3 is one) is missing. */
  ready(): Promise<void>;
  add(call: RememberCall): Promise<void>;
  search(call: RecallCall, query: string): Promise<{ id: string; score: number }[]>;
};

export function mem0Door(port: MemoryPort, dimensions: number, dir: string): Mem0Door {
  let opening: Promise<Memory> | undefined;
  const mem0 = (): Promise<Memory> => {
    opening ??= openMem0(port, dimensions, dir).catch(() => {
      opening = undefined;
      throw new EvergreenError(
        "EG503",
        "mem0 could not be loaded; run npm install, and npm rebuild better-sqlite3 after a change of Node.",
      );
    });
    return opening;
  };
  return {
    ready: async () => void (await mem0()),
    add: async (call) => {
      const door = await mem0();
      await calls.run(call, () => door.add(call.row.text, { userId: call.row.fund_id, infer: false }));
    },
    search: async (call, query) => {
      const door = await mem0();
      const options = { topK: call.limit, threshold: 0, filters: { user_id: call.fundId } };
      const { results } = await calls.run(call, () => door.search(query, options));
      return results.map(({ id, score }) => ({ id, score: score ?? 0 }));
    },
  };
}
