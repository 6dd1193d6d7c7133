// Names of many records, to be asked which are like a name: postings of words say which names may be, bounds in typed arrays which of these
// can reach the threshold, and the exact score is computed for the rest alone.
import { wordForm } from "./likeness.ts";
import type { Name, NameWord } from "./name.ts";
import {
  COMPANY,
  DEAD,
  FIRST_WORD,
  INITIALS,
  joinedBits,
  LENGTH,
  LINE,
  markOf,
  NameColumns,
  ONCE,
  SEVERAL,
  SHAPES,
  type Shapes,
  shapesOf,
  TWICE,
  WEIGHT,
  WHOLE_PERSON,
  WORDS,
} from "./name-columns.ts";
import { isWrittenAsOne, type Known, NAME_POLICY, nameScore } from "./name-score.ts";
import { Postings } from "./postings.ts";
import { QueryWords, SLOTS } from "./query-words.ts";
import { bits, outOfReach, Spelled } from "./spelled.ts";
import { isJoined, type Neighbours, shapeOf, Words } from "./words.ts";

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

const INITIAL_LIKE = 0.85;
/** Bounds out of neighbours are at most this much below the exact score: a pair of words may share no sound that is looked up. */
const SLACK = 0.04;
/** With three words or more and below this length, a name that shares one word alone is no spelling of the same. */
const LONG = 24;

export class NameIndex {
  readonly #words = new Words();
  #names: IndexedName[] = [];
  #postings = new Postings();
  /** The same for names that one word may match: those that hold an initial, and those of companies. */
  #lenient = new Postings();
  readonly #columns = new NameColumns();
  readonly #byRecord = new Map<number, number[]>();
  #onlyInitials: number[] = [];
  #dead = 0;
  readonly #query = new QueryWords();
  #count = 0;
  readonly #best = new Float64Array(SLOTS);
  /** By the words a name has met, the share of the query's weight that the others have; -1: not computed yet. */
  readonly #rests = new Float64Array(SEVERAL);
  /** Of the query: first letters and lengths of its words, and what they may be written as. */
  readonly #shapes = new Uint16Array(SLOTS);
  #sought: Shapes = { words: 0, joined: 0 };
  /** Likenesses of words computed for the query at hand. */
  readonly #computed = new Map<number, number>();

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
    const { kinds } = this.#columns;
    for (const number of this.#byRecord.get(record) ?? []) {
      if (kinds[number] !== DEAD) this.#dead += 1;
      kinds[number] = DEAD;
    }
    this.#byRecord.delete(record);
    if (this.#dead > 1_000 && this.#dead * 4 > this.#names.length) this.#compact();
  }

