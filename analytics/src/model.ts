// The analytical model: the SQL in sql/, its hash, and the mirrored tables as DuckDB's catalogue tells them.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { version } from "@duckdb/node-api";
import { EvergreenError } from "@evergreen-fund/domain";
import type { MirroredColumn, MirroredTable } from "@evergreen-fund/supabase-client";
import { typeOf } from "./columns.ts";
import { type DuckFile, openFile } from "./file.ts";

const FOLDER = join(import.meta.dirname, "..", "sql");
/** The file of the mirrored tables; the others hold what is ours alone. */
const MIRROR = "10-mirror.sql";

export interface Mirror extends MirroredTable {
  /** DuckDB's type of each column. */
  types: Readonly<Record<string, string>>;
  /** Rows may go away between two reads: the number of rows is compared every time. */
  shrinks: boolean;
  /** A column of a row that never changes, which says where in the file the row is; null when there is none. */
  fixed: string | null;
}

export interface Model {
  /** sha256 over all files of sql/ and the version of DuckDB, whose hash of a row the books hold: another one means that the file is laid anew. */
  hash: string;
  sql: string;
  mirrors: readonly Mirror[];
}

let model: Promise<Model> | undefined;

/** Read once. */
export const readModel = (): Promise<Model> => {
  model ??= load();
  return model;
};

async function load(): Promise<Model> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".sql")).sort();
  const parts = await Promise.all(names.map((name) => readFile(join(FOLDER, name), "utf8")));
  const sql = parts.join("\n");
  const scratch = await openFile(":memory:");
  try {
    await scratch.run(parts[names.indexOf(MIRROR)] ?? "");
    return {
      hash: createHash("sha256").update(sql).update(version()).digest("hex"),
      sql,
      mirrors: await mirrorsOf(scratch),
    };
  } finally {
    scratch.close();
  }
}

async function mirrorsOf(file: DuckFile): Promise<Mirror[]> {
  const tables = await file.rows("select table_name as name, comment from duckdb_tables() order by table_oid");
  const columns = await file.rows(
    "select table_name as of, column_name as name, data_type as type from duckdb_columns() where schema_name = 'main' and not internal order by table_oid, column_index",
  );
  return tables.map(({ name, comment }) => {
    const [, key = "", rest = ""] = /^Key: ([a-z_]+(?:, [a-z_]+)*)\. (.*)$/s.exec(String(comment)) ?? [];
    const own = columns.filter((column) => column.of === name);
    const mirror: Mirror = {
      name: String(name),
      key: key.split(", "),
      columns: own.map(
        (column): MirroredColumn => ({
          name: String(column.name),
          type: travels(String(column.type)),
          sentAs: typeOf(String(column.type)).postgres,
        }),
      ),
      types: Object.fromEntries(own.map((column) => [String(column.name), String(column.type)])),
      shrinks: rest.startsWith("Shrinks."),
      fixed: /^Fixed: ([a-z_]+)\. /.exec(rest)?.[1] ?? null,
    };
    if (![...mirror.key, "tx"].every((one) => one in mirror.types))
      throw new EvergreenError("EG500", `The mirrored table ${mirror.name} names no key, or has no tx.`);
    return mirror;
  });
}

function travels(type: string): MirroredColumn["type"] {
  if (type === "TIMESTAMP WITH TIME ZONE") return "instant";
  if (type.endsWith("[]")) return "list";
  return "text";
}
