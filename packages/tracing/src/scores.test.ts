// Scores over real HTTP. No Langfuse server runs here: a listener stands in for it and shows what would arrive.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { openScores } from "./scores.ts";
import { traceIdOf } from "./trace-id.ts";

const asked: { path: string; authorization: string; body: Record<string, unknown> }[] = [];
let status = 200;
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  asked.push({ path: request.url ?? "", authorization: request.headers.authorization ?? "", body: JSON.parse(body) });
  response.writeHead(status, { "content-type": "application/json" }).end("{}");
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
afterAll(() => new Promise((resolve) => server.close(resolve)));

const RUN = "event/00000000-0000-4000-8000-000000000003";
const scores = openScores({ publicKey: "pk-lf-test", secretKey: "sk-lf-test", baseUrl, environment: "demo" });
const agreement = { name: "data_quality.nav_agreement", value: 0.25, passed: true };

it("puts a result on the trace of its run, the same row each time", async () => {
  expect(await scores.send(RUN, [agreement])).toEqual({ sent: 1, failed: 0 });
  expect(await scores.send(RUN, [{ ...agreement, value: 0.75, passed: false }])).toEqual({ sent: 1, failed: 0 });
  expect(asked.map(({ path }) => path)).toEqual(["/api/public/scores", "/api/public/scores"]);
  expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from("pk-lf-test:sk-lf-test").toString("base64")}`);
  expect(asked.map(({ body }) => body)).toMatchObject([
    {
      traceId: traceIdOf(RUN),
      name: agreement.name,
      value: 0.25,
      dataType: "NUMERIC",
      comment: "passed",
      environment: "demo",
    },
    { traceId: traceIdOf(RUN), name: agreement.name, value: 0.75, comment: "failed", id: asked[0]?.body.id },
  ]);
});

it("sends no name that is not listed and nothing unmeasured, and counts a server that fails or is away", async () => {
  const before = asked.length;
  const strange = { name: "nav of jane.doe@example.org", value: 1, passed: true };
  expect(await scores.send(RUN, [strange, { ...agreement, value: null }])).toEqual({ sent: 0, failed: 2 });
  expect(asked.length).toBe(before);
  status = 500;
  expect(await scores.send(RUN, [agreement])).toEqual({ sent: 0, failed: 1 });
  const away = openScores({ publicKey: "p", secretKey: "s", baseUrl: "http://127.0.0.1:1" });
  expect(await away.send(RUN, [agreement])).toEqual({ sent: 0, failed: 1 });
});
