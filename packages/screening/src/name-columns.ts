// What is looked at of every name an index holds, in typed arrays: one line of memory a name, and the numbers and weights of its words.
import type { Name } from "./name.ts";

/** Numbers of one name in `facts`, from its line's start on. */
export const LINE = 8;
export const ONCE = 0;
export const TWICE = 1;
export const LENGTH = 2;
export const FIRST_WORD = 3;
export const WORDS = 4;
/** How many initials (low byte), and above a bit for the shape of each two neighbouring words of it written as one. */
export const INITIALS = 6;
/** A bit for the shape of each of its words. */
export const SHAPES = 7;
/** In `weights`, which is the same memory. */
export const WEIGHT = 5;

export const DEAD = 0;
/** A person's name without an initial: two of its words must agree. */
export const WHOLE_PERSON = 1;
/** A person's name with an initial. */
export const PERSON = 2;
export const COMPANY = 3;

const SPAN = 5;
/** One of 32 bits for a word's first letter and its length, five lengths together. */
const shapeBit = (letter: number, length: number): number => 1 << (letter + 11 * Math.floor(length / SPAN));
/** The upper 24 of them, for words written as one: what would be below counts above. */
export const joinedBits = (bits: number): number => (bits & ~255) | ((bits & 255) << 8);

/** Shapes of the words of a name, and of each two neighbouring ones written as one. */
export interface Shapes {
  readonly words: number;
  readonly joined: number;
}

/** @param off how many letters more or less count as the same shape. */
export function shapesOf({ words }: Name, off: number): Shapes {
  let [single, joined] = [0, 0];
  for (let at = 0; at < words.length; at += 1) {
    const { text } = words[at]!.form;
    const letter = bytes(text);
    single |= shapeBit(letter, text.length - off) | shapeBit(letter, text.length + off);
    if (at + 1 === words.length) continue;
    const length = text.length + words[at + 1]!.form.text.length;
    joined |= shapeBit(letter, length - off) | shapeBit(letter, length + off);
  }
  return { words: single, joined };
}

/** Marks of the words of a query that a name has met: a bit each, from the eighth on one for all, which stands for several. */
export const SEVERAL = 128;
export const markOf = (slot: number): number => (slot < 7 ? 1 << slot : SEVERAL);

const bytes = (text: string): number => text.charCodeAt(0);

export class NameColumns {
  facts = new Int32Array(1024 * LINE);
  weights = new Float32Array(this.facts.buffer);
  kinds = new Uint8Array(1024);
  /** Which words of a query a name has met; a name is met once `seen` is not 0. */
  seen = new Uint8Array(1024);
  touched = new Int32Array(1024);
  /** Numbers of words; of an initial minus its letter. */
  words = new Int32Array(4096);
  wordWeights = new Float32Array(4096);
  /** Of the last look ahead: kept, or its reads would be left out as useless. */
  ahead = 0;
  #wordCount = 0;

  enter(number: number, name: Name, ids: Int32Array): void {
    this.#room(number + 1, this.#wordCount + ids.length);
    const line = number * LINE;
    this.facts[line + ONCE] = name.letters.once;
    this.facts[line + TWICE] = name.letters.twice;
    this.facts[line + LENGTH] = name.letters.length;
    this.facts[line + FIRST_WORD] = this.#wordCount;
    this.facts[line + WORDS] = ids.length;
    const initials = ids.reduce((count, id) => count + (id < 0 ? 1 : 0), 0);
    const shapes = shapesOf(name, 0);
    this.facts[line + INITIALS] = initials | joinedBits(shapes.joined);
    this.facts[line + SHAPES] = shapes.words;
    this.weights[line + WEIGHT] = name.weight;
    this.kinds[number] = name.style === "company" ? COMPANY : ids.some((id) => id < 0) ? PERSON : WHOLE_PERSON;
    name.words.forEach((word, at) => {
      this.words[this.#wordCount + at] = word.initial ? -bytes(word.form.text) : ids[at]!;
      this.wordWeights[this.#wordCount + at] = word.weight;
    });
    this.#wordCount += ids.length;
  }

  /** Reads the line of the first `count` names met: these reads wait for memory side by side, those of a judgement one after the other. */
  lookAhead(count: number): void {
    let ahead = 0;
    for (let at = 0; at < count; at += 1) ahead |= this.facts[this.touched[at]! * LINE]!;
    this.ahead = ahead;
  }

  clear(): void {
    this.#wordCount = 0;
    this.kinds.fill(DEAD);
  }

  #room(names: number, words: number): void {
    if (this.kinds.length < names) {
      const [facts, kinds] = [new Int32Array(names * 2 * LINE), new Uint8Array(names * 2)];
      facts.set(this.facts);
      kinds.set(this.kinds);
      this.facts = facts;
      this.weights = new Float32Array(facts.buffer);
      this.kinds = kinds;
      this.seen = new Uint8Array(names * 2);
      this.touched = new Int32Array(names * 2);
    }
    if (this.words.length < words) {
      const [ids, weights] = [new Int32Array(words * 2), new Float32Array(words * 2)];
      ids.set(this.words);
      weights.set(this.wordWeights);
      this.words = ids;
      this.wordWeights = weights;
    }
  }
}
