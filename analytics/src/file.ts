// A DuckDB file: opened with the settings that every file of ours is opened with, asked in plain SQL, answered in text.
import { DuckDBInstance, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Append, makeInlet } from "./inlet.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface DuckFile {
  /** Runs statements that answer nothing. */
  run(sql: string, values?: Record<string, DuckDBValue>): Promise<void>;
  /** Rows; decimals, big integers, dates and times as text. */
  rows(sql: string, values?: Record<string, DuckDBValue>): Promise<Row[]>;
  /** Puts into a table what `work` appends, in columns of these types, inside the transaction under way; `table` as SQL names it. Nothing else may be asked meanwhile. */
  append<T>(table: string, types: readonly DuckDBType[], work: (append: Append) => Promise<T>): Promise<T>;
  /** All of `work` or nothing. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

/** No extension is fetched or loaded by itself: what runs is what was installed. */
const SETTINGS = {
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
};

/** One process may not open a file twice: DuckDB's own lock is between processes. */
const open = new Set<string>();

/**
 * Opens `path` (":memory:" for none). Errors: EG428 when another process or this one is writing to it, EG500 when it is no DuckDB file that this version reads.
 */
export async function openFile(path: string, options: { readOnly?: boolean } = {}): Promise<DuckFile> {
  const exclusive = options.readOnly !== true && path !== ":memory:";
  if (exclusive && open.has(path)) throw busy();
  if (exclusive) open.add(path);
  const free = () => void (exclusive && open.delete(path));
  try {
    const instance = await DuckDBInstance.create(path, {
      ...SETTINGS,
      ...(options.readOnly === true ? { access_mode: "READ_ONLY" } : {}),
    });
    const connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
    let closed = false;
    let inlet: ReturnType<typeof makeInlet> | undefined;
    const file: DuckFile = {
      run: async (sql, values) => void (await connection.run(sql, values)),
      rows: async (sql, values) => (await connection.runAndReadAll(sql, values)).getRowObjectsJson(),
      append: (table, types, work) => {
        inlet ??= makeInlet(connection);
        return inlet(table, types, work);
      },
      async transaction(work) {
        await file.run("begin transaction");
        try {
          const result = await work();
          await file.run("commit");
          return result;
        } catch (error) {
          // a statement that failed may have ended the transaction already
          await file.run("rollback").catch(() => {});
          throw error;
        }
      },
      close() {
        if (closed) return;
        closed = true;
        connection.closeSync();
        instance.closeSync();
        free();
      },
    };
    return file;
  } catch (error) {
    free();
    if (/lock on file|already (open|attached)|unique file handle/i.test(String(error))) throw busy(error);
    throw new EvergreenError("EG500", "The analytical file cannot be opened.", { cause: error });
  }
}

const busy = (cause?: unknown): EvergreenError =>
  new EvergreenError("EG428", "A synchronisation of this home is under way; wait for its end.", { cause });

/** A name inside SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** A text inside SQL, where no parameter may stand. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
