// Names of many records, to be asked which are like a name: postings of words, upper bounds in typed arrays, the exact score only for what may
// reach the threshold. Words that many names have are not followed where a match needs another word as well.
import { wordForm } from "./likeness.ts";
import type { Name, NameWord } from "./name.ts";
import { NAME_POLICY, nameScore } from "./name-score.ts";
import { Postings } from "./postings.ts";
import { Spelled } from "./spelled.ts";
import { type Neighbours, Words } from "./words.ts";

export interface NameHit {
  /** Record and which of its names. */
  record: number;
  at: number;
  score: number;
}

interface IndexedName {
  readonly record: number;
  readonly at: number;
  readonly name: Name;
  /** Numbers of its words; -1 for an initial. */
  readonly ids: Int32Array;
}

const SLOTS = 24;
const INITIAL_LIKE = 0.85;
/** Scores out of neighbours are at most this much below the exact ones that are computed next. */
const SLACK = 0.04;
const DEAD = 0;
const PERSON = 1;
const COMPANY = 2;

/** What is looked at of every name that is touched. */
interface Columns {
  weight: Float32Array;
  /** Initials, by how many. */
  initials: Uint8Array;
  state: Uint8Array;
  letters: Uint16Array;
  query: Float32Array;
  entry: Float32Array;
  hits: Uint8Array;
}

const columns = (room: number): Columns => ({
  weight: new Float32Array(room),
  initials: new Uint8Array(room),
  state: new Uint8Array(room),
  letters: new Uint16Array(room),
  query: new Float32Array(room),
  entry: new Float32Array(room),
  hits: new Uint8Array(room),
});

export class NameIndex {
  readonly #words = new Words();
  #names: IndexedName[] = [];
  #postings = new Postings();
  /** The same for names that one word may match: those that hold an initial, and those of companies. */
  #lenient = new Postings();
  #columns = columns(1024);
  readonly #byRecord = new Map<number, number[]>();
  #onlyInitials: number[] = [];
  #dead = 0;
  #like: Float32Array[] = [];
  #touched = new Int32Array(1024);
  #count = 0;

  get size(): number {
    return this.#names.length - this.#dead;
  }

