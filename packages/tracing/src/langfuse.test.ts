// Langfuse and OTLP over real HTTP. No Langfuse server runs here: a listener stands in for it and shows what would arrive, or how it misbehaves.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { SpanRow } from "./span-row.ts";
import { traceIdOf } from "./trace-id.ts";
import { startRunSpan, traced } from "./traced.ts";
import { startTracing, type Tracing, type TracingOptions } from "./tracing.ts";

const WORKFLOW = "event/00000000-0000-4000-8000-000000000003";
const CANARY = "jane.doe@example.org";
type Request = { path: string; authorization: string; body: string };
let server: Server | undefined;
let tracing: Tracing | undefined;
afterEach(async () => {
  await tracing?.shutdown(200);
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A listener that answers every request with `status` and `answer`, or never when there is no status. */
async function listen(status?: number, answer = "{}"): Promise<{ url: string; requests: Request[] }> {
  const requests: Request[] = [];
  const bodyOf = async (request: IncomingMessage): Promise<string> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    return body;
  };
  const listener = createServer(async (request, response) => {
    requests.push({
      path: request.url ?? "",
      authorization: request.headers.authorization ?? "",
      body: await bodyOf(request),
    });
    if (status !== undefined) response.writeHead(status, { "content-type": "application/json" }).end(answer);
  });
  server = listener;
  const port = await new Promise<number>((give) => {
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      give(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
  return { url: `http://127.0.0.1:${port}`, requests };
}

async function run(options: Partial<TracingOptions>): Promise<SpanRow[]> {
  const rows: SpanRow[] = [];
  tracing = await startTracing({ service: "commander", store: async (spans) => void rows.push(...spans), ...options });
  const span = startRunSpan(WORKFLOW, "event.REBALANCE_REQUESTED");
  const failing = traced("memory.recall", {}, () => Promise.reject(new Error(CANARY)));
  await expect(span.with(() => failing)).rejects.toThrow(CANARY);
  span.end();
  return rows;
}
const langfuse = (baseUrl: string): Partial<TracingOptions> => ({
  langfuse: { publicKey: "pk-lf-test", secretKey: "sk-lf-test", baseUrl, environment: "demo" },
});

describe("spans to Langfuse", () => {
  it("arrive with the run's trace id and keys, and without the words of an error", async () => {
    const { url, requests } = await listen(200);
    await run(langfuse(`${url}/`));
    await tracing!.forceFlush();
    expect(requests.map(({ path }) => path)).toEqual(["/api/public/otel/v1/traces"]);
    expect(requests[0]!.authorization).toBe(`Basic ${Buffer.from("pk-lf-test:sk-lf-test").toString("base64")}`);
    const { body } = requests[0]!;
    for (const part of [traceIdOf(WORKFLOW), "event.REBALANCE_REQUESTED", "memory.recall", "langfuse.environment"]) {
      expect(body).toContain(part);
    }
    expect(body).not.toContain(CANARY);
    expect(tracing!.counts().langfuse).toEqual({ taken: 2, sent: 2, failed: 0, refused: 0 });
  });

  it("a server of errors costs counted spans; the local store has them all", async () => {
    const { url } = await listen(400, "x".repeat(10_000_000));
    const rows = await run(langfuse(url));
    await tracing!.forceFlush();
    expect(tracing!.counts()).toEqual({
      store: { taken: 2, sent: 2, failed: 0, refused: 0 },
      langfuse: { taken: 2, sent: 0, failed: 2, refused: 0 },
    });
    expect(rows.some((row) => Object.keys(row.attributes).some((key) => key.startsWith("langfuse")))).toBe(false);
  });

  it("a server that is absent or silent holds nothing up", { timeout: 30_000 }, async () => {
    const { url, requests } = await listen();
    await run({ ...langfuse(url), otlp: { endpoint: "http://127.0.0.1:1" } });
    // Returns although the listener never answers: the request below is still open.
    await tracing!.forceFlush(300);
    expect(requests).toHaveLength(1);
    expect(tracing!.counts().store).toEqual({ taken: 2, sent: 2, failed: 0, refused: 0 });
    expect(tracing!.counts().langfuse?.sent).toBe(0);
  });

  it("go to an OTLP collector as well when one is named", async () => {
    const { url, requests } = await listen(200);
    await run({ otlp: { endpoint: `${url}/v1/traces`, headers: { Authorization: "Bearer test" } } });
    await tracing!.forceFlush();
    expect(requests.map(({ path, authorization }) => [path, authorization])).toEqual([["/v1/traces", "Bearer test"]]);
    expect(requests[0]!.body).not.toContain(CANARY);
  });
});

describe("an exporter that cannot be opened", () => {
  it("is a note when its address is none", async () => {
    const rows = await run({ otlp: { endpoint: "not an address" } });
    await tracing!.forceFlush();
    expect(tracing!.notes).toEqual(["Traces do not go to the OTLP collector: its settings are not valid."]);
    expect(rows).toHaveLength(2);
  });
});
