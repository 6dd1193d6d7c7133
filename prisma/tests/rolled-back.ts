// A database that exists already, acted in as the tests of the functions act, in one transaction that is never committed: nothing of it is ever seen, or stays.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import pg from "pg";
import { claimsOf, type Row, TestDatabase } from "./arrange.ts";

class RolledBack extends TestDatabase {
  readonly #client: pg.PoolClient;

  constructor(adminUrl: string, client: pg.PoolClient) {
    // of the pools neither is ever used, and so neither connects
    super({ name: "", adminUrl, urlFor: () => adminUrl, drop: () => Promise.resolve() });
    this.#client = client;
  }

  override async as<T>(actor: Actor | null, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    await this.#take(actor?.role ?? "none", actor === null ? "" : claimsOf(actor));
    const result = await work(this.#client);
    await this.#take("none", "");
    return result;
  }

  override async look<T extends Row = Row>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.#client.query<T>(sql, values)).rows;
  }

  #take = (role: string, claims: string) =>
    this.#client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
      role,
      claims,
    ]);
}

/** What `work` answers of a database in which it has arranged what it likes; an error of a function ends it. */
export async function rolledBack<T>(adminUrl: string, work: (db: TestDatabase) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: adminUrl, max: 1 });
  const client = await pool.connect();
  try {
    await client.query("begin");
    return await work(new RolledBack(adminUrl, client));
  } finally {
    // what was not committed is gone with the connection
    client.release(true);
    await pool.end();
  }
}
