// Embedding servers as they are and as they misbehave, over real HTTP against a listener that speaks their API; and the hashing embedder.
import { createServer, type Server } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type EmbedderConfig, openEmbedder } from "./embedder.ts";
import { hashingEmbedder } from "./embedder-hashing.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});
type Answer = { status?: number; body?: string; silent?: boolean };
type Asked = { path: string; key: string | undefined; body: { model: string; input: string[] } };
async function listen(answer: (asked: Asked) => Answer): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const listener = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const question: Asked = {
      path: request.url ?? "",
      key: request.headers.authorization,
      body: JSON.parse(body) as Asked["body"],
    };
    asked.push(question);
    const { status = 200, body: answered = "", silent } = answer(question);
    if (!silent) response.writeHead(status, { "content-type": "application/json" }).end(answered);
  });
  server = listener;
  await new Promise<void>((ready) => {
    listener.listen(0, "127.0.0.1", ready);
  });
  const address = listener.address();
  return { url: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`, asked };
}
const openai = (baseUrl: string, more: Partial<Extract<EmbedderConfig, { kind: "openai" }>> = {}) =>
  openEmbedder({ kind: "openai", baseUrl, model: "small", dimensions: 3, timeoutMs: 20_000, ...more });

describe("an OpenAI-compatible server", () => {
  it("is asked once for all texts and answers in the order of the texts, whatever order it sends", async () => {
    const body = JSON.stringify({
      data: [
        { index: 1, embedding: [0, 1, 0] },
        { index: 0, embedding: [1, 0, 0] },
      ],
    });
    const { url, asked } = await listen(() => ({ body }));
    expect(await openai(`${url}/v1/`, { apiKey: "sk-test" }).embed(["one", "two"])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(asked).toEqual([
      { path: "/v1/embeddings", key: "Bearer sk-test", body: { model: "small", input: ["one", "two"] } },
    ]);
    expect(await openai(url).embed([])).toEqual([]);
  });

  it.each<[string, Answer, string]>([
    ["an error", { status: 500, body: "Jane Doe" }, "EG503"],
    ["a refused key", { status: 401 }, "EG400"],
    ["no JSON", { body: "<html>Jane Doe</html>" }, "EG503"],
    ["JSON of another shape", { body: "[]" }, "EG503"],
    ["too few vectors", { body: '{"data":[]}' }, "EG503"],
    ["words for numbers", { body: '{"data":[{"index":0,"embedding":["a","b","c"]}]}' }, "EG503"],
    ["zeros", { body: '{"data":[{"index":0,"embedding":[0,0,0]}]}' }, "EG503"],
    ["huge numbers", { body: '{"data":[{"index":0,"embedding":[1e200,0,0]}]}' }, "EG503"],
    ["another length", { body: '{"data":[{"index":0,"embedding":[1,2]}]}' }, "EG400"],
    [
      "ten megabytes",
      { body: `{"data":[{"index":0,"embedding":[1,0,0]}],"more":"${"x".repeat(10_000_000)}"}` },
      "EG503",
    ],
    ["silence", { silent: true }, "EG503"],
  ])("that answers %s is one coded error without its words", async (_, answer, code) => {
    const { url } = await listen(() => answer);
    const failure = await openai(url, answer.silent ? { timeoutMs: 200 } : {})
      .embed(["one"])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "EvergreenError", code });
    expect(String(failure)).not.toContain("Jane");
    expect((failure as Error).cause).toBeUndefined();
  });

  it("that answers a vanishing component has it as zero, for the store's arithmetic", async () => {
    const { url } = await listen(() => ({ body: '{"data":[{"index":0,"embedding":[1,1e-200,-1e-20]}]}' }));
    expect(await openai(url).embed(["one"])).toEqual([[1, 0, -1e-20]]);
  });

  it("that is not there is EG503", async () => {
    await expect(openai("http://127.0.0.1:1").embed(["one"])).rejects.toMatchObject({ code: "EG503" });
  });
});

it("Ollama is asked by its own API", async () => {
  const { url, asked } = await listen(() => ({ body: '{"embeddings":[[1,0,0]]}' }));
  const ollama = openEmbedder({ kind: "ollama", baseUrl: url, model: "nomic-embed-text", dimensions: 3 });
  expect(await ollama.embed(["one"])).toEqual([[1, 0, 0]]);
  expect(asked).toEqual([{ path: "/api/embed", key: undefined, body: { model: "nomic-embed-text", input: ["one"] } }]);
});

describe("the hashing embedder", () => {
  const cosine = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);

  it("gives any text one finite vector of length one, always the same", async () => {
    const embedder = hashingEmbedder();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
        const [vector, again] = await embedder.embed([text, text]);
        expect(vector).toHaveLength(64);
        expect(Math.hypot(...vector!)).toBeCloseTo(1, 9);
        expect(again).toEqual(vector);
      }),
    );
  });

  it("puts texts that share words nearer than texts that do not", async () => {
    const [query, near, far] = await hashingEmbedder().embed(["rate shock", "the rate shock was large", "tomato soup"]);
    expect(cosine(query!, near!)).toBeGreaterThan(cosine(query!, far!));
  });
});
