// Reads a pack without trust: its directory must be, byte for byte, what the layout makes of the entries it names, and the members must follow one another.
import { crc32 } from "./crc32.ts";
import {
  directory,
  directoryAt,
  END_BYTES,
  type Entry,
  LOCAL_BYTES,
  localHeader,
  readDirectory,
} from "./zip-layout.ts";

/** Bytes by their place: a file, or a buffer. */
export interface Source {
  readonly size: number;
  read(at: number, bytes: number): Uint8Array;
}

export const sourceOfBytes = (bytes: Uint8Array): Source => ({
  size: bytes.length,
  read: (at, length) => bytes.subarray(at, at + length),
});

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
const CHUNK = 1 << 20;

export interface Container {
  entries: Entry[];
  /** What does not hold, in words; empty when all does. */
  wrong: string[];
}

export function openContainer(source: Source): Container {
  const broken = (what: string): Container => ({ entries: [], wrong: [what] });
  if (source.size < END_BYTES) return broken("the file is shorter than an empty container");
  const at = directoryAt(source.read(source.size - END_BYTES, END_BYTES));
  if (at === undefined || at > source.size) return broken("the file does not end as a pack ends");
  const bytes = source.read(at, source.size - at);
  const entries = readDirectory(bytes);
  if (entries === undefined) return broken("the directory cannot be read");
  const wrong: string[] = [];
  if (!same(directory(entries, at), bytes)) wrong.push("the directory is not written as a pack writes it");
  let next = 0;
  for (const entry of entries) {
    const header = localHeader(entry);
    if (entry.at !== next) wrong.push(`${entry.name} does not follow what stands before it`);
    else if (entry.at + header.length + entry.bytes > at) wrong.push(`${entry.name} is longer than its place`);
    else if (!same(header, source.read(entry.at, header.length)))
      wrong.push(`the header of ${entry.name} is not what the directory says`);
    next = entry.at + header.length + entry.bytes;
  }
  if (next !== at) wrong.push("there are bytes that belong to no member");
  return { entries, wrong };
}

/** The bytes of a member in pieces. */
export function* bytesOf(source: Source, entry: Entry): Generator<Uint8Array> {
  const from = entry.at + LOCAL_BYTES + new TextEncoder().encode(entry.name).length;
  for (let done = 0; done < entry.bytes; done += CHUNK)
    yield source.read(from + done, Math.min(CHUNK, entry.bytes - done));
}

export function crcOf(source: Source, entry: Entry): number {
  let crc = 0;
  for (const piece of bytesOf(source, entry)) crc = crc32(piece, crc);
  return crc;
}

/** The lines of a member; a last line without its end is answered as it is, with `whole` false. */
export function* linesOf(source: Source, entry: Entry): Generator<{ line: string; whole: boolean }> {
  const decoder = new TextDecoder("utf-8", { fatal: false });
  let rest = "";
  for (const piece of bytesOf(source, entry)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield { line, whole: true };
  }
  rest += decoder.decode();
  if (rest !== "") yield { line: rest, whole: false };
}
