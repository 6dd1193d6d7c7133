// Rows on their way: what Postgres sends in its binary form goes into the columns of a chunk of DuckDB, and is hashed as Postgres hashes it.
// A text passes in neither direction: reading 13 columns of text took four times as long as reading the same columns so.
import type { Readable } from "node:stream";
import { DuckDBDataChunk, type DuckDBType } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Checksum } from "@evergreen-fund/supabase-client";
import { typeOf } from "./columns.ts";
import type { Append } from "./file.ts";
import type { Mirror } from "./model.ts";
import { hashBytes, hashInt4, hashInt8, hashNumber, high } from "./record-hash.ts";
import { writeNumber } from "./wire-number.ts";

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags and the length of an extension that is not there. */
const HEADER = SIGNATURE.length + 8;
const CHUNK = duckdb.vector_size();
/** Days and microseconds from 1970, where DuckDB begins, to 2000, where Postgres does. */
const DAYS = 10_957;
const SINCE_1970 = 946_684_800_000_000n;
const SINCE_UPPER = Number(SINCE_1970 >> 32n);
const SINCE_LOWER = Number(SINCE_1970 & 0xffffffffn);
const LONGEST = 0x7fffffff;

interface Column {
  kind: ReturnType<typeof typeOf>["kind"];
  scale: number;
  /** Bytes of a value in DuckDB. */
  width: number;
  bytes: DataView;
  /** A bit per row, 0 for null. */
  present: Uint8Array;
  nulls: boolean;
  /** Texts that do not fit into their place, with their rows. */
  long: [row: number, text: Uint8Array][];
}

/**
 * Reads streams of COPY in its binary form to their ends, side by side, and hands full chunks to `append`. Answers the rows and the sum of their hashes, to be held against
 * what Postgres says of them. Errors: those of the stream; EG500 when the bytes are not what the mirror names.
 */
export async function receiveRows(streams: readonly Readable[], mirror: Mirror, append: Append): Promise<Checksum> {
  const types = mirror.columns.map(({ name }) => typeOf(mirror.types[name] ?? ""));
  const sums = await Promise.all(
    streams.map(async (stream) => {
      const arriving = makeArriving(types, append);
      for await (const bytes of stream as AsyncIterable<Buffer>) arriving.take(bytes);
      return arriving.end();
    }),
  ).catch((error: unknown) => {
    for (const stream of streams) stream.destroy(); // nothing more may be appended
    throw error;
  });
  const total = (part: keyof Checksum): string => String(sums.reduce((sum, one) => sum + BigInt(one[part]), 0n));
  return { rows: total("rows"), sum: total("sum") };
}

const strange = (): EvergreenError =>
  new EvergreenError("EG500", "The database sent bytes that are no rows of the mirrored table.");

function makeArriving(types: readonly ReturnType<typeof typeOf>[], append: Append) {
  const chunk = DuckDBDataChunk.create(
    types.map(({ duckdb: type }): DuckDBType => type),
    CHUNK,
  );
  const columns = types.map(
    ({ kind, scale, width }): Column => ({
      kind,
      scale,
      width,
      bytes: new DataView(new ArrayBuffer(CHUNK * width)),
      present: new Uint8Array(CHUNK / 8).fill(0xff),
      nulls: false,
      long: [],
    }),
  );
  let held = 0; // rows in the chunk
  let rows = 0n;
  let sum = 0n;
  let [upper, lower] = [0, 0]; // of the sum over the rows of the chunk
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  let over = false;

  const hand = (): void => {
    chunk.reset();
    chunk.rowCount = held;
    for (const [at, column] of columns.entries()) {
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, at);
      duckdb.copy_data_to_vector(vector, 0, column.bytes.buffer as ArrayBuffer, 0, held * column.width);
      for (const [row, text] of column.long) duckdb.vector_assign_string_element_len(vector, row, text);
      column.long.length = 0;
      if (!column.nulls) continue;
      duckdb.vector_ensure_validity_writable(vector);
      duckdb.copy_data_to_vector_validity(vector, 0, column.present.buffer as ArrayBuffer, 0, CHUNK / 8);
      column.present.fill(0xff);
      column.nulls = false;
    }
    append(chunk);
    held = 0;
  };

  const flush = (): void => {
    rows += BigInt(held);
    sum += BigInt(upper) * 0x1_0000_0000n + BigInt(lower);
    [upper, lower] = [0, 0];
    if (held > 0) hand();
  };

  const setNull = (column: Column): void => {
    const at = held >> 3;
    column.present[at] = (column.present[at] ?? 0) & ~(1 << (held & 7));
    column.nulls = true;
    // what an earlier row left in its place may not be looked at as a text
    if (column.kind === "text") column.bytes.setInt32(held * column.width, 0, true);
  };

  /** The row that begins at `from`: where the next one begins, or -1 when the bytes end before it does. */
  const readRow = (view: DataView, from: number): number => {
    const end = view.byteLength;
    let at = from + 2;
    let hashUpper = 0;
    let hashLower = 0;
    for (let n = 0; n < columns.length; n += 1) {
      if (at + 4 > end) return -1;
      const length = view.getInt32(at);
      at += 4;
      if (length > end - at) return -1;
      const column = columns[n] as Column;
      let low = 0;
      let up = 0;
      if (length < 0) setNull(column);
      else {
        low = write(column, held, view, at, length);
        up = high;
        at += length;
      }
      // 31 times what it was, and the hash of the column, in 64 bits
      const wide = (hashLower >>> 0) * 31 + (low >>> 0);
      hashUpper = (Math.imul(hashUpper, 31) + up + Math.floor(wide / 0x1_0000_0000)) | 0;
      hashLower = wide | 0;
    }
    upper += hashUpper;
    lower += hashLower >>> 0;
    held += 1;
    return at;
  };

  return {
    take(more: Buffer): void {
      const bytes = rest.length === 0 ? more : Buffer.concat([rest, more]);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      if (!started) {
        if (bytes.length < HEADER) {
          rest = bytes;
          return;
        }
        if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw strange();
        at = HEADER + view.getInt32(HEADER - 4);
        started = true;
      }
      while (!over && at + 2 <= bytes.length) {
        const fields = view.getInt16(at);
        if (fields === -1) over = true;
        else if (fields !== columns.length) throw strange();
        else {
          const next = readRow(view, at);
          if (next < 0) break;
          at = next;
          if (held === CHUNK) flush();
        }
      }
      rest = bytes.subarray(at);
    },
    end(): Checksum {
      if (!over) throw strange();
      flush();
      return { rows: String(rows), sum: String(sum) };
    },
  };
}

