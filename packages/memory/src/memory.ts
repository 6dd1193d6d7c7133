// recall() before planning, remember() after a run. Recalling never fails its caller: no memory is a plan without memories, with the reason reported.
import { type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { FundId, type MemoryId } from "@evergreen-fund/domain/ids.ts";
import type { Embedder } from "./embedder.ts";
import { mem0Door, type RecallCall, type RememberCall } from "./mem0-door.ts";
import type { MemoryPort } from "./memory-port.ts";
import { type MemoryRow, type Recollection, RememberInput, TEXT_MAX_BYTES } from "./schema.ts";
import { cutTo, personalDataCheck, plainText, rememberable, type TextCheck } from "./text-rules.ts";

/** Why a recall came back empty-handed: a code, and a sentence without any memory's words. */
export type MemoryTrouble = { code: ErrorCode; reason: string; timedOut: boolean };

export type MemoryOptions = {
  embedder: Embedder;
  /** Bound to the caller's database role: it finds what that role may see. */
  port: MemoryPort;
  /** Where mem0 keeps its settings file, under EVERGREEN_HOME. */
  dir: string;
  /** Refuses words that may not be remembered. Default: e-mail addresses, account numbers, amounts of money. */
  check?: TextCheck;
  /** Told of every recall that failed; the caller puts it into its span or log. */
  report?: (trouble: MemoryTrouble) => void;
  /** All of a recall, loading included. Default 2000. */
  recallTimeoutMs?: number;
  /** All of a remember. Default 15000; a failed one may be repeated with the same request id. */
  rememberTimeoutMs?: number;
};

export type FundMemory = {
  /** Loads model and mem0 and searches once, so that the first recall is not slower than its limit. Rejects with a code, mostly EG503; the system runs without. */
  ready(): Promise<void>;
  /** The `limit` (1 to 50) memories of a fund nearest to the query that the caller may see, best first; [] when memory is not there. Never rejects. */
  recall(query: { fundId: FundId; query: string; limit: number }): Promise<Recollection[]>;
  /**
   * Stores one memory and answers its id; the same request id again answers the same id.
   * @throws EvergreenError EG400 for words or references that may not be kept or an embedder of another length, EG413 over 4096 bytes, EG409 for a
   * request id used with other input, EG503 when the store or the embedder is not there (try again).
   */
  remember(input: RememberInput): Promise<MemoryId>;
};

class TimedOut extends Error {}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, give) => {
    timer = setTimeout(() => give(new TimedOut()), timeoutMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    // When the limit won, nobody waits for the work any more; its failure is no news.
    work.catch(() => undefined);
  }
}

/** A coded error without the words of its cause, which may quote a row or a request. */
function coded(failure: unknown): EvergreenError {
  if (failure instanceof EvergreenError) return new EvergreenError(failure.code, failure.message);
  if (failure instanceof TimedOut) return new EvergreenError("EG503", "Memory did not answer in time.");
  return new EvergreenError("EG503", "Memory is not there.");
}

/** No fund has this id, so a search for it finds nothing. */
const NOBODYS_FUND = FundId.parse("00000000-0000-4000-8000-000000000000");

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function rowOf(input: RememberInput, check: TextCheck): { row: MemoryRow; requestId: string } {
  const parsed = RememberInput.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new EvergreenError("EG400", `The memory is not valid at ${issue?.path.join(".") || "its top"}.`);
  }
  const { text, fundId, requestId, ...rest } = parsed.data;
  const ids = rest.supabase_refs.map(({ id }) => id.toLowerCase()).filter((id) => uuid.test(id));
  const row = {
    ...rest,
    fund_id: fundId,
    text: rememberable(text, check),
    embedding: [],
    reference_ids: [...new Set(ids)].sort(),
  };
  return { row, requestId };
}

/** Opens memory for one caller. Loads nothing yet; call `ready()` while a worker starts. */
export function openMemory(options: MemoryOptions): FundMemory {
  const { embedder, port, dir, check = personalDataCheck(), report = () => undefined } = options;
  const mem0 = mem0Door(port, embedder.dimensions, dir);
  const vectorOf = async (text: string): Promise<number[]> => (await embedder.embed([text]))[0]!;

  async function search(fundId: FundId, query: string, limit: number): Promise<Recollection[]> {
    const words = cutTo(plainText(query), TEXT_MAX_BYTES);
    if (words === "") throw new EvergreenError("EG400", "There is nothing to look for.");
    if (!Number.isInteger(limit) || limit < 1 || limit > 50) throw new EvergreenError("EG400", "limit is 1 to 50.");
    const call: RecallCall = { kind: "recall", vector: await vectorOf(words), fundId, limit, hits: [] };
    const ranked = await mem0.search(call, words);
    if (call.failure !== undefined) throw call.failure;
    return ranked.flatMap(({ id, score }) => {
      const hit = call.hits.find((found) => found.memory_id === id);
      return hit ? [{ ...hit, score, text: cutTo(plainText(hit.text), TEXT_MAX_BYTES) }] : [];
    });
  }

  async function store(input: RememberInput): Promise<MemoryId> {
    const { row, requestId } = rowOf(input, check);
    const call: RememberCall = { kind: "remember", vector: await vectorOf(row.text), row, requestId };
    await mem0.add(call);
    if (call.failure !== undefined) throw call.failure;
    if (call.memoryId === undefined) throw new EvergreenError("EG500", "mem0 did not hand the memory to its store.");
    return call.memoryId;
  }

  return {
    ready: async () => {
      try {
        await Promise.all([vectorOf("ready"), mem0.ready()]);
        // one search of nobody's memories goes the whole way: mem0's first search, the store's first connection and plan
        await search(NOBODYS_FUND, "ready", 1);
      } catch (failure) {
        throw coded(failure);
      }
    },
    recall: async ({ fundId, query, limit }) => {
      try {
        return await within(search(fundId, query, limit), options.recallTimeoutMs ?? 2_000);
      } catch (failure) {
        const { code, message } = coded(failure);
        report({ code, reason: message, timedOut: failure instanceof TimedOut });
        return [];
      }
    },
    remember: async (input) => {
      try {
        return await within(store(input), options.rememberTimeoutMs ?? 15_000);
      } catch (failure) {
        throw coded(failure);
      }
    },
  };
}

/**
 * Memories as a quoted block for a language model: JSON that cannot close its own frame. Words of untrusted memories are left out unless asked for.
 * Whatever stands in it is data; the model's prompt says so, and no tool may run on its word alone.
 */
export function quoteForModel(recollections: readonly Recollection[], options: { untrusted?: boolean } = {}): string {
  const shown = recollections
    .filter(({ trust }) => options.untrusted === true || trust !== "untrusted")
    .map(({ memory_id, trust, text }) => ({ memory_id, trust, text }));
  const json = JSON.stringify(shown).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<memories>${json}</memories>`;
}
