// Spellings of one sound: rules that fold the ways in which Arabic, Slavic, Persian, Chinese and Western names are written in Latin letters.

/** Applied in this order to a word of a to z. What is folded together is written differently by different transliteration systems. */
const RULES: readonly [RegExp, string][] = [
  [/s(?:h?c|tc)h/g, "6"], // Russian shch, French chtch
  [/chtch/g, "6"],
  [/tsch|tch|cz/g, "8"],
  [/sch|sh|sz/g, "6"],
  [/ch(?=[lrnm])/g, "k"],
  [/ch/g, "8"],
  [/dzh|dsch|dj|zh|j(?=[aou])/g, "j"],
  [/kh|x(?=$)/g, "h"],
  [/gh/g, "g"],
  [/ph/g, "f"],
  [/th/g, "t"],
  [/dh/g, "d"],
  [/tz|ts|zz/g, "z"],
  [/ck|q|c(?=[aoulrk]|$)/g, "k"],
  [/c(?=[eiy])/g, "s"],
  [/c/g, "k"],
  [/x/g, "ks"],
  [/w/g, "v"],
  [/(?<=[aeiou])ff$/g, "v"],
  [/ou|oo/g, "u"],
  [/ee|ii|ie(?!v)|iy|yi|ij|ey|ei|ay|ai(?!n)|y/g, "i"],
  [/i?j(?=$|[^aou])/g, "i"],
  [/i(?=[aou])/g, ""],
  [/iv$/g, "ev"],
  [/(?<=[a-z])ah?$/g, "a"],
  [/(?<=[aeiou])h(?=[^aeiou]|$)/g, "h"],
  [/(.)\1+/g, "$1"],
  [/(?<=[aeiou])i$/g, "i"],
];

const keyCache = new Map<string, string>();
const CACHED = 200_000;

/** One key for the spellings of a word; a word of figures stays as it is. Figures 6 and 8 stand for sh and ch. */
export function foldKey(word: string): string {
  if (/\d/.test(word)) return word;
  const known = keyCache.get(word);
  if (known !== undefined) return known;
  let key = word;
  for (const [pattern, by] of RULES) key = key.replace(pattern, by);
  if (keyCache.size >= CACHED) keyCache.clear();
  keyCache.set(word, key);
  return key;
}

/** Consonants of a key: what abjads write. A vowel in front counts as one sign. */
export function skeletonOf(key: string): string {
  const rest = key.slice(1).replace(/[aeiouh]/g, "");
  const first = key.charAt(0);
  return (/[aeiou]/.test(first) ? "a" : first) + rest;
}

/** Consonants by where they are spoken: the loosest likeness, for words that came out of another script. */
export function soundsOf(key: string): string {
  return skeletonOf(key)
    .replace(/[bpfv]/g, "b")
    .replace(/[dt]/g, "d")
    .replace(/[gk]/g, "g")
    .replace(/[sz68j]/g, "s")
    .replace(/[lr]/g, "l")
    .replace(/(.)\1+/g, "$1");
}
