// Files of retired rows: written from Postgres, read back through and through, and read again by whoever asks for an archived event.
// `archive/ID.parquet` with a manifest beside it; ID is the beginning of the digest over its rows, so that a name is its content.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { type ArchiveReader, type DueRows, toEvergreenError } from "@evergreen-fund/supabase-client";
import { type DuckFile, literal, openFile } from "./file.ts";
import { persist } from "./home.ts";
import type { Store } from "./store.ts";

export interface ArchiveManifest {
  archiveId: string;
  what: DueRows["what"];
  fundId: string | null;
  /** First day, YYYY-MM-DD. */
  month: string;
  rows: number;
  /** sha256 over the hexadecimal sha256 of each row's text, in the order of their places. */
  digest: string;
  file: string;
  /** Of the bytes of the file. */
  sha256: string;
  bytes: number;
  madeAt: string;
}

export const archiveFolder = (home: string): string => join(home, "archive");
export const archiveFile = (home: string, archiveId: string): string => join(archiveFolder(home), nameOf(archiveId));
const nameOf = (archiveId: string): string => {
  if (!/^[0-9a-f-]{36}$/.test(archiveId)) throw new EvergreenError("EG400", "An archive is named by its id.");
  return `${archiveId}.parquet`;
};

/** A uuid of version 8 from the beginning of a digest, as the database makes it. */
export function archiveIdOf(digest: string): string {
  const d = digest.slice(0, 32);
  return [d.slice(0, 8), d.slice(8, 12), `8${d.slice(13, 16)}`, `8${d.slice(17, 20)}`, d.slice(20)].join("-");
}

const DIGEST = "sha256(coalesce(string_agg(sha256(canonical), '' order by place), ''))";
/** What a person with a Parquet reader looks for; the text of the row has everything. */
const COLUMNS: Record<DueRows["what"], string> = {
  fund_events: `(canonical ->> 'event_id')::uuid as id, canonical ->> 'type' as type, (canonical ->> 'recorded_at')::timestamptz as recorded_at`,
  asset_snapshots: `(canonical ->> 'snapshot_id')::uuid as id, (canonical ->> 'asset_id')::uuid as asset_id, (canonical ->> 'as_of')::date as as_of, (canonical ->> 'nav')::decimal(38, 4) as nav`,
};

/** A place at which a test ends the process. */
export type ArchivePoint = "drafted" | "named" | "sealed";

/**
 * Writes the rows that are due now into a file of their own and reads it back. Null when nothing is due any more.
 * Errors: EG431 when the file does not read back as it was written, EG503 when the database went away.
 */
