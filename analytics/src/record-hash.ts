// The hash that Postgres makes of a row (`hash_record_extended`, seed 0), made again from the bytes that arrived. Postgres keeps these functions as they
// are from version to version, because hash partitioning places rows by them; a different answer is found by the comparison and nothing is published.
// Algorithm: Jenkins lookup3 (public domain), as src/common/hashfn.c uses it on machines with the low byte first. A hash is two words of 32 bits: what a
// function here answers is `low`, and `high` is what it left in the variable.

/** Upper word of the hash made last. */
export let high = 0;

const START = (0x9e3779b9 + 3923095) | 0;

/** Mixes the last three words; answers the lower word. */
function final(a: number, b: number, c: number): number {
  c = (c ^ b) - ((b << 14) | (b >>> 18));
  a = (a ^ c) - ((c << 11) | (c >>> 21));
  b = (b ^ a) - ((a << 25) | (a >>> 7));
  c = (c ^ b) - ((b << 16) | (b >>> 16));
  a = (a ^ c) - ((c << 4) | (c >>> 28));
  b = (b ^ a) - ((a << 14) | (a >>> 18));
  c = (c ^ b) - ((b << 24) | (b >>> 8));
  high = b | 0;
  return c | 0;
}

/** Of bytes (text, uuid, the digits of a number). */
export function hashBytes(view: DataView, from: number, length: number): number {
  let a = (START + length) | 0;
  let b = a;
  let c = a;
  let at = from;
  let left = length;
  for (; left >= 12; at += 12, left -= 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  // the lowest byte of c is the length's: its bytes begin one higher
  for (let n = 0; n < left; n += 1) {
    const byte = view.getUint8(at + n);
    if (n < 4) a = (a + (byte << (8 * n))) | 0;
    else if (n < 8) b = (b + (byte << (8 * (n - 4)))) | 0;
    else c = (c + (byte << (8 * (n - 7)))) | 0;
  }
  return final(a, b, c);
}

/** Of an integer of 32 bits, a date or a truth value (1 or 0). */
export function hashInt4(value: number): number {
  const start = (START + 4) | 0;
  return final((start + value) | 0, start, start);
}

/** Of an integer of 64 bits, an instant or a transaction. */
export const hashInt8 = (upper: number, lower: number): number => hashInt4(lower ^ (upper >= 0 ? upper : ~upper));

const digits = new DataView(new ArrayBuffer(1 << 16));

/** Of a number as it travels: groups of four decimal digits, the first of them worth 10000 to the power of its weight. */
export function hashNumber(view: DataView, from: number): number {
  let count = view.getUint16(from);
  let weight = view.getInt16(from + 2);
  let first = from + 8;
  while (count > 0 && view.getUint16(first) === 0) {
    first += 2;
    count -= 1;
    weight -= 1;
  }
  while (count > 0 && view.getUint16(first + 2 * (count - 1)) === 0) count -= 1;
  if (count === 0) {
    high = -1;
    return -1;
  }
  for (let n = 0; n < 2 * count; n += 2) digits.setUint16(n, view.getUint16(first + n), true);
  const low = hashBytes(digits, 0, 2 * count) ^ weight;
  high ^= weight < 0 ? -1 : 0;
  return low;
}
