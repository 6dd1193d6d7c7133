// Who listens to what, and the telling: every beat, the rows that changed are read as each listener and sent to the channels that asked for them.
import { type Change, LIVE_TABLES, type ReadRows, type Row } from "./changes.ts";
import { type Binding, matches } from "./protocol.ts";

export interface Channel {
  bindings: readonly Binding[];
  token: string;
  /** One change, with the ids of the bindings that asked for it. */
  tell(ids: readonly number[], data: object): void;
  /** The token is no longer good: the client may join again with a new one. */
  end(): void;
}

export interface HubOptions {
  readRows: ReadRows;
  /** Who the token is for, or undefined when it is not valid now. */
  holderOf(token: string): Promise<string | undefined>;
  now(): string;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #channels = new Set<Channel>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#channels.size;
  }

  add(channel: Channel): void {
    this.#channels.add(channel);
  }

  remove(channel: Channel): void {
    this.#channels.delete(channel);
  }

  /** Tells everybody what they asked for and may see. A listener that cannot be served is ended; the others hear all the same. */
  async tell(changes: readonly Change[]): Promise<void> {
    const changed = new Map<string, Map<string, boolean>>();
    for (const { table, id, isNew } of changes) {
      const rows = changed.get(table) ?? new Map<string, boolean>();
      changed.set(table, rows.set(id, isNew || rows.get(id) === true));
    }
    // the channels of one person share what is read
    const read = new Map<string, Promise<readonly Row[]>>();
    await Promise.all([...this.#channels].map((channel) => this.#tellOne(channel, changed, read)));
  }

  async #tellOne(
    channel: Channel,
    changed: ReadonlyMap<string, ReadonlyMap<string, boolean>>,
    read: Map<string, Promise<readonly Row[]>>,
  ): Promise<void> {
    const tables = [...new Set(channel.bindings.map(({ table }) => table))].filter((table) => changed.has(table));
    if (tables.length === 0) return;
    try {
      const holder = await this.#options.holderOf(channel.token);
      if (holder === undefined) throw new Error("The token is not valid any more.");
      for (const table of tables) {
        const key = `${holder}/${table}`;
        const rows =
          read.get(key) ?? this.#options.readRows(channel.token, table, [...(changed.get(table)?.keys() ?? [])]);
        read.set(key, rows);
        for (const row of await rows) {
          const isNew = changed.get(table)?.get(String(row[LIVE_TABLES[table] ?? ""])) === true;
          this.#send(channel, table, row, isNew ? "INSERT" : "UPDATE");
        }
      }
    } catch {
      this.remove(channel);
      channel.end();
    }
  }

  #send(channel: Channel, table: string, row: Row, type: "INSERT" | "UPDATE"): void {
    const ids = channel.bindings.filter((one) => one.table === table && matches(one, type, row)).map(({ id }) => id);
    if (ids.length === 0 || !this.#channels.has(channel)) return;
    channel.tell(ids, {
      schema: "public",
      table,
      type,
      commit_timestamp: this.#options.now(),
      // amounts are text already, and stay it: a client converts by these types
      columns: Object.keys(row).map((name) => ({ name, type: "text" })),
      record: row,
      old_record: {},
      errors: null,
    });
  }
}
