// Synchronisation: what changed in Postgres since the position, reconciled in the same snapshot, committed to the working file, then published.
// A process that dies anywhere leaves the previous snapshot whole and the working file where it was or where it was going.
import { EvergreenError } from "@evergreen-fund/domain";
import type { Checksum, DeltaReader, Position } from "@evergreen-fund/supabase-client";
import type { DuckFile } from "./file.ts";
import { type AnalyticsHome, makeHome } from "./home.ts";
import { bookOf, booksOf, checksum, checksumOfTexts, refuseUnequal, removeGone, take } from "./load.ts";
import { type Mirror, readModel } from "./model.ts";
import { type Content, contentHashOf, type Manifest, type PublishPoint, publish, sweep } from "./publish.ts";
import { holding, openWork, positionOf } from "./work.ts";

/** The places at which a test ends the process. */
export const SYNC_POINTS = [
  "opened",
  "staged",
  "merged",
  "reconciled",
  "committed",
  "closed",
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
  return holding(paths, () => bringUpToDate(paths, options));
}

async function bringUpToDate(paths: AnalyticsHome, options: SyncOptions): Promise<SyncResult> {
  const { say = () => {}, reach = () => {}, keep = 14, span = (_name, work) => work() } = options;
  const { mirrors, hash } = await readModel();
  // nobody else writes here, so the snapshot of Postgres may be taken while the file is opened: it is not older than what the file has
  const opening = options.openReader();
  opening.catch(() => {}); // whoever awaits it below hears of it
  try {
    const file = await openWork(paths);
    let closed = false;
    try {
      await sweep(paths);
      const reader = await opening;
      reach("opened");
      const before = await positionOf(file);
      const rebuilt = reasonToRebuild(before, reader.position, options.rebuild === true);
      const since = rebuilt === null && before !== null ? before.tx : null;
      const check = since === null ? "full" : (options.check ?? "delta");
      const same = before?.source === reader.position.source;
      const read: Record<string, string> = {};
      const content = await file.transaction(async () => {
        const changes = await span("data.load.supabase", () => reader.check(mirrors, since));
        for (const [at, mirror] of mirrors.entries()) {
          const added = changes[at] ?? { rows: "0", sum: "0" };
          if (added.rows !== "0") {
            say(`${mirror.name}: reading ${added.rows} rows`);
            read[mirror.name] = added.rows;
          }
          if (added.rows !== "0" || since === null) {
            await take(file, reader, mirror, { since, theirs: added, same, span });
            reach("staged");
          }
          if (since !== null && (check === "full" || mirror.shrinks))
            await removeGone(file, reader, mirror, paths.staging);
        }
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
      file.close();
      closed = true;
      reach("closed");
      say("publishing");
      const manifest = await publish(paths, paths.work, content, { keep, reach });
      return { manifest, rebuilt, read, check };
    } finally {
      if (!closed) file.close();
    }
  } finally {
    await opening.then((reader) => reader.close()).catch(() => {});
  }
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
