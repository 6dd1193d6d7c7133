// From Postgres into the working file: changed rows are compared as they arrive with what Postgres says of them, and take the place of the rows of their
// keys; into an empty table they go straight. Everything happens in one transaction of the caller's.
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Checksum, type DeltaReader, toEvergreenError } from "@evergreen-fund/supabase-client";
import { receiveRows } from "./arrival.ts";
import { type DuckFile, literal, quoted } from "./file.ts";
import type { Mirror } from "./model.ts";
import type { SyncSpan } from "./sync.ts";

/** DuckDB's own hash of a row: what the books of a table add up. It takes a fortieth of the time of `textHash`. */
const rowHash = ({ columns }: Mirror, alias: string): string =>
  `hash(${columns.map(({ name }) => `${alias}.${quoted(name)}`).join(", ")})`;

/** A row as it is hashed when it is compared: the same text that Postgres makes of it. */
function textHash({ columns }: Mirror, alias: string): string {
  const parts = columns.map(({ name, type }) => {
    const column = `${alias}.${quoted(name)}`;
    return `coalesce(${type === "instant" ? `epoch_us(${column})` : column}::varchar, chr(30))`;
  });
  return `('0x' || substr(md5(${parts.join(" || chr(31) || ")}), 1, 15))::ubigint`;
}

const summed = async (file: DuckFile, hash: string, from: string): Promise<Checksum> => {
  const [row] = await file.rows(`select count(*) as rows, coalesce(sum(${hash}::hugeint), 0) as sum from ${from}`);
  return { rows: String(row?.rows), sum: String(row?.sum) };
};

/** Rows of a mirrored table, or of another with its columns, and the sum of their hashes, as the books have them. */
export const checksum = (file: DuckFile, mirror: Mirror, table = quoted(mirror.name)): Promise<Checksum> =>
  summed(file, rowHash(mirror, "t"), `${table} t`);

/** The same over the text of every row, to be held against Postgres' `checkTexts`. */
export const checksumOfTexts = (file: DuckFile, mirror: Mirror): Promise<Checksum> =>
  summed(file, textHash(mirror, "t"), `${quoted(mirror.name)} t`);

const stagedName = ({ name }: Mirror): string => `staged_${name}`;
const staged = (mirror: Mirror): string => quoted(stagedName(mirror));

/**
 * Reads the rows written since the position (null: all) and puts them in the place of the rows of their keys; keeps the books of the table.
 * @param theirs what Postgres says of these rows in the same snapshot.
 * @param same the database that was read before: what it no longer has was retired, and is kept where retired rows are.
 * Errors: EG431 when other rows arrive than Postgres counts and hashes.
 */
export async function take(
  file: DuckFile,
  reader: DeltaReader,
  mirror: Mirror,
  { since, theirs, same, span }: { since: string | null; theirs: Checksum; same: boolean; span: SyncSpan },
): Promise<void> {
  const table = quoted(mirror.name);
  const straight = since === null && (await isEmpty(file, table));
  await span("data.load.supabase", async () => {
    if (!straight) await file.run(`create or replace temp table ${staged(mirror)} as from ${table} limit 0`);
    if (theirs.rows === "0") return;
    const [schema, name] = straight ? (["main", mirror.name] as const) : (["temp", stagedName(mirror)] as const);
    const streams = since === null ? await reader.copyAll(mirror) : [reader.copy(mirror, since)];
    const arrived = await file.append(schema, name, (append) =>
      receiveRows(streams, mirror, append).catch((error: unknown) => {
        throw toEvergreenError(error);
      }),
    );
    refuseUnequal(mirror.name, theirs, arrived);
  });
  await span("data.transform.duckdb", async () => {
    if (since !== null) return replace(file, mirror, theirs);
    if (!straight) {
      if (same) await keepGone(file, mirror, staged(mirror));
      await file.run(`delete from ${table}; insert into ${table} from ${staged(mirror)}`);
    }
    const added = await checksum(file, mirror);
    refuseUnequal(mirror.name, theirs, { ...theirs, rows: added.rows });
    await writeBook(file, mirror, added);
  });
  if (!straight && since === null) await file.run(`drop table ${staged(mirror)}`);
}

const isEmpty = async (file: DuckFile, table: string): Promise<boolean> =>
  (await file.rows(`select 1 from ${table} limit 1`)).length === 0;

/** Errors: EG431, which names the table. */
export function refuseUnequal(table: string, theirs: Checksum, ours: Checksum): void {
  if (theirs.rows === ours.rows && theirs.sum === ours.sum) return;
  const what = theirs.rows === ours.rows ? "rows differ" : `${theirs.rows} rows there and ${ours.rows} here`;
  throw new EvergreenError(
    "EG431",
    `${table} is not what Postgres has (${what}); nothing was published. \`snapshot create --rebuild\` reads everything anew.`,
  );
}

