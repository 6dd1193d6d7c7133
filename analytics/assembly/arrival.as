// The inner loop of rows on their way, in AssemblyScript (compiled by build.ts, not by tsc): what Postgres sends as binary COPY becomes columns as DuckDB
// keeps them, and each row is hashed as Postgres hashes it (`hash_record_extended`, seed 0). Postgres keeps these functions as they are from version to
// version, because hash partitioning places rows by them; a different answer is found by the comparison and nothing is published.
// Algorithm of the hash: Jenkins lookup3 (public domain), as src/common/hashfn.c uses it on machines with the low byte first.
// Memory is laid out by src/wire-rows.ts; nothing is allocated here.

/** Where free memory begins. */
export function freeFrom(): usize {
  return __heap_base;
}

/** Why `read` came back. */
const WANTS_MORE = 0;
const CHUNK_FULL = 1;
const LONGS_FULL = 2;
const OVER = 3;
const STRANGE = 4;
const NO_NUMBER = 5;
const TOO_LARGE = 6;
const TOO_FINE = 7;
export let state: i32 = WANTS_MORE;

/** Rows in the chunk; whoever takes them sets it to 0. */
export let held: i32 = 0;
/** Texts that are too long for their place: column, row, address and length, 4 bytes each, in the list. */
export let longs: i32 = 0;
/** Sum of the hashes of all rows, 128 bits. */
export let sumLow: u64 = 0;
export let sumHigh: i64 = 0;

/** Of a column: kind, scale, address of its values, address of its bits (0: null), and whether there is a null; 4 bytes each. */
const COLUMN: usize = 20;
let columns: usize = 0;
let count: i32 = 0;
let room: i32 = 0;
let list: usize = 0;
let listRoom: i32 = 0;
/** 64 kB for the digits of a number while it is hashed. */
let digits: usize = 0;

export function lay(columnsAt: usize, columnCount: i32, rows: i32, listAt: usize, listLength: i32, digitsAt: usize): void {
  columns = columnsAt;
  count = columnCount;
  room = rows;
  list = listAt;
  listRoom = listLength;
  digits = digitsAt;
}

/** Reads rows from `at` until the bytes end, the chunk or the list is full, or Postgres says that there are no more; answers where the next row begins. */
export function read(at: usize, end: usize): usize {
  state = WANTS_MORE;
  while (at + 2 <= end) {
    const fields = <i32>bswap<u16>(load<u16>(at));
    if (fields == 0xffff) {
      state = OVER;
      return at;
    }
    if (fields != count) {
      state = STRANGE;
      return at;
    }
    const before = longs;
    const next = readRow(at + 2, end);
    if (next == 0) {
      longs = before; // the row comes again
      return at;
    }
    at = next;
    held += 1;
    if (held == room) {
      state = CHUNK_FULL;
      return at;
    }
  }
  return at;
}

/** The row whose first column begins at `at`: where the next one begins; 0 when it is not whole, or `state` says what it has. */
function readRow(at: usize, end: usize): usize {
  let hash: u64 = 0;
  let column = columns;
  for (let n = 0; n < count; n += 1, column += COLUMN) {
    if (at + 4 > end) return 0;
    const length = <i32>bswap<u32>(load<u32>(at));
    at += 4;
    hash *= 31;
    if (length < 0) {
      setNull(column);
      continue;
    }
    if (<usize>length > end - at) return 0;
    hash += write(column, n, at, length);
    if (state != WANTS_MORE) return 0;
    at += <usize>length;
  }
  const low = sumLow + hash;
  sumHigh += (<i64>hash >> 63) + (low < hash ? 1 : 0);
  sumLow = low;
  return at;
}

function setNull(column: usize): void {
  const bits = <usize>load<u32>(column, 12) + (held >> 3);
  store<u8>(bits, load<u8>(bits) & ~(<u8>1 << <u8>(held & 7)));
  store<u32>(column, 1, 16);
  // what an earlier row left in its place may not be looked at as a text
  if (load<u32>(column) == TEXT) store<u32>(<usize>load<u32>(column, 8) + 16 * <usize>held, 0);
}

