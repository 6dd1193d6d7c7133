// The door itself on a real Postgres: who one is during a call and after it, what becomes of hostile values, of errors and of lost connections.
import type { Actor } from "@evergreen-fund/domain";
import { EvergreenError } from "@evergreen-fund/domain";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { type Database, openDatabase } from "./database.ts";

const PM: Actor = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000001" };
const OPS: Actor = { role: "ops_role", userId: "00000000-0000-4000-8000-000000000005" };
const LP: Actor = { role: "lp_role", userId: "00000000-0000-4000-8000-000000000003" };
const KYC: Actor = { role: "agent_kyc" };
const SERVICE: Actor = { role: "service_role" };
const COMMANDER: Actor = { role: "agent_commander" };

let fresh: FreshDatabase;
let admin: pg.Client;
/** One connection for rpc and one for read: whatever a call leaves behind, the next one meets. */
let database: Database;
beforeAll(async () => {
  fresh = await freshDatabase(inject("postgresAdminUrl"));
  admin = new pg.Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  database = openDatabase({ url: fresh.urlFor("evergreen_app"), connections: 1 });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await database?.close();
  await admin?.end();
  await fresh?.drop();
});

let made = 0;
const fund = (more: Record<string, unknown> = {}): Record<string, unknown> => {
  made += 1;
  return {
    code: `SYN-${made}`,
    name: "Synthetic fund",
    currency: "USD",
    as_of: "2026-09-30",
    net_assets: "100.00",
    synthetic: true,
    source: { kind: "synthetic" },
    assets: [
      { key: "CASH", name: "Cash", type: "cash", sleeve: "cash", market_value: "100.00", bucket: "1d", liquid: true },
    ],
    ladder: [{ side: "asset", bucket: "1d", capacity: "100.00" }],
    ...more,
  };
};
const drift = (payload: Record<string, unknown>, source = "feed") =>
  database.rpc(SERVICE, "fn_record_event", {
    type: "DATA_DRIFT",
    payload: { asset_id: "00000000-0000-4000-8000-00000000000a", deviation_bps: 1, threshold_bps: 1, ...payload },
    source,
  });
const refusal = async (call: Promise<unknown>): Promise<EvergreenError> => {
  const failure = await call.then(
    (answer) => answer,
    (error: unknown) => error,
  );
  if (!(failure instanceof EvergreenError)) throw new Error("It was not refused with a code.");
  return failure;
};
/** Every query of the drivers while `work` runs: the connection and the text. The drivers do their work as always. */
async function overheard(work: () => Promise<unknown>): Promise<{ client: pg.Client; text: string }[]> {
  const spy = vi.spyOn(pg.Client.prototype, "query");
  await work().catch(() => undefined);
  const heard = spy.mock.calls.map((call, at) => {
    const [query] = call as unknown as [string | { text: string }];
    return { client: spy.mock.contexts[at] as pg.Client, text: typeof query === "string" ? query : query.text };
  });
  spy.mockRestore();
  return heard;
}
const whoIs = async (client: pg.Client) =>
  (
    await client.query(
      "select current_user as who, coalesce(current_setting('request.jwt.claims', true), '') as claims, pg_current_xact_id_if_assigned() is not null as writing",
    )
  ).rows[0] as unknown;
const NOBODY = { who: "evergreen_app", claims: "", writing: false };

const HOSTILE = [
  "'; drop table funds; --",
  "\\'; drop table funds; --",
  "E'\\\\' || $$ $1 $x$",
  "\"}','{\"", // ends of array and JSON literals
  "NULL",
  "{a,b}",
  " ",
  "é 漢字 👩‍👩‍👧 \u202e\ufeff",
  "line\r\nfeed\ttab\u0007",
];

const ORDER = {
  fund: "NONE",
  investor_id: "00000000-0000-4000-8000-00000000000b",
  direction: "redemption",
  amount: "1.00",
  currency: "USD",
};

