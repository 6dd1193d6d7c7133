// The only door to Postgres. `rpc` calls a fn_*, `read` runs typed reads; both act as somebody, in one transaction, under row-level security.
import type { Actor } from "@evergreen-fund/domain";
import { EvergreenError } from "@evergreen-fund/domain";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { becomeActor, claimsOf } from "./actor-context.ts";
import { toEvergreenError } from "./errors.ts";
import { type Prisma, PrismaClient } from "./generated/client.ts";
import { ARRAY_ARGUMENTS, RPCS, type RpcArgs, type RpcName, type RpcResult } from "./rpc.ts";

/** What `read` hands to its callback: Prisma's models inside the transaction. No role can write through it. */
export type Reader = Prisma.TransactionClient;

export interface Database {
  /** Calls a fn_* as the actor, in one round trip and one transaction. Throws EvergreenError. */
  rpc<N extends RpcName>(actor: Actor, name: N, args: RpcArgs<N>): Promise<RpcResult<N>>;
  /** Typed reads in one REPEATABLE READ transaction as the actor: one snapshot. Throws EvergreenError. */
  read<T>(actor: Actor, work: (tx: Reader) => Promise<T>): Promise<T>;
  /** Opens a connection of each kind and reads once through Prisma, so that the first caller does not wait for it. Throws EvergreenError. */
  ready(): Promise<void>;
  /** Calls back when an event was recorded; a hint only, the poll guarantees. Returns how to stop. */
  listen(onBell: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** URL of a NOINHERIT NOBYPASSRLS login such as evergreen_app. */
  url: string;
  /** Connections for rpc and, again, for read. Default 5. */
  connections?: number;
}

// numeric stays text, int8 stays text: no amount passes through a JavaScript number
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.NUMERIC || oid === pg.types.builtins.INT8
      ? (value: string) => value
      : pg.types.getTypeParser(oid, format as "text"),
};

export function openDatabase({ url, connections = 5 }: DatabaseOptions): Database {
  const settings = { connectionString: url, options: "-c TimeZone=UTC", types, connectionTimeoutMillis: 5_000 };
  const pool = new pg.Pool({ ...settings, max: connections });
  // a connection that dies while it is asked fails its query; without a listener it would end the process as well
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {}); // an idle connection that dies is replaced at the next call
  const prisma = new PrismaClient({
    adapter: new PrismaPg(
      { connectionString: url, options: "-c TimeZone=UTC", max: connections, connectionTimeoutMillis: 5_000 },
      { onPoolError: () => {} },
    ),
  });

  const database: Database = {
    async rpc(actor, name, args) {
      const { shape, result } = RPCS[name];
      try {
        // one simple-protocol message is one implicit transaction: role, claims and call take a single round trip
        const answers = await ask(pool, sendable(`${becomeActor(actor)}; ${callOf(name, args)}`));
        const rows = answers[answers.length - 1]!.rows as Record<string, unknown>[];
        if (shape === "rows") return rows.map((row) => result.parse(row)) as RpcResult<typeof name>;
        return result.parse(shape === "row" ? rows[0] : rows[0]?.answer) as RpcResult<typeof name>;
      } catch (error) {
        throw toEvergreenError(error);
      }
    },
    async read(actor, work) {
      try {
        return await prisma.$transaction(
          async (tx) => {
            await tx.$queryRaw`select set_config('role', ${actor.role}, true), set_config('request.jwt.claims', ${claimsOf(actor)}, true)`;
            return await work(tx);
          },
          { isolationLevel: "RepeatableRead", timeout: 30_000, maxWait: 10_000 },
        );
      } catch (error) {
        throw toEvergreenError(error);
      }
    },
    async ready() {
      const connected = pool.query("select 1").catch((error: unknown) => {
        throw toEvergreenError(error);
      });
      // a model, not raw SQL: it also makes Prisma load its query compiler
      await Promise.all([
        connected,
        database.read({ role: "service_role" }, (tx) => tx.platform_settings.findFirst({ select: { key: true } })),
      ]);
    },
    async listen(onBell) {
      const client = new pg.Client(settings);
      client.on("notification", onBell);
      client.on("error", () => {});
      await client.connect().catch((error: unknown) => {
        throw toEvergreenError(error);
      });
      await client.query("listen evergreen_events");
      return () => client.end();
    },
    async close() {
      await Promise.all([pool.end(), prisma.$disconnect()]);
    },
  };
  return database;
}

/** Sends one message. A refusal of the server leaves the connection as good as it was, so it stays in the pool (`pool.query` would close it). */
async function ask(pool: pg.Pool, message: string): Promise<pg.QueryResult[]> {
  const client = await pool.connect();
  let lost = false;
  try {
    return (await client.query(message)) as unknown as pg.QueryResult[];
  } catch (error) {
    lost = !(error instanceof pg.DatabaseError) || error.severity !== "ERROR";
    throw error;
  } finally {
    client.release(lost);
  }
}

/**
 * The message, if Postgres would receive it as it is: a NUL would cut it off, and half a surrogate pair would arrive as another character.
 * @throws EvergreenError EG400.
 */
function sendable(message: string): string {
  if (message.includes("\0") || /\p{Cs}/u.test(message))
    throw new EvergreenError("EG400", "A text holds a character that the database cannot keep.");
  return message;
}

/** `select public.fn_x(arg => 'value', …)`: named arguments, every value quoted by the driver and typed by the function's signature. */
function callOf(name: RpcName, args: Record<string, unknown>): string {
  const { args: schema, shape } = RPCS[name];
  const checked = schema.safeParse(args);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new EvergreenError("EG400", `${name}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is not valid"}`);
  }
  const given = Object.entries(checked.data as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const list = given.map(([key, value]) => `${pg.escapeIdentifier(key)} => ${literal(key, value)}`).join(", ");
  return shape === "one" ? `select public.${name}(${list}) as answer` : `select * from public.${name}(${list})`;
}

/** Numbers are quoted too: the function's signature types them, and one out of its range is EG400. */
function literal(key: string, value: unknown): string {
  if (value === null) return "null";
  if (ARRAY_ARGUMENTS.has(key) && Array.isArray(value))
    return pg.escapeLiteral(`{${value.map((item) => `"${String(item).replace(/(["\\])/g, "\\$1")}"`).join(",")}}`);
  return pg.escapeLiteral(typeof value === "object" ? JSON.stringify(value) : String(value));
}
