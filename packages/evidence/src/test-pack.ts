// For tests: packs in memory, and what a forger would make of one.

import { crc32 } from "./crc32.ts";
import { EvidenceWriter } from "./evidence-writer.ts";
import { directory, directoryAt, END_BYTES, localHeader, readDirectory } from "./zip-layout.ts";
import { bytesOf, openContainer, sourceOfBytes } from "./zip-reader.ts";

/** A sink that keeps what is written. */
export class MemorySink {
  bytes = new Uint8Array(0);
  async write(piece: Uint8Array, at: number): Promise<void> {
    if (at + piece.length > this.bytes.length) {
      const larger = new Uint8Array(at + piece.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(piece, at);
  }
}

export type Texts = Map<string, string>;

/** The members of a pack as texts. */
export function textsOf(pack: Uint8Array): Texts {
  const source = sourceOfBytes(pack);
  const { entries, wrong } = openContainer(source);
  if (wrong.length > 0) throw new Error(wrong.join("; "));
  return new Map(entries.map((entry) => [entry.name, Buffer.concat([...bytesOf(source, entry)]).toString("utf8")]));
}

/** A pack of these texts with a manifest that fits them: what somebody makes who knows how packs are made. */
export async function forged(texts: Texts): Promise<Uint8Array> {
  const {
    format,
    members: told,
    ...head
  } = JSON.parse(texts.get("manifest.json") ?? "{}") as {
    format: string;
    members: { name: string; key: string[] | null }[];
  };
  const keys = new Map(told.map(({ name, key }) => [name, key]));
  const sink = new MemorySink();
  const writer = new EvidenceWriter(sink, format);
  for (const name of [...texts.keys()].filter((n) => n !== "manifest.json").sort()) {
    const text = texts.get(name) ?? "";
    const key = keys.get(name) ?? null;
    const lines = text.replace(/\n$/, "");
    if (key === null) await writer.file(name, Buffer.from(text));
    else await writer.rows(name, key, lines === "" ? [] : lines.split("\n"));
  }
  await writer.finish(head);
  return sink.bytes;
}

/** One more than the digit that stands at the first place where `where` matches. */
export const bumped = (text: string, where: RegExp): string =>
  text.replace(where, (found) => found.replace(/[0-9a-f](?=[^0-9a-f]*$)/, (digit) => (digit === "0" ? "1" : "0")));

/** The pack with this text as its manifest. */
export function replaced(bytes: Uint8Array, manifest: string): Uint8Array {
  const at = directoryAt(bytes.subarray(bytes.length - END_BYTES)) ?? 0;
  const entries = readDirectory(bytes.subarray(at)) ?? [];
  const last = entries.at(-1);
  if (last === undefined) throw new Error("no members");
  const text = new TextEncoder().encode(manifest);
  const entry = { ...last, bytes: text.length, crc: crc32(text) };
  const header = localHeader(entry);
  const end = last.at + header.length + text.length;
  return Buffer.concat([bytes.subarray(0, last.at), header, text, directory([...entries.slice(0, -1), entry], end)]);
}
