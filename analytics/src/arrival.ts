// Rows on their way: what Postgres sends in its binary form goes into the columns of a chunk of DuckDB, and is hashed as Postgres hashes it.
// A text passes in neither direction: reading 13 columns of text took four times as long as reading the same columns so. The loop over rows is WebAssembly
// (assembly/arrival.as): in JavaScript it took as long as everything that Postgres does.
import type { Readable } from "node:stream";
import duckdb from "@duckdb/node-bindings";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Checksum } from "@evergreen-fund/supabase-client";
import type { ColumnType } from "./columns.ts";
import type { Append } from "./inlet.ts";
import { type LongText, type WirePiece, wireRows } from "./wire-rows.ts";

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags and the length of an extension that is not there. */
const HEADER = SIGNATURE.length + 8;
const CHUNK = duckdb.vector_size();

/**
 * Reads streams of COPY in its binary form to their ends, side by side, and hands them to `append` in pieces. Each chunk has memory of its own, as from a socket, which is
 * freed when it is read. Answers the rows and the sum of their hashes, to be held against what Postgres says of them. Errors: those of the stream; EG500 when the bytes are not rows of these types.
 */
export async function receiveRows(
  streams: readonly Readable[],
  types: readonly ColumnType[],
  append: Append,
): Promise<Checksum> {
  const sums = await Promise.all(
    streams.map(async (stream) => {
      const arriving = makeArriving(types, append);
      for await (const bytes of stream as AsyncIterable<Buffer>) {
        await arriving.take(bytes);
        release(bytes);
      }
      return await arriving.end();
    }),
  ).catch((error: unknown) => {
    for (const stream of streams) stream.destroy(); // nothing more may be appended
    throw error;
  });
  const total = (part: keyof Checksum): string => String(sums.reduce((sum, one) => sum + BigInt(one[part]), 0n));
  return { rows: total("rows"), sum: total("sum") };
}

const nobody = new MessageChannel().port1;
nobody.close();

/** Larger than what Node takes from the pool that small buffers share. */
const OWN = 16_384;

/** What is given to nobody is free at once. Left to the collector of garbage, the chunks of a bulk read made it go through all that lives, every 20 MB. */
function release({ buffer }: Buffer): void {
  if (buffer.byteLength >= OWN) nobody.postMessage(undefined, [buffer as ArrayBuffer]);
}

const strange = (): EvergreenError =>
  new EvergreenError("EG500", "The database sent bytes that are no rows of the mirrored table.");

function makeArriving(types: readonly ColumnType[], append: Append) {
  const arriving = wireRows(types, CHUNK);
  let long: LongText[] = [];
  let rows = 0n;
  let header: Buffer | undefined = Buffer.alloc(0);
  let over = false;

  const hand = async (): Promise<void> => {
    const piece = { ...arriving.piece(), long };
    if (piece.rows === 0) return;
    long = [];
    rows += BigInt(piece.rows);
    await append({
      rows: piece.rows,
      fill: ({ chunk }) => {
        fill(chunk, piece, types);
        arriving.back(piece.bytes);
      },
    });
  };

  const begin = (more: Buffer): void => {
    header = Buffer.concat([header ?? more, more]);
    if (header.length < HEADER) return;
    if (!header.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw strange();
    const extension = header.readInt32BE(HEADER - 4);
    if (extension !== 0) throw strange(); // none has ever been defined
    arriving.give(header.subarray(HEADER));
    header = undefined;
  };

  return {
    async take(more: Buffer): Promise<void> {
      if (over) return;
      if (header !== undefined) begin(more);
      else arriving.give(more);
      for (;;) {
        const state = arriving.read((text) => long.push(text));
        over = state === "over";
        if (state !== "chunk full") return;
        await hand();
      }
    },
    async end(): Promise<Checksum> {
      if (!over) throw strange();
      await hand();
      return { rows: String(rows), sum: String(arriving.sum()) };
    },
  };
}

/** Writes a piece into a chunk of DuckDB. */
function fill(
  chunk: duckdb.DataChunk,
  { rows, bytes, columns, long }: WirePiece & { long: readonly LongText[] },
  types: readonly ColumnType[],
): void {
  const vectors = types.map((_, at) => duckdb.data_chunk_get_vector(chunk, at));
  for (const [at, vector] of vectors.entries()) {
    const { values = 0, present = null } = columns[at] ?? {};
    duckdb.copy_data_to_vector(vector, 0, bytes, values, rows * (types[at]?.width ?? 0));
    if (present === null) continue;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, bytes, present, CHUNK / 8);
  }
  for (const { column, row, text } of long)
    duckdb.vector_assign_string_element_len(vectors[column] as duckdb.Vector, row, text);
}
