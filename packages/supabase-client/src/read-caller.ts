// What is read for somebody else who asks over HTTP or a socket: functions that answer a whole page, and rows by their keys. One message, prepared, one
// transaction as the caller, and the answer as the very text that Postgres wrote, with amounts as text, so that nobody rounds them in between.
import { EvergreenError } from "@evergreen-fund/domain";
import pg from "pg";
import type { ActorContext } from "./actor-context.ts";
import { ask, mayKeepStatements, TYPES } from "./ask.ts";

/** What a function takes: type by name of the argument, as Postgres calls the type. */
export type Signature = ReadonlyMap<string, string>;

export interface ReadCaller {
  /** The functions there are that only read and answer one jsonb, none of them under a name that two share. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** Calls one as somebody; absent arguments have their default. Errors: the driver's, EG404 for another function or argument, EG400 for a text Postgres cannot keep. */
  call(
    context: ActorContext,
    fn: string,
    args: readonly (readonly [name: string, value: string | null])[],
  ): Promise<string | null>;
  /** The rows of a table with these keys that somebody may see, as one JSON array; amounts and large counts are text. Errors: the driver's, EG404 for a table that was not named at the start. */
  rows(context: ActorContext, table: string, keys: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Tables of which rows are read, each with its key. */
export type KeyedTables = Readonly<Record<string, string>>;

const COLUMNS = `
select a.attname as name, format_type(a.atttypid, null) as type
  from pg_attribute a where a.attrelid = format('public.%I', $1::text)::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`;
/** JavaScript would round them, or knows no such number. */
const AS_TEXT = new Set(["numeric", "bigint", "xid8"]);

/** One JSON array of the rows whose key is in $1. */
async function rowsOf(pool: pg.Pool, table: string, key: string): Promise<string> {
  const { rows } = await pool.query<{ name: string; type: string }>(COLUMNS, [table]);
  const type = rows.find(({ name }) => name === key)?.type;
  if (type === undefined) throw new EvergreenError("EG500", `The table ${table} has no column ${key}.`);
  const list = rows.map(({ name, type }) => {
    const column = pg.escapeIdentifier(name);
    return AS_TEXT.has(type) ? `${column}::text as ${column}` : column;
  });
  return `select coalesce(jsonb_agg(to_jsonb(r)), '[]')::text as answer
            from (select ${list.join(", ")} from public.${pg.escapeIdentifier(table)} where ${pg.escapeIdentifier(key)} = any ($1::${type}[])) r`;
}

const CATALOGUE = `
select p.proname as fn, coalesce(p.proargnames, '{}') as names, array(select format_type(t, null) from unnest(p.proargtypes::oid[]) t) as types
  from pg_proc p
 where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.provolatile = 's' and not p.proretset and p.prorettype = 'jsonb'::regtype
   and p.proargmodes is null and p.provariadic = 0
   and not exists (select from pg_proc o where o.pronamespace = p.pronamespace and o.proname = p.proname and o.oid <> p.oid)`;

/** Reads the signatures once: a migration needs a restart. @param url of a NOINHERIT NOBYPASSRLS login such as evergreen_api. */
export async function openReadCaller(url: string, tables: KeyedTables = {}, connections = 8): Promise<ReadCaller> {
  const pool = new pg.Pool({
    connectionString: url,
    options: "-c TimeZone=UTC",
    types: TYPES,
    connectionTimeoutMillis: 5_000,
    max: connections,
    application_name: "evergreen-gateway-pages",
  });
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {}); // an idle connection that dies is replaced at the next call
  const keep = mayKeepStatements(url);
  const learnt = async () => {
    const { rows } = await pool.query<{ fn: string; names: string[]; types: string[] }>(CATALOGUE);
    const texts = new Map<string, string>();
    for (const [table, key] of Object.entries(tables)) texts.set(table, await rowsOf(pool, table, key));
    return { rows, texts };
  };
  const found = await learnt().catch(async (error) => {
    await pool.end();
    throw error;
  });
  const signatures = new Map(
    found.rows.map(({ fn, names, types }) => [fn, new Map(types.map((type, at) => [names[at] ?? "", type]))]),
  );
  return {
    signatures,
    async call(context, fn, args) {
      const signature = signatures.get(fn);
      if (signature === undefined || args.some(([name]) => !signature.has(name)))
        throw new EvergreenError("EG404", "There is no such function.");
      const list = args.map(([name], at) => `${pg.escapeIdentifier(name)} => $${at + 1}`).join(", ");
      const text = `select public.${pg.escapeIdentifier(fn)}(${list})::text as answer`;
      const rows = await ask(pool, context, { text, values: args.map(([, value]) => value) }, keep);
      return (rows[0]?.answer ?? null) as string | null;
    },
    async rows(context, table, keys) {
      const text = found.texts.get(table);
      if (text === undefined) throw new EvergreenError("EG404", "There is no such table.");
      const array = `{${keys.map((key) => `"${key.replace(/(["\\])/g, "\\$1")}"`).join(",")}}`;
      const rows = await ask(pool, context, { text, values: [array] }, keep);
      return String(rows[0]?.answer ?? "[]");
    },
    close: () => pool.end(),
  };
}
