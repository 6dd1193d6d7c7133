// In front of any embedder: the last texts and their vectors, because a playbook asks the same question for every fund and kind of run.
// Holds texts and vectors in this process only.
import type { Embedder } from "./embedder.ts";

/** About 4 MB with the offline model's 512 numbers. */
const TEXTS_KEPT = 500;

/** The embedder, asked once per text while the text is among the last `kept`. A failure is not kept: the next call asks again. */
export function rememberingEmbedder(embedder: Embedder, kept = TEXTS_KEPT): Embedder {
  // a Map keeps the order of insertion: the first key is the one not asked for longest
  const vectors = new Map<string, Promise<readonly number[]>>();

  const keep = (text: string, vector: Promise<readonly number[]>): void => {
    vectors.set(text, vector);
    vector.catch(() => vectors.get(text) === vector && vectors.delete(text));
    const [oldest] = vectors.keys();
    if (vectors.size > kept && oldest !== undefined) vectors.delete(oldest);
  };

  return {
    name: embedder.name,
    dimensions: embedder.dimensions,
    embed: async (texts) => {
      const found = new Map<string, Promise<readonly number[]>>();
      for (const text of texts) {
        const vector = vectors.get(text);
        if (vector === undefined) continue;
        vectors.delete(text);
        vectors.set(text, vector);
        found.set(text, vector);
      }
      const missing = [...new Set(texts)].filter((text) => !found.has(text));
      if (missing.length > 0) {
        // kept before it is answered, so that callers who ask at once share one answer
        const asked = embedder.embed(missing);
        for (const [at, text] of missing.entries()) {
          const vector = asked.then((answered) => answered[at]!);
          found.set(text, vector);
          keep(text, vector);
        }
      }
      const answered = await Promise.all(texts.map((text) => found.get(text)!));
      // a copy for each caller: whoever changes its vector changes nobody else's
      return answered.map((vector) => [...vector]);
    },
  };
}
