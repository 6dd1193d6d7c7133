// Documents in a bucket over HTTP: a small server that answers as Supabase Storage does, and what the store makes of its answers.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUCKET, bucketStore } from "./documents.ts";
import { storageBucket } from "./storage-bucket.ts";

const KEY = "sb_secret_synthetic";
const PATH = "6f5ef14d-0429-4c42-bc21-abb39030036e/a3c5149e-e17e-430c-910b-6edcb5111bd0";
const kept = new Map<string, Buffer>();
const asked: string[] = [];
let broken = false;

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const server = createServer((request, response) => {
  void (async () => {
    const body = await bodyOf(request);
    const say = (status: number, said: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(said));
    };
    asked.push(`${request.method} ${request.url}`);
    const { pathname } = new URL(request.url ?? "", "http://storage");
    const root = `/storage/v1/object/${BUCKET}`;
    if (broken) return say(500, { statusCode: "500", error: "Internal", message: `broken at ${PATH}` });
    if (request.headers.authorization !== `Bearer ${KEY}` || request.headers.apikey !== KEY)
      return say(400, {
        statusCode: "403",
        error: "Unauthorized",
        message: "new row violates row-level security policy",
      });
    if (request.method === "DELETE" && pathname === root) {
      const { prefixes } = JSON.parse(body.toString("utf8")) as { prefixes: string[] };
      for (const one of prefixes) kept.delete(one);
      return say(200, []);
    }
    const path = pathname.slice(root.length + 1);
    if (request.method === "POST") {
      if (kept.has(path) && request.headers["x-upsert"] !== "true")
        return say(400, { statusCode: "409", error: "Duplicate", message: "The resource already exists" });
      kept.set(path, body);
      return say(200, { Key: `${BUCKET}/${path}` });
    }
    const found = kept.get(path);
    if (found === undefined) return say(400, { statusCode: "404", error: "not_found", message: "Object not found" });
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.end(found);
  })();
});
let url = "";
beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
const store = (key = KEY) => bucketStore(storageBucket({ url: `${url}/`, key, bucket: BUCKET }));

it("keeps bytes once, gives them back, and removes them", async () => {
  const bytes = new Uint8Array(70_000).map((_, at) => at % 251);
  await store().put(PATH, bytes);
  expect(Buffer.from(await store().get(PATH)).equals(Buffer.from(bytes))).toBe(true);
  await expect(store().put(PATH, bytes)).rejects.toMatchObject({ code: "EG409" });
  await store().remove([PATH]);
  await store().remove([PATH]);
  await expect(store().get(PATH)).rejects.toMatchObject({ code: "EG404" });
  expect(asked[0]).toBe(`POST /storage/v1/object/${BUCKET}/${PATH}`);
});

it("another key is refused, and a path that is no two ids never reaches the server", async () => {
  await expect(store("wrong").put(PATH, new Uint8Array(1))).rejects.toMatchObject({ code: "EG503" });
  const before = asked.length;
  await expect(store().get("../secrets")).rejects.toMatchObject({ code: "EG400" });
  expect(asked).toHaveLength(before);
});

it("a server that fails or is away is asked again later; no word of its answer gets out", async () => {
  broken = true;
  const refused = await store()
    .get(PATH)
    .catch((error: unknown) => error);
  broken = false;
  expect(refused).toMatchObject({ code: "EG503", retryable: true });
  expect(JSON.stringify(refused) + String((refused as Error).cause)).not.toContain(PATH);
  const away = bucketStore(storageBucket({ url: "http://127.0.0.1:9", key: KEY, bucket: BUCKET }));
  await expect(away.get(PATH)).rejects.toMatchObject({ code: "EG503" });
});
