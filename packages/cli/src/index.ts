// The command line as a library: the table of commands and one function that runs a command line.
export type { Answer, Command } from "./command.ts";
export type { BenchOptions, RunBench } from "./commands/bench.ts";
export { COMMANDS } from "./commands.ts";
export type { Streams } from "./context.ts";
export { runCommandLine } from "./program.ts";
