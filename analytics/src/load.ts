// From Postgres into the working file: changed rows are compared as they arrive with what Postgres says of them, and take the place of the rows of their
// keys; into an empty table they go straight. Everything happens in one transaction of the caller's.
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Checksum, type DeltaReader, toEvergreenError } from "@evergreen-fund/supabase-client";
import { receiveRows } from "./arrival.ts";
import { typeOf } from "./columns.ts";
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

const staged = ({ name }: Mirror): string => quoted(`staged_${name}`);

/** Rows that changed, as Postgres counts and hashes them in the same snapshot. */
interface Changes {
  since: string;
  theirs: Checksum;
  span: SyncSpan;
}

/**
 * Reads the rows written since the position, puts them in the place of the rows of their keys and keeps the books of the table.
 * Errors: EG431 when other rows arrive than Postgres counts and hashes.
 */
export async function takeChanges(
  file: DuckFile,
  reader: DeltaReader,
  mirror: Mirror,
  { since, theirs, span }: Changes,
): Promise<void> {
  await span("data.load.supabase", async () => {
    await file.run(`create or replace temp table ${staged(mirror)} as from ${quoted(mirror.name)} limit 0`);
    refuseUnequal(mirror.name, theirs, await arriving(file, mirror, staged(mirror), [reader.copy(mirror, since)]));
  });
  await span("data.transform.duckdb", () => replace(file, mirror, theirs));
}

/**
 * Reads a table anew and writes its books; what arrived is answered, for the caller to compare.
 * @param same the database that was read before: what it no longer has was retired, and is kept where retired rows are.
 */
export async function takeAll(
  file: DuckFile,
  reader: DeltaReader,
  mirror: Mirror,
  { same, span }: { same: boolean; span: SyncSpan },
): Promise<Checksum> {
  const table = quoted(mirror.name);
  const straight = await isEmpty(file, table);
  const arrived = await span("data.load.supabase", async () => {
    if (!straight) await file.run(`create or replace temp table ${staged(mirror)} as from ${table} limit 0`);
    return arriving(file, mirror, straight ? table : staged(mirror), await reader.copyAll(mirror));
  });
  await span("data.transform.duckdb", async () => {
    if (!straight) {
      if (same) await keepGone(file, mirror, staged(mirror));
      await file.run(`delete from ${table}; insert into ${table} from ${staged(mirror)}; drop table ${staged(mirror)}`);
    }
    const added = await checksum(file, mirror);
    refuseUnequal(mirror.name, arrived, { ...arrived, rows: added.rows });
    await writeBook(file, mirror, added);
  });
  return arrived;
}

/** Streams of COPY into a table. Errors: those of the database as its door names them. */
function arriving(file: DuckFile, mirror: Mirror, into: string, streams: readonly Readable[]): Promise<Checksum> {
  const types = mirror.columns.map(({ name }) => typeOf(mirror.types[name] ?? ""));
  const duckdbTypes = types.map(({ duckdb }) => duckdb);
  return file.append(into, duckdbTypes, (append) =>
    receiveRows(streams, types, append).catch((error: unknown) => {
      throw toEvergreenError(error);
    }),
  );
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
  const keys = [...mirror.key, ...fixedOf(mirror)].map(quoted).join(", ");
  const hash = `coalesce(sum(${rowHash(mirror, "t")}::hugeint), 0)`;
  const [found] = await file.rows(
    `${keepPlaces(mirror, `from ${table} t semi join ${staged(mirror)} using (${keys})`)};
    select s.rows as stale, a.rows as added, coalesce(b.rows, 0) - s.rows + a.rows as rows, coalesce(b.sum, 0) - s.sum + a.sum as sum from
      (select count(*)::hugeint as rows, ${hash} as sum from ${atPlaces(mirror)}) s,
      (select count(*)::hugeint as rows, ${hash} as sum from ${staged(mirror)} t) a
      left join (select rows::hugeint as rows, sum from sync.tables where name = ${literal(mirror.name)}) b on true`,
  );
  refuseUnequal(mirror.name, theirs, { ...theirs, rows: String(found?.added) });
  const remove = found?.stale === "0" ? "" : `${removePlaces(mirror)};`;
  await file.run(
    `${remove} insert into ${table} from ${staged(mirror)}; drop table ${staged(mirror)};
      insert or replace into sync.tables values (${literal(mirror.name)}, ${String(found?.rows)}::ubigint, ${String(found?.sum)}::hugeint)`,
  );
}

const fixedOf = ({ fixed }: Mirror): readonly string[] => (fixed === null ? [] : [fixed]);

/**
 * Rows are looked up by where they are, so that only those that go are read whole. The column that never changes stands beside the place: by the
 * place alone DuckDB would go through the numbers of all rows, which takes longer the larger the table is.
 */
const keepPlaces = (mirror: Mirror, from: string): string =>
  `create or replace temp table stale as select ${["t.rowid as place", ...fixedOf(mirror).map((name) => `t.${quoted(name)}`)].join(", ")} ${from}`;
const isPlace = (mirror: Mirror, row: string): string =>
  [`${row}.rowid = s.place`, ...fixedOf(mirror).map((name) => `${row}.${quoted(name)} = s.${quoted(name)}`)].join(
    " and ",
  );
const atPlaces = (mirror: Mirror): string => `${quoted(mirror.name)} t semi join stale s on ${isPlace(mirror, "t")}`;
const removePlaces = (mirror: Mirror): string =>
  `delete from ${quoted(mirror.name)} using stale s where ${isPlace(mirror, quoted(mirror.name))}`;

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
  await file.run(keepPlaces(mirror, from));
  const stale = await summed(file, rowHash(mirror, "t"), atPlaces(mirror));
  if (stale.rows !== "0") await file.run(removePlaces(mirror));
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
