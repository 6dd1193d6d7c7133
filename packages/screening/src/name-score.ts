// How far two names agree, 0 to 1: words are paired whatever their order, what stays over on both sides counts more than what one side adds.
import { looseLikeness, wordForm, wordLikeness } from "./likeness.ts";
import type { Name, NameWord } from "./name.ts";
import { Spelled } from "./spelled.ts";

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

export interface Pairing {
  left: number;
  right: number;
  like: number;
}

export interface NameScore {
  score: number;
  pairs: Pairing[];
}

export function pairLikeness(left: NameWord, right: NameWord): number {
  if (left.initial || right.initial) {
    if (left.initial && right.initial) return left.form.text === right.form.text ? 1 : 0;
    return left.form.text.charAt(0) === right.form.text.charAt(0) ? 0.85 : 0;
  }
  const like = wordLikeness(left.form, right.form);
  if (like >= 0.92 || left.script === right.script) return like;
  return Math.max(like, looseLikeness(left.form, right.form, [left.script, right.script]));
}

export type Likeness = (left: number, right: number) => number;

/** Symmetric; 1 only for the same words. */
export function nameScore(
  left: Name,
  right: Name,
  like: Likeness = (a, b) => pairLikeness(left.words[a]!, right.words[b]!),
): NameScore {
  const byWords = wordScore(left, right, like);
  if (byWords.score >= NAME_POLICY.spelledScore + 0.06) return byWords;
  const floor = spelledScore(new Spelled(left.spelled), left, right);
  return floor > byWords.score ? { score: floor, pairs: byWords.pairs } : byWords;
}

/** What spelling alone gives a pair of names, or 0. */
export function spelledScore(spelled: Spelled, left: Name, right: Name): number {
  if (left.figures !== right.figures) return 0;
  const ratio = spelled.ratio(right.spelled, NAME_POLICY.spelledFrom);
  return ratio < NAME_POLICY.spelledFrom ? 0 : NAME_POLICY.spelledScore + (ratio - NAME_POLICY.spelledFrom);
}

/** The score by words: paired as they stand, or with two neighbours written as one. */
export function wordScore(left: Name, right: Name, like: Likeness): NameScore {
  const plain = paired(left, right, like);
  if (plain.score >= 0.97 || left.words.length === right.words.length) return plain;
  const joined = left.words.length > right.words.length ? withJoin(left, right) : withJoin(right, left);
  return joined > plain.score ? { score: joined, pairs: plain.pairs } : plain;
}

interface Candidate extends Pairing {
  worth: number;
  order: string;
}

/** Pairs by worth, best first; ties by the words themselves, so that neither order nor side decides. */
function paired(left: Name, right: Name, like: Likeness): NameScore {
  const found: Candidate[] = [];
  for (let a = 0; a < left.words.length; a += 1)
    for (let b = 0; b < right.words.length; b += 1) {
      const likeness = like(a, b);
      if (likeness <= 0) continue;
      const [first, second] = [left.words[a]!, right.words[b]!];
      const worth = likeness * Math.min(first.weight, second.weight);
      found.push({ left: a, right: b, like: likeness, worth, order: "" });
    }
  found.sort((one, two) => two.worth - one.worth || two.like - one.like || byWords(one, two, left, right));
  let usedLeft = 0;
  let usedRight = 0;
  const pairs: Pairing[] = [];
  for (const { left: a, right: b, like: likeness } of found) {
    if (usedLeft & (1 << a) || usedRight & (1 << b)) continue;
    usedLeft |= 1 << a;
    usedRight |= 1 << b;
    pairs.push({ left: a, right: b, like: likeness });
  }
  return { score: scored(left, right, pairs), pairs };
}

function byWords(one: Candidate, two: Candidate, left: Name, right: Name): number {
  const text = (pair: Candidate): string => {
    const [a, b] = [left.words[pair.left]!.form.text, right.words[pair.right]!.form.text];
    return a < b ? `${a} ${b}` : `${b} ${a}`;
  };
  const [a, b] = [text(one), text(two)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function scored(left: Name, right: Name, pairs: readonly Pairing[]): number {
  if (left.weight === 0 || right.weight === 0) return 0;
  let restLeft = left.weight;
  let restRight = right.weight;
  let strong = 0;
  let telling = 0;
  for (const pair of pairs) {
    const [a, b] = [left.words[pair.left]!, right.words[pair.right]!];
    restLeft -= a.weight * pair.like;
    restRight -= b.weight * pair.like;
    if (!a.initial && !b.initial) strong += 1;
    if (!a.initial && !b.initial && !a.generic && !b.generic && pair.like >= 0.75) telling += 1;
  }
  const [shareLeft, shareRight] = [Math.max(0, restLeft) / left.weight, Math.max(0, restRight) / right.weight];
  const more = Math.max(shareLeft, shareRight);
  const less = Math.min(shareLeft, shareRight);
  let score = 1 - NAME_POLICY.oneSided * more - NAME_POLICY.bothSides * less;
  const most = Math.max(left.words.length, right.words.length);
  if (left.style === "person" && right.style === "person") {
    if (strong === 0 && more > 0) score = Math.min(score, NAME_POLICY.initialsOnly);
    if (strong < 2 && most > 1)
      score = Math.min(score, pairs.length > 1 && telling === 1 ? NAME_POLICY.wordAndInitial : NAME_POLICY.singleWord);
  } else if (telling === 0 && more > 0) score = Math.min(score, NAME_POLICY.genericOnly);
  return Math.min(1, Math.max(0, score));
}

/** The best score when two neighbouring words of the longer name are written as one. */
function withJoin(longer: Name, shorter: Name): number {
  let best = 0;
  for (let at = 0; at + 1 < longer.words.length; at += 1) {
    const [first, second] = [longer.words[at]!, longer.words[at + 1]!];
    if (first.initial || second.initial || first.form.text.length + second.form.text.length > 20) continue;
    const text = first.form.text + second.form.text;
    if (
      !shorter.words.some(
        ({ form }) => form.text.charCodeAt(0) === text.charCodeAt(0) && Math.abs(form.text.length - text.length) <= 3,
      )
    )
      continue;
    const form = wordForm(text);
    const word: NameWord = {
      ...first,
      form,
      weight: Math.max(first.weight, second.weight),
      generic: first.generic && second.generic,
    };
    const written = (other: NameWord): boolean => {
      const like = other.initial ? 0 : pairLikeness(word, other);
      // a word that is like one of the two alone is no word for both
      return like >= 0.8 && like > pairLikeness(first, other) && like > pairLikeness(second, other);
    };
    if (!shorter.words.some(written)) continue;
    const words = [...longer.words.slice(0, at), word, ...longer.words.slice(at + 2)];
    const name: Name = { ...longer, words, weight: words.reduce((sum, one) => sum + one.weight, 0) };
    const { score } = paired(name, shorter, (a, b) => pairLikeness(words[a]!, shorter.words[b]!));
    if (score * 0.98 > best) best = score * 0.98;
  }
  return best;
}
