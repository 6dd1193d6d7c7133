// YAML or JSON that people write (scenarios, rule packs, calendars) as its value and a way from a place in it to its line, so that whatever is wrong names file, line and field.
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { quoted } from "./refusals.ts";

/** What is wrong at a place of a value. */
export interface Problem {
  /** Keys from the top. */
  path: readonly (string | number | symbol)[];
  words: string;
}
export interface LocatedProblem {
  file: string;
  /** From 1. */
  line: number;
  /** Keys from the top, joined by dots; empty for the file itself. */
  field: string;
  /** What is wrong, with the values that are allowed. */
  words: string;
}
export interface LocatedText {
  body: unknown;
  /** A place of the value as a problem of the file; words of a hostile file are made printable. */
  locate: (problem: Problem) => LocatedProblem;
}

/** `scenarios/base.yaml:12: factors.haircut.all: takes 0 to 1 …` */
export const problemLine = ({ file, line, field, words }: LocatedProblem): string =>
  `${file}:${line}: ${field === "" ? "" : `${field}: `}${words}`;

const MOST_PROBLEMS = 50;
/** In the order of their lines, and not without end. */
export const inLines = (problems: LocatedProblem[]): LocatedProblem[] =>
  problems.sort((a, b) => a.line - b.line).slice(0, MOST_PROBLEMS);

/** The value of a text of at most `longest` characters, or what makes it no YAML. Whatever is wrong is said; nothing is thrown. */
export function readLocated(text: string, file: string, longest: number): LocatedText | { problem: LocatedProblem } {
  const counter = new LineCounter();
  const whole = (line: number, words: string) => ({ problem: { file, line, field: "", words } });
  if (text.length > longest) return whole(1, `is larger than ${longest / 1024} KB`);
  const document = parseDocument(text, {
    uniqueKeys: true,
    strict: true,
    schema: "core",
    // a value is what it looks like: no tag makes another of it
    resolveKnownTags: false,
    stringKeys: true,
    logLevel: "error",
    lineCounter: counter,
    prettyErrors: false,
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined)
    return whole(
      counter.linePos(error.pos[0]).line,
      `is neither YAML nor JSON: ${printable(error.message.split("\n")[0] ?? "", 160)}`,
    );
  let body: unknown;
  try {
    // a few bytes cannot become many
    body = document.toJS({ maxAliasCount: 0 });
  } catch {
    return whole(1, "uses aliases; write the values out");
  }
  const locate = ({ path, words }: Problem): LocatedProblem => ({
    file,
    line: counter.linePos(offsetOf(document, path)).line,
    field: printable(path.map(String).join("."), 200),
    words: printable(words, 4_000),
  });
  return { body, locate };
}

const printable = (text: string, length: number): string => quoted(text, length).slice(1, -1);

/** Where a place begins: at its key, at the item of a list, or as near above as there is something. */
function offsetOf(document: Document, path: Problem["path"]): number {
  let node: unknown = document.contents;
  let offset = (document.contents as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
