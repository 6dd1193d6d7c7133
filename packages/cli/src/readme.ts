// The list of commands in packages/cli/COMMANDS.md, made from the table so that the two cannot differ (a test compares them).
import type { Command } from "./command.ts";
import { EXIT_CODES } from "./exit.ts";

export const BEGIN =
  "<!-- commands: made from src/commands.ts by `node --import tsx packages/cli/src/write-readme.ts` -->";
export const END = "<!-- end of commands -->";

/** The section between the two marks, marks included. */
export function commandSection(commands: readonly Command[]): string {
  const lines = [BEGIN, ""];
  for (const command of commands) {
    const words = [
      command.path,
      ...(command.arguments ?? []).map((argument) => argument.name),
      ...(command.options ?? []).map((option) => (option.required ? option.flags : `[${option.flags}]`)),
    ];
    lines.push(`- \`evergreen ${words.join(" ")}\`${command.role ? ` (\`${command.role}\`)` : ""}: ${command.summary}`);
  }
  lines.push("", `Exit codes: ${EXIT_CODES.map(({ exit, meaning }) => `${exit} ${meaning}`).join(" · ")}.`, "", END);
  return lines.join("\n");
}

/** The document with its section renewed. Errors: one sentence when a mark is missing. */
export function withCommandSection(readme: string, commands: readonly Command[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error("COMMANDS.md has lost the marks around its list of commands.");
  return `${readme.slice(0, begin)}${commandSection(commands)}${readme.slice(end + END.length)}`;
}
