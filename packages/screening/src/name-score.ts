// How far two names agree, 0 to 1: words are paired whatever their order, what stays over on both sides counts more than what one side adds.
import { looseLikeness, wordForm, wordLikeness } from "./likeness.ts";
import type { Name, NameWord } from "./name.ts";
import { outOfReach, Spelled } from "./spelled.ts";

/** What the weights of unpaired words cost. Chosen on the development half of the labelled pairs (bench screen), rounded. */
export const NAME_POLICY = {
  /** By the larger unpaired share … */
  oneSided: 0.38,
  /** … and by the smaller: both sides hold something the other lacks. */
  bothSides: 0.9,
  /** One word of a person's name that has several. */
  singleWord: 0.62,
  /** The same, and an initial agrees with the other word. */
  wordAndInitial: 0.72,
  /** Nothing but initials. */
  initialsOnly: 0.5,
  /** Nothing but words that many companies share is paired. */
  genericOnly: 0.6,
  /** Whole names that are the same letter by letter from this share on are a match, whatever their words: at least `spelledScore`. */
  spelledFrom: 0.94,
  spelledScore: 0.7,
} as const;

/** Likeness of words that an index has looked up: by word of the left name, then by the number of the right word, one more than its place in the list. */
export interface Known {
  readonly places: readonly Uint16Array[];
  readonly lists: readonly { readonly likes: Float64Array }[];
  /** Numbers of the right name's words; below zero: an initial. */
  readonly ids: Int32Array;
  /** What was looked up by nobody and is computed here, by both numbers. */
  readonly computed: Map<number, number>;
}

/** How like two words of names are; an initial stands for any word it begins. Below `least` the answer may be 0. */
export function pairLikeness(left: NameWord, right: NameWord, least?: number): number {
  if (left.initial || right.initial) {
    if (left.initial && right.initial) return left.form.text === right.form.text ? 1 : 0;
    return left.form.text.charAt(0) === right.form.text.charAt(0) ? 0.85 : 0;
  }
  const like = wordLikeness(left.form, right.form, least);
  if (like >= 0.92 || left.script === right.script) return like;
  return Math.max(like, looseLikeness(left.form, right.form, [left.script, right.script]));
}

/** Symmetric; 1 only for the same words. */
export function nameScore(left: Name, right: Name, known: Known | null = null): number {
  const byWords = wordScore(left, right, known);
  if (byWords >= NAME_POLICY.spelledScore + 0.06) return byWords;
  return Math.max(byWords, spelledScore(left, right));
}

/** What spelling alone gives a pair of names, or 0. */
function spelledScore(left: Name, right: Name): number {
  const least = NAME_POLICY.spelledFrom;
  if (left.figures !== right.figures) return 0;
  const { once, twice, length } = left.letters;
  if (outOfReach(once, twice, length, right.letters, least)) return 0;
  const ratio = new Spelled(left.spelled).ratio(right.spelled, least);
  return ratio < least ? 0 : NAME_POLICY.spelledScore + (ratio - least);
}

/** The score by words: paired as they stand, or with two neighbours written as one. */
function wordScore(left: Name, right: Name, known: Known | null): number {
  const plain = paired(left, right, known);
  if (plain >= 0.97 || left.words.length === right.words.length) return plain;
  return Math.max(plain, left.words.length > right.words.length ? withJoin(left, right) : withJoin(right, left));
}

const MOST_PAIRS = 24 * 24;
/** Candidates of one pairing: their words, likeness and worth. */
const firsts = new Uint8Array(MOST_PAIRS);
const seconds = new Uint8Array(MOST_PAIRS);
const likes = new Float64Array(MOST_PAIRS);
const worths = new Float64Array(MOST_PAIRS);

/** The score of pairs taken by worth, best first; ties by the words themselves, so that neither order nor side decides. */
function paired(left: Name, right: Name, known: Known | null): number {
  let count = 0;
  for (let a = 0; a < left.words.length; a += 1)
    for (let b = 0; b < right.words.length; b += 1) {
      const [first, second] = [left.words[a]!, right.words[b]!];
      const like =
        known === null || first.initial || known.ids[b]! < 0
          ? pairLikeness(first, second)
          : lookedUp(known, a, known.ids[b]!, first, second);
      if (like <= 0) continue;
      const worth = like * Math.min(first.weight, second.weight);
      let place = count;
      while (place > 0 && before(worth, like, first, second, place - 1, left, right)) {
        firsts[place] = firsts[place - 1]!;
        seconds[place] = seconds[place - 1]!;
        likes[place] = likes[place - 1]!;
        worths[place] = worths[place - 1]!;
        place -= 1;
      }
      firsts[place] = a;
      seconds[place] = b;
      likes[place] = like;
      worths[place] = worth;
      count += 1;
    }
  return scored(left, right, count);
}

