// COPY … TO STDOUT as a stream of its bytes, for `client.query(copyOut(sql))`. While the copy goes on its stream reads the socket in place of the driver, which would
// make an object of every row; everything that is no row goes on to the driver.
import { type Duplex, Readable } from "node:stream";
import type pg from "pg";
import { copyFrames } from "./copy-frames.ts";

type Listener = (chunk: Buffer) => void;

export type CopyOut = Readable & pg.Submittable;

/** @throws from the stream: what the server or the connection said. */
export function copyOut(sql: string): CopyOut {
  return new CopyOutQuery(sql);
}

class CopyOutQuery extends Readable implements pg.Submittable {
  readonly #sql: string;
  readonly #unframed = copyFrames();
  #socket: Duplex | undefined;
  #listeners: Listener[] = [];
  #wanted = false;

  constructor(sql: string) {
    super();
    this.#sql = sql;
  }

  submit(connection: pg.Connection): void {
    this.#socket = connection.stream;
    this.#listeners = this.#socket.listeners("data") as Listener[];
    this.#socket.removeAllListeners("data").pause();
    this.#socket.on("readable", this.#forward);
    connection.query(this.#sql);
  }

  override _read(): void {
    this.#wanted = true;
    this.#forward();
  }

  /** As much as is wanted, so that a consumer that is slow slows the server down. */
  readonly #forward = (): void => {
    while (this.#wanted && this.#socket !== undefined) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk === null) return;
      const { data, rest } = this.#unframed(chunk);
      if (data.length > 0) this.#wanted = this.push(data);
      if (rest !== undefined) this.#handBack(rest);
    }
  };

  /** The driver hears the socket again, from the message that ended the rows on: it says here how the copy ended. */
  #handBack(rest: Buffer): void {
    const socket = this.#socket as Duplex;
    this.#socket = undefined;
    socket.off("readable", this.#forward);
    for (const listener of this.#listeners) socket.on("data", listener);
    for (const listener of this.#listeners) listener(rest);
    process.nextTick(() => socket.resume());
  }

  handleCommandComplete(): void {
    this.push(null);
  }

  handleError(error: Error): void {
    this.destroy(error);
  }

  handleReadyForQuery(): void {}
}
