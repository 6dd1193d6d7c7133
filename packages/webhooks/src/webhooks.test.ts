// Webhooks to a real receiver that checks them with the reference library, to addresses that are refused, and to receivers that misbehave.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterAll, describe, expect, it } from "vitest";
import {
  endpointUrl,
  isPublicAddress,
  newSecret,
  nextAttemptMs,
  sendWebhook,
  signedHeaders,
  WAITS_SECONDS,
} from "./index.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

/** A receiver on a port of its own. */
async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => answer(request, response, body));
  });
  servers.push(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const now = (): number => Math.floor(Date.now() / 1_000);
const message = (body = '{"type":"NAV_PUBLISHED","data":{"strike_id":"1"}}') => ({
  id: "msg_1",
  timestamp: now(),
  body,
});
/** A resolver that says what a hostile name server would. */
const resolving =
  (...addresses: string[]): LookupFunction =>
  (_name, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

describe("a signature", () => {
  it("is one that the reference library accepts, with whatever text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.uuid(), (body, id) => {
        const secret = newSecret();
        const headers = signedHeaders({ id, timestamp: now(), body: JSON.stringify({ body }) }, [secret]);
        expect(new Webhook(secret).verify(JSON.stringify({ body }), headers)).toEqual({ body });
        expect(() => new Webhook(newSecret()).verify(JSON.stringify({ body }), headers)).toThrow();
        expect(() => new Webhook(secret).verify(`${JSON.stringify({ body })} `, headers)).toThrow();
      }),
      { numRuns: 25 },
    );
  });

  it("is there for both secrets while one is being replaced", () => {
    const [old, next] = [newSecret(), newSecret()];
    const sent = message();
    const headers = signedHeaders(sent, [next, old]);
    for (const secret of [old, next]) expect(new Webhook(secret).verify(sent.body, headers)).toBeTruthy();
  });

  it.each(["whsec_short", "plain", `whsec_${"a".repeat(200)}`, "whsec_!!!!"])("is not made with %s", (secret) => {
    expect(() => signedHeaders(message(), [secret])).toThrow(/EG400|webhook secret/);
  });

  it("is not made for an id that could pass for another", () => {
    expect(() => signedHeaders({ ...message(), id: "a.1" }, [newSecret()])).toThrow(/without dots/);
  });
});

describe("an address", () => {
  it.each([
    ["http://example.org/", "not https"],
    ["ftp://example.org/", "not https"],
    ["https://user:word@example.org/", "user name"],
    ["https://example.org/#part", "after #"],
    ["nonsense", "no URL"],
    ["https://127.0.0.1/", "inside"],
    ["https://0x7f.1/", "inside"],
    ["https://2130706433/", "inside"],
    ["https://169.254.169.254/latest/meta-data", "inside"],
    ["https://[::1]/", "inside"],
    ["https://[::ffff:10.0.0.1]/", "inside"],
    ["https://[64:ff9b::a00:1]/", "inside"],
    ["https://[2002:7f00:1::]/", "inside"],
    ["https://[fd00::1]/", "inside"],
  ])("%s is refused: %s", (text, why) => {
    expect(() => endpointUrl(text, false)).toThrow(why);
  });

  it("of the public internet is taken, and no private one by any way of writing it", () => {
    expect(endpointUrl("https://example.org/hook?a=1", false).hostname).toBe("example.org");
    expect(["93.184.216.34", "2606:2800:220:1::1"].map(isPublicAddress)).toEqual([true, true]);
    fc.assert(
      fc.property(fc.nat(0xffffff), (rest) => {
        const address = [10, rest >> 16, (rest >> 8) & 255, rest & 255].join(".");
        expect([address, `::ffff:${address}`, "example.org", ""].map(isPublicAddress)).toEqual([
          false,
          false,
          false,
          false,
        ]);
      }),
    );
  });

  it("whose name leads inside is refused when the connection is made, also beside a public one", async () => {
    let knocked = 0;
    await receiver(() => {
      knocked += 1;
    });
    for (const found of [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], ["169.254.169.254"]])
      expect(
        await sendWebhook({
          url: "https://hook.example",
          message: message(),
          secrets: [newSecret()],
          lookup: resolving(...found),
        }),
      ).toEqual({ kind: "refused", reason: expect.stringContaining("leads inside a network"), code: "EG400" });
    expect(knocked).toBe(0);
  });
});

describe("an attempt", () => {
  const secret = newSecret();
  const send = (url: string, more: object = {}) =>
    sendWebhook({ url, message: message(), secrets: [secret], allowPrivate: true, ...more });

  it("arrives whole, and the receiver's own library accepts it", async () => {
    let heard: unknown;
    const url = await receiver((request, response, body) => {
      heard = new Webhook(secret).verify(body, request.headers as Record<string, string>);
      response.writeHead(204).end();
    });
    expect(await send(url)).toEqual({ kind: "delivered", status: 204 });
    expect(heard).toEqual({ type: "NAV_PUBLISHED", data: { strike_id: "1" } });
  });

  it.each([
    [500, {}, { kind: "later", status: 500, reason: "status 500" }],
    [429, { "retry-after": "120" }, { kind: "later", status: 429, reason: "status 429", afterMs: 120_000 }],
    [503, { "retry-after": "soon" }, { kind: "later", status: 503, reason: "status 503" }],
    [410, {}, { kind: "gone", status: 410 }],
  ])("that is answered by %i is judged by it", async (status, headers, outcome) => {
    expect(await send(await receiver((_request, response) => response.writeHead(status, headers).end("no")))).toEqual(
      outcome,
    );
  });

  it("follows no redirect", async () => {
    let followed = 0;
    const inside = await receiver((_request, response) => {
      followed += 1;
      response.end();
    });
    const url = await receiver((_request, response) => response.writeHead(307, { location: inside }).end());
    expect(await send(url)).toMatchObject({ kind: "refused", status: 307 });
    expect(followed).toBe(0);
  });

  it("waits no longer than it is told for who does not answer, and does not read an answer without end", async () => {
    const silent = await receiver(() => undefined);
    expect(await send(silent, { answerMs: 200 })).toEqual({
      kind: "later",
      reason: "no answer in time",
      code: "ETIMEDOUT",
    });
    const endless = await receiver((_request, response) => {
      response.writeHead(200).write("x".repeat(1_000));
      const pour = setInterval(() => response.write("x".repeat(1_000)), 5);
      response.on("close", () => clearInterval(pour));
    });
    expect(await send(endless)).toEqual({ kind: "delivered", status: 200 });
    expect(await send("http://127.0.0.1:1/")).toEqual({
      kind: "later",
      reason: "no connection",
      code: "ECONNREFUSED",
    });
  });
});

describe("the next attempt", () => {
  it("comes later each time, a little off, over three days, and then no more", () => {
    const spread = (chance: number) => WAITS_SECONDS.map((_, index) => nextAttemptMs(index + 1, chance));
    expect(spread(0.5)).toEqual(WAITS_SECONDS.map((seconds) => seconds * 1_000));
    expect(spread(0)).toEqual(WAITS_SECONDS.map((seconds) => seconds * 800));
    expect(nextAttemptMs(WAITS_SECONDS.length + 1, 0.5)).toBeNull();
    expect(WAITS_SECONDS.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(3 * 86_400);
    expect(nextAttemptMs(1, 0.5, 60_000)).toBe(60_000);
  });
});