function lookedUp(known: Known, slot: number, id: number, first: NameWord, second: NameWord): number {
  const { places, lists, computed } = known;
  const place = places[slot]![id]!;
  if (place > 0) return lists[slot]!.likes[place - 1]!;
  const key = id * 32 + slot;
  let found = computed.get(key);
  if (found === undefined) {
    found = pairLikeness(first, second);
    computed.set(key, found);
  }
  return found;
}

/** Whether a pair comes before the one at `place`. */
function before(
  worth: number,
  like: number,
  first: NameWord,
  second: NameWord,
  place: number,
  left: Name,
  right: Name,
): boolean {
  if (worth !== worths[place]) return worth > worths[place]!;
  if (like !== likes[place]) return like > likes[place]!;
  return textOf(first, second) < textOf(left.words[firsts[place]!]!, right.words[seconds[place]!]!);
}

function textOf({ form: { text: a } }: NameWord, { form: { text: b } }: NameWord): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** The score of the candidates: each word is paired once. */
function scored(left: Name, right: Name, count: number): number {
  if (left.weight === 0 || right.weight === 0) return 0;
  let restLeft = left.weight;
  let restRight = right.weight;
  let strong = 0;
  let telling = 0;
  let pairs = 0;
  let usedLeft = 0;
  let usedRight = 0;
  for (let at = 0; at < count; at += 1) {
    const [inLeft, inRight] = [1 << firsts[at]!, 1 << seconds[at]!];
    if (usedLeft & inLeft || usedRight & inRight) continue;
    usedLeft |= inLeft;
    usedRight |= inRight;
    pairs += 1;
    const [a, b] = [left.words[firsts[at]!]!, right.words[seconds[at]!]!];
    const like = likes[at]!;
    restLeft -= a.weight * like;
    restRight -= b.weight * like;
    if (a.initial || b.initial) continue;
    strong += 1;
    if (!a.generic && !b.generic && like >= 0.75) telling += 1;
  }
  const [shareLeft, shareRight] = [Math.max(0, restLeft) / left.weight, Math.max(0, restRight) / right.weight];
  const more = Math.max(shareLeft, shareRight);
  const less = Math.min(shareLeft, shareRight);
  let score = 1 - NAME_POLICY.oneSided * more - NAME_POLICY.bothSides * less;
  const most = Math.max(left.words.length, right.words.length);
  if (left.style === "person" && right.style === "person") {
    if (strong === 0 && more > 0) score = Math.min(score, NAME_POLICY.initialsOnly);
    if (strong < 2 && most > 1)
      score = Math.min(score, pairs > 1 && telling === 1 ? NAME_POLICY.wordAndInitial : NAME_POLICY.singleWord);
  } else if (telling === 0 && more > 0) score = Math.min(score, NAME_POLICY.genericOnly);
  return Math.min(1, Math.max(0, score));
}

/** The best score when two neighbouring words of the longer name are written as one. */
function withJoin(longer: Name, shorter: Name): number {
  let best = 0;
  for (let at = 0; at + 1 < longer.words.length; at += 1) {
    const [first, second] = [longer.words[at]!, longer.words[at + 1]!];
    if (!shorter.words.some((other) => isWrittenAsOne(first, second, other))) continue;
    const word = asOne(first, second);
    const words = [...longer.words.slice(0, at), word, ...longer.words.slice(at + 2)];
    const name: Name = { ...longer, words, weight: words.reduce((sum, one) => sum + one.weight, 0) };
    best = Math.max(best, paired(name, shorter, null) * 0.98);
  }
  return best;
}

const WRITTEN_AS_ONE = 0.8;
const LONGEST_AS_ONE = 20;

const asOne = (first: NameWord, second: NameWord): NameWord => ({
  form: wordForm(first.form.text + second.form.text),
  script: first.script,
  weight: Math.max(first.weight, second.weight),
  initial: false,
  generic: first.generic && second.generic,
});

/** Whether two neighbouring words of one name may be a word of the other; a word that is like one of the two alone is no word for both. */
export function isWrittenAsOne(first: NameWord, second: NameWord, other: NameWord): boolean {
  const [text, { text: begin }] = [other.form.text, first.form];
  const length = begin.length + second.form.text.length;
  if (text.charCodeAt(0) !== begin.charCodeAt(0) || Math.abs(text.length - length) > 3) return false;
  if (first.initial || second.initial || other.initial || length > LONGEST_AS_ONE) return false;
  const like = pairLikeness(asOne(first, second), other, WRITTEN_AS_ONE);
  return like >= WRITTEN_AS_ONE && like > pairLikeness(first, other) && like > pairLikeness(second, other);
}
