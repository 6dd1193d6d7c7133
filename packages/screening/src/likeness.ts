// How like two words are, 0 to 1: equal, same sound, same consonants, few edits. Symmetric. Deterministic: no list, no frequency.
import { doubleMetaphone } from "double-metaphone";
import { foldKey, skeletonOf, soundsOf } from "./spelling.ts";
import type { Script } from "./text.ts";

/** Below it two words are no pair. */
export const LEAST_LIKE = 0.6;

export interface WordForm {
  readonly text: string;
  readonly key: string;
  readonly skeleton: string;
  readonly sounds: string;
  readonly metaphone: readonly [string, string];
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
  const form: WordForm = {
    text,
    key,
    skeleton: skeletonOf(key),
    sounds: soundsOf(key),
    metaphone: doubleMetaphone(text),
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

function swapCost(a: string, b: string): number {
  if (a === b) return 0;
  const vowels = Number(isVowel(a)) + Number(isVowel(b));
  if (vowels === 2) return 0.45;
  if (vowels === 1) return 1.1;
  return NEAR.has(a + b) ? 0.6 : 1;
}
const dropCost = (letter: string): number => (isVowel(letter) ? 0.5 : letter === "h" ? 0.4 : 1);

const CODES = 128;
const SWAP = new Float64Array(CODES * CODES);
const DROP = new Float64Array(CODES);
for (let a = 0; a < CODES; a += 1) {
  DROP[a] = dropCost(String.fromCharCode(a));
  for (let b = 0; b < CODES; b += 1) SWAP[a * CODES + b] = swapCost(String.fromCharCode(a), String.fromCharCode(b));
}

const LONGEST = 64;
let before = new Float64Array(LONGEST + 1);
let previous = new Float64Array(LONGEST + 1);
let current = new Float64Array(LONGEST + 1);

/** Weighted edits from one key to the other, neighbours swapped count once; words beyond 64 letters are compared by their first 64. */
export function editCost(left: string, right: string): number {
  const n = Math.min(left.length, LONGEST);
  const m = Math.min(right.length, LONGEST);
  previous[0] = 0;
  for (let j = 1; j <= m; j += 1) previous[j] = previous[j - 1]! + DROP[right.charCodeAt(j - 1)]!;
  for (let i = 1; i <= n; i += 1) {
    const a = left.charCodeAt(i - 1);
    current[0] = previous[0]! + DROP[a]!;
    for (let j = 1; j <= m; j += 1) {
      const b = right.charCodeAt(j - 1);
      let least = previous[j - 1]! + SWAP[a * CODES + b]!;
      const dropped = previous[j]! + DROP[a]!;
      if (dropped < least) least = dropped;
      const added = current[j - 1]! + DROP[b]!;
      if (added < least) least = added;
      if (i > 1 && j > 1 && a === right.charCodeAt(j - 2) && left.charCodeAt(i - 2) === b) {
        const swapped = before[j - 2]! + 0.7;
        if (swapped < least) least = swapped;
      }
      current[j] = least;
    }
    const free = before;
    before = previous;
    previous = current;
    current = free;
  }
  return previous[m]!;
}

/** How like two words are. `scripts`: what they were written in; words out of an abjad are compared by their consonants. */
export function wordLikeness(left: WordForm, right: WordForm): number {
  if (left.text === right.text) return 1;
  if (left.digits || right.digits) return 0;
  const shorter = Math.min(left.key.length, right.key.length);
  const longer = Math.max(left.key.length, right.key.length);
  if (left.key === right.key) return shorter < 3 ? 0.9 : 0.97;
  if (shorter < 2) return 0;
  if (longer - shorter > 5 || longer > shorter * 2.4) return 0;
  let best = byEdits(left, right, shorter, longer);
  if (left.bare !== null || right.bare !== null) {
    const [a, b] = [left.bare ?? left.key, right.bare ?? right.key];
    // both with an article: the article is what they share, the rest must carry the likeness
    if (left.bare === null || right.bare === null) best = Math.max(best, a === b ? 0.94 : 0);
  }
  return best < LEAST_LIKE ? 0 : best;
}

function byEdits(left: WordForm, right: WordForm, shorter: number, longer: number): number {
  const cost = editCost(left.key, right.key);
  let like = 1 - cost / ((shorter + longer) / 2);
  // of a short word every letter counts
  if (shorter <= 4) like -= 0.06 * (5 - shorter);
  const sameStart = left.key.charCodeAt(0) === right.key.charCodeAt(0);
  if (!sameStart) like -= 0.08;
  if (left.skeleton === right.skeleton && left.skeleton.length >= 3) like = Math.max(like, 0.8);
  if (left.skeleton === right.skeleton && left.skeleton.length === 2 && sameStart) like = Math.max(like, 0.66);
  if (
    like > 0.5 &&
    like < 0.8 &&
    shorter >= 4 &&
    left.metaphone[0] === right.metaphone[0] &&
    left.metaphone[0].length >= 3
  )
    like = Math.max(like, 0.8);
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
