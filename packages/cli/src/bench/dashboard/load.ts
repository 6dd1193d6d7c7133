// Requests over connections that stay open, by hand: on two cores a full HTTP client would cost more than what it measures.
import { connect, type Socket } from "node:net";

export interface Answered {
  status: number;
  body: string;
  /** From the request to the first byte, ms. */
  firstMs: number;
}

/** One connection, one request at a time. */
export interface Line {
  ask(request: string): Promise<Answered>;
  end(): void;
}

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");

export function openLine(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let parts: Buffer[] = [];
    let begun = 0;
    let firstMs = 0;
    let wanted: { resolve: (answer: Answered) => void; reject: (error: Error) => void } | undefined;
    const lost = (error?: Error): void => {
      const waiting = wanted;
      wanted = undefined;
      (waiting?.reject ?? reject)(error ?? new Error("The server closed the connection."));
    };
    socket.once("connect", () =>
      resolve({
        ask: (request) =>
          new Promise((answered, failed) => {
            wanted = { resolve: answered, reject: failed };
            parts = [];
            begun = performance.now();
            socket.write(request);
          }),
        end: () => socket.destroy(),
      }),
    );
    socket.on("data", (chunk) => {
      if (parts.length === 0) firstMs = performance.now() - begun;
      parts.push(chunk);
      const answer = read(parts.length === 1 ? chunk : Buffer.concat(parts));
      if (answer === undefined) return;
      const waiting = wanted;
      wanted = undefined;
      waiting?.resolve({ ...answer, firstMs });
    });
    socket.on("error", lost);
    socket.on("close", () => lost());
  });
}

/** The answer, when all of it is here. */
function read(bytes: Buffer): { status: number; body: string } | undefined {
  const head = bytes.indexOf(END_OF_HEAD);
  if (head < 0) return undefined;
  const text = bytes.toString("latin1", 0, head);
  const status = Number(text.slice(9, 12));
  const from = head + END_OF_HEAD.length;
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  if (length !== undefined)
    return bytes.length < from + Number(length) ? undefined : { status, body: bytes.toString("utf8", from) };
  if (!/\r\ntransfer-encoding: chunked/i.test(text)) return { status, body: "" };
  if (!bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return undefined;
  let body = "";
  for (let at = from; ; ) {
    const line = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) return { status, body };
    body += bytes.toString("utf8", line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

export interface Speed {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** First byte, median. */
  firstMs: number;
  answers: number;
}

/** Asks for `seconds` over `lines` connections, each request the next of the list; `check` looks at every answer. @throws Error at an answer other than 200. */
export async function speedOf<Asked extends { request: string }>(
  port: number,
  lines: number,
  seconds: number,
  list: readonly Asked[],
  check: (asked: Asked, body: string) => void,
): Promise<Speed> {
  const took: number[] = [];
  const first: number[] = [];
  const open = await Promise.all(Array.from({ length: lines }, () => openLine(port)));
  let turn = 0;
  const begun = performance.now();
  try {
    await Promise.all(
      open.map(async (line) => {
        while (performance.now() - begun < seconds * 1_000) {
          const asked = list[turn++ % list.length] as Asked;
          const before = performance.now();
          const { status, body, firstMs } = await line.ask(asked.request);
          took.push(performance.now() - before);
          first.push(firstMs);
          if (status !== 200) throw new Error(`The server answered ${status}: ${body.slice(0, 200)}`);
          check(asked, body);
        }
      }),
    );
  } finally {
    for (const line of open) line.end();
  }
  const perSecond = took.length / ((performance.now() - begun) / 1_000);
  const at = (sorted: number[], share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  took.sort((a, b) => a - b);
  first.sort((a, b) => a - b);
  return { perSecond, p50Ms: at(took, 0.5), p99Ms: at(took, 0.99), firstMs: at(first, 0.5), answers: took.length };
}
