// `rules check`: packs of compliance rules as files, checked without a stack.
import { type PackFile, runExamples } from "@evergreen-fund/compliance-rules";
import { EXIT } from "@evergreen-fund/domain/errors.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import type { Command } from "../command.ts";
import { plain } from "../output.ts";
import { packFile, shippedPacks } from "../rule-source.ts";

/** What a person reads of one file: that it stands, or every line that is wrong. */
const checkedText = ({ file, pack, problems }: PackFile): string =>
  pack === undefined
    ? problems.map((problem) => plain(problemLine(problem))).join("\n")
    : `${plain(file)}: ${pack.pack} version ${pack.version} stands: ${pack.rules.length} rules, ${pack.examples.length} examples come out as they say`;

const checkedJson = ({ file, pack, problems }: PackFile) => ({
  file,
  pack: pack?.pack ?? null,
  version: pack?.version ?? null,
  rules: pack?.rules.length ?? null,
  examples: pack === undefined ? null : runExamples(pack).map(({ name, outcome }) => ({ name, outcome })),
  problems: problems.map(({ line, field, words }) => ({ line, field, words })),
});

export const ruleCommands: readonly Command[] = [
  {
    path: "rules check",
    summary:
      "Checks packs of compliance rules and runs their examples; every mistake with its file, line and what is allowed",
    arguments: [{ name: "[file]", about: "a file, or the name of a pack in policies/rules; left out: all of those" }],
    examples: ["rules check", "rules check aml-basics", "rules check my-rules.yaml --output-format json"],
    run: async (_context, args) => {
      const given = args[0];
      const files = given === undefined ? await shippedPacks() : [await packFile(given)];
      const wrong = files.some(({ pack }) => pack === undefined);
      return {
        json: files.map(checkedJson),
        text: files.map(checkedText).join("\n"),
        ...(wrong ? { exit: EXIT.usage } : {}),
      };
    },
  },
];
