// A migrated database for one test file, and the ways to act in it: as the application's login under a role, or (to arrange and to look) as superuser.
// Touches only that database.

import { type Actor, actorName } from "@evergreen-fund/domain/roles.ts";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, expect } from "vitest";

export type Row = Record<string, unknown>;
export type Args = Record<string, unknown>;

const person = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
/** The people of the tests. No account stands behind the ids: the database believes the claims that the API verified. */
export const PM_ONE: Actor = { role: "pm_role", userId: person(1) };
export const PM_TWO: Actor = { role: "pm_role", userId: person(2) };
export const LP_A: Actor = { role: "lp_role", userId: person(3) };
export const LP_B: Actor = { role: "lp_role", userId: person(4) };
export const OPS: Actor = { role: "ops_role", userId: person(5) };
export const AUDIT: Actor = { role: "audit_role", userId: person(6) };
export const SERVICE: Actor = { role: "service_role" };
export const DEMO: Actor = { role: "demo_role" };
export const agent = (room: string): Actor => ({ role: `agent_${room.replaceAll("-", "_")}` });

/** Claims as the API puts them into the transaction. */
export const claimsOf = (actor: Actor): string =>
  JSON.stringify({ role: actor.role, ...("userId" in actor ? { sub: actor.userId } : {}) });

/** Lists of objects go to json parameters; lists of plain values to array parameters. */
const parameter = (value: unknown): unknown =>
  Array.isArray(value) && value[0] !== null && typeof value[0] === "object" ? JSON.stringify(value) : value;

export class TestDatabase {
  readonly database: FreshDatabase;
  /** The application's login: NOINHERIT, so it can do nothing until it takes a role. */
  readonly app: pg.Pool;
  readonly admin: pg.Pool;

  constructor(database: FreshDatabase) {
    this.database = database;
    this.app = new pg.Pool({ connectionString: database.urlFor("evergreen_app"), max: 24 });
    this.admin = new pg.Pool({ connectionString: database.adminUrl, max: 4 });
    for (const pool of [this.app, this.admin]) pool.on("error", () => {}); // a dropped database ends idle sessions
  }

  /** Runs `work` in one transaction under the actor's role and claims; an error rolls it back. */
  async as<T>(actor: Actor | null, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.app.connect();
    try {
      await client.query("begin");
      if (actor !== null)
        await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
          actor.role,
          claimsOf(actor),
        ]);
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback");
      throw error;
    } finally {
      client.release();
    }
  }

  /** Rows that `fn` answers to the actor, arguments by name. */
  call(actor: Actor, fn: string, args: Args = {}): Promise<Row[]> {
    return this.as(actor, (client) => callOn(client, fn, args));
  }

  /** The single value that `fn` answers. */
  async value<T>(actor: Actor, fn: string, args: Args = {}): Promise<T> {
    return Object.values((await this.call(actor, fn, args))[0] ?? {})[0] as T;
  }

  /** Looks, or arranges what no function may do, as superuser. */
  async look<T extends Row = Row>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.admin.query<T>(sql, values)).rows;
  }

  /** One number that changes when any row of any table does, except in the tables named. */
  async fingerprint(except: readonly string[] = []): Promise<Record<string, string>> {
    const tables = (await this.tables()).filter((table) => !except.includes(table));
    const parts = tables.map(
      (t) =>
        `select '${t}' as name, count(*) || ' ' || coalesce(md5(string_agg(x::text, '|' order by x::text)), '') as state from public.${t} x`,
    );
    const rows = await this.look<{ name: string; state: string }>(parts.join(" union all "));
    return Object.fromEntries(rows.map((row) => [row.name, row.state]));
  }

  /** Per table its rows and the newest transaction that wrote one: changes with every committed write, even one that puts back the same values. */
  async writes(): Promise<Record<string, string>> {
    const parts = (await this.tables()).map(
      (t) =>
        `select '${t}' as name, (select count(*) || ' ' || coalesce(max(x.xmin::text::bigint), 0) from public.${t} x) as state`,
    );
    const rows = await this.look<{ name: string; state: string }>(parts.join(" union all "));
    return Object.fromEntries(rows.map((row) => [row.name, row.state]));
  }

  /**
   * Waits until no transaction is open that began before what stands in the outbox and the audit trail. Transaction numbers are the
   * cluster's, so a test in another database of it may hold back a claim here; the claim is right to wait, a test that counts is not.
   */
  async settled(): Promise<void> {
    const waiting = `select exists (select from event_outbox o where o.tx >= x.min) or exists (select from audit_trail a where a.tx >= x.min) as held
      from (select pg_snapshot_xmin(pg_current_snapshot()) as min) x`;
    for (let tries = 0; tries < 5000; tries++) {
      if ((await this.look(waiting))[0]?.held === false) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("A transaction of this cluster has been open for too long.");
  }

  async tables(): Promise<string[]> {
    const rows = await this.look<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
          and relname <> '_prisma_migrations' order by 1`,
    );
    return rows.map((row) => row.name);
  }

  async close(): Promise<void> {
    await Promise.all([this.app.end(), this.admin.end()]);
    await this.database.drop();
  }
}

/** `select * from fn(name => value, …)` on a client that already acts for someone. */
export async function callOn(client: pg.ClientBase, fn: string, args: Args): Promise<Row[]> {
  const names = Object.keys(args);
  const list = names.map((name, i) => `${name} => $${i + 1}`).join(", ");
  return (await client.query(`select * from public.${fn}(${list})`, Object.values(args).map(parameter))).rows as Row[];
}

/** A database for this test file; closed after its tests. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = new TestDatabase(await freshDatabase(ownCluster()));
  afterAll(() => database.close());
  return database;
}

/** The refusal of a promise: a coded error, one sentence, and nothing of any row. */
export async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await promise.then(
    (answer) => {
      throw new Error(`It was not refused: ${JSON.stringify(answer)}`);
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof pg.DatabaseError)) throw error;
  const { code, message, detail, hint, schema, table, column, dataType, constraint } = error;
  expect({ detail, hint, schema, table, column, dataType, constraint }).toEqual({});
  return { code: code ?? "", message };
}

/** The code with which a promise is refused. */
export const refusedWith = async (promise: Promise<unknown>): Promise<string> => (await refusal(promise)).code;

export { actorName };
