// How like two words are, 0 to 1: equal, same sound, same consonants, few edits. Symmetric. Deterministic: no list, no frequency.
import { doubleMetaphone } from "double-metaphone";
import { hashOf } from "./hash.ts";
import { bits } from "./spelled.ts";
import { foldKey, skeletonOf, soundsOf } from "./spelling.ts";
import type { Script } from "./text.ts";

/** Below it two words are no pair. */
export const LEAST_LIKE = 0.6;

export interface WordForm {
  readonly text: string;
  readonly key: string;
  /** The key's signs, each by its row in the table of costs; of a long word the first ones. */
  readonly signs: Uint8Array;
  /** The consonants of the key, a bit for each (`bitOf`), and those that are near one of its letters. */
  readonly consonants: number;
  readonly near: number;
  readonly skeleton: string;
  readonly sounds: string;
  readonly metaphone: readonly [string, string];
  /** What can be told apart without reading texts: numbers that differ only where keys, skeletons or (0: too short) the way it sounds do. */
  readonly length: number;
  readonly start: number;
  readonly skeletonHash: number;
  readonly soundHash: number;
  /** The word without an Arabic article written onto it. */
  readonly bare: string | null;
  readonly digits: boolean;
}

const forms = new Map<string, WordForm>();
const CACHED = 300_000;

export function wordForm(text: string): WordForm {
  const known = forms.get(text);
  if (known !== undefined) return known;
  const key = foldKey(text);
  const article = /^(?:al|el)(?=[bcdfghjklmnpqrstvwxyz])(?=.{4})/.test(text) ? text.slice(2) : null;
  const skeleton = skeletonOf(key);
  const metaphone = doubleMetaphone(text);
  const form: WordForm = {
    text,
    key,
    length: key.length,
    start: key.charCodeAt(0) || 0,
    skeletonHash: hashOf(0, skeleton),
    soundHash: metaphone[0].length < 3 ? 0 : hashOf(0, metaphone[0]),
    signs: signsOf(key),
    consonants: maskOf(key, BITS),
    near: maskOf(key, NEARS),
    skeleton,
    sounds: soundsOf(key),
    metaphone,
    bare: article === null ? null : foldKey(article),
    digits: /\d/.test(text),
  };
  if (forms.size >= CACHED) forms.clear();
  forms.set(text, form);
  return form;
}

const VOWEL = /[aeiou]/;
const isVowel = (letter: string): boolean => VOWEL.test(letter);
const NEAR: ReadonlySet<string> = new Set(
  [
    "bp",
    "dt",
    "gk",
    "sz",
    "vf",
    "mn",
    "6s",
    "8j",
    "8s",
    "jz",
    "68",
    "hk",
    "gh",
    "j6",
    "vb",
    "jg",
    "8k",
    "lr",
    "8z",
  ].flatMap((pair) => [pair, `${pair[1]}${pair[0]}`]),
);

/** A consonant's bit; vowels, h and what is no sign of a key have none. */
function bitOf(letter: string): number {
  if (letter === "6") return 1 << 26;
  if (letter === "8") return 1 << 27;
  return /[bcdfgj-np-tv-z]/.test(letter) ? 1 << (letter.charCodeAt(0) - 97) : 0;
}
const LETTERS = [..."abcdefghijklmnopqrstuvwxyz68"];
const nearOf = (letter: string): number =>
  LETTERS.reduce((mask, other) => (NEAR.has(letter + other) ? mask | bitOf(other) : mask), 0);
const BITS: ReadonlyMap<string, number> = new Map(LETTERS.map((letter) => [letter, bitOf(letter)]));
const NEARS: ReadonlyMap<string, number> = new Map(LETTERS.map((letter) => [letter, nearOf(letter)]));
function maskOf(key: string, table: ReadonlyMap<string, number>): number {
  let mask = 0;
  for (const letter of key) mask |= table.get(letter) ?? 0;
  return mask;
}

