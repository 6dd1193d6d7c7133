// Bodies of requests: how large one may be, and the text of a small one without the streams of the web, which cost more than all else that the
// gateway does for a page.
import type { IncomingMessage } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

/** The request as Node has it; absent when a test asks the routes directly. `rawBody` is what the adapter makes a Request of once the bytes are read. */
type Incoming = IncomingMessage & { rawBody?: Buffer };
/** Undefined for a request that does not say its length: its bytes are counted, and read, by the library. */
function incomingOf(context: Context): Incoming | undefined {
  const incoming = (context.env as { incoming?: Incoming } | undefined)?.incoming;
  return incoming?.headers["transfer-encoding"] === undefined ? incoming : undefined;
}

/** Answers `onError` for a body of more than `maxSize` bytes. One whose length is said costs nothing: Node reads no more than was said. */
export function limitBody(maxSize: number, onError: (context: Context) => Response): MiddlewareHandler {
  const counted = bodyLimit({ maxSize, onError });
  return async (context, next) => {
    const headers = incomingOf(context)?.headers;
    if (headers === undefined) return counted(context, next);
    return Number(headers["content-length"] ?? 0) > maxSize ? onError(context) : next();
  };
}

/** The whole body as text; whoever asks the Request for it afterwards finds it there too. To be called before anything else reads the body. */
export async function bodyText(context: Context): Promise<string> {
  const incoming = incomingOf(context);
  if (incoming === undefined) return context.req.raw.clone().text();
  incoming.rawBody ??= await bytesOf(incoming);
  return incoming.rawBody.toString("utf8");
}

const bytesOf = (incoming: Incoming): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    incoming
      .on("data", (part: Buffer) => parts.push(part))
      .once("end", () => resolve(Buffer.concat(parts)))
      .once("error", reject)
      .once("close", () => reject(new Error("The request ended before its body.")));
  });
