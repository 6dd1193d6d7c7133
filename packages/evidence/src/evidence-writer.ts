// Writes a pack member by member, each in the order of its name, and closes it with a manifest that has the sha256 of every one. Holds no member in memory.
import { createHash } from "node:crypto";
import { crc32 } from "./crc32.ts";
import { directory, type Entry, LARGEST, localHeader, MOST_MEMBERS } from "./zip-layout.ts";

/** Where a pack is written to: bytes at a place, also one that was written before. */
export interface Sink {
  write(bytes: Uint8Array, at: number): Promise<unknown>;
}

export interface ManifestMember {
  name: string;
  /** Lines of a list of rows; null for a single document. */
  rows: number | null;
  bytes: number;
  sha256: string;
  /** Columns by which the rows of a list are ordered. */
  key: readonly string[] | null;
}

export const FORMAT = "evergreen-evidence/1";
export const MANIFEST = "manifest.json";
const ENOUGH = 1 << 18;

export class EvidenceWriter {
  readonly #sink: Sink;
  readonly #format: string;
  readonly #entries: Entry[] = [];
  readonly #members: ManifestMember[] = [];
  #end = 0;

  constructor(sink: Sink, format: string = FORMAT) {
    this.#sink = sink;
    this.#format = format;
  }

  /** Rows as lines in the order of their key. Returns what the manifest says of them. Errors: names out of order, a pack beyond 4 GB. */
  async rows(
    name: string,
    key: readonly string[],
    lines: AsyncIterable<string> | Iterable<string>,
  ): Promise<ManifestMember> {
    return this.#member(name, key, lines);
  }

  /** One document, as its text stands. */
  async document(name: string, text: string): Promise<ManifestMember> {
    return this.#member(name, null, [text]);
  }

  /** One file, byte for byte. */
  async file(name: string, bytes: Uint8Array): Promise<ManifestMember> {
    return this.#member(name, null, [bytes]);
  }

  async #member(
    name: string,
    key: readonly string[] | null,
    lines: AsyncIterable<string> | Iterable<string | Uint8Array>,
  ): Promise<ManifestMember> {
    const last = this.#entries.at(-1);
    if (name !== MANIFEST && last !== undefined && last.name >= name)
      throw new Error(`${name} is written after ${last.name}`);
    if (this.#entries.length >= MOST_MEMBERS) throw new Error("a pack has at most 65,534 members");
    const entry: Entry = { name, crc: 0, bytes: 0, at: this.#end };
    const from = entry.at + localHeader(entry).length;
    const hash = createHash("sha256");
    let [rows, waiting, length] = [0, [] as Buffer[], 0];
    const flush = async () => {
      const piece = Buffer.concat(waiting);
      if (from + entry.bytes + piece.length > LARGEST) throw new Error("a pack is at most 4 GB: take a shorter period");
      await this.#sink.write(piece, from + entry.bytes);
      hash.update(piece);
      entry.crc = crc32(piece, entry.crc);
      entry.bytes += piece.length;
      [waiting, length] = [[], 0];
    };
    for await (const line of lines) {
      const bytes = typeof line === "string" ? Buffer.from(`${line}\n`, "utf8") : Buffer.from(line);
      waiting.push(bytes);
      length += bytes.length;
      rows += 1;
      if (length >= ENOUGH) await flush();
    }
    await flush();
    await this.#sink.write(localHeader(entry), entry.at);
    this.#end = from + entry.bytes;
    this.#entries.push(entry);
    const member = { name, rows: key === null ? null : rows, bytes: entry.bytes, sha256: hash.digest("hex"), key };
    this.#members.push(member);
    return member;
  }

  /** Closes the pack. Returns its size and the sha256 of its manifest, which covers every member. */
  async finish(
    head: Readonly<Record<string, unknown>>,
  ): Promise<{ bytes: number; sha256: string; members: readonly ManifestMember[] }> {
    const members = [...this.#members];
    const { sha256 } = await this.document(
      MANIFEST,
      JSON.stringify({ format: this.#format, ...head, members }, null, 1),
    );
    const closing = directory(this.#entries, this.#end);
    await this.#sink.write(closing, this.#end);
    return { bytes: this.#end + closing.length, sha256, members };
  }
}
