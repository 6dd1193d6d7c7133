// A feed of market data for tests: a real HTTP server on loopback that serves one synthetic series as of yesterday.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface FeedServer {
  url: string;
  close(): Promise<void>;
}

const DAY = 86_400_000;

export async function openFeed(): Promise<FeedServer> {
  const server = createServer((_request, response) => {
    const yesterday = new Date(Date.now() - DAY).toISOString().slice(0, 10);
    response
      .writeHead(200, { "content-type": "text/csv" })
      .end(`series,as_of,value,kind,unit\nSYN FEED,${yesterday},1.10,fx,ratio\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/market.csv`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
