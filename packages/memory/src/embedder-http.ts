// An embedding server by plain fetch: OpenAI's API or Ollama's. It may be slow, down, or talk nonsense; each of those is one coded error.
// Memory texts leave the machine when this is configured; they hold no personal data and no amounts by rule (text-rules.ts).
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Embedder, EmbedderConfig } from "./embedder.ts";
import { checkedVectors } from "./vectors.ts";

type HttpConfig = Extract<EmbedderConfig, { kind: "openai" | "ollama" }>;

const DEFAULT_TIMEOUT_MS = 10_000;

/** Reads an answer of at most `max` bytes; a server that sends more is broken or hostile. */
async function bodyOf(response: Response, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > max) throw new EvergreenError("EG503", "The embedder's answer is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function vectorsIn(kind: HttpConfig["kind"], body: unknown): unknown {
  if (typeof body !== "object" || body === null) return undefined;
  if (kind === "ollama") return (body as { embeddings?: unknown }).embeddings;
  const data = (body as { data?: unknown }).data;
  if (!Array.isArray(data)) return undefined;
  // OpenAI numbers its answers and does not promise their order.
  const items = data as { index?: unknown; embedding?: unknown }[];
  return [...items].sort((a, b) => Number(a?.index ?? 0) - Number(b?.index ?? 0)).map((item) => item?.embedding);
}

export function httpEmbedder(config: HttpConfig): Embedder {
  const name = `${config.kind}:${config.model}`;
  const base = config.baseUrl.replace(/\/+$/, "");
  const url = config.kind === "openai" ? `${base}/embeddings` : `${base}/api/embed`;
  const apiKey = config.kind === "openai" ? config.apiKey : undefined;
  const headers = { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  const ask = async (texts: readonly string[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify({ model: config.model, input: texts }),
      signal: AbortSignal.timeout(config.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      redirect: "error",
    });
    if (response.status === 401 || response.status === 403) {
      throw new EvergreenError("EG400", `The embedder ${name} refused the key; set another one.`);
    }
    if (!response.ok) throw new EvergreenError("EG503", `The embedder ${name} answered status ${response.status}.`);
    // 40 characters per number are generous; 64 KB for what surrounds them.
    return JSON.parse(await bodyOf(response, texts.length * config.dimensions * 40 + 65_536));
  };
  return {
    name,
    dimensions: config.dimensions,
    embed: async (texts) => {
      if (texts.length === 0) return [];
      let body: unknown;
      try {
        body = await ask(texts);
      } catch (failure) {
        if (failure instanceof EvergreenError) throw failure;
        // The cause is left out: it may quote the request.
        throw new EvergreenError("EG503", `The embedder ${name} is not there or did not answer in time.`);
      }
      return checkedVectors(name, vectorsIn(config.kind, body), texts.length, config.dimensions);
    },
  };
}
