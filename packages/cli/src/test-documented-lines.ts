// The commands that the documentation shows, as its readers would type them. Only tests use it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { COMMANDS } from "./commands.ts";

export interface DocumentedLine {
  file: string;
  /** The whole line without a remark at its end. */
  line: string;
}
export interface DocumentedCommand extends DocumentedLine {
  /** Words after `evergreen`. */
  argv: string[];
  path: string;
  flags: string[];
}

const PARTS = ["docs/tutorial", "docs/how-to", "docs/explanation"];
const PREFIX = /^npx --no-install evergreen /;
const PATHS = COMMANDS.map(({ path }) => path).sort((a, b) => b.length - a.length);

/** Every line of a block without a language: what stands there is to be typed, or drawn. */
export function documentedLines(): DocumentedLine[] {
  const files = PARTS.flatMap((part) => readdirSync(join(REPOSITORY_ROOT, part)).map((name) => `${part}/${name}`));
  return files.flatMap((file) => {
    const text = readFileSync(join(REPOSITORY_ROOT, file), "utf8");
    return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, language, block = ""]) =>
      (language === "" ? block : "")
        .split("\n")
        .map((line) => line.replace(/ +# .*$/, "").trim())
        .filter((line) => line !== "")
        .map((line) => ({ file, line })),
    );
  });
}

/** Those of the command line, each with the command it means; a path of "" is a command that does not exist. */
export function documentedCommands(): DocumentedCommand[] {
  return documentedLines()
    .filter(({ line }) => PREFIX.test(line))
    .map(({ file, line }) => {
      const words = line.replace(PREFIX, "");
      const path = PATHS.find((known) => words === known || words.startsWith(`${known} `)) ?? "";
      return { file, line, argv: words.split(/\s+/), path, flags: words.match(/--[a-z-]+/g) ?? [] };
    });
}

/** Commands that need a whole stack, Temporal, a home or a file: the test that runs each, with its words and options. */
export const RUN_BY: Readonly<Record<string, string>> = {
  up: "end-to-end.temporal.test.ts",
  down: "end-to-end.temporal.test.ts",
  status: "end-to-end.temporal.test.ts",
  doctor: "program.test.ts",
  mcp: "commands/mcp.database.test.ts",
  "audit verify": "end-to-end.temporal.test.ts",
  "mandate show": "end-to-end.temporal.test.ts",
  "deal lab": "commands/deal.database.test.ts",
  trace: "end-to-end.temporal.test.ts",
  rebalance: "end-to-end.temporal.test.ts",
  "runs show": "end-to-end.temporal.test.ts",
  "proposals show": "end-to-end.temporal.test.ts",
  "proposals approve": "end-to-end.temporal.test.ts",
  "deal run": "dealing-day.temporal.test.ts",
  "nav approve": "dealing-day.temporal.test.ts",
  "user reset-second-step": "commands/login.database.test.ts",
  "backup create": "backup-drill.temporal.test.ts",
  "backup list": "backup-drill.temporal.test.ts",
  "backup verify": "backup-drill.temporal.test.ts",
  "backup restore": "backup-drill.temporal.test.ts",
  "backup reconcile": "backup-drill.temporal.test.ts",
  "schedules list": "commands/schedules.temporal.test.ts",
  "snapshot create": "commands/snapshot.database.test.ts",
  "snapshot list": "commands/snapshot.database.test.ts",
  "snapshot verify": "commands/snapshot.database.test.ts",
  "stress run": "stress.temporal.test.ts",
  "stress report": "stress.temporal.test.ts",
  "stress reverse": "stress.temporal.test.ts",
  "import orders": "files/import-commands.database.test.ts",
  "import bank": "files/import-commands.database.test.ts",
  "export payments": "files/import-commands.database.test.ts",
  "evidence pack": "commands/evidence.database.test.ts",
  "evidence verify": "commands/evidence.database.test.ts",
  "events history": "commands/retention.database.test.ts",
  "retention plan": "commands/retention.database.test.ts",
  "order prove": "commands/prove.database.test.ts",
};
