// Requests that no route ever sees, sent to a real server: each is answered by one coded error, and the server goes on.
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { refuseUnread } from "./unread-request.ts";

const server = serve({ fetch: () => new Response("well"), hostname: "127.0.0.1", port: 0 }) as Server;
refuseUnread(server);
beforeAll(() => new Promise<void>((resolve) => (server.listening ? resolve() : server.once("listening", resolve))));
afterAll(() => new Promise((resolve) => server.close(resolve)));
const port = () => (server.address() as AddressInfo).port;

/** Status and body of what the server answers to these bytes. */
const send = (bytes: string): Promise<{ status: number; body: unknown }> =>
  new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port(), "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      const [head = "", body = "null"] = answer.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), body: JSON.parse(body) });
    });
  });
const refusal = (code: string) => ({ code, message: expect.stringMatching(/^[A-Z].*\.$/), details: null, hint: null });

it.each([
  [
    "an address beyond the limit",
    `GET /rest/v1/funds?x=${"a".repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    431,
    "EG413",
  ],
  ["headers beyond the limit", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(40_000)}\r\n\r\n`, 431, "EG413"],
  ["bytes that are no HTTP", "\u0000\u0001 what\r\n\r\n", 400, "EG400"],
  [
    "two lengths of one body",
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    400,
    "EG400",
  ],
])("%s", async (_what, bytes, status, code) => {
  expect(await send(bytes)).toEqual({ status, body: refusal(code) });
  expect(await (await fetch(`http://127.0.0.1:${port()}/`)).text()).toBe("well");
});
