// Texts to vectors. Three kinds by configuration: the offline model in npm (default), a server that speaks OpenAI's or Ollama's API, hashing for tests.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { energeticEmbedder } from "./embedder-energetic.ts";
import { hashingEmbedder } from "./embedder-hashing.ts";
import { httpEmbedder } from "./embedder-http.ts";
import { rememberingEmbedder } from "./embedder-remembering.ts";

export interface Embedder {
  /** For people and logs: kind and model. */
  readonly name: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /** One vector per text, in order. Throws EvergreenError: EG503 when the model is not there, EG400 when it answers another length. */
  embed(texts: readonly string[]): Promise<number[][]>;
}

export type EmbedderConfig =
  | { kind: "energetic" }
  /** Any server with POST {baseUrl}/embeddings, for example https://api.openai.com/v1. */
  | { kind: "openai"; baseUrl: string; model: string; dimensions: number; apiKey?: string; timeoutMs?: number }
  /** POST {baseUrl}/api/embed, for example http://127.0.0.1:11434. */
  | { kind: "ollama"; baseUrl: string; model: string; dimensions: number; timeoutMs?: number }
  | { kind: "hashing"; dimensions?: number };

/** The embedder of a configuration, with the vectors of the last 500 texts kept in front of it. */
export const openEmbedder = (config: EmbedderConfig): Embedder => rememberingEmbedder(embedderOf(config));

function embedderOf(config: EmbedderConfig): Embedder {
  switch (config.kind) {
    case "energetic":
      return energeticEmbedder();
    case "openai":
    case "ollama":
      return httpEmbedder(config);
    case "hashing":
      return hashingEmbedder(config.dimensions);
    default:
      throw new EvergreenError("EG400", "Unknown embedder: use energetic, openai or ollama.");
  }
}