const UUID = 0;
const DECIMAL = 1;
const TEXT = 2;
const DATE = 3;
const INSTANT = 4;
const INT8 = 5;
const INT4 = 6;
const BOOLEAN = 7;

/** Days and microseconds from 1970, where DuckDB begins, to 2000, where Postgres does. */
const DAYS: i32 = 10957;
const SINCE_1970: i64 = 946684800000000;

/** Writes a value into its place and answers its hash. */
function write(column: usize, n: i32, at: usize, length: i32): u64 {
  const values = <usize>load<u32>(column, 8);
  switch (load<u32>(column)) {
    case UUID: {
      if (length != 16) return strange();
      // the first bit is turned, so that they sort as numbers do
      const place = values + 16 * <usize>held;
      store<u64>(place, bswap<u64>(load<u64>(at, 8)));
      store<u64>(place, bswap<u64>(load<u64>(at)) ^ 0x8000000000000000, 8);
      return hashBytes(at, 16);
    }
    case DECIMAL:
      return writeNumber(values + 16 * <usize>held, at, load<i32>(column, 4));
    case TEXT: {
      const place = values + 16 * <usize>held;
      if (length <= 12) {
        // what lies behind the text is read with it and cut off
        store<i32>(place, length);
        const first = load<u64>(at);
        store<u64>(place, length >= 8 ? first : first & ((<u64>1 << (8 * length)) - 1), 4);
        store<u32>(place, length > 8 ? <u32>(load<u64>(at, 8) & ((<u64>1 << (8 * (length - 8))) - 1)) : 0, 12);
      } else {
        if (longs == listRoom) {
          state = LONGS_FULL;
          return 0;
        }
        store<i32>(place, 0);
        const entry = list + 16 * <usize>longs;
        store<i32>(entry, n);
        store<i32>(entry, held, 4);
        store<u32>(entry, <u32>at, 8);
        store<i32>(entry, length, 12);
        longs += 1;
      }
      return hashBytes(at, length);
    }
    case DATE: {
      if (length != 4) return strange();
      const days = <i32>bswap<u32>(load<u32>(at));
      const shown = days == i32.MAX_VALUE ? days : days == i32.MIN_VALUE ? -i32.MAX_VALUE : days + DAYS;
      store<i32>(values + 4 * <usize>held, shown);
      return hashInt4(days);
    }
    case INSTANT: {
      if (length != 8) return strange();
      const time = <i64>bswap<u64>(load<u64>(at));
      const shown = time == i64.MAX_VALUE ? time : time == i64.MIN_VALUE ? -i64.MAX_VALUE : time + SINCE_1970;
      store<i64>(values + 8 * <usize>held, shown);
      return hashInt8(time);
    }
    case INT8: {
      if (length != 8) return strange();
      const value = <i64>bswap<u64>(load<u64>(at));
      store<i64>(values + 8 * <usize>held, value);
      return hashInt8(value);
    }
    case INT4: {
      if (length != 4) return strange();
      const value = <i32>bswap<u32>(load<u32>(at));
      store<i32>(values + 4 * <usize>held, value);
      return hashInt4(value);
    }
    default: {
      if (length != 1) return strange();
      const value = load<u8>(at);
      store<u8>(values + <usize>held, value);
      return hashInt4(value);
    }
  }
}

function strange(): u64 {
  state = STRANGE;
  return 0;
}

let low: u64 = 0;
let high: u64 = 0;

/** The 128 bits × by + add, both up to 10000. */
@inline
function grow(by: u64, add: u64): void {
  const p0 = (low & 0xffffffff) * by + add;
  const p1 = (low >> 32) * by + (p0 >> 32);
  low = (p0 & 0xffffffff) | (p1 << 32);
  const over = p1 >> 32;
  if ((high | over) == 0) return;
  const p2 = (high & 0xffffffff) * by + over;
  const p3 = (high >> 32) * by + (p2 >> 32);
  high = (p2 & 0xffffffff) | (p3 << 32);
  if (p3 >= 0x80000000) state = TOO_LARGE;
}

