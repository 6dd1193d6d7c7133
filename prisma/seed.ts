// Seeds the demo fund, banner first: the fund and its register at once, three years of history in the background.
//   node --import tsx prisma/seed.ts [DATABASE_URL]     a login with the owner's rights; without it DIRECT_URL is taken
// Touches only an empty database or one that was marked as a demo before.
import { constants, setPriority } from "node:os";
import { pathToFileURL } from "node:url";
import { loadConfig } from "@evergreen-fund/config/config.ts";
import { ERRORS, EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { generateDemo } from "./demo/generate.ts";
import { importFund, loadHistory, loadRegister, openDatabase, prepareDatabase, setTerms } from "./demo/load.ts";
import { LP_USERS } from "./demo/logins.ts";
import { MONTHS, monthEnd } from "./demo/terms.ts";

export interface DemoProgress {
  /** `fund` ends before the banner, `history` runs behind it. */
  phase: "fund" | "history";
  /** Steps done of `total`; what was loaded by an earlier run counts as done. */
  done: number;
  total: number;
  /** Step that was just done: "fund", "register" or a dealing date. */
  step: string;
}

export interface SeedOptions {
  /** A login with the owner's rights (the one that migrates). */
  databaseUrl: string;
  onProgress?: (progress: DemoProgress) => void;
  /** Stops the history after the step that is being taken; the next run goes on from there. */
  signal?: AbortSignal;
}

export interface HistoryResult {
  outcome: "complete" | "stopped";
  /** Dealing dates that this run closed. */
  loaded: number;
}

export type DemoSeed =
  | { outcome: "ready"; fundId: string; history: Promise<HistoryResult> }
  /** Nothing was touched: the database has funds of its own, or a demo fund of another version. */
  | { outcome: "left_alone"; reason: string };

/**
 * Resolves when the demo fund can be looked at and rebalanced; `history` resolves when its past is complete. Running it again loads what
 * is missing and nothing twice. Errors (also of `history`): EG503 when the database does not answer, EG500 and the codes of the fn_* behind
 * each step, EG424 when the history does not end as the fund was imported; whatever was done before stays valid.
 */
export async function seedDemo({ databaseUrl, onProgress = () => undefined, signal }: SeedOptions): Promise<DemoSeed> {
  const client = await openDatabase(databaseUrl);
  try {
    const state = await prepareDatabase(client);
    if (state.kind === "other") {
      await client.end();
      return { outcome: "left_alone", reason: state.reason };
    }
    const demo = generateDemo(LP_USERS);
    const fundId = state.kind === "begun" ? state.fundId : await importFund(client, demo.fund);
    onProgress({ phase: "fund", done: 1, total: 2, step: "fund" });
    await loadRegister(client, demo.register);
    await setTerms(databaseUrl);
    onProgress({ phase: "fund", done: 2, total: 2, step: "register" });
    const onMonth = (month: number) =>
      onProgress({ phase: "history", done: month + 1, total: MONTHS, step: monthEnd(month) });
    const history = loadHistory(client, databaseUrl, demo, onMonth, signal)
      .then(({ loaded, complete }): HistoryResult => ({ outcome: complete ? "complete" : "stopped", loaded }))
      .finally(() => client.end());
    history.catch(() => undefined); // whoever does not wait for it is not ended by it
    return { outcome: "ready", fundId, history };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Runs as a program; prints one line per step. Returns the exit code. */
async function main(argument: string | undefined): Promise<number> {
  const databaseUrl = argument ?? loadConfig().directUrl;
  if (databaseUrl === null) {
    process.stderr.write("Which database? node --import tsx prisma/seed.ts DATABASE_URL   (or set DIRECT_URL)\n");
    return EXIT.usage;
  }
  try {
    const seed = await seedDemo({
      databaseUrl,
      onProgress: ({ phase, done, total, step }) => process.stdout.write(`demo ${phase} ${done}/${total} ${step}\n`),
    });
    if (seed.outcome === "left_alone") {
      process.stderr.write(`${seed.reason}\n`);
      return EXIT.refused;
    }
    // from here on whoever looks at the fund comes first
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    await seed.history;
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof EvergreenError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return ERRORS[error.code].exit;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await main(process.argv[2]);
