// A pack from YAML or JSON text: the pack, or every problem with its file, line, field and what is allowed.
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Problem } from "./condition.ts";
import { runExamples } from "./examples.ts";
import { type RulePack, readPack } from "./rule-pack.ts";

/** Longest text of a pack, in characters. */
export const LONGEST_PACK = 512 * 1024;
const MOST_PROBLEMS = 50;

export interface LocatedProblem {
  file: string;
  /** From 1. */
  line: number;
  /** Keys from the top, joined by dots; empty for the file itself. */
  field: string;
  words: string;
}
export interface PackFile {
  file: string;
  /** Absent when there is any problem. */
  pack?: RulePack;
  /** The value as it is stored: what the text says, nothing added. */
  body?: unknown;
  problems: LocatedProblem[];
}

/** `policies/rules/aml-basics.yaml:12: rules.0.outcome: takes review, block_and_review, decline` */
export const problemLine = ({ file, line, field, words }: LocatedProblem): string =>
  `${file}:${line}: ${field === "" ? "" : `${field}: `}${words}`;

/** A text as its value and a way from a place in it to its line, or what makes it no YAML. Whatever is wrong is said; nothing is thrown. */
export function readText(
  text: string,
  file: string,
): { body: unknown; locate: (problem: Problem) => LocatedProblem } | { problem: LocatedProblem } {
  const counter = new LineCounter();
  const whole = (line: number, words: string) => ({ problem: { file, line, field: "", words } });
  if (text.length > LONGEST_PACK) return whole(1, "is larger than 512 KB");
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

/** Reads a pack and runs its examples. Whatever is wrong is in `problems`; nothing is thrown. */
export function readPackText(text: string, file: string): PackFile {
  const read = readText(text, file);
  if ("problem" in read) return { file, problems: [read.problem] };
  const { body, locate } = read;
  const { pack, problems } = readPack(body);
  if (pack === undefined) return { file, body, problems: inLines(problems.map(locate)) };
  const failed = runExamples(pack).flatMap(({ passed, words }, i) =>
    passed ? [] : [locate({ path: ["examples", i], words })],
  );
  return failed.length > 0 ? { file, body, problems: inLines(failed) } : { file, pack, body, problems: [] };
}

/** In the order of their lines, and not without end. */
export const inLines = (problems: LocatedProblem[]): LocatedProblem[] =>
  problems.sort((a, b) => a.line - b.line).slice(0, MOST_PROBLEMS);

/** A piece of a hostile file fit for a message. */
function printable(text: string, length: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, "?");
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}

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