  add(record: number, names: readonly Name[]): void {
    names.forEach((name, at) => {
      if (name.words.length === 0) return;
      const ids = Int32Array.from(name.words, (word) => (word.initial ? -1 : this.#words.add(word)));
      this.#enter({ record, at, name, ids });
    });
  }

  remove(record: number): void {
    for (const number of this.#byRecord.get(record) ?? []) {
      if (this.#columns.state[number] !== DEAD) this.#dead += 1;
      this.#columns.state[number] = DEAD;
    }
    this.#byRecord.delete(record);
    if (this.#dead > 1_000 && this.#dead * 4 > this.#names.length) this.#compact();
  }

  #compact(): void {
    const alive = this.#names.filter((_, number) => this.#columns.state[number] !== DEAD);
    this.#names = [];
    this.#postings = new Postings();
    this.#lenient = new Postings();
    this.#onlyInitials = [];
    this.#byRecord.clear();
    this.#dead = 0;
    for (const name of alive) this.#enter(name);
  }

  #enter(one: IndexedName): void {
    const number = this.#names.length;
    this.#names.push(one);
    this.#room(number + 1);
    const { words, weight, style, spelled } = one.name;
    const initials = words.filter(({ initial }) => initial).length;
    const held = this.#columns;
    held.weight[number] = weight;
    held.initials[number] = initials;
    held.state[number] = style === "person" ? PERSON : COMPANY;
    held.letters[number] = Math.min(spelled.length, 65_535);
    if (initials === words.length) this.#onlyInitials.push(number);
    one.ids.forEach((id, place) => {
      if (id < 0 || one.ids.indexOf(id) !== place) return;
      this.#postings.add(id, number, words[place]!.weight);
      if (initials > 0 || style === "company") this.#lenient.add(id, number, words[place]!.weight);
    });
    const own = this.#byRecord.get(one.record);
    if (own === undefined) this.#byRecord.set(one.record, [number]);
    else own.push(number);
  }

  #room(names: number): void {
    if (this.#columns.state.length >= names) return;
    const wider = columns(names * 2);
    for (const key of ["weight", "initials", "state", "letters", "query", "entry", "hits"] as const)
      wider[key].set(this.#columns[key]);
    this.#columns = wider;
    this.#touched = new Int32Array(names * 2);
  }

  /** Names whose score with `name` is at least `threshold`, in no order. */
  find(name: Name, threshold: number): NameHit[] {
    this.#widen();
    const lists = name.words.map((word) => this.#words.neighbours(word));
    const followed = this.#followed(name, lists, threshold);
    let spare = 0;
    this.#count = 0;
    lists.forEach((list, slot) => {
      const like = this.#like[slot]!;
      for (let at = 0; at < list.ids.length; at += 1) like[list.ids[at]!] = list.likes[at]!;
      const { weight } = name.words[slot]!;
      if (followed[slot]) this.#gather(this.#postings, list, weight);
      else {
        // the same word may weigh more in another kind of name
        spare += Math.max(1, weight);
        this.#gather(this.#lenient, list, weight);
      }
    });
    for (const part of this.#writtenOtherwise(name.words)) this.#gather(this.#postings, part, part.weight);
    const found = this.#judged(name, spare, threshold);
    lists.forEach(({ ids }, slot) => {
      const like = this.#like[slot]!;
      for (let at = 0; at < ids.length; at += 1) like[ids[at]!] = 0;
    });
    return found;
  }

  /** Which words' names are looked at. Not: general words beside a telling one, and of a person's words the one most people have. */
  #followed(name: Name, lists: readonly Neighbours[], threshold: number): boolean[] {
    const followed = name.words.map(({ initial }) => !initial);
    if (threshold <= Math.max(NAME_POLICY.singleWord, NAME_POLICY.genericOnly)) return followed;
    if (name.style === "company") {
      if (name.words.some(({ generic, initial, weight }) => !generic && !initial && weight >= 1))
        name.words.forEach(({ generic, weight }, slot) => {
          if (generic || weight < 0.1) followed[slot] = false;
        });
      return followed;
    }
    if (name.words.length < 2 || name.words.some(({ initial }) => initial)) return followed;
    let [most, widest] = [-1, -1];
    lists.forEach(({ ids }, slot) => {
      const size = this.#postings.sizeOf(ids);
      if (size > widest) [most, widest] = [slot, size];
    });
    followed[most] = false;
    return followed;
  }

  #gather(postings: Postings, { ids, likes }: Neighbours, weight: number): void {
    const { query, entry, hits } = this.#columns;
    const touched = this.#touched;
    let count = this.#count;
    for (let at = 0; at < ids.length; at += 1) {
      const posting = postings.of(ids[at]!);
      if (posting === undefined) continue;
      const { names, weights, length } = posting;
      const like = likes[at]!;
      const share = weight * like;
      for (let place = 0; place < length; place += 1) {
        const number = names[place]!;
        if (hits[number] === 0) {
          touched[count] = number;
          count += 1;
        }
        hits[number]! += hits[number] === 255 ? 0 : 1;
        query[number]! += share;
        entry[number]! += weights[place]! * like;
      }
    }
    this.#count = count;
  }

  /** Bounds first, then the score by what is known of the words, then the exact score. */
  #judged(name: Name, spare: number, threshold: number): NameHit[] {
    const { weight, initials, state, letters, query, entry, hits } = this.#columns;
    const found: NameHit[] = [];
    const own = name.words.filter(({ initial }) => initial).length;
    const spelled = new Spelled(name.spelled);
    const length = name.spelled.length;
    const least = NAME_POLICY.spelledFrom;
    const person = name.style === "person" && name.words.length > 1 && threshold > NAME_POLICY.singleWord;
    for (let at = 0; at < this.#count; at += 1) {
      const number = this.#touched[at]!;
      const [seenQuery, seenEntry, seenHits] = [query[number]!, entry[number]!, hits[number]!];
      query[number] = 0;
      entry[number] = 0;
      hits[number] = 0;
      if (state[number] === DEAD) continue;
      const theirs = initials[number]!;
      let near = 2 * Math.min(length, letters[number]!) >= least * (length + letters[number]!);
      if (near) near = threshold <= NAME_POLICY.spelledScore + 0.06;
      const alone = person && state[number] === PERSON && seenHits < 2 && spare === 0 && own + theirs === 0;
      let a = 1 - (seenQuery + spare + INITIAL_LIKE * (theirs + own * 0.35)) / name.weight;
      let b = 1 - (seenEntry + spare + INITIAL_LIKE * (own + theirs * 0.35)) / weight[number]!;
      if (a < b) [a, b] = [b, a];
      const bound = 1 - NAME_POLICY.oneSided * Math.max(a, 0) - NAME_POLICY.bothSides * Math.max(b, 0);
      if (!near && (alone || bound < threshold - SLACK)) continue;
      const hit = this.#exact(number, name, spelled, near, !alone && bound >= threshold - SLACK, threshold);
      if (hit !== null) found.push(hit);
    }
    if (own === name.words.length)
      for (const number of this.#onlyInitials) {
        const { record, at, name: other } = this.#names[number]!;
        const { score } = nameScore(name, other);
        if (state[number] !== DEAD && score >= threshold) found.push({ record, at, score });
      }
    return found;
  }

  #exact(
    number: number,
    name: Name,
    spelled: Spelled,
    near: boolean,
    hopeful: boolean,
    threshold: number,
  ): NameHit | null {
    const { record, at, name: other, ids } = this.#names[number]!;
    const same = near && spelled.ratio(other.spelled, NAME_POLICY.spelledFrom) >= NAME_POLICY.spelledFrom;
    if (!same) {
      if (!hopeful || this.#reach(name, other, ids, threshold) < threshold - SLACK) return null;
    }
    const { score } = nameScore(name, other);
    return score >= threshold ? { record, at, score } : null;
  }

  /** An upper bound by the likeness of every word to the word it fits best, whoever else fits it too. */
  #reach(name: Name, other: Name, ids: Int32Array, threshold: number): number {
    const { words } = name;
    let restOwn = 0;
    let restOther = other.weight;
    let strong = 0;
    for (let slot = 0; slot < words.length; slot += 1) {
      const word = words[slot]!;
      const like = this.#like[slot]!;
      let best = 0;
      for (let place = 0; place < ids.length; place += 1) {
        const id = ids[place]!;
        const here = id >= 0 && !word.initial ? like[id]! : initialLikeness(word, other.words[place]!);
        if (here > best) best = here;
      }
      if (best > 0) strong += 1;
      restOwn += word.weight * (1 - best);
    }
    for (let place = 0; place < ids.length; place += 1) {
      const id = ids[place]!;
      let best = 0;
      for (let slot = 0; slot < words.length; slot += 1) {
        const here =
          id >= 0 && !words[slot]!.initial
            ? this.#like[slot]![id]!
            : initialLikeness(words[slot]!, other.words[place]!);
        if (here > best) best = here;
      }
      restOther -= other.words[place]!.weight * best;
    }
    let [a, b] = [Math.max(0, restOwn) / name.weight, Math.max(0, restOther) / other.weight];
    if (a < b) [a, b] = [b, a];
    let bound = 1 - NAME_POLICY.oneSided * a - NAME_POLICY.bothSides * b;
    if (strong < 2 && name.style === "person" && other.style === "person" && words.length > 1)
      bound = Math.min(bound, NAME_POLICY.singleWord);
    // words written as one are seen by the exact score alone
    return bound < threshold - SLACK && words.length !== ids.length && this.#mayJoin(name, other) ? 1 : bound;
  }

  #mayJoin(name: Name, other: Name): boolean {
    const [longer, shorter] =
      name.words.length > other.words.length ? [name.words, other.words] : [other.words, name.words];
    for (let at = 0; at + 1 < longer.length; at += 1) {
      const [first, second] = [longer[at]!.form.text, longer[at + 1]!.form.text];
      for (const { form } of shorter)
        if (
          form.text.charCodeAt(0) === first.charCodeAt(0) &&
          Math.abs(form.text.length - first.length - second.length) <= 2
        )
          return true;
    }
    return false;
  }

