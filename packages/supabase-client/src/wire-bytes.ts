// The bytes of the few messages of PostgreSQL's extended query protocol (version 3) that a call needs, put together so that they leave in
// one write. The driver sends each of its queries as a transaction of its own; several statements in one need messages of our own.
// Source: PostgreSQL documentation, "Message Formats".

const SYNC = 0x53;

/** Messages in the order of the calls. All values travel as text; null is SQL's null. */
export class WireBytes {
  #bytes = Buffer.allocUnsafe(1_024);
  #end = 0;
  #length = 0;

  /** Forgets a statement; no error if there is none of that name. */
  forget(statement: string): this {
    return this.#begin("C").#byte("S").#text(statement).#finish();
  }

  prepare(statement: string, sql: string): this {
    return this.#begin("P").#text(statement).#text(sql).#int16(0).#finish();
  }

  /** Runs a statement to its end. `describe`: names and types of the columns come before the rows. */
  run(statement: string, values: readonly (string | null)[], describe: boolean): this {
    this.#begin("B").#text("").#text(statement).#int16(0).#int16(values.length);
    for (const value of values) this.#value(value);
    this.#int16(0).#finish();
    if (describe) this.#begin("D").#byte("P").#text("").#finish();
    return this.#begin("E").#text("").#int32(0).#finish();
  }

  /** Ends the transaction that all messages before it make up, and gives the bytes. */
  sync(): Buffer {
    this.#room(5);
    this.#bytes[this.#end++] = SYNC;
    this.#int32(4);
    return this.#bytes.subarray(0, this.#end);
  }

  #begin(kind: string): this {
    this.#byte(kind);
    this.#length = this.#end;
    return this.#int32(0);
  }

  #finish(): this {
    this.#bytes.writeInt32BE(this.#end - this.#length, this.#length);
    return this;
  }

  #byte(character: string): this {
    this.#room(1);
    this.#bytes[this.#end++] = character.charCodeAt(0);
    return this;
  }

  #int16(value: number): this {
    this.#room(2);
    this.#end = this.#bytes.writeUInt16BE(value, this.#end);
    return this;
  }

  #int32(value: number): this {
    this.#room(4);
    this.#end = this.#bytes.writeInt32BE(value, this.#end);
    return this;
  }

  /** Ends with a NUL; the caller has seen to it that none is inside. */
  #text(value: string): this {
    this.#utf8(value);
    this.#room(1);
    this.#bytes[this.#end++] = 0;
    return this;
  }

  #value(value: string | null): void {
    if (value === null) {
      this.#int32(-1);
      return;
    }
    const at = this.#end;
    this.#int32(0).#utf8(value);
    this.#bytes.writeInt32BE(this.#end - at - 4, at);
  }

  #utf8(value: string): void {
    this.#room(value.length * 3); // no character of a JavaScript string takes more
    this.#end += this.#bytes.write(value, this.#end, "utf8");
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + bytes));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
