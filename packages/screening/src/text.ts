// Raw text of names to words of a to z and 0 to 9: controls and direction marks go, scripts are transliterated, look-alikes of another script are undone.
import anyAscii from "any-ascii";

/** Terminal sequences first, so that their letters do not stay behind as a name. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The text without what steers a terminal, hides or turns text; spaces collapsed. Safe to print. */
export function cleanText(raw: string): string {
  return raw.replace(SEQUENCES, "").replace(CONTROLS, "").replace(/\s+/gu, " ").trim();
}

/** Cyrillic and Greek letters that look like Latin ones: only in a word that holds Latin letters too. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  а: "a",
  в: "b",
  е: "e",
  к: "k",
  м: "m",
  н: "h",
  о: "o",
  р: "p",
  с: "c",
  т: "t",
  у: "y",
  х: "x",
  і: "i",
  ј: "j",
  ѕ: "s",
  α: "a",
  β: "b",
  ε: "e",
  ι: "i",
  κ: "k",
  ν: "v",
  ο: "o",
  ρ: "p",
  τ: "t",
  υ: "u",
  χ: "x",
};

/** Letters of Arabic script that the general table leaves out or writes as marks. */
const ARABIC: Readonly<Record<string, string>> = {
  ا: "a",
  أ: "a",
  إ: "i",
  آ: "a",
  ٱ: "a",
  ى: "a",
  ة: "a",
  ع: "a",
  ء: "",
  ئ: "y",
  ؤ: "w",
  و: "w",
  ي: "y",
  ی: "y",
  غ: "gh",
  خ: "kh",
  ذ: "dh",
  ث: "th",
  ش: "sh",
  چ: "ch",
  ژ: "zh",
  ک: "k",
  گ: "g",
  پ: "p",
  ض: "d",
  ظ: "z",
  ط: "t",
  ص: "s",
  ح: "h",
  ه: "h",
  ق: "q",
};
const HEBREW: Readonly<Record<string, string>> = {
  כ: "k",
  ך: "k",
  ב: "b",
  ו: "v",
  ח: "h",
  צ: "ts",
  ץ: "ts",
  פ: "p",
  ף: "f",
  ש: "sh",
};

export type Script = "latin" | "abjad" | "han" | "hangul" | "other";

export interface RawWord {
  text: string;
  script: Script;
  /** Written with a full stop, as initials are. */
  stopped?: boolean;
}

const HAN = /\p{Script=Han}/u;
const HANGUL = /\p{Script=Hangul}/u;
const ABJAD = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}]/u;
const LATIN = /\p{Script=Latin}/u;
const MIXABLE = /[\p{Script=Cyrillic}\p{Script=Greek}]/u;
const mapped = (text: string, table: Readonly<Record<string, string>>): string =>
  [...text].map((letter) => table[letter] ?? letter).join("");

/** Words of a name in Latin letters and figures, lower case, in their order. "O'Neil" is one word, "al-Shanti" two. */
export function rawWords(raw: string): RawWord[] {
  const text = cleanText(raw.normalize("NFKC")).toLowerCase();
  const found: RawWord[] = [];
  // marks inside a word (apostrophes, the letter ayn as written in Latin) join; everything else separates
  for (const piece of text.replace(/(?<=\p{L}\.)(?=\p{L}\.)/gu, "").split(/[^\p{L}\p{N}\p{M}'’‘`´ʻʼʽʾʿ&.]+/u)) {
    if (piece === "") continue;
    for (const part of dotted(piece)) {
      addWord(part, found);
      const last = found.at(-1);
      if (last !== undefined && last.text.length === 1 && piece.includes(".")) last.stopped = true;
    }
  }
  return found;
}

/** "j.p" is two initials, "o.o.o" is one abbreviation of at least three letters; a final full stop says nothing. */
function dotted(piece: string): string[] {
  const bare = piece.replace(/^\.+|\.+$/g, "");
  if (!bare.includes(".")) return [bare];
  const parts = bare.split(".").filter((part) => part !== "");
  const letters = parts.every((part) => [...part].length === 1);
  return letters && parts.length > 2 ? [parts.join("")] : parts;
}

function addWord(piece: string, found: RawWord[]): void {
  if (piece === "&") {
    found.push({ text: "and", script: "latin" });
    return;
  }
  if (HAN.test(piece)) {
    const syllables = [...piece].map((letter) => letters(anyAscii(letter))).filter((one) => one !== "");
    found.push(...familyAndGiven(syllables, "han"));
    return;
  }
  if (HANGUL.test(piece)) {
    const syllables = [...piece].map((letter) => letters(anyAscii(letter))).filter((one) => one !== "");
    found.push(...familyAndGiven(syllables, "hangul"));
    return;
  }
  if (ABJAD.test(piece)) {
    const plain = piece.replace(/\p{M}/gu, "");
    // the Arabic article is written onto its word
    const bare = /^(ال|אל־)(?=\p{L}{3})/u.test(plain) ? plain.slice(2) : plain;
    if (bare !== plain) found.push({ text: "al", script: "abjad" });
    const word = letters(anyAscii(mapped(mapped(bare, ARABIC), HEBREW)));
    if (word !== "") found.push({ text: word, script: "abjad" });
    return;
  }
  const mixed = LATIN.test(piece) && MIXABLE.test(piece);
  const word = letters(anyAscii(mixed ? mapped(piece, LOOK_ALIKES) : piece));
  if (word !== "") found.push({ text: word, script: LATIN.test(piece) || /^\d+$/.test(word) ? "latin" : "other" });
}

const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/** A name of two to four characters without a space: the first is the family's (the first two of four), the rest is given. */
function familyAndGiven(syllables: string[], script: Script): RawWord[] {
  if (syllables.length < 2 || syllables.length > 4) return syllables.map((text) => ({ text, script }));
  const family = syllables.length === 4 ? 2 : 1;
  return [
    { text: syllables.slice(0, family).join(""), script },
    { text: syllables.slice(family).join(""), script },
  ];
}