/** The number at `at` (groups of four decimal digits, the first worth 10000 to the power of its weight) as an integer of 10^-scale in 16 bytes; its hash. */
function writeNumber(place: usize, at: usize, scale: i32): u64 {
  const groups = <i32>bswap<u16>(load<u16>(at));
  const weight = <i32><i16>bswap<u16>(load<u16>(at, 2));
  const sign = bswap<u16>(load<u16>(at, 4));
  if (sign != 0 && sign != 0x4000) {
    state = NO_NUMBER;
    return 0;
  }
  const first = at + 8;
  const whole = scale / 4; // groups behind the point that are kept whole
  const more = scale % 4; // digits of the group behind them
  const last = more == 0 ? -whole : -whole - 1;
  low = high = 0;
  // from the first digit to the last one that is kept; what is not sent is zero
  for (let power = max(weight, last); power >= last; power -= 1) {
    const n = weight - power;
    const group = n >= 0 && n < groups ? <u64>bswap<u16>(load<u16>(first + 2 * <usize>n)) : 0;
    if (power > last || more == 0) grow(10000, group);
    else {
      const kept: u64 = more == 1 ? 10 : more == 2 ? 100 : 1000;
      const share = 10000 / kept;
      if (group % share != 0) state = TOO_FINE;
      grow(kept, group / share);
    }
  }
  for (let n = max(0, weight - last + 1); n < groups; n += 1)
    if (load<u16>(first + 2 * <usize>n) != 0) state = TOO_FINE;
  if (sign != 0) {
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
  }
  store<u64>(place, low);
  store<u64>(place, high, 8);
  return hashNumber(first, groups, weight);
}

function hashNumber(first: usize, groups: i32, weight: i32): u64 {
  while (groups > 0 && load<u16>(first) == 0) {
    first += 2;
    groups -= 1;
    weight -= 1;
  }
  while (groups > 0 && load<u16>(first + 2 * <usize>(groups - 1)) == 0) groups -= 1;
  if (groups == 0) return u64.MAX_VALUE;
  for (let n: usize = 0; n < <usize>groups; n += 1) store<u16>(digits + 2 * n, bswap<u16>(load<u16>(first + 2 * n)));
  return hashBytes(digits, 2 * groups) ^ <u64><i64>weight;
}

const START: u32 = 0x9e3779b9 + 3923095;

/** Mixes the last three words. */
@inline
function final(a: u32, b: u32, c: u32): u64 {
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  c = (c ^ b) - rotl<u32>(b, 24);
  return (<u64>b << 32) | <u64>c;
}

/** Of bytes: a text, a uuid, the digits of a number. */
function hashBytes(at: usize, length: i32): u64 {
  let a = START + <u32>length;
  let b = a;
  let c = a;
  for (; length >= 12; at += 12, length -= 12) {
    a += load<u32>(at);
    b += load<u32>(at, 4);
    c += load<u32>(at, 8);
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  // the lowest byte of c is the length's: its bytes begin one higher
  for (let n = 0; n < length; n += 1) {
    const byte = <u32>load<u8>(at + <usize>n);
    if (n < 4) a += byte << (8 * n);
    else if (n < 8) b += byte << (8 * (n - 4));
    else c += byte << (8 * (n - 7));
  }
  return final(a, b, c);
}

/** Of an integer of 32 bits, a date or a truth value (1 or 0). */
@inline
function hashInt4(value: i32): u64 {
  return final(START + 4 + <u32>value, START + 4, START + 4);
}

/** Of an integer of 64 bits, an instant or a transaction. */
@inline
function hashInt8(value: i64): u64 {
  const upper = <i32>(value >> 32);
  return hashInt4(<i32>value ^ (upper >= 0 ? upper : ~upper));
}
