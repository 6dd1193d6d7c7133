// Names of many records, to be asked which are like a name: postings of words, upper bounds first, the exact score only for what may reach the threshold.
import { wordForm } from "./likeness.ts";
import type { Name, NameWord } from "./name.ts";
import { NAME_POLICY, nameScore } from "./name-score.ts";
import { Words } from "./words.ts";

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
  readonly ids: Int32Array;
  readonly initials: number;
  alive: boolean;
}

interface Posting {
  names: Int32Array;
  weights: Float32Array;
  length: number;
}

const SLOTS = 24;
const INITIAL_LIKE = 0.85;
/** Scores out of neighbours are at most this much below the exact ones that are computed next. */
const SLACK = 0.04;

export class NameIndex {
  readonly #words = new Words();
  #names: IndexedName[] = [];
  #postings: Posting[] = [];
  readonly #byRecord = new Map<number, number[]>();
  #single: number[] = [];
  #dead = 0;
  #query = new Float32Array(0);
  #entry = new Float32Array(0);
  #hits = new Uint8Array(0);
  #like: Float32Array[] = [];

  get size(): number {
    return this.#names.length - this.#dead;
  }

  add(record: number, names: readonly Name[]): void {
    const own: number[] = this.#byRecord.get(record) ?? [];
    names.forEach((name, at) => {
      if (name.words.length === 0) return;
      const number = this.#names.length;
      const ids = Int32Array.from(name.words, (word) => (word.initial ? -1 : this.#words.add(word)));
      const initials = name.words.filter(({ initial }) => initial).length;
      this.#names.push({ record, at, name, ids, initials, alive: true });
      if (initials === name.words.length) this.#single.push(number);
      ids.forEach((id, place) => {
        if (id >= 0 && ids.indexOf(id) === place) this.#post(id, number, name.words[place]!.weight);
      });
      own.push(number);
    });
    this.#byRecord.set(record, own);
  }

  remove(record: number): void {
    for (const number of this.#byRecord.get(record) ?? []) {
      const name = this.#names[number]!;
      if (name.alive) this.#dead += 1;
      name.alive = false;
    }
    this.#byRecord.delete(record);
    if (this.#dead > 1_000 && this.#dead * 4 > this.#names.length) this.#compact();
  }

  #compact(): void {
    const alive = this.#names.filter((one) => one.alive);
    this.#names = [];
    this.#postings = [];
    this.#single = [];
    this.#byRecord.clear();
    this.#dead = 0;
    for (const { record, at, name, ids, initials } of alive) {
      const number = this.#names.length;
      this.#names.push({ record, at, name, ids, initials, alive: true });
      if (initials === name.words.length) this.#single.push(number);
      ids.forEach((id, place) => {
        if (id >= 0 && ids.indexOf(id) === place) this.#post(id, number, name.words[place]!.weight);
      });
      const own = this.#byRecord.get(record);
      if (own === undefined) this.#byRecord.set(record, [number]);
      else own.push(number);
    }
  }

  #post(id: number, name: number, weight: number): void {
    let posting = this.#postings[id];
    if (posting === undefined) {
      posting = { names: new Int32Array(2), weights: new Float32Array(2), length: 0 };
      this.#postings[id] = posting;
    }
    if (posting.length === posting.names.length) {
      const names = new Int32Array(posting.length * 2);
      names.set(posting.names);
      const weights = new Float32Array(posting.length * 2);
      weights.set(posting.weights);
      posting.names = names;
      posting.weights = weights;
    }
    posting.names[posting.length] = name;
    posting.weights[posting.length] = weight;
    posting.length += 1;
  }

  /** Names whose score with `name` is at least `threshold`, in no order. */
  find(name: Name, threshold: number): NameHit[] {
    this.#grow();
    const touched: number[] = [];
    const { words } = name;
    const lists = words.map((word) => this.#words.neighbours(word));
    const initials = words.filter(({ initial }) => initial).length;
    lists.forEach(({ ids, likes }, slot) => {
      const weight = words[slot]!.weight;
      const like = this.#like[slot]!;
      for (let at = 0; at < ids.length; at += 1) {
        const id = ids[at]!;
        like[id] = likes[at]!;
        this.#gather(id, likes[at]!, weight, touched);
      }
    });
    for (const part of this.#writtenOtherwise(words))
      for (let at = 0; at < part.ids.length; at += 1)
        this.#gather(part.ids[at]!, part.likes[at]!, part.weight, touched);
    const found: NameHit[] = [];
    for (const number of touched) {
      const hit = this.#judge(number, name, initials, threshold);
      if (hit !== null) found.push(hit);
      this.#query[number] = 0;
      this.#entry[number] = 0;
      this.#hits[number] = 0;
    }
    // a name of initials alone has no word to be found by
    if (initials === words.length)
      for (const number of this.#single) {
        const other = this.#names[number]!;
        const { score } = nameScore(name, other.name);
        if (other.alive && score >= threshold) found.push({ record: other.record, at: other.at, score });
      }
    lists.forEach(({ ids }, slot) => {
      const like = this.#like[slot]!;
      for (let at = 0; at < ids.length; at += 1) like[ids[at]!] = 0;
    });
    return found;
  }

  #gather(id: number, like: number, weight: number, touched: number[]): void {
    const posting = this.#postings[id];
    if (posting === undefined) return;
    const { names, weights, length } = posting;
    const [query, entry, hits] = [this.#query, this.#entry, this.#hits];
    for (let at = 0; at < length; at += 1) {
      const number = names[at]!;
      if (hits[number] === 0) touched.push(number);
      hits[number]! += 1;
      query[number]! += weight * like;
      entry[number]! += weights[at]! * like;
    }
  }

  /** The exact score of a name that was touched, when its upper bound reaches the threshold. */
  #judge(number: number, name: Name, initials: number, threshold: number): NameHit | null {
    const other = this.#names[number]!;
    if (!other.alive) return null;
    const ownShare = 1 - (this.#query[number]! + INITIAL_LIKE * (other.initials + initials * 0.35)) / name.weight;
    const otherShare =
      1 - (this.#entry[number]! + INITIAL_LIKE * (initials + other.initials * 0.35)) / other.name.weight;
    const [a, b] = [Math.max(ownShare, 0), Math.max(otherShare, 0)];
    const bound =
      a > b
        ? 1 - NAME_POLICY.oneSided * a - NAME_POLICY.bothSides * b
        : 1 - NAME_POLICY.oneSided * b - NAME_POLICY.bothSides * a;
    if (bound < threshold - SLACK) return null;
    const people = name.style === "person" && other.name.style === "person";
    const most = Math.max(name.words.length, other.name.words.length);
    if (
      people &&
      most > 1 &&
      this.#hits[number]! < 2 &&
      initials + other.initials === 0 &&
      threshold > NAME_POLICY.singleWord
    )
      return null;
    const like = this.#like;
    const quick = nameScore(name, other.name, (left, right) => {
      const id = other.ids[right]!;
      if (id >= 0 && !name.words[left]!.initial) return like[left]![id]!;
      return initialLikeness(name.words[left]!, other.name.words[right]!);
    });
    if (quick.score < threshold - SLACK) return null;
    const { score } = nameScore(name, other.name);
    return score >= threshold ? { record: other.record, at: other.at, score } : null;
  }

  /** Neighbouring words of the query written as one, and words of it that the index knows as two. */
  #writtenOtherwise(words: readonly NameWord[]): { ids: Int32Array; likes: Float64Array; weight: number }[] {
    const parts: { ids: Int32Array; likes: Float64Array; weight: number }[] = [];
    for (let at = 0; at + 1 < words.length; at += 1) {
      const [first, second] = [words[at]!, words[at + 1]!];
      if (first.initial || second.initial) continue;
      const text = first.form.text + second.form.text;
      if (text.length > 20) continue;
      if (!this.#words.has(text)) continue;
      const joined: NameWord = { ...first, form: wordForm(text) };
      parts.push({ ...this.#words.neighbours(joined), weight: first.weight + second.weight });
    }
    for (const word of words) {
      const { text } = word.form;
      for (let cut = 2; cut <= text.length - 2; cut += 1) {
        const [left, right] = [text.slice(0, cut), text.slice(cut)];
        if (!this.#words.has(left) || !this.#words.has(right)) continue;
        for (const piece of [left, right])
          parts.push({ ...this.#words.neighbours({ ...word, form: wordForm(piece) }), weight: word.weight / 2 });
      }
    }
    return parts;
  }

  #grow(): void {
    if (this.#query.length < this.#names.length) {
      const room = Math.ceil(this.#names.length * 1.25) + 16;
      this.#query = new Float32Array(room);
      this.#entry = new Float32Array(room);
      this.#hits = new Uint8Array(room);
    }
    if ((this.#like[0]?.length ?? 0) < this.#words.size || this.#like.length === 0) {
      const room = Math.ceil(this.#words.size * 1.25) + 16;
      this.#like = Array.from({ length: SLOTS }, () => new Float32Array(room));
    }
  }
}

function initialLikeness(left: NameWord, right: NameWord): number {
  if (left.form.text.charCodeAt(0) !== right.form.text.charCodeAt(0)) return 0;
  return left.initial && right.initial ? 1 : INITIAL_LIKE;
}
