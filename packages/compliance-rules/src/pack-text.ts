// A pack from YAML or JSON text: the pack, or every problem with its file, line, field and what is allowed.
import { inLines, type LocatedProblem, readLocated } from "@evergreen-fund/interchange/located-text.ts";
import { runExamples } from "./examples.ts";
import { type RulePack, readPack } from "./rule-pack.ts";

/** Longest text of a pack, in characters. */
export const LONGEST_PACK = 512 * 1024;

export interface PackFile {
  file: string;
  /** Absent when there is any problem. */
  pack?: RulePack;
  /** The value as it is stored: what the text says, nothing added. */
  body?: unknown;
  problems: LocatedProblem[];
}

/** Reads a pack and runs its examples. Whatever is wrong is in `problems`; nothing is thrown. */
export function readPackText(text: string, file: string): PackFile {
  const read = readLocated(text, file, LONGEST_PACK);
  if ("problem" in read) return { file, problems: [read.problem] };
  const { body, locate } = read;
  const { pack, problems } = readPack(body);
  if (pack === undefined) return { file, body, problems: inLines(problems.map(locate)) };
  const failed = runExamples(pack).flatMap(({ passed, words }, i) =>
    passed ? [] : [locate({ path: ["examples", i], words })],
  );
  return failed.length > 0 ? { file, body, problems: inLines(failed) } : { file, pack, body, problems: [] };
}
