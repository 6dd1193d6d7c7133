// Synchronisation: what changed in Postgres since the position, reconciled in the same snapshot, committed to the working file, then published.
// A process that dies anywhere leaves the previous snapshot whole and the working file where it was or where it was going.
import { EvergreenError } from "@evergreen-fund/domain";
import type { Checksum, DeltaReader, Position } from "@evergreen-fund/supabase-client";
import type { DuckFile } from "./file.ts";
import { holding } from "./hold.ts";
import { type AnalyticsHome, makeHome } from "./home.ts";
import { bookOf, booksOf, checksum, checksumOfTexts, refuseUnequal, removeGone, takeAll, takeChanges } from "./load.ts";
import { type Mirror, readModel } from "./model.ts";
import { type Content, contentHashOf, type Manifest, type PublishPoint, publish, sweep } from "./publish.ts";
import { positionOf } from "./work.ts";

/** The places at which a test ends the process. */
export const SYNC_POINTS = [
  "opened",
  "staged",
  "merged",
  "reconciled",
  "committed",
  "written",
  "copied",
  "sealed",
  "pointed",
] as const;
export type SyncPoint = (typeof SYNC_POINTS)[number] & (PublishPoint | string);

/** The two kinds of work of a synchronisation, as a trace shows them. */
export type SyncSpan = <T>(name: "data.load.supabase" | "data.transform.duckdb", work: () => Promise<T>) => Promise<T>;

export interface SyncOptions {
  /** EVERGREEN_HOME, absolute. */
  home: string;
  /** Opens the snapshot of Postgres once the working file is held. */
  openReader: () => Promise<DeltaReader>;
  /** Read everything, whatever was read before. */
  rebuild?: boolean;
  /** `delta` (default): the rows that are read are compared as they arrive, which are all of them at the first read. `full`: every row in the file as well. */
  check?: "delta" | "full";
  /** Published files that are kept here. Default 14. */
  keep?: number;
  /** Milliseconds for which this process keeps the working file open for its next turn; it gives it up when another process asks. Default 0. */
  keepOpenFor?: number;
  say?: (line: string) => void;
  reach?: (point: SyncPoint) => void;
  /** Runs each read of Postgres and each change of the file in a span of the caller's. Default: in none. */
  span?: SyncSpan;
}

export interface SyncResult {
  manifest: Manifest;
  /** Why everything was read, or null for a delta. */
  rebuilt: string | null;
  /** Rows that came from Postgres, by table; tables without any are left out. */
  read: Record<string, string>;
  check: "delta" | "full";
}

/**
 * Brings the mirror to one snapshot of Postgres and publishes it. Errors: EG428 when another process does so in this home, EG431 when the mirror is not
 * what Postgres has (nothing is published), EG503 when the database is not there, EG403 when its login may not read.
 */
export async function synchronise(options: SyncOptions): Promise<SyncResult> {
  const paths = await makeHome(options.home);
  return holding(paths, (file) => bringUpToDate(paths, file, options), options.keepOpenFor);
}

async function bringUpToDate(paths: AnalyticsHome, file: DuckFile, options: SyncOptions): Promise<SyncResult> {
  const { say = () => {}, reach = () => {}, keep = 14, span = (_name, work) => work() } = options;
  const { mirrors, hash } = await readModel();
  await sweep(paths);
  const reader = await options.openReader();
  try {
    reach("opened");
    const before = await positionOf(file);
    const rebuilt = reasonToRebuild(before, reader.position, options.rebuild === true);
    const since = rebuilt === null && before !== null ? before.tx : null;
    const check = since === null ? "full" : (options.check ?? "delta");
    const same = before?.source === reader.position.source;
    // what changed is little: a second thread waits for its turn longer than it works
    await file.run(check === "delta" ? "set threads = 1" : "reset threads");
    let read: Record<string, string> = {};
    const content = await file.transaction(async () => {
      const moving = { file, reader, mirrors, span, say, staged: () => reach("staged") };
      read = since === null ? await readAll(moving, same) : await readChanges(moving, since);
      if (since !== null)
        for (const mirror of mirrors)
          if (check === "full" || mirror.shrinks) await removeGone(file, reader, mirror, paths.staging);
      reach("merged");
      if (options.check === "full") {
        say("comparing every row");
        const theirs = await span("data.load.supabase", () => reader.checkTexts(mirrors));
        await span("data.transform.duckdb", async () => {
          for (const [at, mirror] of mirrors.entries()) await reconcile(file, mirror, theirs[at]);
        });
      }
      reach("reconciled");
      return settle(file, reader, hash);
    });
    reach("committed");
    // Postgres need not hold the snapshot while it is published
    await Promise.all([reader.close(), file.run("checkpoint")]);
    reach("written");
    say("publishing");
    const manifest = await publish(paths, content, { keep, reach });
    return { manifest, rebuilt, read, check };
  } finally {
    await reader.close().catch(() => {});
  }
}