export async function writeArchive(
  home: string,
  reader: ArchiveReader,
  due: DueRows,
  reach: (point: ArchivePoint) => void,
): Promise<ArchiveManifest | null> {
  const folder = archiveFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const rows = join(folder, `${process.pid}.csv.draft`);
  const draft = join(folder, `${process.pid}.parquet.draft`);
  const file = await openFile(":memory:");
  try {
    await pipeline(reader.copy(due), createWriteStream(rows, { mode: 0o600 })).catch((error: unknown) => {
      throw toEvergreenError(error);
    });
    await file.run(
      `create table due as from read_csv(${literal(rows)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', max_line_size = 16777216, columns = {place: 'VARCHAR', canonical: 'VARCHAR'})`,
    );
    const [told] = await file.rows(`select count(*)::integer as rows, ${DIGEST} as digest from due`);
    if (told?.rows === 0) return null;
    await file.run(
      `copy (select place, ${COLUMNS[due.what]}, sha256(canonical) as digest, canonical from due order by place) to ${literal(draft)} (format parquet, compression zstd)`,
    );
    await persist(draft);
    reach("drafted");
    const digest = String(told?.digest);
    const archiveId = archiveIdOf(digest);
    const path = archiveFile(home, archiveId);
    const manifest: ArchiveManifest = {
      archiveId,
      what: due.what,
      fundId: due.fundId,
      month: due.month,
      rows: Number(told?.rows),
      digest,
      file: `archive/${nameOf(archiveId)}`,
      sha256: await sha256Of(draft),
      bytes: (await stat(draft)).size,
      madeAt: new Date().toISOString(),
    };
    await rename(draft, path);
    reach("named");
    const note = `${path}.json.draft`;
    await writeFile(note, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    await persist(note);
    await rename(note, path.replace(/parquet$/, "json"));
    await persist(folder);
    reach("sealed");
    await verifyArchive(path, manifest);
    return manifest;
  } finally {
    file.close();
    await Promise.all([rm(rows, { force: true }), rm(draft, { force: true })]);
  }
}

/** Reads a file from the disk and compares bytes, rows and the digest over the text of every row. Errors: EG431. */
export async function verifyArchive(
  path: string,
  manifest: Pick<ArchiveManifest, "rows" | "digest" | "sha256">,
): Promise<void> {
  const differs = (what: string): EvergreenError =>
    new EvergreenError("EG431", `An archive is not what its manifest says (${what}); nothing was retired.`);
  if ((await sha256Of(path)) !== manifest.sha256) throw differs("its bytes");
  const file = await openFile(":memory:");
  try {
    const [found] = await file.rows(
      `select count(*)::integer as rows, count(distinct id)::integer as ids, ${DIGEST} as digest, count(*) filter (where digest <> sha256(canonical))::integer as wrong
         from read_parquet(${literal(path)})`,
    );
    if (found?.rows !== manifest.rows || found.ids !== manifest.rows) throw differs("its rows");
    if (found.digest !== manifest.digest || found.wrong !== 0) throw differs("its digest");
  } catch (error) {
    throw error instanceof EvergreenError
      ? error
      : new EvergreenError("EG431", "An archive cannot be read.", { cause: error });
  } finally {
    file.close();
  }
}

/** The file of an archive, fetched from the store when this home has it no longer. Errors: EG404. */
export async function localArchive(home: string, store: Store | null, archiveId: string): Promise<string> {
  const path = archiveFile(home, archiveId);
  if (existsSync(path)) return path;
  if (store === null)
    throw new EvergreenError("EG404", `The archive ${archiveId} is neither in this home nor in a store.`);
  await mkdir(archiveFolder(home), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  try {
    await store.getArchive(nameOf(archiveId), draft);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}

/** An event as `fn_read_events` answers it. */
export interface ReadEvent {
  event_id: string;
  payload: unknown;
  archive_id: string | null;
  content_digest: string | null;
  /** Set when the archived content stands in `payload`. */
  content_from?: "archive" | undefined;
}

/**
 * Puts the archived content in the place of what the database kept. Only rows that the database answered are looked for: who may read
 * what was decided there. Errors: EG404 when a file is nowhere, EG431 when its text is not what the database remembers.
 */
export async function withContent<T extends ReadEvent>(
  home: string,
  store: Store | null,
  events: readonly T[],
): Promise<T[]> {
  const archived = events.filter(({ archive_id, content_from }) => archive_id !== null && content_from !== "archive");
  if (archived.length === 0) return [...events];
  const texts = new Map<string, string>();
  const file = await openFile(":memory:");
  try {
    for (const archiveId of new Set(archived.map(({ archive_id }) => String(archive_id)))) {
      const path = await localArchive(home, store, archiveId);
      const ids = archived.filter((event) => event.archive_id === archiveId).map((event) => literal(event.event_id));
      for (const row of await file.rows(
        `select id::varchar as id, canonical from read_parquet(${literal(path)}) where id in (${ids.map((id) => `${id}::uuid`).join(", ")})`,
      ))
        texts.set(String(row.id), String(row.canonical));
    }
  } finally {
    file.close();
  }
  return events.map((event) => {
    if (event.archive_id === null || event.content_from === "archive") return event;
    const text = texts.get(event.event_id);
    if (text === undefined || createHash("sha256").update(text).digest("hex") !== event.content_digest)
      throw new EvergreenError("EG431", "An archived event is not what the database remembers of it.");
    return { ...event, payload: (JSON.parse(text) as { payload: unknown }).payload, content_from: "archive" };
  });
}

/** How the rows of archives come into the analytical file, each archive once. Runs in the caller's transaction. */
export async function loadArchives(file: DuckFile, pathOf: (archiveId: string) => Promise<string>): Promise<string[]> {
  const missing = await file.rows(
    "select a.archive_id::varchar as id, a.what, a.rows, a.digest, a.sha256 from retention_archives a anti join archives_loaded using (archive_id) order by a.month, 1",
  );
  const paths = new Map<string, string>();
  for (const { id, rows, digest, sha256 } of missing) {
    const path = await pathOf(String(id));
    await verifyArchive(path, { rows: Number(rows), digest: String(digest), sha256: String(sha256) });
    paths.set(String(id), path);
  }
  const of = (what: string) => missing.filter((one) => one.what === what).map(({ id }) => String(id));
  for (const id of of("fund_events")) await file.run(eventsFrom(paths.get(id) ?? ""));
  await loadMonths(
    file,
    of("asset_snapshots").map((id) => [id, paths.get(id) ?? ""]),
  );
  await file.run(
    `insert into archives_loaded select a.archive_id, a.rows, now() from retention_archives a anti join archives_loaded using (archive_id)`,
  );
  return missing.map(({ id }) => String(id));
}

const eventsFrom = (path: string): string => `insert into fund_events_archive by name
  select e.* from (
    select id as event_id, (canonical ->> 'seq')::bigint as seq, canonical ->> 'type' as type, (canonical ->> 'fund_id')::uuid as fund_id,
           (canonical -> 'payload')::json as payload, canonical ->> 'source' as source, (canonical -> 'event_meta')::json as event_meta,
           (canonical ->> 'schema_version')::integer as schema_version, from_json(canonical -> 'investor_ids', '["UUID"]') as investor_ids,
           (canonical ->> 'effective_at')::timestamptz as effective_at, (canonical ->> 'recorded_at')::timestamptz as recorded_at, (canonical ->> 'tx')::ubigint as tx
      from read_parquet(${literal(path)})) e anti join fund_events_archive using (event_id)`;

/** What the synchronisation summed up when the rows went is replaced by the same sums with the archive's name: no day counts twice. */
async function loadMonths(file: DuckFile, archives: readonly [id: string, path: string][]): Promise<void> {
  for (const [id, path] of archives) {
    await file.run(`create or replace temp table days as
      select id as snapshot_id, asset_id, (canonical ->> 'fund_id')::uuid as fund_id, as_of, nav, (canonical ->> 'leverage')::decimal(38, 18) as leverage,
             (canonical ->> 'esg_score')::decimal(38, 18) as esg_score, canonical ->> 'scenario_id' as scenario_id, (canonical ->> 'recorded_at')::timestamptz as recorded_at
        from read_parquet(${literal(path)})`);
    await file.run("create or replace temp table sums as from months_of('days')");
    await file.run(`delete from asset_snapshots_retired r where r.archive_id is null and exists (
      select 1 from sums s where s.asset_id = r.asset_id and s.scenario_id = r.scenario_id and s.month = r.month)`);
    await file.run(
      `insert into asset_snapshots_retired by name select s.*, ${literal(id)}::uuid as archive_id from sums s`,
    );
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
