// The one layout of a zip container that a pack has: members stored as they are, no times, no extra fields, no comments. Whatever could be written in two
// ways is written in one, so that the same members are the same bytes.

export interface Entry {
  name: string;
  crc: number;
  bytes: number;
  /** Where its header begins. */
  at: number;
}

export const LOCAL_BYTES = 30;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
export const END_BYTES = 22;
/** 1980-01-01, the earliest day a container knows. */
const DAY = 0x21;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const VERSION = 20;
/** Larger ones need another layout. */
export const LARGEST = 0xffff_fffe;
export const MOST_MEMBERS = 0xfffe;

const nameOf = (name: string): Uint8Array => new TextEncoder().encode(name);

/** What follows the signature in both kinds of header. */
function common(view: DataView, at: number, entry: Entry, name: Uint8Array): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, FLAGS, true);
  view.setUint16(at + 4, 0, true); // stored
  view.setUint16(at + 6, 0, true);
  view.setUint16(at + 8, DAY, true);
  view.setUint32(at + 10, entry.crc, true);
  view.setUint32(at + 14, entry.bytes, true);
  view.setUint32(at + 18, entry.bytes, true);
  view.setUint16(at + 22, name.length, true);
}

export function localHeader(entry: Entry): Uint8Array {
  const name = nameOf(entry.name);
  const bytes = new Uint8Array(LOCAL_BYTES + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, LOCAL, true);
  common(view, 4, entry, name);
  bytes.set(name, LOCAL_BYTES);
  return bytes;
}

function centralHeader(entry: Entry): Uint8Array {
  const name = nameOf(entry.name);
  const bytes = new Uint8Array(46 + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CENTRAL, true);
  view.setUint16(4, VERSION, true);
  common(view, 6, entry, name);
  view.setUint32(42, entry.at, true);
  bytes.set(name, 46);
  return bytes;
}

/** The directory that closes the container, beginning at `at`. */
export function directory(entries: readonly Entry[], at: number): Uint8Array {
  const headers = entries.map(centralHeader);
  const size = headers.reduce((sum, header) => sum + header.length, 0);
  const bytes = new Uint8Array(size + END_BYTES);
  let place = 0;
  for (const header of headers) {
    bytes.set(header, place);
    place += header.length;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(place, END, true);
  view.setUint16(place + 8, entries.length, true);
  view.setUint16(place + 10, entries.length, true);
  view.setUint32(place + 12, size, true);
  view.setUint32(place + 16, at, true);
  return bytes;
}

/** What the directory says, without trust: undefined where it is no directory of this layout. */
export function readDirectory(bytes: Uint8Array): Entry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Entry[] = [];
  let at = 0;
  while (at + 46 <= bytes.length && view.getUint32(at, true) === CENTRAL) {
    const length = view.getUint16(at + 28, true);
    if (at + 46 + length > bytes.length) return undefined;
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length)),
      crc: view.getUint32(at + 16, true),
      bytes: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    });
    at += 46 + length;
  }
  return at + END_BYTES === bytes.length && view.getUint32(at, true) === END ? entries : undefined;
}

/** Where the directory begins, by the last bytes of the container; undefined where they are none. */
export function directoryAt(end: Uint8Array): number | undefined {
  const view = new DataView(end.buffer, end.byteOffset, end.byteLength);
  return end.length === END_BYTES && view.getUint32(0, true) === END ? view.getUint32(16, true) : undefined;
}
