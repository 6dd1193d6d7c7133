// One moment of the database for whoever mirrors it: rows that changed since a position, their number and their checksum, all in one
// REPEATABLE READ transaction that can write nothing. The mirror names tables and columns; the SQL is made here.
import { finished, type Readable } from "node:stream";
import { type AgentRole, EvergreenError, type PersonRole, type SystemRole } from "@evergreen-fund/domain";
import pg from "pg";
import { TYPES } from "./ask.ts";
import { copyOut } from "./copy-out.ts";
import { toEvergreenError } from "./errors.ts";

/** How a column travels and how it is written before it is hashed: the same text on both sides. */
export type MirroredType = "text" | "instant" | "list";
export interface MirroredColumn {
  name: string;
  type: MirroredType;
  /** The type of Postgres as which it is sent. */
  sentAs: string;
}
export interface MirroredTable {
  name: string;
  /** Columns that name a row; never null. */
  key: readonly string[];
  /** In the order in which they travel. One of them is `tx`. */
  columns: readonly MirroredColumn[];
}

/** Up to where a mirror has read. */
export interface Position {
  /** Which database on which line of its history: another one means that everything is read anew. */
  source: string;
  /** Every transaction below it had ended when the mirror read, so its rows are in; those from here on are read again. */
  tx: string;
}

/** How many rows, and the sum of a hash of each: independent of their order, so no side sorts. What hash, says whoever makes it. */
export interface Checksum {
  rows: string;
  sum: string;
}

export interface DeltaReader {
  readonly position: Position;
  /** When the snapshot was taken, by the database's clock (ISO 8601). */
  readonly takenAt: string;
  /** Rows written by transactions from `since` on (null: all rows), in the binary form of COPY. */
  copy(table: MirroredTable, since: string | null): Readable;
  /** All rows in the same form, over connections of their own in the same snapshot; those of a large table in two streams, which must both be read. */
  copyAll(table: MirroredTable): Promise<Readable[]>;
  /** The keys of all rows, as CSV. */
  copyKeys(table: MirroredTable): Readable;
  /** Over the rows that `copy` gives, of all these tables, in their order: Postgres' own hash of each row. */
  check(tables: readonly MirroredTable[], since: string | null): Promise<Checksum[]>;
  /** Over all rows of these tables: the first 60 bits of the md5 of each row's text, which any database can make. */
  checkTexts(tables: readonly MirroredTable[]): Promise<Checksum[]>;
  count(table: MirroredTable): Promise<string>;
  close(): Promise<void>;
}

export interface DeltaReaderOptions {
  /** URL of a login that may read what is mirrored. */
  url: string;
  /** The role it takes; absent: it reads as itself. */
  role?: PersonRole | SystemRole | AgentRole;
  /** Blocks of 8 kB from which all rows of a table are read over two connections. Default 4096 (32 MB). */
  largeFrom?: number;
}

/** Longest single statement of a bulk read. */
const LONGEST = "30min";

const BEGIN = "begin transaction isolation level repeatable read, read only";

/** Columns that are no column of their table: the ids of an event's investors, in one list. */
const COMPUTED: Record<string, string> = {
  "fund_events.investor_ids":
    "array(select i.investor_id from public.event_investors i where i.event_id = t.event_id order by i.investor_id)",
};

const SNAPSHOT = `select pg_snapshot_xmin(pg_current_snapshot())::text as tx, now() as taken_at,
  (select s.system_identifier from pg_control_system() s) || '/' || (select d.oid from pg_database d where d.datname = current_database())
    || '/' || (select c.timeline_id from pg_control_checkpoint() c) as source`;

/**
 * Opens the snapshot. Whatever an earlier snapshot could not see was written by a transaction at or above that snapshot's xmin, because all
 * below had ended: reading `tx >= xmin` loses nothing, and what is read twice replaces itself. (`updated_at` is the time at which a
 * transaction wrote, not when others could see it.) Throws EvergreenError: EG503 when the database is not there, EG403 when the login may not read.
 */
export const openDeltaReader = (options: DeltaReaderOptions): Promise<DeltaReader> => openReader(options);

/** A connection that outlives its reader: one that is there already, and who takes it when its reader is closed in order. */
interface Lent {
  client: pg.Client | undefined;
  giveBack: (client: pg.Client) => void;
}

