// The door to the analytical files as a worker process uses it: snapshots of Postgres made when they are needed, the books of funds read out of them, and
// what was computed put back. Rooms know this interface and not DuckDB.
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  amend,
  findSnapshot,
  listSnapshots,
  type Manifest,
  openFile,
  readBook,
  recordValuations,
  type Store,
  synchronise,
  type ValuationRun,
} from "@evergreen-fund/analytics";
import { analyticsHome, makeHome } from "@evergreen-fund/analytics/home.ts";
import { receiveSnapshot } from "@evergreen-fund/analytics/receive.ts";
import { EvergreenError } from "@evergreen-fund/domain";
import { canonicalJson, type Json } from "@evergreen-fund/finance/scenarios/index.ts";
import type { DeltaReader } from "@evergreen-fund/supabase-client";
import { syncSpan } from "./data-quality.ts";

/** A snapshot by its name here and by the hash of what was mirrored, which names the same content everywhere. */
export interface SnapshotRef {
  name: string;
  hash: string;
}
/** The book of a fund as canonical JSON in a file, for whoever computes: a thread reads it itself. */
export interface BookRef {
  path: string;
}

export interface Snapshots {
  /** A snapshot of Postgres taken at that moment or later: the newest one here, else a new one. Errors: EG503 while another process keeps writing. */
  freshAfter(moment: Date): Promise<SnapshotRef>;
  /**
   * The book of a fund as the snapshot with that content has it. `anew`: read from the snapshot again where it still lies, whatever is kept.
   * Errors: EG404 when neither this machine nor the store has that content, and what readBook says.
   */
  book(snapshot: SnapshotRef, fundId: string, options?: { anew?: boolean }): Promise<BookRef>;
  /** Writes the values of a run and publishes them. Errors: EG503 while another process keeps writing. */
  publish(run: ValuationRun): Promise<void>;
}

/** Published files that stay: many funds stressed in one night make many, and a run under way must find its own. */
const KEEP = 40;
/** Books that stay; one that is asked for again is read again. */
const KEEP_BOOKS = 60;
/** For how long the working file stays open after a turn: a night of stress takes many. */
const KEEP_OPEN_MS = 30_000;
const KEPT = { keep: KEEP, keepOpenFor: KEEP_OPEN_MS };
const PATIENCE_MS = 120_000;
const PAUSE_MS = 250;

export interface SnapshotsOptions {
  home: string;
  openReader: () => Promise<DeltaReader>;
  /** Where other machines find what this one took; null: snapshots stay here. */
  store: Store | null;
  /** Books are kept per version of the code that reads them. */
  codeHash: string;
  log: (line: string) => void;
}

export function openSnapshots({ home, openReader, store, codeHash, log }: SnapshotsOptions): Snapshots {
  const folder = join(analyticsHome(home).folder, "books");
  // one after the other: who waited for a synchronisation finds the snapshot that it made
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  };

  /** The newest snapshot here that is not older, by the database's clock. */
  async function notOlder(moment: Date): Promise<SnapshotRef | undefined> {
    const [newest] = await listSnapshots(home);
    return newest !== undefined && Date.parse(newest.takenAt) >= moment.getTime() ? refOf(newest) : undefined;
  }

  async function local({ name, hash }: SnapshotRef): Promise<(Manifest & { path: string }) | undefined> {
    const all = await listSnapshots(home);
    const found = all.find((one) => one.name === name) ?? all.find(({ contentHash }) => contentHash === hash);
    return found === undefined ? undefined : findSnapshot(home, found.name);
  }

  /** From here, else from the store, by the hash of the content. */
  async function snapshot(ref: SnapshotRef): Promise<Manifest & { path: string }> {
    const here = await local(ref);
    if (here !== undefined) return here;
    if (store !== null) await receiveSnapshot(home, store, ref.hash, log);
    const now = await local(ref);
    if (now !== undefined) return now;
    throw new EvergreenError("EG404", "Neither this machine nor the store of copies has that snapshot.");
  }

  async function prune(): Promise<void> {
    const names = await readdir(folder);
    const aged = await Promise.all(
      names.map(async (name) => ({
        name,
        at: await stat(join(folder, name)).then(
          (one) => one.mtimeMs,
          () => 0,
        ),
      })),
    );
    for (const { name } of aged.sort((a, b) => b.at - a.at).slice(KEEP_BOOKS))
      await rm(join(folder, name), { force: true });
  }

  return {
    freshAfter: (moment) =>
      inTurn(async () => {
        const end = Date.now() + PATIENCE_MS;
        for (;;) {
          const there = await notOlder(moment);
          const made =
            there === undefined
              ? await unlessBusy(() => synchronise({ home, openReader, ...KEPT, span: syncSpan }), end)
              : undefined;
          const ref = there ?? (made === undefined ? undefined : refOf(made.manifest));
          if (ref === undefined) continue;
          if (store !== null) {
            const taken = await findSnapshot(home, ref.name);
            if (made !== undefined) await store.upload(taken);
            // one taken by hand is not there yet, and the next one taken is the newest instead: who values a shard of this run finds it by its content
            await store.share(taken);
          }
          return ref;
        }
      }),
    async book(ref, fundId, { anew = false } = {}) {
      const path = join(folder, `${ref.hash}-${fundId}-${codeHash.slice(0, 12)}.json`);
      const kept = await readFile(path).then(
        () => true,
        () => false,
      );
      if (kept && !anew) return { path };
      // an old snapshot may be gone from here and from the store; what was read out of it is as good
      const source = anew && kept ? await local(ref) : await snapshot(ref);
      if (source === undefined) return { path };
      const file = await openFile(source.path, { readOnly: true });
      try {
        const text = canonicalJson((await readBook(file, fundId)) as unknown as Json);
        await makeHome(home);
        const target = anew ? `${path}.again-${process.pid}` : path;
        await writeWhole(folder, target, text);
        await prune();
        return { path: target };
      } finally {
        file.close();
      }
    },
    publish: (run) =>
      inTurn(async () => {
        const end = Date.now() + PATIENCE_MS;
        for (;;) {
          if ((await listSnapshots(home)).length === 0)
            await unlessBusy(() => synchronise({ home, openReader, ...KEPT, span: syncSpan }), end);
          const done = await unlessBusy(() => amend(home, (file) => recordValuations(file, run), KEPT), end);
          if (done === undefined) continue;
          if (store !== null) await store.upload(await findSnapshot(home, done.manifest.name));
          return;
        }
      }),
  };
}

const refOf = ({ name, contentHash }: Manifest): SnapshotRef => ({ name, hash: contentHash });

/** The answer, or undefined after a pause when another process writes in this home. Errors: EG503 when it does so for too long. */
async function unlessBusy<T>(work: () => Promise<T>, end: number): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EvergreenError) || error.code !== "EG428") throw error;
    if (Date.now() > end)
      throw new EvergreenError("EG503", "Another process keeps writing the analytical file; try again.", {
        cause: error,
      });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return undefined;
  }
}

/** Under another name first: a reader finds a whole file or none. */
async function writeWhole(folder: string, path: string, text: string): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
