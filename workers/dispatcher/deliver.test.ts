// What the dispatcher makes of each answer of Temporal: a real connection to a server on loopback that speaks gRPC and answers what the case says.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { Client } from "@temporalio/client";
import { NativeConnection, Runtime } from "@temporalio/worker";
import { describe, expect, it } from "vitest";
import { type ClaimedEvent, type Courier, deliverEvent } from "./deliver.ts";

const EVENT: ClaimedEvent = {
  seq: "7",
  event_id: "00000000-0000-4000-8000-0000000000e1",
  type: "LIQUIDITY_BREACH",
  mode: "run",
  fund_id: null,
  attempts: 1,
  recorded_at: new Date("2026-11-21T09:00:00Z"),
  to_workflow_id: null,
};
const WAITING = "event/00000000-0000-4000-8000-0000000000e0";
const KNOCK: ClaimedEvent = { ...EVENT, mode: "tell", to_workflow_id: WAITING };

/** A gRPC status, its words and the message with its details; "ok" is an empty message, "silence" no answer at all. */
type Answer = readonly [status: number, words: string, details?: Buffer] | "ok" | "silence";
interface Call {
  method: string;
  /** The message of the call, as its bytes. */
  message: Buffer;
}

/** A field of a Protobuf message whose value has a length, below 128 bytes. */
const field = (number: number, value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value)]);
/** google.rpc.Status of a namespace that does not exist, the way Temporal's server puts it. */
const NO_NAMESPACE = Buffer.concat([
  Buffer.from([1 << 3, 5]),
  field(
    3,
    Buffer.concat([
      field(1, "type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"),
      field(2, field(1, "CANARY")),
    ]),
  ),
]);

class Temporal {
  answer: Answer = "ok";
  readonly calls: Call[] = [];
  readonly #server: Http2Server = createServer();

  async listen(): Promise<string> {
    this.#server.on("stream", (stream, headers) => {
      const parts: Buffer[] = [];
      stream.on("error", () => undefined).on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => this.#reply(stream, String(headers[":path"]).split("/").at(-1)!, Buffer.concat(parts)));
    });
    await new Promise<void>((ready) => this.#server.listen(0, "127.0.0.1", ready));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #reply(stream: ServerHttp2Stream, method: string, body: Buffer): void {
    const greeting = method === "GetSystemInfo";
    // five bytes before the message: whether it is compressed, and how long it is
    if (!greeting)
      this.calls.push({ method, message: body[0] === 1 ? gunzipSync(body.subarray(5)) : body.subarray(5) });
    const answer = greeting ? "ok" : this.answer;
    if (answer === "silence") return;
    const head = { ":status": 200, "content-type": "application/grpc" };
    if (answer !== "ok") {
      const [status, words, details] = answer;
      const trailers = { "grpc-status": String(status), "grpc-message": words };
      const more = details === undefined ? {} : { "grpc-status-details-bin": details.toString("base64") };
      stream.respond({ ...head, ...trailers, ...more }, { endStream: true });
      return;
    }
    stream.respond(head, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5)); // one message of length 0: every field has its default
  }

  close(): void {
    this.#server.close();
  }
}

// the library says every try again aloud
Runtime.install({ telemetryOptions: { logging: { filter: "OFF" } } });

/** Delivers `events` at once, each answered with `answer`. */
async function deliver(answer: Answer, ...events: ClaimedEvent[]) {
  const temporal = new Temporal();
  const connection = await NativeConnection.connect({ address: await temporal.listen() });
  temporal.answer = answer;
  const points: string[] = [];
  const courier: Courier = {
    client: new Client({ connection }),
    rooms: "local",
    crashPoint: (name) => void points.push(name),
  };
  try {
    const deliveries = await Promise.all(events.map((event) => deliverEvent(event, courier)));
    return { deliveries, calls: temporal.calls, points };
  } finally {
    await connection.close();
    temporal.close();
  }
}

const FAILED = { failed: expect.stringMatching(/^\w*Error while handing the event to Temporal$/) };

describe("a run", () => {
  it("is started under the id of its event", async () => {
    const { deliveries, calls, points } = await deliver("ok", EVENT);
    expect(deliveries).toEqual(["done"]);
    expect(calls.map(({ method }) => method)).toEqual(["StartWorkflowExecution"]);
    expect(calls[0]!.message.includes(`event/${EVENT.event_id}`)).toBe(true);
    expect(points).toEqual(["dispatcher.started"]);
  });

  it("that was started before is done", async () => {
    const { deliveries, points } = await deliver([6, "Workflow execution is already running"], EVENT);
    expect(deliveries).toEqual(["done"]);
    expect(points).toEqual([]);
  });

  it.each([
    ["that does not exist", NO_NAMESPACE],
    ["of which the server says no more", undefined],
  ])("in a namespace %s is not done", async (_name, details) => {
    expect((await deliver([5, "Namespace CANARY is not found.", details], EVENT)).deliveries).toEqual([FAILED]);
  });
});

describe("a knock", () => {
  it("goes to the workflow that waits", async () => {
    const { deliveries, calls, points } = await deliver("ok", KNOCK);
    expect(deliveries).toEqual(["done"]);
    expect(calls.map(({ method }) => method)).toEqual(["SignalWorkflowExecution"]);
    expect(calls[0]!.message.includes(WAITING)).toBe(true);
    expect(points).toEqual(["dispatcher.told"]);
  });

  it("at one that has ended is done", async () => {
    const { deliveries, points } = await deliver([5, "workflow execution already completed"], KNOCK);
    expect(deliveries).toEqual(["done"]);
    expect(points).toEqual([]);
  });

  it("in a namespace that does not exist is not done", async () => {
    expect((await deliver([5, "Namespace CANARY is not found.", NO_NAMESPACE], KNOCK)).deliveries).toEqual([FAILED]);
  });

  it("for nobody is done without a call", async () => {
    const { deliveries, calls } = await deliver([3, "never asked"], { ...KNOCK, to_workflow_id: null });
    expect(deliveries).toEqual(["done"]);
    expect(calls).toEqual([]);
  });
});

describe("what Temporal itself refuses counts as an attempt, and its words stay out of the reason", () => {
  it.each([
    [3, "invalid argument"],
    [7, "permission denied"],
    [9, "failed precondition"],
    [12, "unimplemented"],
    [16, "unauthenticated"],
  ])("code %i, %s", async (status, words) => {
    const { deliveries, points } = await deliver([status, `${words} CANARY`], EVENT, KNOCK);
    expect(deliveries).toEqual([FAILED, FAILED]);
    expect(points).toEqual([]);
  });
});

describe.concurrent("a Temporal that is not there costs no attempt", () => {
  it.each<[string, Answer]>([
    ["cancelled", [1, "operation was cancelled"]],
    ["deadline exceeded", [4, "context deadline exceeded"]],
    ["busy", [8, "namespace rate limit exceeded"]],
    ["unavailable", [14, "no healthy host"]],
    ["broken in the middle", [13, "h2 protocol error: connection reset"]],
    ["silent", "silence"],
  ])("%s", { timeout: 30_000 }, async (_name, answer) => {
    const { deliveries, calls, points } = await deliver(answer, EVENT, KNOCK);
    expect(deliveries).toEqual(["away", "away"]);
    expect(new Set(calls.map(({ method }) => method)).size).toBe(2);
    expect(points).toEqual([]);
  });
});
