// What a command is: one row of the table from which the parser, the help, the README and the sweep tests are made.
import type { PersonRole } from "@evergreen-fund/domain/roles.ts";
import type { Context } from "./context.ts";

/** What a command has to say: the one JSON document and the same for a person. */
export interface Answer {
  json: unknown;
  /** Absent when the command has already printed line by line for a person. */
  text?: string;
  /** The command has printed itself already, in the format that was asked for. */
  printed?: true;
  /** Exit code when it is not 0: the answer stands, and its content is a refusal or a failure. */
  exit?: number;
}

export interface CommandOption {
  /** As commander writes it: "--fund <code>". */
  flags: string;
  about: string;
  required?: true;
  choices?: readonly string[];
  default?: string;
}

/** Options by their camel-case name, as the parser gives them. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  /** Words after `evergreen`: "proposals approve". */
  path: string;
  /** One line, no full stop. */
  summary: string;
  /** "<id>" is required, "[id]" is not. */
  arguments?: readonly { name: string; about: string }[];
  options?: readonly CommandOption[];
  /** Whole command lines without the leading `evergreen`. */
  examples: readonly string[];
  /** Whose login is taken on the demo stack when nobody is named; absent: the command talks to no database. */
  role?: PersonRole;
  run: (context: Context, args: readonly (string | undefined)[], options: Options) => Promise<Answer>;
}

/** The value of an option that takes one, or undefined. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export const FUND: CommandOption = { flags: "--fund <code>", about: "code or id of the fund", required: true };
export const ANY_FUND: CommandOption = { flags: "--fund <code>", about: "only this fund (code or id)" };
export const REASON: CommandOption = { flags: "--reason <text>", about: "why, in one sentence (no personal data)" };
export const WAIT_SECONDS: CommandOption = { flags: "--timeout <seconds>", about: "longest wait", default: "300" };
export const REQUEST_ID: CommandOption = {
  flags: "--request-id <id>",
  about: "your own name for this request: repeating it gives the first answer again",
};