function swapCost(a: string, b: string): number {
  if (a === b) return 0;
  const vowels = Number(isVowel(a)) + Number(isVowel(b));
  if (vowels === 2) return 0.45;
  if (vowels === 1) return 1.1;
  return NEAR.has(a + b) ? 0.6 : 1;
}
const dropCost = (letter: string): number => (isVowel(letter) ? 0.5 : letter === "h" ? 0.4 : 1);

/** Costs are counted in whole numbers: twentieths. */
const SCALE = 20;
const scaled = (cost: number): number => Math.round(cost * SCALE);
const TURNED = scaled(0.7);

/** Signs of keys: letters, figures, and one for anything else. The tables are small, so that they stay at hand. */
const SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789?";
const ROW = SIGNS.length;
const SWAP = new Uint8Array(ROW * ROW);
const DROP = new Uint8Array(ROW);
for (let a = 0; a < ROW; a += 1) {
  DROP[a] = scaled(dropCost(SIGNS.charAt(a)));
  for (let b = 0; b < ROW; b += 1) SWAP[a * ROW + b] = scaled(swapCost(SIGNS.charAt(a), SIGNS.charAt(b)));
}

const LONGEST = 64;
/** Room for three rows of the table, so that none is made anew for each pair. */
const ROOM = {
  before: new Int32Array(LONGEST + 1),
  previous: new Int32Array(LONGEST + 1),
  current: new Int32Array(LONGEST + 1),
};

export function signsOf(key: string): Uint8Array {
  const signs = new Uint8Array(Math.min(key.length, LONGEST));
  for (let at = 0; at < signs.length; at += 1) {
    const code = key.charCodeAt(at);
    signs[at] = code >= 97 && code <= 122 ? code - 97 : code >= 48 && code <= 57 ? code - 22 : ROW - 1;
  }
  return signs;
}

/**
 * Weighted edits from one key to the other, neighbours swapped count once; words beyond 64 letters are compared by their first 64.
 * Gives up with `most` or more once no way stays below it.
 */
export function editCost(left: Uint8Array, right: Uint8Array, most = Number.POSITIVE_INFINITY): number {
  const n = left.length;
  const m = right.length;
  let { before, previous, current } = ROOM;
  const bound = Math.min(most * SCALE, 1 << 30) | 0;
  previous[0] = 0;
  for (let j = 1; j <= m; j += 1) previous[j] = previous[j - 1]! + DROP[right[j - 1]!]!;
  let below = 0;
  let last = ROW;
  for (let i = 1; i <= n; i += 1) {
    const a = left[i - 1]!;
    const row = a * ROW;
    const drop = DROP[a]!;
    let behind = previous[0]! + drop;
    current[0] = behind;
    let lowest = behind;
    let beside = ROW;
    for (let j = 1; j <= m; j += 1) {
      const b = right[j - 1]!;
      let least = previous[j - 1]! + SWAP[row + b]!;
      const dropped = previous[j]! + drop;
      if (dropped < least) least = dropped;
      const added = behind + DROP[b]!;
      if (added < least) least = added;
      if (a === beside && last === b) {
        const swapped = before[j - 2]! + TURNED;
        if (swapped < least) least = swapped;
      }
      current[j] = least;
      behind = least;
      beside = b;
      if (least < lowest) lowest = least;
    }
    // a swap may start one row before
    if (lowest > bound && below > bound) return most;
    below = lowest;
    last = a;
    const free = before;
    before = previous;
    previous = current;
    current = free;
  }
  return previous[m]! / SCALE;
}

