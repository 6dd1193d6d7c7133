// A program of somebody else that is told of events: a real HTTP server which checks each message with the reference library and answers as it is told to.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface Heard {
  id: string;
  /** Which of the receiver's secrets the message is signed by. */
  by: string[];
  body: { type: string; timestamp: string; data: { event_id: string; fund: string | null } };
}
/** A status, a redirect to an address, or no answer at all. */
export type Reply = number | { redirect: string } | "silence";

export interface Receiver {
  url: string;
  /** Everything that came, in its order. */
  heard: Heard[];
  /** Answers of the next requests; 204 when there are none left. */
  replies: Reply[];
  close(): Promise<void>;
}

/** @param secrets what the receiver holds; a list that may change later */
export async function openReceiver(secrets: string[]): Promise<Receiver> {
  const heard: Heard[] = [];
  const replies: Reply[] = [];
  const server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      const headers = request.headers as Record<string, string>;
      const by = secrets.filter((secret) => {
        try {
          new Webhook(secret).verify(text, headers);
          return true;
        } catch {
          return false;
        }
      });
      heard.push({ id: headers["webhook-id"] ?? "", by, body: JSON.parse(text) });
      const reply = replies.shift() ?? 204;
      if (reply === "silence") return;
      if (typeof reply === "number") response.writeHead(reply).end();
      else response.writeHead(307, { location: reply.redirect }).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    heard,
    replies,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