  /** Neighbouring words of the query written as one, and words of it that the index knows as two. */
  #writtenOtherwise(words: readonly NameWord[]): (Neighbours & { weight: number })[] {
    const parts: (Neighbours & { weight: number })[] = [];
    for (let at = 0; at + 1 < words.length; at += 1) {
      const [first, second] = [words[at]!, words[at + 1]!];
      if (first.initial || second.initial) continue;
      const text = first.form.text + second.form.text;
      if (text.length > 20 || !this.#words.has(text)) continue;
      parts.push({
        ...this.#words.neighbours({ ...first, form: wordForm(text) }),
        weight: first.weight + second.weight,
      });
    }
    for (const word of words) {
      const { text } = word.form;
      if (word.generic || word.initial) continue;
      for (const piece of this.#words.pieces(text))
        parts.push({ ...this.#words.exact(piece), weight: word.weight / 2 });
    }
    return parts;
  }

  #widen(): void {
    if (this.#like.length > 0 && this.#like[0]!.length >= this.#words.size) return;
    const room = Math.ceil(this.#words.size * 1.25) + 16;
    this.#like = Array.from({ length: SLOTS }, () => new Float32Array(room));
  }
}

function initialLikeness(left: NameWord, right: NameWord): number {
  if (!left.initial && !right.initial) return 0;
  if (left.form.text.charCodeAt(0) !== right.form.text.charCodeAt(0)) return 0;
  return left.initial && right.initial ? 1 : INITIAL_LIKE;
}
