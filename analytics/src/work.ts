// The working file of a home: opened by one process at a time, laid anew when the model has changed, with what is ours alone kept.
import { existsSync } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Position } from "@evergreen-fund/supabase-client";
import { type DuckFile, openFile, quoted } from "./file.ts";
import type { AnalyticsHome } from "./home.ts";
import { type Model, readModel } from "./model.ts";

/** Opens it for writing; whatever was half done before is gone. Errors: EG428 when another synchronisation writes. */
export async function openWork(paths: AnalyticsHome): Promise<DuckFile> {
  const file = await openFile(paths.work).catch(async (error: unknown) => {
    if (error instanceof EvergreenError && error.code === "EG428") throw error;
    // what cannot be read is put aside, and work goes on from the newest snapshot
    await rename(paths.work, `${paths.work}.unreadable`).catch(() => {});
    await rm(`${paths.work}.wal`, { force: true });
    if (existsSync(paths.newest)) await copyFile(paths.newest, paths.work);
    return openFile(paths.work);
  });
  try {
    await lay(file, await readModel());
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Creates all tables and views, or does nothing when they are of this model. */
async function lay(file: DuckFile, model: Model): Promise<void> {
  const [state] = await file.rows("select model from sync.state").catch(() => []);
  if (state?.model === model.hash) return;
  const tables = await file.rows(
    "select schema_name as schema, table_name as name from duckdb_tables() where not internal and not temporary order by table_oid",
  );
  await file.transaction(async () => {
    for (const { name } of await file.rows(
      "select view_name as name from duckdb_views() where not internal and not temporary",
    ))
      await file.run(`drop view if exists ${quoted(String(name))}`);
    const mirrored = new Set(model.mirrors.map(({ name }) => name));
    const kept = tables.filter(({ schema, name }) => schema !== "sync" && !mirrored.has(String(name)));
    for (const { schema, name } of kept)
      await file.run(
        `create or replace temp table ${aside(schema, name)} as from ${quoted(String(schema))}.${quoted(String(name))}`,
      );
    for (const { schema, name } of [...tables].reverse())
      await file.run(`drop table ${quoted(String(schema))}.${quoted(String(name))}`);
    await file.run("drop schema if exists sync; drop schema if exists laboratory");
    await file.run(model.sql);
    for (const { schema, name } of kept) await putBack(file, String(schema), String(name));
    await file.run("insert into sync.state (model) values ($model)", { model: model.hash });
  });
}

/** The columns that the table still has; a table that the model no longer has stays aside and goes with the session. */
async function putBack(file: DuckFile, schema: string, name: string): Promise<void> {
  const columns = await file.rows(
    `select a.column_name as name from duckdb_columns() a join duckdb_columns() b on b.column_name = a.column_name
      where a.schema_name = $schema and a.table_name = $name and b.table_name = $aside`,
    { schema, name, aside: `kept_${schema}_${name}` },
  );
  if (columns.length === 0) return;
  const list = columns.map((column) => quoted(String(column.name))).join(", ");
  await file.run(`insert into ${quoted(schema)}.${quoted(name)} (${list}) select ${list} from ${aside(schema, name)}`);
}

const aside = (schema: unknown, name: unknown): string => quoted(`kept_${String(schema)}_${String(name)}`);

/** Where the file stands, or null when nothing was read yet. */
export async function positionOf(file: DuckFile): Promise<Position | null> {
  const [state] = await file.rows("select source, tx from sync.state");
  return typeof state?.source === "string" && typeof state.tx === "string"
    ? { source: state.source, tx: state.tx }
    : null;
}