/** Puts the staged rows in the place of the rows of their keys, in as few statements as it takes: each costs more than its rows. */
async function replace(file: DuckFile, mirror: Mirror, theirs: Checksum): Promise<void> {
  const table = quoted(mirror.name);
  // a column that never changes bounds the part of the table that is looked at: DuckDB knows the range of each block of rows
  const keys = [...mirror.key, ...(mirror.fixed === null ? [] : [mirror.fixed])].map(quoted).join(", ");
  await file.run(
    `create or replace temp table stale as select t.rowid as place from ${table} t semi join ${staged(mirror)} using (${keys})`,
  );
  const hash = `coalesce(sum(${rowHash(mirror, "t")}::hugeint), 0)`;
  const [found] = await file.rows(
    `select s.rows as stale, a.rows as added, coalesce(b.rows, 0) - s.rows + a.rows as rows, coalesce(b.sum, 0) - s.sum + a.sum as sum from
      (select count(*)::hugeint as rows, ${hash} as sum from ${table} t where ${PLACES}) s,
      (select count(*)::hugeint as rows, ${hash} as sum from ${staged(mirror)} t) a
      left join (select rows::hugeint as rows, sum from sync.tables where name = ${literal(mirror.name)}) b on true`,
  );
  refuseUnequal(mirror.name, theirs, { ...theirs, rows: String(found?.added) });
  const remove = found?.stale === "0" ? "" : `delete from ${table} where ${PLACES};`;
  await file.run(
    `${remove} insert into ${table} from ${staged(mirror)}; drop table ${staged(mirror)};
      insert or replace into sync.tables values (${literal(mirror.name)}, ${String(found?.rows)}::ubigint, ${String(found?.sum)}::hugeint)`,
  );
}

/** Of the table of places that `stale` is: rows are looked up by where they are, so that only those that go are read whole. */
const PLACES = "rowid in (select place from stale)";

/** The rows of a mirrored table, as `t`, whose keys are not in another table. */
const goneFrom = (mirror: Mirror, present: string): string =>
  `from ${quoted(mirror.name)} t anti join ${present} using (${mirror.key.map(quoted).join(", ")})`;

/** What outlives its row in Postgres: events go to the archive, days into the sums of their months. */
async function keepGone(file: DuckFile, mirror: Mirror, present: string): Promise<void> {
  const gone = goneFrom(mirror, present);
  if (mirror.name === "fund_events")
    await file.run(
      `insert into fund_events_archive by name select t.* ${gone} anti join fund_events_archive using (event_id)`,
    );
  if (mirror.name !== "asset_snapshots") return;
  await file.run(`create or replace temp table retired as select t.* ${gone}`);
  await file.run("insert into asset_snapshots_retired by name from months_of('retired')");
}

/** Removes rows and says what they were in the books. `from`: the rows, as `t`. */
async function removeRows(file: DuckFile, mirror: Mirror, from: string): Promise<Checksum> {
  await file.run(`create or replace temp table stale as select t.rowid as place ${from}`);
  const stale = await summed(file, rowHash(mirror, "t"), `${quoted(mirror.name)} t where t.${PLACES}`);
  if (stale.rows !== "0") await file.run(`delete from ${quoted(mirror.name)} where ${PLACES}`);
  return stale;
}

/** Takes out the rows that Postgres no longer has; events go to the archive. Nothing is read unless Postgres has fewer rows. */
export async function removeGone(file: DuckFile, reader: DeltaReader, mirror: Mirror, folder: string): Promise<void> {
  const book = await bookOf(file, mirror);
  if (BigInt(await reader.count(mirror)) >= BigInt(book.rows)) return;
  const types = mirror.key.map((name) => `${literal(name)}: ${literal(mirror.types[name] ?? "")}`).join(", ");
  await throughFile(reader.copyKeys(mirror), join(folder, `${mirror.name}.keys.csv`), (path) =>
    file.run(`create or replace temp table present as from ${csv(path, types)}`),
  );
  await keepGone(file, mirror, "present");
  const removed = await removeRows(file, mirror, goneFrom(mirror, "present"));
  await writeBook(file, mirror, {
    rows: String(BigInt(book.rows) - BigInt(removed.rows)),
    sum: String(BigInt(book.sum) - BigInt(removed.sum)),
  });
}

/** What the books say of a table. */
export async function bookOf(file: DuckFile, { name }: Pick<Mirror, "name">): Promise<Checksum> {
  return (await booksOf(file))[name] ?? { rows: "0", sum: "0" };
}

/** What the books say of all tables. */
export async function booksOf(file: DuckFile): Promise<Record<string, Checksum>> {
  const books = await file.rows("select name, rows, sum from sync.tables");
  return Object.fromEntries(books.map((one) => [one.name, { rows: String(one.rows), sum: String(one.sum) }]));
}

const writeBook = (file: DuckFile, { name }: Mirror, { rows, sum }: Checksum): Promise<void> =>
  file.run("insert or replace into sync.tables values ($name, $rows::ubigint, $sum::hugeint)", { name, rows, sum });

/** An unquoted nothing is an empty text and \N is null, as Postgres writes them. */
const csv = (path: string, types: string): string =>
  `read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '\\N', allow_quoted_nulls = false, max_line_size = 16777216, columns = {${types}})`;

async function throughFile(
  rows: NodeJS.ReadableStream,
  path: string,
  use: (path: string) => Promise<void>,
): Promise<void> {
  try {
    await pipeline(rows, createWriteStream(path, { mode: 0o600 })).catch((error: unknown) => {
      throw toEvergreenError(error);
    });
    await use(path);
  } finally {
    await rm(path, { force: true });
  }
}
