// A local chain behind HTTP on this machine alone, as any wallet or library expects a node.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { LocalChain } from "./local-chain.ts";

export interface LocalNode {
  url: string;
  stop(): Promise<void>;
}

const MAX_BODY = 4_000_000;

/** Serves JSON-RPC on 127.0.0.1; port 0 takes a free one. Stopping the server leaves the chain as it is: it may be served again. */
export async function serveLocalChain(chain: LocalChain, port = 0): Promise<LocalNode> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (size > MAX_BODY) request.destroy();
      else parts.push(part);
    });
    request.on("end", async () => {
      const send = (status: number, body: unknown) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      // a page in a browser must not reach a node by a simple form
      if (request.method !== "POST" || !/^application\/json/.test(request.headers["content-type"] ?? ""))
        return send(415, { error: "POST application/json" });
      try {
        const asked = JSON.parse(Buffer.concat(parts).toString("utf8"));
        send(200, Array.isArray(asked) ? await Promise.all(asked.map(chain.answer)) : await chain.answer(asked));
      } catch {
        send(400, { jsonrpc: "2.0", id: null, error: { code: -32700, message: "not a request" } });
      }
    });
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
