// How alike two whole names are letter by letter, their words sorted: the share of letters a longest common subsequence keeps. Bit-parallel.

export interface Letters {
  /** A bit for each letter; figures share six. */
  readonly once: number;
  /** The same for those it holds more than once. */
  readonly twice: number;
  readonly length: number;
}

export function lettersOf(text: string): Letters {
  let [once, twice] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 32) continue;
    const bit = 1 << (code >= 97 && code <= 122 ? code - 97 : 26 + (code % 6));
    twice |= once & bit;
    once |= bit;
  }
  return { once, twice, length: text.length };
}

/** Whether the letters alone already rule out that two texts have `least` in common: a letter one side lacks is one left out. */
export function outOfReach(once: number, twice: number, length: number, other: Letters, least: number): boolean {
  const total = length + other.length;
  const room = (1 - least) * total + 1e-9;
  if (Math.abs(length - other.length) > room) return true;
  return bits(once ^ other.once) + bits(twice ^ other.twice) > room;
}

/** The share of both texts that is in common, 0 to 1 (one minus insertions and deletions by both lengths). */
export class Spelled {
  readonly #length: number;
  readonly #blocks: number;
  readonly #masks: Uint32Array;
  readonly #state: Uint32Array;

  constructor(text: string) {
    this.#length = text.length;
    this.#blocks = Math.max(1, Math.ceil(text.length / 32));
    this.#masks = new Uint32Array(128 * this.#blocks);
    this.#state = new Uint32Array(this.#blocks);
    for (let at = 0; at < text.length; at += 1)
      this.#masks[(text.charCodeAt(at) & 127) * this.#blocks + (at >>> 5)]! |= 1 << (at & 31);
  }

  /** 0 as soon as it is clear from the lengths that `least` is out of reach. */
  ratio(other: string, least: number): number {
    const total = this.#length + other.length;
    if (total === 0) return 0;
    if (2 * Math.min(this.#length, other.length) < least * total) return 0;
    const common = this.#blocks === 1 ? this.#one(other) : this.#many(other);
    return (2 * common) / total;
  }

  #one(other: string): number {
    const masks = this.#masks;
    let state = -1;
    for (let at = 0; at < other.length; at += 1) {
      const both = state & masks[other.charCodeAt(at) & 127]!;
      state = (state + both) | (state - both);
    }
    return bits(~state & (this.#length === 32 ? -1 : (1 << this.#length) - 1));
  }

  #many(other: string): number {
    const state = this.#state.fill(0xffffffff);
    const blocks = this.#blocks;
    for (let at = 0; at < other.length; at += 1) {
      const row = (other.charCodeAt(at) & 127) * blocks;
      let carry = 0;
      for (let block = 0; block < blocks; block += 1) {
        const held = state[block]!;
        const both = (held & this.#masks[row + block]!) >>> 0;
        const sum = held + both + carry;
        carry = sum > 0xffffffff ? 1 : 0;
        state[block] = (sum >>> 0) | (held & ~both);
      }
    }
    let common = 0;
    for (let block = 0; block < blocks; block += 1) {
      const letters = Math.min(32, this.#length - block * 32);
      common += bits(~state[block]! & (letters === 32 ? -1 : (1 << letters) - 1));
    }
    return common;
  }
}

export function bits(value: number): number {
  let left = value - ((value >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return (((left + (left >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
