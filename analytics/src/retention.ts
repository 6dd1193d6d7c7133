// Retires what is older than its term: archive, read back, copy, and only then the database lets go; at last the analytical file takes it in.
// A process that dies anywhere leaves every row in the database or in an archive that was verified, and the next run goes on from there.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArchiveReader, DueRows } from "@evergreen-fund/supabase-client";
import { amend } from "./amend.ts";
import {
  type ArchiveManifest,
  archiveFile,
  archiveFolder,
  loadArchives,
  localArchive,
  verifyArchive,
  writeArchive,
} from "./archive.ts";
import type { Store } from "./store.ts";
import { type SyncOptions, synchronise } from "./sync.ts";

/** The places at which a test ends the process, in their order. */
export const RETENTION_POINTS = [
  "drafted",
  "named",
  "sealed",
  "verified",
  "copied",
  "retired",
  "mirrored",
  "loaded",
] as const;
export type RetentionPoint = (typeof RETENTION_POINTS)[number];

export interface RetentionOptions {
  /** EVERGREEN_HOME, absolute. */
  home: string;
  openReader: SyncOptions["openReader"];
  openArchives: () => Promise<ArchiveReader>;
  /** Tells the database, which compares for itself and refuses on any difference. */
  retire: (due: DueRows, archive: ArchiveManifest, stored: "home" | "store") => Promise<unknown>;
  /** Where archives are copied before anything is retired; null: they stay in the home alone. */
  store: Store | null;
  say?: (line: string) => void;
  reach?: (point: RetentionPoint) => void;
}

export interface RetentionResult {
  retired: ArchiveManifest[];
  /** Not retired because of a legal hold. */
  held: DueRows[];
  /** Archives that the analytical file took in, of this run or of one that died. */
  loaded: string[];
}

/**
 * Errors: EG425 when rows changed while they were archived, EG428 on a hold that was placed meanwhile or when another process works on the analytical
 * file, EG431 when an archive does not read back; what was retired before that stays retired, and nothing of the rest.
 */
export async function runRetention(options: RetentionOptions): Promise<RetentionResult> {
  const { home, store, say = () => {}, reach = () => {} } = options;
  const retired: ArchiveManifest[] = [];
  await sweep(home);
  const reader = await options.openArchives();
  let plan: DueRows[];
  try {
    plan = await reader.plan();
    for (const due of plan.filter(({ held }) => !held)) {
      say(`${due.what} of ${due.month.slice(0, 7)}: archiving ${due.rows} rows`);
      const archive = await writeArchive(home, reader, due, reach);
      if (archive === null) continue;
      reach("verified");
      if (store !== null) await copyTo(store, home, archive);
      reach("copied");
      await options.retire(due, archive, store === null ? "home" : "store");
      reach("retired");
      retired.push(archive);
    }
  } finally {
    await reader.close();
  }
  say("bringing the analytical file up to it");
  await synchronise({ home, openReader: options.openReader, check: "full" });
  reach("mirrored");
  const { result: loaded } = await amend(home, (file) => loadArchives(file, (id) => localArchive(home, store, id)));
  reach("loaded");
  return { retired, held: plan.filter(({ held }) => held), loaded };
}

/** Puts the file into the store and reads it from there, through and through. */
async function copyTo(store: Store, home: string, archive: ArchiveManifest): Promise<void> {
  const path = archiveFile(home, archive.archiveId);
  const name = `${archive.archiveId}.parquet`;
  await store.putArchive(name, path, archive.bytes, archive.sha256);
  const back = `${path}.back.draft`;
  try {
    await store.getArchive(name, back);
    await verifyArchive(back, archive);
  } finally {
    await rm(back, { force: true });
  }
}

/** What a process that died left half made. */
async function sweep(home: string): Promise<void> {
  const names = await readdir(archiveFolder(home)).catch(() => []);
  await Promise.all(
    names.filter((name) => name.endsWith(".draft")).map((name) => rm(join(archiveFolder(home), name), { force: true })),
  );
}
