// The only door to Postgres. `rpc` calls a fn_*, `read` runs typed reads; both act as somebody, in one transaction, under row-level security.
import type { Actor } from "@evergreen-fund/domain";
import { EvergreenError } from "@evergreen-fund/domain";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { claimsOf, contextOf, datedBack } from "./actor-context.ts";
import { ask, mayKeepStatements, type Statement, TYPES } from "./ask.ts";
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
  /** For who makes the past of a demo: when the next rpc is said to happen (ISO 8601), or undefined for now. Refused (EG428) by any other database. */
  demoClock?: () => string | undefined;
}

export function openDatabase({ url, connections = 5, demoClock }: DatabaseOptions): Database {
  const settings = { connectionString: url, options: "-c TimeZone=UTC", types: TYPES, connectionTimeoutMillis: 5_000 };
  const pool = new pg.Pool({ ...settings, max: connections });
  const keep = mayKeepStatements(url);
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
      let rows: Record<string, unknown>[];
      try {
        const past = demoClock?.();
        const before = past === undefined ? [] : datedBack(past);
        rows = await ask(pool, contextOf(actor), callOf(name, args), keep, before);
      } catch (error) {
        throw toEvergreenError(error);
      }
      const answers = shape === "rows" ? rows : [shape === "row" ? rows[0] : rows[0]?.answer];
      const parsed = answers.map((answer) => result.safeParse(answer));
      if (!parsed.every(({ success }) => success))
        throw new EvergreenError("EG500", `${name} answered something else than its contract says.`);
      const given = parsed.map(({ data }) => data);
      return (shape === "rows" ? given : given[0]) as RpcResult<typeof name>;
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
      const connected = ask(pool, null, { text: "select 1", values: [] }, keep).catch((error: unknown) => {
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

/** `select public.fn_x(arg => $1, …)`: named arguments, every value a parameter that the function's signature types. */
function callOf(name: RpcName, args: Record<string, unknown>): Statement {
  const { args: schema, shape } = RPCS[name];
  const checked = schema.safeParse(args);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new EvergreenError("EG400", `${name}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is not valid"}`);
  }
  const given = Object.entries(checked.data as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const list = given.map(([key], at) => `${pg.escapeIdentifier(key)} => $${at + 1}`).join(", ");
  return {
    text: shape === "one" ? `select public.${name}(${list}) as answer` : `select * from public.${name}(${list})`,
    values: given.map(([key, value]) => textOf(key, value)),
  };
}

/** Numbers travel as text too: the function's signature types them, and one out of its range is EG400. */
function textOf(key: string, value: unknown): string | null {
  if (value === null) return null;
  if (ARRAY_ARGUMENTS.has(key) && Array.isArray(value))
    return `{${value.map((item) => `"${String(item).replace(/(["\\])/g, "\\$1")}"`).join(",")}}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
