// Writes what was computed or saved (valuations, scenarios, what-ifs) into the working file and publishes it: same moment of Postgres, new snapshot.
import { EvergreenError } from "@evergreen-fund/domain";
import type { DuckFile } from "./file.ts";
import { holding } from "./hold.ts";
import { type AnalyticsHome, makeHome } from "./home.ts";
import { booksOf } from "./load.ts";
import { type Manifest, publish, sweep } from "./publish.ts";

/**
 * Runs `work` in one transaction, all of it or nothing, and publishes. It writes to the tables of sql/20-outcomes.sql only: a mirrored table that it
 * changed would be found, and refused, by the next full check.
 * `keepOpenFor`: as `synchronise` has it. Errors: EG428 when another process writes in this home or nothing was mirrored yet; whatever `work` throws, and then nothing has changed.
 */
export async function amend<T>(
  home: string,
  work: (file: DuckFile) => Promise<T>,
  options: { keep?: number; keepOpenFor?: number } = {},
): Promise<{ manifest: Manifest; result: T }> {
  const paths = await makeHome(home);
  return holding(paths, (file) => changed(paths, file, work, options.keep ?? 14), options.keepOpenFor);
}

async function changed<T>(
  paths: AnalyticsHome,
  file: DuckFile,
  work: (file: DuckFile) => Promise<T>,
  keep: number,
): Promise<{ manifest: Manifest; result: T }> {
  await sweep(paths);
  const [state] = await file.rows("select model, source, tx, taken_at, content_hash from sync.state");
  const {
    model,
    source,
    tx,
    taken_at: takenAt,
    content_hash: contentHash,
  } = (state ?? {}) as Record<string, string | null>;
  if (!model || !source || !tx || !takenAt || !contentHash)
    throw new EvergreenError("EG428", "Nothing was mirrored in this home yet; `snapshot create` does.");
  const result = await file.transaction(() => work(file));
  const content = { contentHash, model, position: { source, tx }, takenAt, tables: await booksOf(file) };
  await file.run("checkpoint");
  return { manifest: await publish(paths, content, { keep, reach: () => {} }), result };
}
