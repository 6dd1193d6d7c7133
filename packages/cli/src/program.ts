// The parser, made from the table of commands: nothing about a command is written down twice.

import { inspect } from "node:util";
import { wantsDebug } from "@evergreen-fund/config/config.ts";
import { platformVersion } from "@evergreen-fund/config/version.ts";
import { EXIT } from "@evergreen-fund/domain/errors.ts";
import { Argument, Option, Command as Parser } from "commander";
import type { Answer, Command, Options } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { Context, type Streams } from "./context.ts";
import { EXIT_CODES, endingOf } from "./exit.ts";
import { GROUPS } from "./groups.ts";
import { jsonDocument, plain } from "./output.ts";

const exitHelp = (): string =>
  ["Exit codes:", ...EXIT_CODES.map(({ exit, meaning }) => `  ${exit}  ${meaning}`)].join("\n");
const exampleHelp = (examples: readonly string[]): string =>
  ["Examples:", ...examples.map((example) => `  npx --no-install evergreen ${example}`)].join("\n");

type Act = (command: Command, args: readonly (string | undefined)[], options: Options) => Promise<void>;

/** The parser over all commands; `act` runs one. */
export function buildProgram(streams: Streams, act: Act): Parser {
  const root = new Parser("evergreen");
  root
    .description(
      "Event-driven operations for evergreen funds: the command line. It signs in like any other client and sees what its login may see.",
    )
    .version(platformVersion(), "-V, --version", "print the version")
    .addOption(
      new Option("--output-format <format>", "text for people, json for scripts (one document on stdout)")
        .choices(["text", "json"])
        .default("text"),
    )
    .option("--as <email>", "sign in as this person (a demo login, or with EVERGREEN_PASSWORD any)")
    .helpOption("-h, --help", "print help")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      "after",
      `\n${exampleHelp(["up --detach", "import nport filing.xml --fund KY1", "rebalance --fund KY1 --wait", "proposals approve ID --hash H --as SECOND-PERSON --wait"])}\n\n${exitHelp()}\n\nEVERGREEN_DEBUG=1 prints the stack of an error.`,
    );
  const groups = new Map<string, Parser>();
  for (const command of COMMANDS) {
    const words = command.path.split(" ");
    const name = words.at(-1) ?? "";
    const parent = words.length === 1 ? root : groupOf(words[0] ?? "", root, groups);
    const added = addCommand(parent, name, command, act);
    // a command of one word may have others below it: `screen NAME` and `screen file F`
    if (words.length === 1) groups.set(name, added);
  }
  forEach(root, (parser) => {
    parser
      .exitOverride()
      .configureOutput({ writeOut: streams.out, writeErr: () => undefined })
      .showHelpAfterError(false);
  });
  return root;
}

function groupOf(name: string, root: Parser, groups: Map<string, Parser>): Parser {
  const known = groups.get(name);
  if (known) return known;
  const group = root
    .command(name)
    .description(GROUPS[name] ?? "")
    .helpOption("-h, --help", "print help")
    .configureHelp({ showGlobalOptions: true });
  group.addHelpText("after", `\n${exitHelp()}`);
  groups.set(name, group);
  return group;
}

function addCommand(parent: Parser, name: string, command: Command, act: Act): Parser {
  const parser = parent
    .command(name)
    .description(command.summary)
    .helpOption("-h, --help", "print help")
    .configureHelp({ showGlobalOptions: true });
  parser.allowExcessArguments(false);
  for (const argument of command.arguments ?? []) parser.addArgument(new Argument(argument.name, argument.about));
  for (const spec of command.options ?? []) {
    const option = new Option(spec.flags, spec.about);
    if (spec.required) option.makeOptionMandatory();
    if (spec.choices) option.choices(spec.choices);
    if (spec.default !== undefined) option.default(spec.default);
    parser.addOption(option);
  }
  parser.addHelpText("after", `\n${exampleHelp(command.examples)}\n\n${exitHelp()}`);
  parser.action((...given: unknown[]) => {
    const count = command.arguments?.length ?? 0;
    return act(command, given.slice(0, count) as (string | undefined)[], parser.optsWithGlobals() as Options);
  });
  return parser;
}

function forEach(parser: Parser, visit: (parser: Parser) => void): void {
  visit(parser);
  for (const child of parser.commands) forEach(child, visit);
}

/** Runs one command line and returns the exit code. `argv` without node and script. */
export async function runCommandLine(
  argv: readonly string[],
  streams: Streams,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  let exit: number = EXIT.ok;
  const program = buildProgram(streams, async (command, args, options) => {
    const format = options.outputFormat === "json" ? "json" : "text";
    const as = typeof options.as === "string" ? options.as : undefined;
    const context = new Context({ streams, environment, format, as });
    try {
      const answer = await command.run(context, args, options);
      printAnswer(streams, format, answer);
      exit = answer.exit ?? EXIT.ok;
    } finally {
      await context.close();
    }
  });
  try {
    if (argv.length === 0) {
      streams.out(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: "user" });
    return exit;
  } catch (error) {
    const ending = endingOf(error);
    if (ending.sentence !== "") streams.err(`evergreen: ${plain(ending.sentence)}\n`);
    if (wantsDebug(environment) && ending.exit !== EXIT.ok && error instanceof Error)
      streams.err(`${inspect(error)}\n`);
    return ending.exit;
  }
}

function printAnswer(streams: Streams, format: "text" | "json", answer: Answer): void {
  if (answer.printed) return;
  if (format === "json") streams.out(`${jsonDocument(answer.json)}\n`);
  else if (answer.text !== undefined && answer.text !== "") streams.out(`${answer.text}\n`);
}