/**
 * Readers one after the other over one connection, which is closed when nobody has used it for `idle` milliseconds. What a reader asks is planned anew, but
 * the tables are known to the server already. Errors: those of openDeltaReader.
 */
export function keepDeltaReaders(
  options: DeltaReaderOptions,
  idle: number,
): { open: () => Promise<DeltaReader>; close: () => Promise<void> } {
  let spare: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const take = (): pg.Client | undefined => {
    const taken = spare;
    spare = undefined;
    clearTimeout(timer);
    return taken;
  };
  const close = async (): Promise<void> => void (await take()?.end());
  const giveBack = (client: pg.Client): void => {
    if (spare !== undefined) return void client.end();
    spare = client;
    timer = setTimeout(() => void close().catch(() => {}), idle);
  };
  return {
    open: async () => {
      const client = take();
      try {
        return await openReader(options, { client, giveBack });
      } catch (error) {
        if (client === undefined) throw error;
        return openReader(options, { client: undefined, giveBack }); // it may have been cut meanwhile
      }
    },
    close,
  };
}

async function openReader({ url, role, largeFrom = 4_096 }: DeltaReaderOptions, lent?: Lent): Promise<DeltaReader> {
  const clientOf = (): pg.Client => {
    const made = new pg.Client({
      connectionString: url,
      options: "-c TimeZone=UTC -c DateStyle=ISO",
      types: TYPES,
      connectionTimeoutMillis: 5_000,
    });
    made.on("error", () => {}); // the statement under way fails as well
    return made;
  };
  const client = lent?.client ?? clientOf();
  let beside: Promise<pg.Client[]> | undefined;
  let underWay = 0; // streams that have not come to their end
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const others = (await beside?.catch(() => [])) ?? [];
    await Promise.all(others.map((one) => one.end()));
    const inOrder =
      lent !== undefined &&
      underWay === 0 &&
      (await client.query("rollback").then(
        () => true,
        () => false,
      ));
    if (inOrder) lent.giveBack(client);
    else await client.end();
  };
  const ask = async (sql: string, by = client): Promise<Record<string, unknown>> => {
    try {
      const answer: pg.QueryResult | pg.QueryResult[] = await by.query(sql);
      return (Array.isArray(answer) ? answer.at(-1) : answer)?.rows[0] ?? {};
    } catch (error) {
      throw toEvergreenError(error);
    }
  };
  try {
    if (lent?.client === undefined)
      await client.connect().catch((error: unknown) => {
        throw toEvergreenError(error);
      });
    // in one message; the snapshot is taken by the first statement that reads
    const settings = [
      ...(role === undefined ? [] : [`set local role ${pg.escapeIdentifier(role)}`]),
      `set local statement_timeout = '${LONGEST}'`,
      `set local idle_in_transaction_session_timeout = '${LONGEST}'`,
    ];
    const { tx, source, taken_at: at } = await ask([BEGIN, ...settings, SNAPSHOT].join("; "));
    if (typeof tx !== "string" || typeof source !== "string" || !(at instanceof Date))
      throw new EvergreenError("EG500", "The database did not say which snapshot it gave.");
    const stream = (sql: string, form: string, by = client): Readable => {
      const given = by.query(copyOut(`copy (${sql}) to stdout with (format ${form})`));
      underWay += 1;
      finished(given, (error) => {
        if (error === undefined || error === null) underWay -= 1; // its consumer handles the error
      });
      return given;
    };
    const rowsOf = (table: MirroredTable, since: string | null, where = "", by = client): Readable =>
      stream(
        `select ${table.columns.map((one) => sent(table, one)).join(", ")} ${from(table, since)}${where}`,
        "binary",
        by,
      );
    /** Two connections that see what the first one sees, which stays free to be asked. */
    const openPair = async (): Promise<pg.Client[]> => {
      const { id } = await ask("select pg_export_snapshot() as id");
      const made = [clientOf(), clientOf()];
      const begin = [BEGIN, `set transaction snapshot ${pg.escapeLiteral(String(id))}`, ...settings].join("; ");
      try {
        await Promise.all(made.map((one) => one.connect().then(() => one.query(begin))));
        return made;
      } catch (error) {
        await Promise.all(made.map((one) => one.end().catch(() => {})));
        throw toEvergreenError(error);
      }
    };
    const pair = (): Promise<pg.Client[]> => {
      beside ??= openPair();
      return beside;
    };
    const sumsOf = async (
      tables: readonly MirroredTable[],
      since: string | null,
      sum: (table: MirroredTable) => string,
    ): Promise<Checksum[]> => {
      const answer = await ask(
        `select array[${tables.map((table) => `(select array[count(*)::text, coalesce(sum(${sum(table)}), 0)::text] ${from(table, since)})`).join(", ")}] as sums`,
      );
      return (answer.sums as [string, string][]).map(([rows, total]) => ({ rows, sum: total }));
    };
    return {
      position: { source, tx },
      takenAt: at.toISOString(),
      copy: (table, since) => rowsOf(table, since),
      async copyAll(table) {
        const [one, other] = (await pair()) as [pg.Client, pg.Client];
        const size = `select pg_relation_size(${pg.escapeLiteral(`public.${pg.escapeIdentifier(table.name)}`)}) / 8192 as blocks`;
        const blocks = Number((await ask(size, one)).blocks);
        if (blocks < largeFrom) return [rowsOf(table, null, "", one)];
        // every row lies in one of the halves, wherever they are cut
        const middle = `'(${Math.floor(blocks / 2)},0)'::tid`;
        return [
          rowsOf(table, null, ` where t.ctid < ${middle}`, one),
          rowsOf(table, null, ` where t.ctid >= ${middle}`, other),
        ];
      },
      copyKeys: (table) =>
        stream(
          `select ${table.key.map((one) => `t.${pg.escapeIdentifier(one)}::text`).join(", ")} ${from(table, null)}`,
          "csv, null '\\N'",
        ),
      async check(tables, since) {
        const sums = tables.map((): Checksum => ({ rows: "0", sum: "0" }));
        if (since === null) {
          await pair(); // before this connection is busy: all rows are read meanwhile
          return sumsOf(tables, since, recordSum);
        }
        // most tables have not changed, which their indexes on tx say at once
        const { found } = await ask(
          `select array[${tables.map((table) => `exists (select ${from(table, since)})`).join(", ")}] as found`,
        );
        const changed = tables.filter((_, at) => (found as boolean[])[at] === true);
        if (changed.length === 0) return sums;
        const some = await sumsOf(changed, since, recordSum);
        for (const [at, table] of changed.entries()) sums[tables.indexOf(table)] = some[at] as Checksum;
        return sums;
      },
      checkTexts: (tables) => sumsOf(tables, null, textSum),
      count: async (table) => String((await ask(`select count(*)::text as rows ${from(table, null)}`)).rows),
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

function from({ name }: MirroredTable, since: string | null): string {
  if (since !== null && !/^\d{1,20}$/.test(since))
    throw new EvergreenError("EG400", "A position is the number of a transaction.");
  return `from public.${pg.escapeIdentifier(name)} t${since === null ? "" : ` where t.tx >= '${since}'::xid8`}`;
}

const source = ({ name }: MirroredTable, column: string): string =>
  COMPUTED[`${name}.${column}`] ?? `t.${pg.escapeIdentifier(column)}`;

/** A truth value is hashed as the number 1 or 0. */
const recordSum = (table: MirroredTable): string =>
  `hash_record_extended(row(${table.columns.map((one) => (one.sentAs === "boolean" ? `${source(table, one.name)}::int4` : sent(table, one))).join(", ")}), 0)`;

const textSum = (table: MirroredTable): string => {
  const line = table.columns.map((one) => `coalesce(${hashed(table, one)}, chr(30))`).join(" || chr(31) || ");
  return `('x' || substr(md5(${line}), 1, 15))::bit(60)::bigint`;
};

const sent = (table: MirroredTable, column: MirroredColumn): string =>
  column.type === "list" ? travelling(table, column) : `(${source(table, column.name)})::${column.sentAs}`;

/** `char(3)` and `xid8` as text; lists as DuckDB writes them. */
const travelling = (table: MirroredTable, { name, type }: MirroredColumn): string =>
  type === "list" ? `'[' || array_to_string(${source(table, name)}, ', ') || ']'` : `${source(table, name)}::text`;

/** An instant is hashed as microseconds since 1970: no two databases write a time alike. */
const hashed = (table: MirroredTable, column: MirroredColumn): string =>
  column.type === "instant"
    ? `((extract(epoch from ${source(table, column.name)}) * 1000000)::bigint)::text`
    : travelling(table, column);
