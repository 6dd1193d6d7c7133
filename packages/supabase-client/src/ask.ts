// One statement as somebody: context and statement in one message, one round trip and one transaction that ends with it. Both are prepared
// once per connection, so that Postgres neither parses nor plans them again; values are parameters and never part of the SQL.
import { EvergreenError } from "@evergreen-fund/domain";
import pg from "pg";
import { type ActorContext, BECOME } from "./actor-context.ts";
import { WireBytes } from "./wire-bytes.ts";

export type Row = Record<string, unknown>;

/** SQL with $1, $2 … and the values, as text. There are few texts: each stays prepared on its connection. */
export interface Statement {
  text: string;
  values: readonly (string | null)[];
}

/** numeric stays text, int8 stays text: no amount passes through a JavaScript number. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.NUMERIC || oid === pg.types.builtins.INT8
      ? (value: string) => value
      : pg.types.getTypeParser(oid, format as "text"),
};

/** `false`: behind a pooler that gives each transaction another session, nothing may be left prepared. */
export const mayKeepStatements = (url: string): boolean => {
  const { port, searchParams } = new URL(url);
  return port !== "6543" && searchParams.get("pgbouncer") !== "true";
};

/**
 * Runs one statement under a role and claims, or (`null`) as the login itself; `before` runs first in the same transaction and answers nothing.
 * @throws EvergreenError EG400 for a text that Postgres would not receive as it is; the driver's errors otherwise.
 */
export async function ask(
  pool: pg.Pool,
  context: ActorContext | null,
  statement: Statement,
  keep = true,
  before: readonly Statement[] = [],
): Promise<Row[]> {
  for (const value of context ?? []) sendable(value);
  for (const value of statement.values) if (value !== null) sendable(value);
  const client = await pool.connect();
  let lost = false;
  try {
    const once = () =>
      new Promise<() => Row[]>((resolve, reject) => {
        client.query(
          new Message(before, context, statement, keep, (error, rows) =>
            error === null ? resolve(rows) : reject(error),
          ),
        );
      });
    // the first attempt ended before the statement began: asking again does nothing twice
    const rows = await once().catch((error: unknown) => (isOutdated(error) ? once() : Promise.reject(error)));
    return rows();
  } catch (error) {
    // a refusal of the server leaves the connection as good as it was, so it stays in the pool
    lost = !(error instanceof pg.DatabaseError) || error.severity !== "ERROR";
    throw error;
  } finally {
    client.release(lost);
  }
}

/** What a connection has prepared: its name there and, once it has run, how to read its columns. */
interface Prepared {
  name: string;
  columns: Column[] | null;
}
type Column = readonly [name: string, read: (text: string) => unknown];
type Done = (error: Error | null, rows: () => Row[]) => void;
type Field = { name: string; dataTypeID: number };

const prepared = new WeakMap<pg.Connection, Map<string, Prepared>>();

/** What the driver calls while the answer arrives (its Submittable). An error of the server ends the whole transaction. */
class Message implements pg.Submittable {
  /** The driver's own field for a query's SQL; read by whoever watches it. */
  readonly text: string;
  readonly #before: readonly Statement[];
  readonly #context: ActorContext | null;
  readonly #statement: Statement;
  readonly #keep: boolean;
  readonly #done: Done;
  readonly #raw: (readonly (string | null)[])[] = [];
  #columns: Column[] = [];
  #became: boolean;
  #known = new Map<string, Prepared>();

  constructor(
    before: readonly Statement[],
    context: ActorContext | null,
    statement: Statement,
    keep: boolean,
    done: Done,
  ) {
    this.text = statement.text;
    this.#before = before;
    this.#context = context;
    this.#became = context === null;
    this.#statement = statement;
    this.#keep = keep;
    this.#done = done;
  }

  submit(connection: pg.Connection): void {
    if (this.#keep) {
      this.#known = prepared.get(connection) ?? this.#known;
      prepared.set(connection, this.#known);
    }
    const bytes = new WireBytes();
    for (const { text, values } of this.#before) this.#add(bytes, text, values, false);
    if (this.#context !== null) this.#add(bytes, BECOME, this.#context, false);
    this.#add(bytes, this.text, this.#statement.values, true);
    connection.stream.write(bytes.sync());
  }

  #add(bytes: WireBytes, sql: string, values: readonly (string | null)[], answers: boolean): void {
    let entry = this.#known.get(sql);
    if (entry === undefined) {
      entry = { name: this.#keep ? `evergreen_${this.#known.size}` : "", columns: null };
      this.#known.set(sql, entry);
    }
    const { name, columns } = entry;
    if (columns === null) {
      if (this.#keep) bytes.forget(name); // of an attempt that failed, nobody knows how far it came
      bytes.prepare(name, sql);
    } else if (answers) this.#columns = columns;
    bytes.run(name, values, answers && columns === null);
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => [name, TYPES.getTypeParser(dataTypeID, "text")]);
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#raw.push(fields);
  }

  handleCommandComplete(): void {
    if (this.#became) return;
    this.#became = true;
    const context = this.#known.get(BECOME);
    if (context !== undefined) context.columns = [];
  }

  handleReadyForQuery(): void {
    const entry = this.#known.get(this.text);
    if (entry !== undefined) entry.columns = this.#columns;
    this.#done(null, () => this.#raw.map((fields) => rowOf(this.#columns, fields)));
  }

  handleError(error: Error): void {
    if (isOutdated(error)) for (const entry of this.#known.values()) entry.columns = null;
    const entry = this.#known.get(this.text);
    if (entry !== undefined) entry.columns = null;
    this.#done(error, () => []);
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(connection: { sendCopyFail: (reason: string) => void }): void {
    connection.sendCopyFail("Nothing is copied through this door.");
  }
  handleCopyData(): void {}
}

function rowOf(columns: readonly Column[], fields: readonly (string | null)[]): Row {
  const row: Row = {};
  for (const [at, [name, read]] of columns.entries()) {
    const text = fields[at] ?? null;
    row[name] = text === null ? null : read(text);
  }
  return row;
}

/** A statement that the session no longer has, or whose columns a migration changed: it is prepared anew. */
const isOutdated = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (error.code === "26000" || (error.code === "0A000" && error.routine === "RevalidateCachedQuery"));

/** A NUL is no character of a text in Postgres, and half a surrogate pair would arrive as another character. */
function sendable(value: string): void {
  if (value.includes("\0") || /\p{Cs}/u.test(value))
    throw new EvergreenError("EG400", "A text holds a character that the database cannot keep.");
}
