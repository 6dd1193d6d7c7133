// Realtime on the gateway's own port, /realtime/v1/websocket: who may connect, and the beat that looks for changes while somebody listens.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { readAccessToken } from "../access-token.ts";
import type { SupabaseApi } from "../supabase-api.ts";
import { isKey, LIVE_TABLES, type ReadRows } from "./changes.ts";
import { Hub } from "./hub.ts";
import { serveSocket } from "./socket.ts";

export interface RealtimeOptions {
  api: SupabaseApi;
  jwtSecret: string;
  publishableKey: string;
  /** Pages of other origins may not connect. */
  publicUrl: string;
}

const BEAT_MS = 200;
const MOST_SOCKETS = 2_000;
const MOST_BYTES = 64 * 1024;

/** Serves the channels on this server until the returned function is called. */
export function serveRealtime(server: Server, options: RealtimeOptions): () => void {
  const { api, jwtSecret, publishableKey, publicUrl } = options;
  const holderOf = async (token: string): Promise<string | undefined> => {
    const claims = readAccessToken(token, jwtSecret, Math.floor(Date.now() / 1_000));
    return claims && (await api.sessionStands(claims)) ? `${claims.role}/${claims.sub}` : undefined;
  };
  const readRows: ReadRows = async (token, table, ids) => {
    // that it is good has just been found out, with its session
    const claims = readAccessToken(token, jwtSecret, Math.floor(Date.now() / 1_000));
    return claims === undefined ? [] : api.rowsAs(claims, table, ids.filter(isKey));
  };
  const hub = new Hub({ readRows, holderOf, now: () => new Date().toISOString() });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES });
  const tables = new Set(Object.keys(LIVE_TABLES));
  let place: string | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout;
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  /** After the next beat: from then on nothing is missed. */
  const listening = () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = new URL(request.url ?? "/", publicUrl);
    const { origin, host } = request.headers;
    const own = origin === undefined || [publicUrl, `http://${host}`].some((one) => new URL(one).origin === origin);
    const status =
      url.pathname !== "/realtime/v1/websocket"
        ? "404 Not Found"
        : url.searchParams.get("apikey") !== publishableKey || url.searchParams.get("vsn") !== "2.0.0" || !own
          ? "403 Forbidden"
          : sockets.clients.size >= MOST_SOCKETS
            ? "503 Service Unavailable"
            : undefined;
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => serveSocket(opened, { hub, tables, holderOf, listening }));
  };
  server.on("upgrade", upgrade);

  async function beat(): Promise<void> {
    const joining = waiting.splice(0);
    try {
      // nobody listens: begin again at the end of the trail when somebody does
      if (hub.size === 0) place = null;
      else {
        const found = await api.changesAfter(place);
        place = found.place;
        await hub.tell(found.changes.filter(({ table }) => tables.has(table)));
      }
      for (const { resolve } of joining) resolve();
    } catch (error) {
      // the database does not answer: the place stands, and the next beat goes on from it
      for (const { reject } of joining) reject(error);
    }
    if (!stopped) timer = setTimeout(beat, BEAT_MS);
  }
  timer = setTimeout(beat, BEAT_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
    server.off("upgrade", upgrade);
    for (const client of sockets.clients) client.close(1001);
  };
}
