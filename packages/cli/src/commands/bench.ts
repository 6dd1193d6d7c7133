// `bench`: measurements against peers. Each lives in src/bench/<name>.ts and is loaded only when it is asked for.
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Answer, Command } from "../command.ts";
import type { Progress } from "../context.ts";
import { plain } from "../output.ts";

const FOLDER = new URL("../bench/", import.meta.url);

/** What `src/bench/<name>.ts` exports as `run`. */
export interface BenchOptions {
  /** Compare with our own oracle and with the peers that are installed; an absent peer is named, not fetched. */
  quick: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  /** A remark for a person, on stderr. */
  note: (text: string) => void;
  progress: <T>(label: string, work: (progress: Progress) => Promise<T>) => Promise<T>;
}
export type RunBench = (options: BenchOptions) => Promise<Answer>;

/** Names of the measurements there are. */
export async function benchNames(): Promise<string[]> {
  const files = await readdir(fileURLToPath(FOLDER)).catch(() => []);
  return files
    .filter((file) => /^[a-z][a-z0-9-]*\.ts$/.test(file))
    .map((file) => file.slice(0, -3))
    .sort();
}

export const benchCommands: readonly Command[] = [
  {
    path: "bench",
    summary: "Measures one part of the platform against its peers",
    arguments: [
      {
        name: "<name>",
        about:
          "events, chain, rls, rebalance, returns, screen, deal, nightly, stress, sync, rules, dashboard, realtime, token",
      },
    ],
    options: [{ flags: "--quick", about: "short run against our own oracle and the peers that are installed" }],
    examples: ["bench rebalance --quick"],
    run: async (context, args, options) => {
      const name = args[0] ?? "";
      const names = await benchNames();
      if (!names.includes(name)) {
        throw new EvergreenError(
          "EG404",
          `There is no benchmark ${plain(name)}; there ${names.length === 1 ? "is" : "are"} ${names.length === 0 ? "none" : names.join(", ")}.`,
        );
      }
      const { run } = (await import(new URL(`${name}.ts`, FOLDER).href)) as { run: RunBench };
      return run({
        quick: options.quick === true,
        environment: context.environment,
        note: (line) => context.note(line),
        progress: (label, work) => context.progress(label, work),
      });
    },
  },
];