  #compact(): void {
    const alive = this.#names.filter((_, number) => this.#columns.kinds[number] !== DEAD);
    this.#names = [];
    this.#postings = new Postings();
    this.#lenient = new Postings();
    this.#columns.clear();
    this.#onlyInitials = [];
    this.#byRecord.clear();
    this.#dead = 0;
    for (const name of alive) this.#enter(name);
  }

  #enter(one: IndexedName): void {
    const number = this.#names.length;
    this.#names.push(one);
    this.#columns.enter(number, one.name, one.ids);
    const lenient = this.#columns.kinds[number] !== WHOLE_PERSON;
    if (one.name.words.every(({ initial }) => initial)) this.#onlyInitials.push(number);
    one.ids.forEach((id, place) => {
      if (id < 0 || one.ids.indexOf(id) !== place) return;
      this.#postings.add(id, number);
      if (lenient) this.#lenient.add(id, number);
    });
    const own = this.#byRecord.get(one.record);
    if (own === undefined) this.#byRecord.set(one.record, [number]);
    else own.push(number);
  }

  /** Names whose score with `name` is at least `threshold`, in no order. */
  find(name: Name, threshold: number): NameHit[] {
    const lists = name.words.map((word) => this.#words.neighbours(word));
    this.#query.enter(lists, this.#words.size);
    const unfollowed = this.#unfollowed(name, lists, threshold);
    this.#count = 0;
    lists.forEach(({ ids }, slot) => {
      const mark = markOf(slot);
      if (!unfollowed[slot]) this.#gather(this.#postings, ids, mark);
      else if (name.style === "person") this.#gather(this.#lenient, ids, mark);
    });
    for (const { ids } of this.#writtenOtherwise(name.words)) this.#gather(this.#postings, ids, SEVERAL);
    const found = this.#judged(name, lists, unfollowed, threshold);
    this.#query.leave();
    return found;
  }

  /** Words whose names are not looked at: general ones beside a telling one, and of a person's words the one most people have. */
  #unfollowed(name: Name, lists: readonly Neighbours[], threshold: number): boolean[] {
    const none = name.words.map(() => false);
    if (threshold <= Math.max(NAME_POLICY.singleWord, NAME_POLICY.genericOnly)) return none;
    if (name.style === "company") {
      // without a telling word of some length the general ones may be all that two spellings of one name share
      const telling = name.words.some(
        ({ generic, initial, weight, form }) => !generic && !initial && weight >= 1 && form.skeleton.length > 2,
      );
      return telling ? name.words.map(({ generic, weight }) => generic || weight < 0.1) : none;
    }
    if (name.words.length < 2 || name.words.some(({ initial }) => initial)) return none;
    let [most, widest] = [0, -1];
    lists.forEach(({ ids }, slot) => {
      const size = this.#postings.sizeOf(ids);
      if (size > widest) [most, widest] = [slot, size];
    });
    none[most] = true;
    return none;
  }

  #gather(postings: Postings, ids: Int32Array, mark: number): void {
    const { seen, touched } = this.#columns;
    let count = this.#count;
    for (let at = 0; at < ids.length; at += 1) {
      const posting = postings.of(ids[at]!);
      if (posting === undefined) continue;
      const { names, length } = posting;
      for (let place = 0; place < length; place += 1) {
        const number = names[place]!;
        const before = seen[number]!;
        if (before === 0) {
          touched[count] = number;
          count += 1;
        }
        seen[number] = before | mark;
      }
    }
    this.#count = count;
  }

  /** Marks names that are met already, so that two words of three are known to agree. */
  #mark(ids: Int32Array, mark: number): void {
    const { seen } = this.#columns;
    for (let at = 0; at < ids.length; at += 1) {
      const posting = this.#postings.of(ids[at]!);
      if (posting === undefined) continue;
      const { names, length } = posting;
      for (let place = 0; place < length; place += 1) {
        const number = names[place]!;
        if (seen[number] !== 0) seen[number]! |= mark;
      }
    }
  }

  /** Bounds first, then the exact score. `unfollowed`: the words whose names were not looked at. */
  #judged(name: Name, lists: readonly Neighbours[], unfollowed: readonly boolean[], threshold: number): NameHit[] {
    this.#rests.fill(-1);
    this.#computed.clear();
    this.#sought = shapesOf(name, 2);
    name.words.forEach(({ form: { text } }, slot) => {
      this.#shapes[slot] = shapeOf(text);
    });
    let apart = unfollowed.indexOf(true);
    const { facts, kinds, seen, touched } = this.#columns;
    const found: NameHit[] = [];
    const { words, letters } = name;
    const initials = words.filter(({ initial }) => initial).length;
    const two = name.style === "person" && words.length > 1 && initials === 0 && threshold > NAME_POLICY.singleWord;
    const mark = apart < 0 ? 0 : markOf(apart);
    let open = 0;
    unfollowed.forEach((left, slot) => {
      if (left) open |= markOf(slot);
    });
    // looking the word up in each name costs more than going through the names of the word
    if (two && apart >= 0 && this.#count * 8 > this.#postings.sizeOf(lists[apart]!.ids)) {
      this.#mark(lists[apart]!.ids, mark);
      apart = -1;
      open = 0;
    }
    const short = two && words.length > 2 && letters.length < LONG;
    const spellable = threshold <= NAME_POLICY.spelledScore + 0.06;
    const least = NAME_POLICY.spelledFrom;
    let spelled: Spelled | undefined;
    this.#columns.lookAhead(this.#count);
    for (let at = 0; at < this.#count; at += 1) {
      const number = touched[at]!;
      const met = seen[number]!;
      seen[number] = 0;
      const kind = kinds[number]!;
      if (kind === DEAD) continue;
      let alone = two && kind === WHOLE_PERSON && (met & (met - 1)) === 0 && met < SEVERAL;
      if (alone && apart >= 0) alone = !this.#holds(number, apart);
      if (alone && short) continue;
      const line = number * LINE;
      let worth =
        !alone &&
        (((initials > 0 || this.#mayReach(name, number, met | open, threshold)) &&
          this.#reach(name, number) >= threshold - SLACK) ||
          (words.length !== facts[line + WORDS] && this.#mayJoin(name, number)));
      const near =
        !worth &&
        spellable &&
        !outOfReach(facts[line + ONCE]!, facts[line + TWICE]!, facts[line + LENGTH]!, letters, least);
      if (near) {
        spelled ??= new Spelled(name.spelled);
        worth = spelled.ratio(this.#names[number]!.name.spelled, least) >= least;
      }
      if (worth) this.#exact(name, number, threshold, found);
    }
    if (initials === words.length)
      for (const number of this.#onlyInitials) if (kinds[number] !== DEAD) this.#exact(name, number, threshold, found);
    return found;
  }

  #exact(name: Name, number: number, threshold: number, found: NameHit[]): void {
    const { record, at, name: other, ids } = this.#names[number]!;
    const known: Known = { places: this.#query.places, lists: this.#query.lists, ids, computed: this.#computed };
    const score = nameScore(name, other, known);
    if (score >= threshold) found.push({ record, at, score });
  }

  /** Whether the words that agree are enough, were they all equal: each stands for one word of the other name. Not with initials. */
  #mayReach(name: Name, number: number, met: number, threshold: number): boolean {
    const { words, weight } = name;
    const { facts, weights } = this.#columns;
    const line = number * LINE;
    if (met >= SEVERAL || (facts[line + INITIALS]! & 255) > 0) return true;
    let own = this.#rests[met]!;
    if (own < 0) {
      own = words.reduce((rest, word, slot) => (met & markOf(slot) ? rest : rest + word.weight), 0) / weight;
      this.#rests[met] = own;
    }
    const theirs = weights[line + WEIGHT]!;
    const other = Math.max(0, theirs - bits(met)) / theirs;
    const bound = 1 - NAME_POLICY.oneSided * Math.max(own, other) - NAME_POLICY.bothSides * Math.min(own, other);
    return bound >= threshold - SLACK;
  }

  #holds(number: number, slot: number): boolean {
    const { facts, words } = this.#columns;
    const places = this.#query.places[slot]!;
    const from = facts[number * LINE + FIRST_WORD]!;
    const to = from + facts[number * LINE + WORDS]!;
    for (let at = from; at < to; at += 1) if (places[words[at]!]! > 0) return true;
    return false;
  }

  /** An upper bound by the likeness of every word to the word it fits best, whoever else fits it too. */
  #reach(name: Name, number: number): number {
    const { facts, weights, words: ids, wordWeights, kinds } = this.#columns;
    const { words } = name;
    const line = number * LINE;
    const from = facts[line + FIRST_WORD]!;
    const count = facts[line + WORDS]!;
    const weight = weights[line + WEIGHT]!;
    const theirs = this.#best.fill(0, 0, count);
    let restOwn = 0;
    let strong = 0;
    for (let slot = 0; slot < words.length; slot += 1) {
      const places = this.#query.places[slot]!;
      const { likes } = this.#query.lists[slot]!;
      const word = words[slot]!;
      let best = 0;
      for (let place = 0; place < count; place += 1) {
        const id = ids[from + place]!;
        let here = 0;
        if (id < 0 || word.initial) here = this.#asInitial(word, id);
        else if (places[id]! > 0) here = likes[places[id]! - 1]!;
        if (here > best) best = here;
        if (here > theirs[place]!) theirs[place] = here;
      }
      if (best > 0) strong += 1;
      restOwn += word.weight * (1 - best);
    }
    let restOther = weight;
    for (let place = 0; place < count; place += 1) restOther -= wordWeights[from + place]! * theirs[place]!;
    const own = restOwn > 0 ? restOwn / name.weight : 0;
    const other = restOther > 0 ? restOther / weight : 0;
    let bound =
      own > other
        ? 1 - NAME_POLICY.oneSided * own - NAME_POLICY.bothSides * other
        : 1 - NAME_POLICY.oneSided * other - NAME_POLICY.bothSides * own;
    if (strong < 2 && name.style === "person" && kinds[number] !== COMPANY && words.length > 1)
      bound = Math.min(bound, NAME_POLICY.singleWord);
    return bound;
  }

  /** The likeness of two words of which one at least is an initial: of the index below zero, of the query by its mark. */
  #asInitial(word: NameWord, id: number): number {
    const letter = id < 0 ? -id : this.#words.shapes[id]! & 255;
    if (word.form.text.charCodeAt(0) !== letter) return 0;
    return word.initial && id < 0 ? 1 : INITIAL_LIKE;
  }

  /** Whether two neighbouring words of the longer name are one of the shorter: by its first letter and its length but two, then by its likeness. */
  #mayJoin({ words }: Name, number: number): boolean {
    const { facts, words: ids } = this.#columns;
    const line = number * LINE;
    const count = facts[line + WORDS]!;
    if (count > words.length) {
      if ((facts[line + INITIALS]! & ~255 & joinedBits(this.#sought.words)) === 0) return false;
      const from = facts[line + FIRST_WORD]!;
      let second = this.#shape(ids[from]!);
      for (let at = 1; at < count; at += 1) {
        const first = second;
        second = this.#shape(ids[from + at]!);
        const length = (first >> 8) + (second >> 8);
        for (let other = 0; other < words.length; other += 1)
          if (
            isJoined(this.#shapes[other]!, first, length) &&
            isWrittenAsOne(this.#wordAt(number, at - 1), this.#wordAt(number, at), words[other]!)
          )
            return true;
      }
      return false;
    }
    if ((facts[line + SHAPES]! & this.#sought.joined) === 0) return false;
    for (let at = 0; at + 1 < words.length; at += 1) {
      const first = this.#shapes[at]!;
      const length = (first >> 8) + (this.#shapes[at + 1]! >> 8);
      const from = facts[line + FIRST_WORD]!;
      for (let place = from; place < from + count; place += 1)
        if (
          isJoined(this.#shape(ids[place]!), first, length) &&
          isWrittenAsOne(words[at]!, words[at + 1]!, this.#wordAt(number, place - from))
        )
          return true;
    }
    return false;
  }

  #wordAt(number: number, at: number): NameWord {
    return this.#names[number]!.name.words[at]!;
  }

  #shape(id: number): number {
    return id < 0 ? -id | 256 : this.#words.shapes[id]!;
  }

  /** Neighbouring words of the query written as one, and words of it that the index knows as two. */
  #writtenOtherwise(words: readonly NameWord[]): Neighbours[] {
    const parts: Neighbours[] = [];
    for (let at = 0; at + 1 < words.length; at += 1) {
      const [first, second] = [words[at]!, words[at + 1]!];
      if (first.initial || second.initial) continue;
      const text = first.form.text + second.form.text;
      if (text.length <= 20 && this.#words.has(text))
        parts.push(this.#words.neighbours({ ...first, form: wordForm(text) }));
    }
    for (const { form, generic, initial } of words)
      if (!generic && !initial) for (const piece of this.#words.pieces(form.text)) parts.push(this.#words.exact(piece));
    return parts;
  }
}
