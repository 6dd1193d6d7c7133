// One WebSocket of a client: joins, renewals of the token, leaving, heartbeats; bounded in what it may ask and hold.
import type { WebSocket } from "ws";
import type { Channel, Hub } from "./hub.ts";
import { bindingsIn, type Message, readMessage, tokenIn, writeMessage } from "./protocol.ts";

const MOST_CHANNELS = 20;
/** A client says that it lives every 25 s; one that has been silent for this long is gone. */
const SILENT_MS = 75_000;
/** What waits to be sent to a client that does not read; beyond it the connection ends. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

export interface SocketOptions {
  hub: Hub;
  tables: ReadonlySet<string>;
  holderOf(token: string): Promise<string | undefined>;
  /** Resolves when whatever changes from now on is told. */
  listening(): Promise<void>;
}

export function serveSocket(socket: WebSocket, { hub, tables, holderOf, listening }: SocketOptions): void {
  const joined = new Map<string, Channel>();
  let silence = setTimeout(() => socket.terminate(), SILENT_MS);

  const send = (message: Message): void => {
    if (socket.bufferedAmount > MOST_WAITING_BYTES) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(writeMessage(message));
  };
  const reply = ({ joinRef, ref, topic }: Message, status: "ok" | "error", response: object): void =>
    send({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  const leave = (topic: string): void => {
    const channel = joined.get(topic);
    if (channel === undefined) return;
    joined.delete(topic);
    hub.remove(channel);
  };

  async function join(message: Message): Promise<void> {
    const { joinRef, topic, payload } = message;
    leave(topic);
    const bindings = bindingsIn(payload, tables);
    if (typeof bindings === "string") return reply(message, "error", { reason: bindings });
    if (joined.size >= MOST_CHANNELS)
      return reply(message, "error", { reason: "Too many channels on one connection." });
    const token = tokenIn(payload) ?? "";
    if ((await holderOf(token)) === undefined)
      return reply(message, "error", { reason: "Sign in first: the token is not valid." });
    if (socket.readyState !== socket.OPEN) return;
    const channel: Channel = {
      bindings,
      token,
      tell: (ids, data) => send({ joinRef, ref: null, topic, event: "postgres_changes", payload: { ids, data } }),
      end: () => {
        if (joined.get(topic) === channel) joined.delete(topic);
        send({ joinRef, ref: null, topic, event: "phx_error", payload: {} });
      },
    };
    leave(topic);
    joined.set(topic, channel);
    hub.add(channel);
    await listening();
    reply(message, "ok", {
      postgres_changes: bindings.map(({ filter, ...rest }) => ({ ...rest, ...(filter === null ? {} : { filter }) })),
    });
    send({
      joinRef,
      ref: null,
      topic,
      event: "system",
      payload: {
        status: "ok",
        extension: "postgres_changes",
        channel: topic.replace(/^realtime:/, ""),
        message: "Subscribed to PostgreSQL",
      },
    });
  }

  /** A renewed token must be the same person's. */
  async function renew({ topic, payload }: Message): Promise<void> {
    const channel = joined.get(topic);
    const token = tokenIn(payload);
    if (channel === undefined || token === undefined || token === channel.token) return;
    const [before, after] = await Promise.all([holderOf(channel.token), holderOf(token)]);
    if (after === undefined || (before !== undefined && before !== after)) {
      hub.remove(channel);
      channel.end();
    } else channel.token = token;
  }

  function take(message: Message): void {
    const lost = (): void => socket.terminate();
    switch (message.event) {
      case "heartbeat":
        reply(message, "ok", {});
        break;
      case "access_token":
        renew(message).catch(lost);
        break;
      case "phx_leave":
        leave(message.topic);
        reply(message, "ok", {});
        break;
      case "phx_join":
        join(message).catch(lost);
        break;
      default:
        reply(message, "error", { reason: "This server tells changes of tables and nothing else." });
    }
  }

  socket.on("message", (data, binary) => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.terminate(), SILENT_MS);
    const message = binary ? undefined : readMessage(String(data));
    if (message === undefined) socket.close(1003);
    else take(message);
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    clearTimeout(silence);
    for (const topic of [...joined.keys()]) leave(topic);
  });
}