interface Moving {
  file: DuckFile;
  reader: DeltaReader;
  mirrors: readonly Mirror[];
  span: SyncSpan;
  say: (line: string) => void;
  staged: () => void;
}

/** Asks which tables have changed and reads what did. Answers how many rows of which table. */
async function readChanges(moving: Moving, since: string): Promise<Record<string, string>> {
  const { file, reader, mirrors, span, say, staged } = moving;
  const read: Record<string, string> = {};
  const changes = await span("data.load.supabase", () => reader.check(mirrors, since));
  for (const [at, theirs] of changes.entries()) {
    if (theirs.rows === "0") continue;
    const mirror = mirrors[at] as Mirror;
    say(`${mirror.name}: reading ${theirs.rows} rows`);
    await takeChanges(file, reader, mirror, { since, theirs, span });
    read[mirror.name] = theirs.rows;
    staged();
  }
  return read;
}

/** Reads every row and compares it with what Postgres says of all of them, which it is asked meanwhile. Answers how many rows of which table. */
async function readAll(moving: Moving, same: boolean): Promise<Record<string, string>> {
  const { file, reader, mirrors, span, say, staged } = moving;
  const asked = span("data.load.supabase", () => reader.check(mirrors, null));
  asked.catch(() => {}); // heard of below
  const arrived: Checksum[] = [];
  for (const mirror of mirrors) {
    say(`${mirror.name}: reading all rows`);
    arrived.push(await takeAll(file, reader, mirror, { same, span }));
    staged();
  }
  const read: Record<string, string> = {};
  for (const [at, theirs] of (await asked).entries()) {
    const { name } = mirrors[at] as Mirror;
    refuseUnequal(name, theirs, arrived[at] as Checksum);
    if (theirs.rows !== "0") read[name] = theirs.rows;
  }
  return read;
}

function reasonToRebuild(before: Position | null, now: Position, asked: boolean): string | null {
  if (asked) return "asked for";
  if (before === null) return "nothing was read before";
  if (before.source !== now.source) return "the database is another one, or was restored";
  // a database that went back in time without saying so
  return BigInt(now.tx) < BigInt(before.tx) ? "the position is ahead of the database" : null;
}

/** Every row here against every row there, and both against the books. Errors: EG431. */
async function reconcile(file: DuckFile, mirror: Mirror, theirs: Checksum = { rows: "0", sum: "0" }): Promise<void> {
  refuseUnequal(mirror.name, theirs, await checksumOfTexts(file, mirror));
  const ours = await checksum(file, mirror);
  const book = await bookOf(file, mirror);
  if (book.rows !== ours.rows || book.sum !== ours.sum)
    throw new EvergreenError("EG431", `The books of ${mirror.name} are not its rows; nothing was published.`);
}

/** Writes where the file stands now. */
async function settle(file: DuckFile, { position, takenAt }: DeltaReader, model: string): Promise<Content> {
  const tables = await booksOf(file);
  const contentHash = contentHashOf(tables);
  await file.run("update sync.state set source = $source, tx = $tx, taken_at = $takenAt, content_hash = $contentHash", {
    ...position,
    takenAt,
    contentHash,
  });
  return { contentHash, model, position, takenAt, tables };
}
