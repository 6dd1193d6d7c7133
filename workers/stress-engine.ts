// Simulation's engine as a worker process uses it: scenarios are computed in threads of their own, because a large fund takes seconds in which nothing else
// of the process would move: no other run, no dispatcher, no heartbeat.
import { availableParallelism } from "node:os";
import { openThread, TYPESCRIPT } from "@evergreen-fund/agent-kit/thread.ts";
import { SHARD_SIZE } from "@evergreen-fund/finance/stress/shards.ts";
import type { ReportedOutcome, ReportedRun } from "@evergreen-fund/reports";
import type { BookRef } from "./snapshots.ts";

/** A scenario as it was recorded: the text its hash covers, and its title. */
export interface ScenarioText {
  body: string;
  title: string;
}
/** Canonical JSON and its SHA-256. */
export interface Stressed {
  body: string;
  hash: string;
}
export interface BookFacts {
  asOf: string;
  shards: number;
  /** Assets in a shard, as this process is set. */
  shardAssets: number;
}
/** One shard of a book that is divided by so many assets; `place` counts from 0. */
export interface ShardPlace {
  place: number;
  assets: number;
}
/** A run as its rows say, outcomes as the texts that were recorded. */
export interface ReportQuestion {
  run: ReportedRun;
  outcomes: readonly (Omit<ReportedOutcome, "outcome"> & { body: string | null })[];
}
/** Files of a report: Markdown, its plots, PDF. */
export type ReportFiles = { name: string; content: Uint8Array }[];
export type StressQuestion =
  | ({ ask: "report" } & ReportQuestion)
  | { ask: "about"; book: string; shardAssets: number }
  | { ask: "shard"; book: string; scenario: ScenarioText; shard: ShardPlace }
  | { ask: "conclude"; book: string; scenario: ScenarioText; shards: string[] }
  | { ask: "whole"; book: string; scenario: ScenarioText };
export type StressAnswer = BookFacts | Stressed | ReportFiles;

/** Pure, computed elsewhere: the same book, scenario and code give the same bytes. Errors: those of finance/stress; EG503 when a thread dies or takes longer
 * than COMPUTE_LIMIT_MS. */
export interface StressEngine {
  /** SHA-256 of the sources that compute: what a run was computed by. */
  readonly codeHash: string;
  about(book: BookRef, signal?: AbortSignal): Promise<BookFacts>;
  valueShard(book: BookRef, scenario: ScenarioText, shard: ShardPlace, signal?: AbortSignal): Promise<Stressed>;
  conclude(book: BookRef, scenario: ScenarioText, shards: string[], signal?: AbortSignal): Promise<Stressed>;
  /** Shards of the usual size and conclusion in one, without anything that was kept: however a run was divided, it comes to the same bytes. */
  whole(book: BookRef, scenario: ScenarioText, signal?: AbortSignal): Promise<Stressed>;
  /** The morning report of a run. Reads no clock: the same rows give the same bytes. */
  report(question: ReportQuestion, signal?: AbortSignal): Promise<ReportFiles>;
  close(): Promise<void>;
}

/** Below the time that the actions have in all (workflows/src/proxies.ts), so that their caller hears why. */
export const COMPUTE_LIMIT_MS = 550_000;
/** One per processor, but for the one that everything else needs. */
const THREADS = Math.max(1, Math.min(8, availableParallelism() - 1));

export function openStressEngine(
  codeHash: string,
  { threads = THREADS, shardAssets = SHARD_SIZE }: { threads?: number; shardAssets?: number } = {},
): StressEngine {
  const pool = Array.from({ length: threads }, (_, place) => ({
    asked: 0,
    thread: openThread<StressQuestion, StressAnswer>({
      name: `The stress engine${place === 0 ? "" : ` ${place + 1}`}`,
      entry: new URL("./stress-thread.ts", import.meta.url),
      limitMs: COMPUTE_LIMIT_MS,
      waiting: 1_024,
      execArgv: TYPESCRIPT,
    }),
  }));
  async function ask(question: StressQuestion, signal?: AbortSignal): Promise<StressAnswer> {
    const least = pool.reduce((a, b) => (b.asked < a.asked ? b : a));
    least.asked++;
    try {
      return await least.thread.ask(question, signal);
    } finally {
      least.asked--;
    }
  }
  const stressed = (question: StressQuestion, signal?: AbortSignal) => ask(question, signal) as Promise<Stressed>;
  return {
    codeHash,
    about: ({ path }, signal) => ask({ ask: "about", book: path, shardAssets }, signal) as Promise<BookFacts>,
    valueShard: ({ path }, scenario, shard, signal) => stressed({ ask: "shard", book: path, scenario, shard }, signal),
    conclude: ({ path }, scenario, shards, signal) =>
      stressed({ ask: "conclude", book: path, scenario, shards }, signal),
    whole: ({ path }, scenario, signal) => stressed({ ask: "whole", book: path, scenario }, signal),
    report: (question, signal) => ask({ ask: "report", ...question }, signal) as Promise<ReportFiles>,
    close: async () => void (await Promise.all(pool.map(({ thread }) => thread.close()))),
  };
}
