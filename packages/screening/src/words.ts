// The words of an index: each distinct word once, and for a word of a query those that are like it, found by sound and scored once.
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
  readonly #masks: number[] = [];
  readonly #bySound = new Map<string, number[]>();
  #known = new Map<string, Neighbours>();
  #seen = new Int32Array(1024);
  #turn = 0;

  get size(): number {
    return this.#words.length;
  }

  /** Number of a word; a new one is taken in and what was known of neighbours is forgotten. */
  add(word: NameWord): number {
    const key = word.form.text + scriptClass(word.script).toUpperCase();
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#words.length;
    this.#ids.set(key, id);
    this.#words.push({ ...word, initial: false });
    this.#masks.push(maskOf(word.form.key));
    for (const sound of soundKeys(word.form, word.script)) {
      const group = this.#bySound.get(sound);
      if (group === undefined) this.#bySound.set(sound, [id]);
      else group.push(id);
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
    const mask = maskOf(word.form.key);
    const length = word.form.key.length;
    for (const sound of soundKeys(word.form, word.script)) {
      for (const id of this.#bySound.get(sound) ?? []) {
        if (this.#seen[id] === this.#turn) continue;
        this.#seen[id] = this.#turn;
        const other = this.#words[id]!;
        const loose = other.script !== word.script;
        if (!loose && tooFar(mask, this.#masks[id]!, length, other.form.key.length)) continue;
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

/** Which consonants a key holds, a bit for each. */
function maskOf(key: string): number {
  let mask = 0;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code >= 97 && code <= 122) mask |= 1 << (code - 97);
    else mask |= 1 << (26 + (code % 5));
  }
  return mask & ~VOWELS;
}
const VOWELS = [..."aeiouh"].reduce((mask, letter) => mask | (1 << (letter.charCodeAt(0) - 97)), 0);

/** A lower bound of the edits: a consonant that one side alone has costs at least 0.3 on either side. */
function tooFar(left: number, right: number, lengthLeft: number, lengthRight: number): boolean {
  const apart = bits(left & ~right) + bits(right & ~left);
  return apart * 0.3 > 0.42 * ((lengthLeft + lengthRight) / 2);
}

function bits(value: number): number {
  let left = value - ((value >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return (((left + (left >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Keys two like words share at least one of: consonants, consonants but one, the sound of the whole, the word without its article. */
export function soundKeys(form: WordForm, script: Script): Set<string> {
  const keys = new Set<string>([`=${form.text}`, `m${form.metaphone[0]}`, `l${form.sounds}`]);
  addDeletions(form.skeleton, keys);
  if (form.bare !== null) addDeletions(wordForm(form.text.slice(2)).skeleton, keys);
  if (script === "abjad" || form.skeleton.length >= 3) keys.add(`g${form.skeleton.replace(/(?<=.)[vi]/g, "")}`);
  return keys;
}

function addDeletions(skeleton: string, keys: Set<string>): void {
  const cut = skeleton.slice(0, 12);
  keys.add(`s${cut}`);
  if (cut.length < 3) return;
  for (let at = 0; at < cut.length; at += 1) keys.add(`s${cut.slice(0, at)}${cut.slice(at + 1)}`);
}
