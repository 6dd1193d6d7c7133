// The words of an index: each distinct word once, and for a word of a query those that are like it, found by sound and scored once.
import { hashOf } from "./hash.ts";
import { LEAST_LIKE, type WordForm, wordForm } from "./likeness.ts";
import type { NameWord } from "./name.ts";
import { pairLikeness } from "./name-score.ts";
import type { Script } from "./text.ts";

/** Words of the index that are like one word of a query. */
export interface Neighbours {
  readonly ids: Int32Array;
  readonly likes: Float64Array;
}

const CACHED = 150_000;
const NONE: Neighbours = { ids: new Int32Array(0), likes: new Float64Array(0) };

/** Latin and Cyrillic words compare alike; those of an abjad, Han or Hangul more loosely. */
const scriptClass = (script: Script): string => (script === "latin" || script === "other" ? "" : script.charAt(0));

export class Words {
  readonly #ids = new Map<string, number>();
  readonly #words: NameWord[] = [];
  /** Of each word its first letter (low byte) and its length. */
  #shapes = new Uint16Array(1024);
  readonly #bySound = new Map<number, number[]>();
  #known = new Map<string, Neighbours>();
  #seen = new Int32Array(1024);
  #turn = 0;

  get size(): number {
    return this.#words.length;
  }

  get shapes(): Uint16Array {
    return this.#shapes;
  }

  /** Number of a word; a new one is taken in and what was known of neighbours is forgotten. */
  add(word: NameWord): number {
    const key = word.form.text + scriptClass(word.script).toUpperCase();
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#words.length;
    this.#ids.set(key, id);
    this.#words.push({ ...word, initial: false });
    if (id >= this.#shapes.length) {
      const wider = new Uint16Array(id * 2);
      wider.set(this.#shapes);
      this.#shapes = wider;
    }
    this.#shapes[id] = shapeOf(word.form.text);
    for (const sound of soundHashes(word.form, word.script)) {
      const group = this.#bySound.get(sound);
      if (group === undefined) this.#bySound.set(sound, [id]);
      else if (group.at(-1) !== id) group.push(id);
    }
    if (this.#known.size > 0) this.#known = new Map();
    return id;
  }

  has(text: string): boolean {
    return this.#ids.has(text);
  }

  /** Halves of a text that are words of the index both; only of texts long enough to be two words. */
  pieces(text: string): string[] {
    const found: string[] = [];
    if (text.length < 6) return found;
    for (let cut = 2; cut <= text.length - 2; cut += 1) {
      const [left, right] = [text.slice(0, cut), text.slice(cut)];
      if (this.#ids.has(left) && this.#ids.has(right)) found.push(left, right);
    }
    return found;
  }

  exact(text: string): Neighbours {
    const id = this.#ids.get(text);
    return id === undefined ? NONE : { ids: Int32Array.of(id), likes: Float64Array.of(1) };
  }

  neighbours(word: NameWord): Neighbours {
    if (word.initial) return NONE;
    const key = word.form.text + scriptClass(word.script).toUpperCase();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#search(word);
    if (this.#known.size >= CACHED) this.#known = new Map();
    this.#known.set(key, found);
    return found;
  }

  #search(word: NameWord): Neighbours {
    if (this.#seen.length < this.#words.length) this.#seen = new Int32Array(this.#words.length * 2);
    this.#turn += 1;
    const ids: number[] = [];
    const likes: number[] = [];
    for (const sound of soundHashes(word.form, word.script)) {
      for (const id of this.#bySound.get(sound) ?? []) {
        if (this.#seen[id] === this.#turn) continue;
        this.#seen[id] = this.#turn;
        const other = this.#words[id]!;
        const like = pairLikeness(word, other);
        // one letter apart is looked at although it is no pair: the whole names may be nearly the same
        if (like < LEAST_LIKE && !oneEdit(word.form.text, other.form.text)) continue;
        ids.push(id);
        likes.push(like);
      }
    }
    return { ids: Int32Array.from(ids), likes: Float64Array.from(likes) };
  }
}

/** First letter of a word and its length, as the index keeps them of every word. */
export const shapeOf = (text: string): number => (text.charCodeAt(0) & 255) | (Math.min(text.length, 255) << 8);

/** Whether a word of that shape may be two written as one: their first letter, their length together but two. */
export function isJoined(shape: number, first: number, length: number): boolean {
  return (shape & 255) === (first & 255) && Math.abs((shape >> 8) - length) <= 2;
}

/** Whether one letter added, left out, exchanged or swapped with its neighbour makes the one the other. */
export function oneEdit(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1 || left.length < 2) return false;
  let at = 0;
  while (at < left.length && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  const [a, b] = [left.slice(at), right.slice(at)];
  if (a.length === b.length)
    return a.slice(1) === b.slice(1) || (a.slice(2) === b.slice(2) && a[0] === b[1] && a[1] === b[0]);
  return a.length > b.length ? a.slice(1) === b : a === b.slice(1);
}

/** Hashes two like words share at least one of: consonants, consonants but one, the sound of the whole, the word without its article. Two words may share one by chance. */
function soundHashes({ text, skeleton, metaphone, sounds, bare }: WordForm, script: Script): number[] {
  const hashes = [hashOf(1, text), hashOf(2, metaphone[0]), hashOf(3, sounds)];
  addDeletions(skeleton, hashes);
  if (bare !== null) addDeletions(wordForm(text.slice(2)).skeleton, hashes);
  if (script === "abjad" || skeleton.length >= 3)
    hashes.push(hashOf(4, skeleton.charAt(0) + skeleton.slice(1).replace(/[vi]/g, "")));
  return hashes;
}

const LONGEST_SKELETON = 12;
function addDeletions(skeleton: string, hashes: number[]): void {
  const length = Math.min(skeleton.length, LONGEST_SKELETON);
  hashes.push(hashOf(5, skeleton, length));
  if (length < 3) return;
  for (let at = 0; at < length; at += 1) hashes.push(hashOf(5, skeleton, length, at));
}
