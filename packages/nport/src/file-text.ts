// Bytes to text: counts and hashes what passes, refuses what is too large, not UTF-8, or plainly another kind of file.
// Reads files and streams; writes nothing.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { EvergreenError } from "@evergreen-fund/domain";
import { refuse, refuseSize } from "./reading-notes.ts";

/** A path or file URL, or the bytes themselves as they come. */
export type FilingSource = string | URL | Readable | AsyncIterable<Uint8Array | string>;

/** Characters handed to the XML parser at once; bounds what one step can queue. */
const STEP = 16 * 1024;

export interface FileFacts {
  bytes: number;
  sha256: string;
}

/** Opens a path; passes a stream through. */
function open(source: FilingSource): AsyncIterable<unknown> {
  return typeof source === "string" || source instanceof URL
    ? createReadStream(source, { highWaterMark: 64 * 1024 })
    : source;
}

/** Names the kinds of file that people hand over by mistake. */
function refuseOtherKinds(head: Uint8Array): void {
  const [a, b, c, d] = head;
  const utf16 =
    (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c) || (a === 0x3c && b === 0);
  if (utf16 || (a === 0 && b === 0 && (c === 0xfe || d === 0x3c)))
    refuse(1, "the file is UTF-16 or UTF-32; a filing is UTF-8.");
  if (a === 0x1f && b === 0x8b) refuse(1, "the file is gzip; unpack it first.");
  if (a === 0x50 && b === 0x4b && c === 3) refuse(1, "the file is a zip archive; unpack it first.");
}

/** Turns what an open file can throw into a coded error without its path. */
function openingError(error: unknown): EvergreenError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new EvergreenError("EG404", "There is no such file.", { cause: error });
  return new EvergreenError("EG400", `The file could not be read (${code || "unknown reason"}).`, { cause: error });
}

/**
 * Text of a filing in steps of at most 16 K characters; a byte order mark is dropped. When the iteration ends, `facts` holds size and
 * SHA-256 of the bytes. Errors: EG404 no file, EG400 unreadable or not UTF-8, EG413 above `limit` bytes.
 * @param line tells the reader's present line, for messages.
 */
export async function* fileText(
  source: FilingSource,
  limit: number,
  facts: FileFacts,
  line: () => number,
): AsyncGenerator<string> {
  const hash = createHash("sha256");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  // The first bytes are gathered before anything is judged: a stream may deliver them one by one.
  let head: Buffer | undefined = Buffer.alloc(0);
  function decode(bytes: Uint8Array, last: boolean): string {
    try {
      return decoder.decode(bytes, { stream: !last });
    } catch (error) {
      return refuse(line(), "the file is not valid UTF-8.", error);
    }
  }
  function* steps(text: string): Generator<string> {
    for (let at = 0; at < text.length; at += STEP) yield text.slice(at, at + STEP);
  }
  const chunks = open(source)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw error instanceof EvergreenError ? error : openingError(error);
      });
      if (next.done) break;
      const bytes = asBytes(next.value);
      facts.bytes += bytes.length;
      if (facts.bytes > limit) refuseSize(line(), `the file is larger than ${limit} bytes.`);
      hash.update(bytes);
      if (head) {
        head = Buffer.concat([head, bytes]);
        if (head.length < 4) continue;
        refuseOtherKinds(head);
        const first = head;
        head = undefined;
        yield* steps(decode(first, false));
      } else {
        yield* steps(decode(bytes, false));
      }
    }
    yield* steps(decode(head ?? new Uint8Array(), true));
    facts.sha256 = hash.digest("hex");
  } finally {
    // Closes the file when the reader stops early. The reason it stopped matters more than how the stream takes it.
    await chunks.return?.().catch(() => undefined);
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return Buffer.from(chunk, "utf8");
  throw new EvergreenError("EG400", "The stream delivers neither bytes nor text.");
}
