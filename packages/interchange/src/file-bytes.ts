// A file as bytes: counted, hashed, and told apart by what it holds and not by its name. Reads files and streams; writes nothing.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { refuseFile } from "./refusals.ts";

/** A path, the bytes themselves, or a stream of them. */
export type FileSource = string | URL | Uint8Array | Readable;
export type FileKind = "csv" | "xlsx" | "xml";

export interface FileBytes {
  bytes: Buffer;
  sha256: string;
  kind: FileKind;
}

/** The whole file. Errors: EG404 no file, EG400 unreadable, empty or another kind of file, EG413 above `limit` bytes. */
export async function readBytes(source: FileSource, limit: number): Promise<FileBytes> {
  const bytes = source instanceof Uint8Array ? Buffer.from(source) : await gathered(source, limit);
  if (bytes.length > limit) tooLarge(limit);
  if (bytes.length === 0) refuseFile("The file is empty.");
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex"), kind: kindOf(bytes) };
}

const tooLarge = (limit: number): never => {
  throw new EvergreenError("EG413", `The file is larger than ${limit} bytes.`);
};

async function gathered(source: string | URL | Readable, limit: number): Promise<Buffer> {
  const stream = typeof source === "string" || source instanceof URL ? createReadStream(source) : source;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk as Uint8Array | string);
      size += piece.length;
      if (size > limit) tooLarge(limit);
      chunks.push(piece);
    }
  } catch (error) {
    if (error instanceof EvergreenError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    if (code === "ENOENT") throw new EvergreenError("EG404", "There is no such file.", { cause: error });
    if (code === "EISDIR") refuseFile("That is a folder, not a file.", error);
    refuseFile(`The file could not be read (${code}).`, error);
  }
  return Buffer.concat(chunks);
}

/** Kinds that people hand over by mistake, by their first bytes. */
const OTHERS: [head: number[], words: string][] = [
  [[0x1f, 0x8b], "The file is gzip; unpack it first."],
  [
    [0xd0, 0xcf, 0x11, 0xe0],
    "The file is an old Excel workbook (.xls) or has a password; save it as .xlsx without one.",
  ],
  [[0x25, 0x50, 0x44, 0x46], "The file is a PDF; ask for CSV, XLSX or ISO 20022."],
  [[0x50, 0x4b, 0x05, 0x06], "The file is an empty zip archive."],
];

function kindOf(bytes: Buffer): FileKind {
  const starts = (head: number[]): boolean => head.every((byte, at) => bytes[at] === byte);
  const other = OTHERS.find(([head]) => starts(head));
  if (other) refuseFile(other[1]);
  if (starts([0x50, 0x4b, 0x03, 0x04])) return "xlsx";
  // a byte order mark, NULs of UTF-16 and white space may stand before the first bracket
  for (const byte of bytes.subarray(0, 1024)) {
    if ([0xef, 0xbb, 0xbf, 0xfe, 0xff, 0x00, 0x09, 0x0a, 0x0d, 0x20].includes(byte)) continue;
    return byte === 0x3c ? "xml" : "csv";
  }
  return "csv";
}

export const ENCODINGS = ["utf-8", "windows-1252", "utf-16le", "utf-16be"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Text of a file; a byte order mark decides and is dropped, else `encoding`, else UTF-8. Errors: EG400 when the bytes are not of it. */
export function decoded(bytes: Buffer, encoding: Encoding | undefined): string {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  const utf8 = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const name = marked ?? (utf8 ? "utf-8" : (encoding ?? "utf-8"));
  let text: string;
  try {
    text = new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch (error) {
    const hint =
      name === "utf-8" ? '; if it comes from an older program, say "encoding: windows-1252" in the mapping file' : "";
    return refuseFile(`The file is not valid ${name.toUpperCase()}${hint}.`, error);
  }
  if (text.includes("\0")) refuseFile("The file holds NUL characters: it is no text, or UTF-16 without its mark.");
  return text;
}
