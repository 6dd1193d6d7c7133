// A database with the demo fund for a test: looked at as superuser, and reduced to one hash of everything that dealing came to.
// Touches only that database.

import { expectNothingBrokenAtRest } from "@evergreen-fund/testing/checked.ts";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";

import { type DemoProgress, seedDemo } from "../seed.ts";

export class DemoHouse {
  readonly database: FreshDatabase;
  readonly client: pg.Client;
  constructor(database: FreshDatabase) {
    this.database = database;
    this.client = new pg.Client({ connectionString: database.adminUrl });
  }
  static async open(): Promise<DemoHouse> {
    const house = new DemoHouse(await freshDatabase(ownCluster()));
    await house.client.connect();
    return house;
  }
  async rows<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(sql, values)).rows;
  }
  async one<T>(sql: string, values: unknown[] = []): Promise<T> {
    return (await this.rows<{ value: T }>(`select (${sql}) as value`, values))[0]!.value;
  }
  /** Asks the one checker first: no fund of the demo breaks an invariant. */
  async close(): Promise<void> {
    await expectNothingBrokenAtRest((sql, values) => this.rows(sql, values)).finally(() => this.drop());
  }
  private async drop(): Promise<void> {
    await this.client.end();
    await this.database.drop();
  }
  /** What the dealing came to, without the ids that every run draws anew. */
  fingerprint(): Promise<string> {
    return this.one(
      `select encode(sha256(convert_to(string_agg(line, E'\\n' order by line collate "C"), 'UTF8')), 'hex') from (
         select concat_ws('|', 'fill', d.dealing_date, c.code, i.code, f.direction, a.cohort, trim_scale(a.requested_units), trim_scale(a.filled_units), trim_scale(a.carried_units),
             trim_scale(a.price), a.gross_amount, a.levy, a.net_amount, f.requested_at at time zone 'UTC', f.settled_at at time zone 'UTC') as line
           from allocations a join dealing_days d using (dealing_day_id) join share_classes c on c.share_class_id = a.share_class_id
           join investors i on i.investor_id = a.investor_id join fund_flows f on f.flow_id = a.flow_id
         union all
         select concat_ws('|', 'nav', s.nav_date, s.version, s.state, s.nav, s.liabilities, c.code, trim_scale(n.nav_per_unit), trim_scale(n.units), n.published_at at time zone 'UTC')
           from nav_strikes s join class_navs n using (strike_id) join share_classes c using (share_class_id)
         union all
         select concat_ws('|', 'cash', t.posted_at at time zone 'UTC', t.kind, t.description, m.account, i.code, m.amount)
           from ledger_transactions t join cash_movements m using (ledger_tx_id) left join investors i using (investor_id)
         union all
         select concat_ws('|', 'day', d.dealing_date, c.code, d.status, d.orders, d.decision -> 'gate', d.decision -> 'fraction', d.closed_at at time zone 'UTC')
           from dealing_days d join share_classes c using (share_class_id)) lines`,
    );
  }
}

/** Seeds it to the end. */
export const seeded = async (house: DemoHouse, onProgress?: (progress: DemoProgress) => void) => {
  const seed = await seedDemo({ databaseUrl: house.database.adminUrl, ...(onProgress ? { onProgress } : {}) });
  if (seed.outcome !== "ready") throw new Error(seed.reason);
  return { ...seed, result: await seed.history };
};
