// A program that is told of events: checks every message by Standard Webhooks, acts once on each, and answers at once. Needs Node alone.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { env } from "node:process";

/** What `evergreen webhooks add` showed; while one is being replaced both, with a space between. */
const secrets = (env.WEBHOOK_SECRET ?? "").split(" ").filter((secret) => secret.startsWith("whsec_"));
const port = Number(env.PORT ?? "8787");
/** An older message is a repetition by somebody who listened; seconds. */
const TOLERANCE = 300;
const MOST_BYTES = 100_000;

/** Ids that were acted on. A program that must not act twice after a restart keeps them where it keeps what it did. */
const done = new Set<string>();

function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    String(headers[name] ?? ""),
  ) as [string, string, string];
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1_000 - Number(timestamp)) > TOLERANCE) return false;
  return secrets.some((secret) => {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const expected = Buffer.from(createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"));
    return signatures.split(" ").some((one) => {
      const given = Buffer.from(one.replace(/^v1,/, ""));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  });
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part: string) => {
    body += part;
    if (body.length > MOST_BYTES) request.destroy();
  });
  request.on("end", () => {
    if (!isGenuine(request.headers, body)) return response.writeHead(400).end();
    const id = String(request.headers["webhook-id"]);
    if (!done.has(id)) {
      done.add(id);
      const { type, data } = JSON.parse(body) as { type: string; data: { event_id: string; fund: string | null } };
      // here the program would read what it may of the event, under its own sign-in
      console.log(`${type} ${data.event_id} of ${data.fund ?? "no fund"}`);
    }
    return response.writeHead(204).end();
  });
});
if (secrets.length === 0) {
  console.error("Set WEBHOOK_SECRET to what `evergreen webhooks add` showed.");
  process.exitCode = 1;
} else server.listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
