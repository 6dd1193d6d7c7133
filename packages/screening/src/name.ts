// A raw name to the words it is compared by, each with its weight: honorifics, particles and company forms leave it, initials weigh little.
import { formAt, HONORIFICS, isForm, isGeneric, isStop, isSureForm, KUNYA, PARTICLES, SERVANT } from "./lexicon.ts";
import { type WordForm, wordForm } from "./likeness.ts";
import type { PartyKind } from "./party.ts";
import { type Letters, lettersOf } from "./spelled.ts";
import { foldKey } from "./spelling.ts";
import { type RawWord, rawWords, type Script } from "./text.ts";

export interface NameWord {
  readonly form: WordForm;
  readonly script: Script;
  readonly weight: number;
  /** One letter that stands for a word. */
  readonly initial: boolean;
  readonly generic: boolean;
}

export interface Name {
  readonly words: readonly NameWord[];
  readonly weight: number;
  readonly style: "person" | "company";
  /** All words of the raw name, sorted: what is compared letter by letter. */
  readonly spelled: string;
  /** Which letters and figures it holds, and which more than once: what two names lack of each other at the least. */
  readonly letters: Letters;
  /** Words of figures, sorted: they are the same or the names are others. */
  readonly figures: string;
}

/** Words of one name that are compared; the rest would only cost time. */
export const MOST_WORDS = 24;

const WEIGHTS = { word: 1, initial: 0.35, generic: 0.45, stop: 0.05, short: 0.7 } as const;

export function styleOf(kind: PartyKind | undefined, words: readonly RawWord[]): Name["style"] {
  if (kind === "person") return "person";
  if (kind !== undefined && kind !== "unknown") return "company";
  return words.some(({ text }) => isSureForm(text) || (text.length > 3 && isGeneric(foldKey(text))))
    ? "company"
    : "person";
}

/** The name to compare by. A name of particles or forms alone keeps them. */
export function nameOf(raw: string, kind?: PartyKind): Name {
  const found = rawWords(raw).slice(0, MOST_WORDS * 2);
  const style = styleOf(kind, found);
  const words = (style === "person" ? personWords(found) : companyWords(found)).slice(0, MOST_WORDS);
  const texts = found.map(({ text }) => text).sort();
  const spelled = texts.join(" ");
  return {
    words,
    style,
    weight: words.reduce((sum, { weight }) => sum + weight, 0),
    spelled,
    letters: lettersOf(spelled),
    figures: texts.filter((text) => /\d/.test(text)).join(" "),
  };
}

const word = ({ text, script }: RawWord, weight: number, generic = false): NameWord => ({
  form: wordForm(text),
  script,
  weight,
  initial: text.length === 1 && /[a-z]/.test(text),
  generic,
});

function personWords(raw: readonly RawWord[]): NameWord[] {
  const joined: RawWord[] = [];
  for (let at = 0; at < raw.length; at += 1) {
    const here = raw[at]!;
    // "abd allah" is the one that grows together; of all others the servant is a word of its own, so that any order of words is the same name
    if (here.text === "abd" && /^all?ah$/.test(raw[at + 1]?.text ?? "")) {
      joined.push({ text: "abdullah", script: here.script });
      at += 1;
    } else if (SERVANT.has(here.text)) joined.push({ text: "abd", script: here.script });
    else joined.push(...servantApart(here));
  }
  // a letter with a full stop is an initial, although "i" and "o" alone may join two words
  const kept = joined.filter(
    ({ text, stopped }) => !HONORIFICS.has(text) && (!PARTICLES.has(text) || (stopped === true && text.length === 1)),
  );
  const rest = kept.length > 0 ? kept : joined;
  return rest.map((one) =>
    word(
      one,
      one.text.length === 1
        ? WEIGHTS.initial
        : KUNYA.has(one.text) || one.text === "abd"
          ? WEIGHTS.generic
          : one.text.length < 3
            ? WEIGHTS.short
            : WEIGHTS.word,
    ),
  );
}

/** "abdulrahman", "abdurrahman", "abdelrahman" and "abd al-rahman" are the same two words; "abdullah" stays one. */
function servantApart(word: RawWord): RawWord[] {
  const match = /^abd(?:[aeuo]+[lrsdztn]|ou?l|oul)(?=[a-z]{4})(.+)$/.exec(word.text);
  if (match === null) return [word];
  return [
    { text: "abd", script: word.script },
    { text: match[1] ?? "", script: word.script },
  ];
}

function companyWords(raw: readonly RawWord[]): NameWord[] {
  const foldKeys = raw.map(({ text }) => foldKey(text));
  const kept: RawWord[] = [];
  for (let at = 0; at < raw.length; at += 1) {
    const length = formAt(foldKeys, at);
    if (length > 0) at += length - 1;
    else if (!isForm(raw[at]!.text)) kept.push(raw[at]!);
  }
  const rest = kept.length > 0 ? kept : raw;
  return rest.map((one) => {
    const generic = isGeneric(foldKey(one.text));
    return word(one, isStop(one.text) ? WEIGHTS.stop : generic ? WEIGHTS.generic : WEIGHTS.word, generic);
  });
}
