// Bodies over a real HTTP server: read the short way and then by the Request, and refused when they are too large, said or unsaid.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bodyText, limitBody } from "./request-body.ts";

const MOST = 1_000;
let server: Server;
let url: string;

beforeAll(async () => {
  const app = new Hono();
  app.use(limitBody(MOST, (context) => context.text("too large", 413)));
  app.post("/twice", async (context) => context.json([await bodyText(context), await context.req.raw.text()]));
  server = await new Promise<Server>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(started as Server));
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/twice`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const unsaid = (text: string): ReadableStream =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
const post = (body: string | ReadableStream): Promise<Response> =>
  fetch(url, { method: "POST", body, duplex: "half" } as RequestInit);

it.each([
  ["said", (text: string): string | ReadableStream => text],
  ["unsaid", unsaid],
])("whose length is %s are read twice, or refused beyond the limit", async (_name, body) => {
  const text = `{"name":"Größe"}`;
  expect(await (await post(body(text))).json()).toEqual([text, text]);
  expect((await post(body("a".repeat(MOST)))).status).toBe(200);
  expect((await post(body("a".repeat(MOST + 1)))).status).toBe(413);
});

it("without any are the empty text", async () => {
  expect(await (await fetch(url, { method: "POST" })).json()).toEqual(["", ""]);
});
