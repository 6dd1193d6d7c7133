// SHA-256 (FIPS 180-4) in plain arithmetic, so that the verifier imports nothing and an investor's browser runs the same check.

const encoder = new TextEncoder();

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Uint32Array(64);
/** The same of the square roots of the first eight. */
const START = new Uint32Array(8);
/** The integer root: floor(value^(1/power)). */
function root(value: bigint, power: bigint): bigint {
  let [low, high] = [0n, 1n << 64n];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (middle ** power <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}
for (let [n, found] = [2, 0]; found < 64; n++) {
  let prime = true;
  for (let k = 2; k * k <= n; k++) if (n % k === 0) prime = false;
  if (!prime) continue;
  K[found] = Number(root(BigInt(n) << 96n, 3n) & 0xffffffffn);
  if (found < 8) START[found] = Number(root(BigInt(n) << 64n, 2n) & 0xffffffffn);
  found++;
}

const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

function block(state: Uint32Array, words: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const [a, b] = [words[t - 15] ?? 0, words[t - 2] ?? 0];
    const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    words[t] = (words[t - 16] ?? 0) + s0 + (words[t - 7] ?? 0) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const first =
      (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + (words[t] ?? 0)) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at] ?? 0) + value;
}

/** The hash of texts (UTF-8) and bytes, one after the other: 32 bytes. */
export function sha256(...parts: (string | Uint8Array)[]): Uint8Array {
  const given = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const length = given.reduce((sum, part) => sum + part.length, 0);
  const message = new Uint8Array(Math.ceil((length + 9) / 64) * 64);
  let at = 0;
  for (const part of given) {
    message.set(part, at);
    at += part.length;
  }
  message[length] = 0x80;
  const view = new DataView(message.buffer);
  view.setBigUint64(message.length - 8, BigInt(length) * 8n);
  const state = START.slice();
  const words = new Uint32Array(64);
  for (let from = 0; from < message.length; from += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(from + 4 * t);
    block(state, words);
  }
  const hash = new DataView(new ArrayBuffer(32));
  for (const [n, word] of state.entries()) hash.setUint32(4 * n, word);
  return new Uint8Array(hash.buffer);
}

export const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes of hexadecimal digits; ends before the first pair that is none. */
export function fromHex(text: string): Uint8Array {
  const pairs = /^(?:[0-9a-fA-F]{2})*/.exec(text)?.[0].match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}
