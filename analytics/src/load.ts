// From Postgres into the working file: changed rows go to a staging table, are compared with what Postgres says of them, and take the place of the
// rows of their keys. Everything happens in one transaction of the caller's.
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Checksum, type DeltaReader, toEvergreenError } from "@evergreen-fund/supabase-client";
import { type DuckFile, literal, quoted } from "./file.ts";
import type { Mirror } from "./model.ts";

/** A row as it is hashed: the same text that Postgres makes of it. */
export function rowHash({ columns }: Mirror, alias: string): string {
  const parts = columns.map(({ name, type }) => {
    const column = `${alias}.${quoted(name)}`;
    return `coalesce(${type === "instant" ? `epoch_us(${column})` : column}::varchar, chr(30))`;
  });
  return `('0x' || substr(md5(${parts.join(" || chr(31) || ")}), 1, 15))::ubigint`;
}

/** Rows and the sum of their hashes, of a mirrored table or of another table with its columns. */
export async function checksum(file: DuckFile, mirror: Mirror, table = quoted(mirror.name)): Promise<Checksum> {
  const [row] = await file.rows(
    `select count(*) as rows, coalesce(sum(${rowHash(mirror, "t")}::hugeint), 0) as sum from ${table} t`,
  );
  return { rows: String(row?.rows), sum: String(row?.sum) };
}

export const staged = ({ name }: Mirror): string => quoted(`staged_${name}`);

/** Reads the rows written since the position into a staging table. Errors: EG431 when they are not the rows that Postgres counts in the same snapshot. */
export async function stage(
  file: DuckFile,
  reader: DeltaReader,
  mirror: Mirror,
  since: string | null,
  theirs: Checksum,
  folder: string,
): Promise<void> {
  const types = mirror.columns.map(({ name }) => `${literal(name)}: ${literal(travelsAs(mirror, name))}`).join(", ");
  const values = mirror.columns.map(({ name }) => cellOf(mirror, name)).join(", ");
  await file.run(`create or replace temp table ${staged(mirror)} as from ${quoted(mirror.name)} limit 0`);
  await throughFile(reader.copy(mirror, since), join(folder, `${mirror.name}.csv`), (path) =>
    file.run(`insert into ${staged(mirror)} select ${values} from ${csv(path, types)}`),
  );
  refuseUnequal(mirror.name, theirs, await checksum(file, mirror, staged(mirror)));
}

const scaleOf = (mirror: Mirror, column: string): number | null => {
  const [, scale] = /^DECIMAL\(38,(\d+)\)$/.exec(mirror.types[column] ?? "") ?? [];
  return scale === undefined ? null : Number(scale);
};

const travelsAs = (mirror: Mirror, column: string): string =>
  scaleOf(mirror, column) === null ? (mirror.types[column] ?? "") : "VARCHAR";

function cellOf(mirror: Mirror, name: string): string {
  const scale = scaleOf(mirror, name);
  return scale === null ? quoted(name) : `${decimalOf(quoted(name), scale)} as ${quoted(name)}`;
}

/**
 * A decimal of 38 digits from its text in two halves of at most 18: DuckDB reads one of 38 two hundred times slower. Postgres writes all
 * digits of the scale, so that nothing is rounded; what has more than 17 characters before the point takes the slow way.
 */
export function decimalOf(column: string, scale: number): string {
  const whole = `split_part(${column}, '.', 1)::bigint::decimal(38, ${scale})`;
  const part = `('0.' || split_part(${column}, '.', 2))::decimal(18, ${scale})::decimal(38, ${scale})`;
  return `case when length(${column}) > ${18 + scale} then ${column}::decimal(38, ${scale})
    when starts_with(${column}, '-') then ${whole} - ${part} else ${whole} + ${part} end`;
}

/** Errors: EG431, which names the table. */
export function refuseUnequal(table: string, theirs: Checksum, ours: Checksum): void {
  if (theirs.rows === ours.rows && theirs.sum === ours.sum) return;
  const what = theirs.rows === ours.rows ? "rows differ" : `${theirs.rows} rows there and ${ours.rows} here`;
  throw new EvergreenError(
    "EG431",
    `${table} is not what Postgres has (${what}); nothing was published. \`snapshot create --rebuild\` reads everything anew.`,
  );
}

/**
 * Puts the staged rows in the place of the rows of their keys and keeps the books of the table.
 * @param anew the staged rows are all rows there are; `same`: of the database that was read before, so that what is missing was retired.
 */
export async function merge(
  file: DuckFile,
  mirror: Mirror,
  added: Checksum,
  anew: "same" | "another" | null,
): Promise<void> {
  if (anew === "same") await keepGone(file, mirror, staged(mirror));
  if (anew !== null) await file.run(`delete from ${quoted(mirror.name)}`);
  const stale = anew === null ? await removeReplaced(file, mirror) : { rows: "0", sum: "0" };
  await file.run(`insert into ${quoted(mirror.name)} from ${staged(mirror)}`);
  const before = anew === null ? await bookOf(file, mirror) : { rows: "0", sum: "0" };
  await writeBook(file, mirror, {
    rows: String(BigInt(before.rows) - BigInt(stale.rows) + BigInt(added.rows)),
    sum: String(BigInt(before.sum) - BigInt(stale.sum) + BigInt(added.sum)),
  });
}

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

async function removeReplaced(file: DuckFile, mirror: Mirror): Promise<Checksum> {
  const keys = mirror.key.map(quoted).join(", ");
  return removeRows(file, mirror, `from ${quoted(mirror.name)} t semi join ${staged(mirror)} using (${keys})`);
}

/** Removes rows and says what they were in the books. `from`: the rows, as `t`. */
async function removeRows(file: DuckFile, mirror: Mirror, from: string): Promise<Checksum> {
  // the keys first: only the rows that go are read whole
  await file.run(`create or replace temp table stale as select t.rowid as place ${from}`);
  const [row] = await file.rows(
    `select count(*) as rows, coalesce(sum(${rowHash(mirror, "t")}::hugeint), 0) as sum
       from ${quoted(mirror.name)} t where t.rowid in (select place from stale)`,
  );
  if (row?.rows !== "0") await file.run(`delete from ${quoted(mirror.name)} where rowid in (select place from stale)`);
  return { rows: String(row?.rows), sum: String(row?.sum) };
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
  const [row] = await file.rows("select rows, sum from sync.tables where name = $name", { name });
  return { rows: String(row?.rows ?? 0), sum: String(row?.sum ?? 0) };
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