/** Writes one value into its place and answers the lower word of its hash; the upper is in `high`. */
function write(column: Column, row: number, view: DataView, at: number, length: number): number {
  const { bytes, width } = column;
  const place = row * width;
  switch (column.kind) {
    case "uuid": {
      if (length !== 16) throw strange();
      bytes.setInt32(place, view.getInt32(at + 12), true);
      bytes.setInt32(place + 4, view.getInt32(at + 8), true);
      bytes.setInt32(place + 8, view.getInt32(at + 4), true);
      // the first bit is turned, so that they sort as numbers do
      bytes.setInt32(place + 12, view.getInt32(at) ^ 0x80000000, true);
      return hashBytes(view, at, 16);
    }
    case "decimal":
      writeNumber(bytes, place, view, at, column.scale);
      return hashNumber(view, at);
    case "text":
      if (length <= 12) {
        bytes.setInt32(place, length, true);
        for (let n = 0; n < 12; n += 1) bytes.setUint8(place + 4 + n, n < length ? view.getUint8(at + n) : 0);
      } else {
        bytes.setInt32(place, 0, true);
        column.long.push([row, new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + at, length)]);
      }
      return hashBytes(view, at, length);
    case "date": {
      if (length !== 4) throw strange();
      const days = view.getInt32(at);
      const endless = days === LONGEST || days === -LONGEST - 1;
      bytes.setInt32(place, endless ? (days > 0 ? LONGEST : -LONGEST) : days + DAYS, true);
      return hashInt4(days);
    }
    case "instant": {
      if (length !== 8) throw strange();
      const upper = view.getInt32(at);
      const lower = view.getUint32(at + 4);
      if (upper === LONGEST || upper === -LONGEST - 1) {
        bytes.setInt32(place, upper > 0 ? -1 : 1, true);
        bytes.setInt32(place + 4, upper, true);
      } else {
        const sum = lower + SINCE_LOWER;
        bytes.setInt32(place, sum | 0, true);
        bytes.setInt32(place + 4, upper + SINCE_UPPER + (sum >= 0x1_0000_0000 ? 1 : 0), true);
      }
      return hashInt8(upper, lower | 0);
    }
    case "int8": {
      if (length !== 8) throw strange();
      const [upper, lower] = [view.getInt32(at), view.getInt32(at + 4)];
      bytes.setInt32(place, lower, true);
      bytes.setInt32(place + 4, upper, true);
      return hashInt8(upper, lower);
    }
    case "int4": {
      if (length !== 4) throw strange();
      const value = view.getInt32(at);
      bytes.setInt32(place, value, true);
      return hashInt4(value);
    }
    case "boolean": {
      if (length !== 1) throw strange();
      const value = view.getUint8(at);
      bytes.setUint8(place, value);
      return hashInt4(value);
    }
  }
}
