// The default: a sentence model whose weights come with npm. No network, 512 numbers, 25 to 60 ms of computing per sentence, in a thread of its own.
import type { Embedder } from "./embedder.ts";
import { type ModelThread, modelThread } from "./model-thread.ts";
import { checkedVectors } from "./vectors.ts";

export const ENERGETIC_DIMENSIONS = 512;
const NAME = "energetic:embeddings-en";

/** One thread and one model per process, however many embedders are opened. */
let thread: ModelThread | undefined;

export const energeticEmbedder = (): Embedder => ({
  name: NAME,
  dimensions: ENERGETIC_DIMENSIONS,
  embed: async (texts) => {
    thread ??= modelThread(new URL("./energetic-thread.mjs", import.meta.url));
    const { vectorOf } = thread;
    const vectors: unknown[] = [];
    // one after the other: several callers take turns, text by text
    for (const text of texts) vectors.push(await vectorOf(text));
    return checkedVectors(NAME, vectors, texts.length, ENERGETIC_DIMENSIONS);
  },
});
