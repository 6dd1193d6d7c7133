// What the documentation shows to be typed: commands and options that exist, each run by a test; and npm scripts that are there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";
import { documentedCommands, documentedLines, RUN_BY } from "./test-documented-lines.ts";

const commands = documentedCommands();
const read = (path: string): string => readFileSync(join(REPOSITORY_ROOT, path), "utf8");
/** Options that every command takes. */
const ALWAYS = ["--as", "--output-format"];

describe("a line to be typed", () => {
  it("is a command of Evergreen, a script of npm, or a drawing of what happens", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const known = (line: string): boolean => {
      const script = /^npm (?:run )?([a-z-]+)$/.exec(line)?.[1];
      return script === undefined
        ? line.startsWith("npx --no-install evergreen ") || line.includes("→")
        : script in scripts;
    };
    const lines = documentedLines();
    expect(lines.length).toBeGreaterThan(60);
    expect(lines.filter(({ line }) => !known(line))).toEqual([]);
  });

  it("names a command there is, with options it takes", () => {
    expect(commands.filter(({ path }) => path === "")).toEqual([]);
    for (const { path, flags, line } of commands) {
      const options = COMMANDS.find((command) => command.path === path)?.options ?? [];
      const taken = [...options.map(({ flags: words }) => words.split(" ")[0]), ...ALWAYS];
      expect([line, flags.filter((flag) => !taken.includes(flag))]).toEqual([line, []]);
    }
  });

  it("is run by documented-commands.database.test.ts, or with these words and options by the test named for it", () => {
    const missing = commands.flatMap(({ path, flags, line }) => {
      const file = RUN_BY[path];
      if (file === undefined) return [];
      const test = read(`packages/cli/src/${file}`);
      const words = new RegExp(
        path
          .split(" ")
          .map((word) => `"${word}"`)
          .join(",\\s*"),
      );
      return words.test(test)
        ? flags
            .filter((flag) => !ALWAYS.includes(flag) && !test.includes(flag))
            .map((flag) => `${line}: ${flag} is not in ${file}`)
        : [`${line}: not run in ${file}`];
    });
    expect(missing).toEqual([]);
    const shown = new Set(commands.map(({ path }) => path));
    expect(Object.keys(RUN_BY).filter((path) => !shown.has(path))).toEqual([]);
  });

  it("within a sentence names a command there is, too", () => {
    const files = [...new Set(documentedLines().map(({ file }) => file))];
    const paths = COMMANDS.map(({ path }) => path);
    const named = files.flatMap((file) =>
      [...read(file).matchAll(/`evergreen ([a-z][a-z -]*[a-z])[^`]*`/g)].map(([, words = ""]) => words),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((words) => !paths.some((path) => words === path || words.startsWith(`${path} `)))).toEqual([]);
  });
});