describe("who one is", () => {
  it("an rpc is one message, and nobody is left on its connection", async () => {
    const heard = await overheard(() => database.rpc(PM, "fn_import_fund", { fund: fund() }));
    expect(heard).toHaveLength(1);
    expect(heard[0]!.text).toContain("public.fn_import_fund");
    expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
  });

  it("an rpc that fails midway leaves neither a role nor an effect", async () => {
    const before = await admin.query("select count(*) from funds");
    const heard = await overheard(() =>
      database.rpc(PM, "fn_import_fund", { fund: fund({ assets: [{ key: "X", market_value: "no number" }] }) }),
    );
    expect(heard).toHaveLength(1);
    expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
    expect((await admin.query("select count(*) from funds")).rows).toEqual(before.rows);
  });

  it.each([
    ["that ends well", async () => undefined],
    ["that fails", () => Promise.reject(new Error("in the middle"))],
  ])("a read %s leaves nobody on its connection", async (_, end) => {
    const heard = await overheard(() => database.read(PM, (tx) => tx.funds.count().then(end)));
    expect(heard.some(({ text }) => text.includes("set_config"))).toBe(true);
    expect(new Set(heard.map(({ client }) => client)).size).toBe(1);
    expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
  });

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

  it.each(HOSTILE.concat("x', true), set_config('role', 'pm_role"))(
    "claims of a user called %j make nobody of anybody",
    async (userId) => {
      const heard = await overheard(() => database.rpc({ role: "lp_role", userId }, "fn_place_order", ORDER));
      expect(heard[0]!.text).not.toContain(userId.trim() || "no blank can be told from the text's own");
      expect((await refusal(database.rpc({ role: "lp_role", userId }, "fn_place_order", ORDER))).code).toMatch(
        /^EG40[14]$/,
      );
      expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
    },
  );

  it("the audit trail names each caller of one connection", async () => {
    await database.rpc(PM, "fn_import_fund", { fund: fund() });
    await drift({});
    const { rows } = await admin.query<{ created_by: string }>(
      "select created_by from audit_trail order by seq desc limit 1",
    );
    expect(rows).toEqual([{ created_by: "service" }]);
    const mine = await admin.query("select 1 from audit_trail where created_by = $1", [
      `user:${"userId" in PM ? PM.userId : ""}`,
    ]);
    expect(mine.rowCount).toBeGreaterThan(0);
  });

  it("a role sees what its policies show, through rpc and read alike, and writes nothing itself", async () => {
    await database.rpc(PM, "fn_import_fund", { fund: fund() });
    expect(await database.read(PM, (tx) => tx.funds.count())).toBeGreaterThan(0);
    expect(await database.read(LP, (tx) => tx.funds.count())).toBe(0);
    expect((await refusal(database.rpc(LP, "fn_import_fund", { fund: fund() }))).code).toBe("EG403");
    expect((await refusal(database.read(PM, (tx) => tx.funds.deleteMany()))).code).toBe("EG403");
  });
});

describe("reading", () => {
  it("sees one snapshot from its first statement to its last", async () => {
    const counts = await database.read(PM, async (tx) => {
      const first = await tx.funds.count();
      await database.rpc(PM, "fn_import_fund", { fund: fund() });
      return [first, await tx.funds.count()];
    });
    expect(counts[1]).toBe(counts[0]);
    expect(await database.read(PM, (tx) => tx.funds.count())).toBe(counts[0]! + 1);
  });

  it("an amount and a position beyond a double's digits arrive digit for digit", async () => {
    const amount = "9007199254740993000000000000.01";
    const { fund_id } = await database.rpc(PM, "fn_import_fund", { fund: fund() });
    const rung = await database.rpc(PM, "fn_update_liquidity_bucket", {
      bucket: "7d",
      delta_capacity: amount,
      context: { fund_id },
    });
    expect(rung.capacity).toBe(`${amount}00`);
    const read = await database.read(PM, (tx) =>
      tx.liquidity_ladder.findUnique({ where: { ladder_id: rung.ladder_id }, select: { capacity: true } }),
    );
    expect(read?.capacity.toFixed()).toBe(amount);

    await admin.query("select setval(pg_get_serial_sequence('fund_events', 'seq'), 9007199254740993, false)");
    const event = await drift({});
    const claimed = await database.rpc(SERVICE, "fn_claim_events", { consumer: "test", max_events: 1000 });
    expect(claimed.find(({ event_id }) => event_id === event)?.seq).toBe("9007199254740993");
    const seq = await database.read(PM, (tx) => tx.fund_events.findUnique({ where: { event_id: event } }));
    expect(seq?.seq).toBe(9007199254740993n);
  });
});