/** How like two words are. Below `least`, which is LEAST_LIKE or more, the answer may be 0. */
export function wordLikeness(left: WordForm, right: WordForm, least = LEAST_LIKE): number {
  if (left === right) return 1;
  const shorter = Math.min(left.length, right.length);
  const longer = Math.max(left.length, right.length);
  const noArticle = left.bare === null && right.bare === null;
  const cost = longer > LONGEST ? 0 : leastCost(left, right);
  // most words that are asked for end here: equal ones of any kind cost nothing
  if (noArticle && cost >= (shorter + longer) / 4) return 0;
  if (left.digits || right.digits) return left.text === right.text ? 1 : 0;
  if (cost === 0 && left.skeletonHash === right.skeletonHash && left.key === right.key)
    return left.text === right.text ? 1 : shorter < 3 ? 0.9 : 0.97;
  if (shorter < 2) return 0;
  if (longer - shorter > 5 || longer > shorter * 2.4) return 0;
  let best = byEdits(left, right, (shorter + longer) / 2, cost, least);
  if (!noArticle) {
    const [a, b] = [left.bare ?? left.key, right.bare ?? right.key];
    // both with an article: the article is what they share, the rest must carry the likeness
    if (left.bare === null || right.bare === null) best = Math.max(best, a === b ? 0.94 : 0);
  }
  return best < LEAST_LIKE ? 0 : best;
}

/**
 * A lower bound of `editCost`: a consonant that the other side lacks is left out for 1 or exchanged, for 0.6 where the other side has one near it.
 * One exchange may do for a consonant of each side, so that the larger side counts.
 */
function leastCost(left: WordForm, right: WordForm): number {
  const [own, other] = [left.consonants & ~right.consonants, right.consonants & ~left.consonants];
  return Math.max(bits(own) - 0.4 * bits(own & right.near), bits(other) - 0.4 * bits(other & left.near));
}

/** By edits as a share of `half` of both lengths; words that sound the same are a pair already where they have more than half in common. */
function byEdits(left: WordForm, right: WordForm, half: number, leastCost: number, least: number): number {
  const shorter = Math.min(left.length, right.length);
  const sameStart = left.start === right.start;
  const sameSkeleton = leastCost === 0 && left.skeletonHash === right.skeletonHash && left.skeleton === right.skeleton;
  // of a short word every letter counts
  const penalty = (shorter <= 4 ? 0.06 * (5 - shorter) : 0) + (sameStart ? 0 : 0.08);
  const alike =
    shorter >= 4 &&
    left.soundHash !== 0 &&
    left.soundHash === right.soundHash &&
    left.metaphone[0] === right.metaphone[0];
  // from here on the words are no pair, whatever the edits come to
  const most = sameSkeleton ? Number.POSITIVE_INFINITY : half * (1 - penalty - (alike ? 0.5 : least)) + 1e-9;
  if (leastCost >= most) return 0;
  let like = 1 - editCost(left.signs, right.signs, most) / half - penalty;
  if (sameSkeleton && left.skeleton.length >= 3) like = Math.max(like, 0.8);
  if (sameSkeleton && left.skeleton.length === 2 && sameStart) like = Math.max(like, 0.66);
  if (alike && like > 0.5) like = Math.max(like, 0.8);
  return Math.min(like, 0.96);
}

/** Of words that came out of another script: equal consonants are as good as a spelling, equal places of speech nearly. */
export function looseLikeness(left: WordForm, right: WordForm, scripts: readonly [Script, Script]): number {
  const abjad = scripts.includes("abjad");
  const east = scripts.includes("han") || scripts.includes("hangul");
  if (!abjad && !east) return 0;
  const [a, b] = [withoutGlides(left.skeleton), withoutGlides(right.skeleton)];
  if (abjad && a === b) return a.length >= 3 ? 0.92 : a.length === 2 ? 0.82 : 0;
  if (left.sounds === right.sounds && left.sounds.length >= (east ? 1 : 3)) return east ? 0.78 : 0.82;
  return 0;
}

/** An abjad writes long i and u as y and w. */
const withoutGlides = (skeleton: string): string => skeleton.slice(0, 1) + skeleton.slice(1).replace(/[vi]/g, "");
