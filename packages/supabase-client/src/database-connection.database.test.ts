// The connections behind the door: what is prepared on them, how they survive refusals, and what becomes of a lost one.
import type { Actor, EvergreenError } from "@evergreen-fund/domain";
import pg from "pg";
import { describe, expect, it, vi } from "vitest";
import { openDatabase } from "./database.ts";
import {
  admin,
  database,
  drift,
  fresh,
  fund,
  LP,
  NOBODY,
  onAFreshDatabase,
  overheard,
  PM,
  refusal,
  SERVICE,
  whoIs,
} from "./test-door.ts";

onAFreshDatabase();

describe("prepared", () => {
  it("a refusal costs no connection: the next call travels on the same one", async () => {
    const refused = await overheard(() => database.rpc(LP, "fn_import_fund", { fund: fund() }));
    const next = await overheard(() => drift({}));
    expect(next[0]!.client).toBe(refused[0]!.client);
  });

  it("a call is prepared once for its connection, and no value is part of it", async () => {
    const retry = (seqs: string[]) => database.rpc(SERVICE, "fn_release_events", { seqs });
    const heard = await overheard(async () => {
      await retry(["71001"]);
      await retry(["71002"]);
    });
    const { rows } = await heard[0]!.client.query<{ statement: string }>(
      "select statement from pg_prepared_statements where name like 'evergreen%'",
    );
    const texts = rows.map(({ statement }) => statement);
    expect(texts.filter((text) => text.includes("fn_release_events"))).toHaveLength(1);
    expect(texts.filter((text) => text.includes("set_config"))).toHaveLength(1);
    expect(texts.join()).not.toMatch(/7100|service_role/);
  });

  it("a call that was refused works the next time, also when it was the first on its connection", async () => {
    const other = openDatabase({ url: fresh.urlFor("evergreen_app"), connections: 1 });
    try {
      const seal = (max_entries: number) => other.rpc(SERVICE, "fn_seal_audit", { max_entries });
      expect((await refusal(other.rpc(PM, "fn_seal_audit", { max_entries: 1 }))).code).toBe("EG403");
      expect((await refusal(seal(3_000_000_000))).code).toBe("EG400");
      expect(await seal(1)).toBeTypeOf("number");
      expect((await refusal(other.rpc({ role: "nobody" } as unknown as Actor, "fn_seal_audit", {}))).code).toBe(
        "EG400",
      );
      expect(await seal(1)).toBeTypeOf("number");
    } finally {
      await other.close();
    }
  });

  it("a prepared call whose function a migration replaced is prepared anew", async () => {
    const release = () => database.rpc(SERVICE, "fn_release_events", { seqs: ["71003"] });
    expect(await release()).toBe(0);
    const shipped = await admin.query("select pg_get_functiondef('public.fn_release_events'::regproc) as sql");
    const replace = (sql: string) =>
      admin.query(
        `drop function public.fn_release_events; ${sql}; grant execute on function public.fn_release_events to service_role`,
      );
    await replace(
      "create function public.fn_release_events(seqs bigint[]) returns smallint language sql as 'select 7::smallint'",
    );
    expect(await release()).toBe(7);
    await replace(shipped.rows[0].sql);
    expect(await release()).toBe(0);
  });

  it("a session that lost what was prepared on it gets it again, and no call happens twice", async () => {
    const { fund_id } = await database.rpc(PM, "fn_import_fund", { fund: fund() });
    const raise = () =>
      database.rpc(PM, "fn_update_liquidity_bucket", { bucket: "7d", delta_capacity: "1.00", context: { fund_id } });
    const heard = await overheard(raise);
    await heard[0]!.client.query("deallocate all");
    expect((await raise()).capacity).toBe("2.0000");
    await heard[0]!.client.query("deallocate evergreen_0"); // who one is: nothing may run as the login instead
    expect((await raise()).capacity).toBe("3.0000");
  });

  it("behind a transaction pooler nothing is left prepared", async () => {
    const url = new URL(fresh.urlFor("evergreen_app"));
    url.searchParams.set("pgbouncer", "true");
    const pooled = openDatabase({ url: url.href, connections: 1 });
    try {
      const heard = await overheard(async () => {
        await pooled.rpc(PM, "fn_import_fund", { fund: fund() });
        await pooled.rpc(PM, "fn_import_fund", { fund: fund() });
      });
      expect(heard).toHaveLength(2);
      const { rows } = await heard[0]!.client.query("select name from pg_prepared_statements");
      expect(rows).toEqual([]);
      expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
    } finally {
      await pooled.close();
    }
  });
});

describe("there and gone", () => {
  it("connects both ways, so that the next calls open no connection", async () => {
    const other = openDatabase({ url: fresh.urlFor("evergreen_app"), connections: 1 });
    try {
      await other.ready();
      const connecting = vi.spyOn(pg.Client.prototype, "connect");
      await other.rpc(PM, "fn_import_fund", { fund: fund() });
      await other.read(PM, (tx) => tx.funds.count());
      expect(connecting).not.toHaveBeenCalled();
    } finally {
      await other.close();
    }
  });

  it("is EG503 where there is no database", async () => {
    const nowhere = openDatabase({ url: "postgres://evergreen_app:test@127.0.0.1:1/none" });
    expect((await refusal(nowhere.ready())).code).toBe("EG503");
    await nowhere.close();
  });

  it("a lost connection is EG503, and the next call works", async () => {
    // a session of its own: what pg_stat_activity shows stands still inside the transaction that holds the lock
    const watcher = new pg.Client({ connectionString: fresh.adminUrl });
    await watcher.connect();
    const lose = async (): Promise<void> => {
      await vi.waitFor(
        async () => {
          const { rowCount } = await watcher.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'evergreen_app' and wait_event_type = 'Lock'",
          );
          expect(rowCount).toBe(1);
        },
        { timeout: 20_000, interval: 20 },
      );
    };
    const blocked = async (call: () => Promise<unknown>): Promise<EvergreenError> => {
      await admin.query("begin; lock table fund_events in access exclusive mode");
      try {
        const [refused] = await Promise.all([refusal(call()), lose()]);
        return refused;
      } finally {
        await admin.query("rollback");
      }
    };
    expect(await blocked(() => drift({}))).toMatchObject({ code: "EG503", retryable: true });
    expect(await drift({})).toBeTypeOf("string");
    expect(await blocked(() => database.read(PM, (tx) => tx.fund_events.count()))).toMatchObject({ code: "EG503" });
    expect(await database.read(PM, (tx) => tx.fund_events.count())).toBeGreaterThan(0);
    await watcher.end();
  });
});