describe("hostile values are data", () => {
  it.each(HOSTILE)("%j as text and as jsonb, key and value", async (hostile) => {
    const id = await drift({ [`k${hostile}`]: hostile }, hostile);
    const event = await database.read(PM, (tx) => tx.fund_events.findUnique({ where: { event_id: id } }));
    expect(event).toMatchObject({ source: hostile, payload: { [`k${hostile}`]: hostile } });
    const found = await database.read(PM, (tx) => tx.fund_events.count({ where: { source: hostile } }));
    expect(found).toBe(1);
  });

  it("all of them as text[]", async () => {
    const pending_id = await database.rpc(OPS, "fn_submit_investor", { classification: "professional" });
    await database.rpc(KYC, "fn_ask_evidence", { pending_id, missing: HOSTILE });
    const { rows } = await admin.query("select missing from investors_pending_kyc where pending_id = $1", [pending_id]);
    expect(rows).toEqual([{ missing: HOSTILE }]);
  });

  it("as uuid[], bigint[], uuid, numeric and int they are EG400, without their words", async () => {
    for (const hostile of HOSTILE) {
      const context = { fund_id: "00000000-0000-4000-8000-00000000000f" };
      const calls = [
        database.rpc(SERVICE, "fn_record_event", {
          type: "SUBSCRIPTION_REQUESTED",
          payload: { flow_id: context.fund_id },
          source: "s",
          investor_ids: [hostile],
        }),
        database.rpc(SERVICE, "fn_finish_events", { seqs: [hostile] }),
        database.rpc(PM, "fn_retry_event", { event_id: hostile }),
        database.rpc(PM, "fn_update_liquidity_bucket", { bucket: "7d", delta_capacity: hostile, context }),
        database.rpc(SERVICE, "fn_claim_events", { consumer: "test", max_events: Number.MAX_SAFE_INTEGER }),
      ];
      for (const refused of await Promise.all(calls.map(refusal))) {
        expect(refused.code).toBe("EG400");
        expect(refused.message).not.toMatch(/drop|漢字|syntax/);
      }
    }
  });

  it("float8[]: every finite number, and nothing else", async () => {
    const embedding = [1e-100, 0, 1e100, -1e-7, 0.1, 1e21, 1 / 3, 2];
    const text = "Numbers far apart.";
    await database.rpc(COMMANDER, "fn_remember", { memory: { text, embedding } });
    const { rows } = await admin.query("select embedding from agent_memories where text = $1", [text]);
    // kept at length one: the largest component is all that is left of numbers this far apart
    expect(rows[0].embedding.map((value: number) => Math.round(value * 1e12) / 1e12)).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
    const [found] = await database.rpc(COMMANDER, "fn_search_memories", { embedding: [...embedding.slice(0, 7), -0] });
    expect(found).toMatchObject({ text, score: 1 });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "1'; drop"]) {
      const refused = refusal(database.rpc(COMMANDER, "fn_search_memories", { embedding: [value as number] }));
      expect((await refused).code).toBe("EG400");
    }
  });

  it.each([
    ["a NUL", "a\0b"],
    ["half a surrogate pair", "a\ud800b"],
  ])("%s is EG400 wherever it stands, and the connection lives on", async (_, broken) => {
    const missing = [broken];
    const calls = [
      drift({}, broken),
      drift({ [broken]: 1 }),
      drift({ note: broken }),
      database.rpc(KYC, "fn_ask_evidence", { pending_id: "00000000-0000-4000-8000-00000000000f", missing }),
      database.rpc({ role: "pm_role", userId: broken }, "fn_import_fund", { fund: fund() }),
      database.rpc({ role: `agent_${broken}` }, "fn_import_fund", { fund: fund() }),
    ];
    for (const refused of await Promise.all(calls.map(refusal))) expect(refused.code).toBe("EG400");
    expect(await drift({})).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("a role that is none of ours is refused and no SQL", async () => {
    const actor = { role: "agent_x'; drop table funds; --" } as Actor;
    expect((await refusal(database.rpc(actor, "fn_import_fund", { fund: fund() }))).code).toBe("EG400");
    expect((await refusal(database.read(actor, (tx) => tx.funds.count()))).code).toBe("EG400");
    expect(
      (await refusal(database.read({ role: "postgres" } as unknown as Actor, (tx) => tx.funds.count()))).code,
    ).toBe("EG403");
  });
});

describe("errors", () => {
  it("the functions' codes arrive as they were raised", async () => {
    const event_id = "00000000-0000-4000-8000-00000000000f";
    expect((await refusal(database.rpc(PM, "fn_retry_event", { event_id }))).code).toBe("EG404");
    expect((await refusal(database.rpc(PM, "fn_request_rebalance", { fund: "NONE" }))).code).toBe("EG404");
    const twice = { type: "SUBSCRIPTION_REQUESTED", source: "s", request_id: "test/one" };
    await database.rpc(SERVICE, "fn_record_event", { ...twice, payload: { flow_id: event_id } });
    const other = database.rpc(SERVICE, "fn_record_event", { ...twice, payload: { flow_id: event_id, a: 1 } });
    expect((await refusal(other)).code).toBe("EG409");
  });

  it("say nothing of rows: no DETAIL, no value, no SQL", async () => {
    const canary = "CANARY-7";
    await database.rpc(PM, "fn_import_fund", { fund: fund({ code: canary, name: canary }) });
    await admin.query("create unique index only_one_source on fund_events (source) where source like 'CANARY%'");
    await drift({}, canary);
    const calls = [
      drift({}, canary),
      database.rpc(PM, "fn_update_liquidity_bucket", { bucket: canary, delta_capacity: canary, context: {} }),
      database.read(PM, (tx) => tx.$queryRawUnsafe(`select '${canary}'::int from funds`)),
      database.read(PM, (tx) => tx.funds.findMany({ where: { fund_id: canary } })),
      database.read(PM, (tx) => tx.funds.create({ data: { name: canary } as never })),
    ];
    for (const refused of await Promise.all(calls.map(refusal))) {
      expect(refused.message).not.toMatch(/CANARY|select|prisma|funds\b/i);
      expect(refused).not.toHaveProperty("detail");
    }
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

describe("getting ready", () => {
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
});
