// The demo loader and its clock on a real Postgres: only its role, only a database marked as a demo, all or nothing, once. What it makes of three years is
// in demo-history.test.ts.

import { ALL_ROLES } from "@evergreen-fund/domain/roles.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { ownCluster } from "@evergreen-fund/testing/own-cluster.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DemoChunk } from "../demo/chunks.ts";
import { generateDemo } from "../demo/generate.ts";
import { HOLIDAYS } from "../demo/holidays.ts";
import { CLERK, LP_USERS } from "../demo/logins.ts";
import { CLASSES, DEMO_VERSION } from "../demo/terms.ts";
import { seedDemo } from "../seed.ts";

const DEMO = generateDemo(LP_USERS);
const MARKS = DEMO.timeline.flatMap((act) => (act.act === "load" && act.name.startsWith("marks") ? [act.chunk] : []));

let database: FreshDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await freshDatabase(ownCluster());
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
});
afterEach(async () => {
  await client?.end();
  await database?.drop();
});

async function one<T>(sql: string, values: unknown[] = []): Promise<T> {
  return (await client.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]!.value;
}

const countOf = (table: string): Promise<number> => one<number>(`select count(*)::int from public.${table}`);

async function counts(): Promise<Record<string, number>> {
  const tables = ["assets", "investors", "share_classes", "fund_flows", "asset_snapshots", "audit_trail"];
  const found: Record<string, number> = {};
  for (const table of tables) found[table] = await countOf(table);
  return found;
}

/** Runs one statement as a role, with the claims of a signed-in person; gives back its error code, or null. */
async function codeAs(role: string, sql: string, values: unknown[], userId = LP_USERS.first): Promise<string | null> {
  await client.query("begin");
  try {
    await client.query(`set local role ${role}`);
    await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify({ sub: userId, role })]);
    await client.query(sql, values);
    await client.query("commit");
    return null;
  } catch (error) {
    await client.query("rollback");
    return (error as pg.DatabaseError).code ?? "none";
  }
}

const load = (role: string, chunk: DemoChunk, requestId: string | null = null): Promise<string | null> =>
  codeAs(role, "select public.fn_load_demo($1::jsonb, $2)", [JSON.stringify(chunk), requestId]);

/** The fund and its register, no history. */
async function seedFundOnly(): Promise<void> {
  const seed = await seedDemo({ databaseUrl: database.adminUrl, signal: AbortSignal.abort() });
  if (seed.outcome !== "ready") throw new Error(seed.reason);
  expect(await seed.history).toEqual({ outcome: "stopped", loaded: 0 });
}

describe("seedDemo", () => {
  it("brings the fund, its register and its terms first, and a second time nothing more", async () => {
    await seedFundOnly();
    const before = await counts();
    expect(before).toMatchObject({ assets: 42, investors: 200, share_classes: 2, fund_flows: 0, asset_snapshots: 42 });
    expect(await countOf("dealing_days")).toBe(0);
    expect(await countOf("calendar_holidays")).toBe(new Set(HOLIDAYS.map(({ date }) => date)).size);
    const difference = await one<string>(
      `select f.net_assets - sum(a.market_value) from public.funds f join public.portfolio_allocations a using (fund_id) where a.superseded_at is null group by f.fund_id`,
    );
    expect(Number(difference)).toBe(0);
    expect(
      await one(
        "select sum(actual_pct) between 1 - 1e-15 and 1 + 1e-15 and sum(target_pct) = 1 from public.portfolio_allocations",
      ),
    ).toBe(true);
    await seedFundOnly();
    // every call was answered before: only the calls that carry a clock are audited once more
    const after = await counts();
    expect({ ...after, audit_trail: 0 }).toEqual({ ...before, audit_trail: 0 });
    expect(await one("select allocations_version::int from public.funds")).toBe(1);
  });

  it("audits what it does and names who did it", async () => {
    await seedFundOnly();
    const { rows } = await client.query(
      "select split_part(created_by, ':', 1) as who, request_id from public.audit_trail where request_id is not null order by seq",
    );
    const ours = (name: string) => `demo/${DEMO_VERSION}/${name}`;
    expect(rows.map(({ who, request_id }) => [who, request_id])).toEqual([
      ["user", ours("fund")],
      ["user", ours("fund")],
      ["demo", ours("register")],
      ["user", ours("holidays")],
      ...CLASSES.flatMap(({ code }) => [
        ["user", ours(`class/${code}`)],
        ["user", ours(`terms/${code}`)],
      ]),
      ["user", ours("tools")],
      ["user", ours("credit-line")],
    ]);
  });

  it("keeps the 30-day cover of R38", async () => {
    await seedFundOnly();
    const { rows } = await client.query(
      "select assets, liabilities from evergreen.thirty_day_cover((select fund_id from public.funds), null)",
    );
    const cover = Number(rows[0].assets) / Number(rows[0].liabilities);
    expect(Number(rows[0].liabilities)).toBeGreaterThan(0);
    expect(cover).toBeGreaterThan(1.2);
    expect(cover).toBeLessThan(10);
  });

  it("leaves a database with a fund of its own alone, and one with an older demo", async () => {
    await client.query(
      "insert into public.funds (code, name, base_currency) values ('OWN', 'A fund of its own', 'EUR')",
    );
    expect(await seedDemo({ databaseUrl: database.adminUrl })).toMatchObject({ outcome: "left_alone" });
    expect(await one("select value::text from public.platform_settings where key = 'demo'")).toBe("false");
    expect(await countOf("funds")).toBe(1);

    await client.query("update public.platform_settings set value = 'true' where key = 'demo'");
    await client.query(
      `update public.funds set code = 'DEMO', synthetic = true, source = '{"kind": "synthetic", "generator": "demo", "version": "0"}'`,
    );
    expect(await seedDemo({ databaseUrl: database.adminUrl })).toMatchObject({ outcome: "left_alone" });
    expect(await countOf("assets")).toBe(0);
  });

  it("says EG503 when there is no database", async () => {
    await expect(seedDemo({ databaseUrl: "postgresql://nobody:x@127.0.0.1:9/none" })).rejects.toMatchObject({
      code: "EG503",
    });
  });

  it("says EG503 when the database goes away on its way, and goes on when it is back", {
    timeout: 240_000,
  }, async () => {
    let ended = false;
    let cut: Promise<number> = Promise.resolve(0);
    // again and again: one that is idle when it is cut off is replaced without anybody noticing
    const cutOff = async (): Promise<number> => {
      let sessions = 0;
      while (!ended) {
        const { rowCount } = await client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        );
        sessions += rowCount ?? 0;
      }
      return sessions;
    };
    const seed = await seedDemo({
      databaseUrl: database.adminUrl,
      onProgress: ({ step }) => {
        if (step === "2023-11-30") cut = cutOff();
      },
    });
    if (seed.outcome !== "ready") throw new Error(seed.reason);
    await expect(seed.history.finally(() => (ended = true))).rejects.toMatchObject({ code: "EG503", retryable: true });
    expect(await cut).toBeGreaterThan(0);
    const stop = new AbortController();
    const steps: string[] = [];
    const again = await seedDemo({
      databaseUrl: database.adminUrl,
      signal: stop.signal,
      onProgress: ({ phase, step }) => {
        if (phase === "history") steps.push(step);
        if (step === "2023-12-29") stop.abort();
      },
    });
    if (again.outcome !== "ready") throw new Error(again.reason);
    expect(await again.history).toEqual({ outcome: "stopped", loaded: 1 });
    expect(steps).toEqual(["2023-10-31", "2023-11-30", "2023-12-29"]);
    expect(await one("select count(*)::int from dealing_days where status = 'closed'")).toBe(6);
  });
});

describe("the demo's clock", () => {
  const AT = "2024-03-05T10:00:00Z";
  /** Runs statements in one transaction: as the demo role, as somebody of operations. */
  async function inPast(
    work: () => Promise<unknown>,
    clock: () => Promise<unknown> = async () => {
      await client.query("set local role demo_role");
      await client.query("select public.fn_set_demo_clock($1)", [AT]);
    },
  ): Promise<void> {
    await client.query("begin");
    try {
      await clock();
      await client.query("set local role ops_role");
      await client.query("select set_config('request.jwt.claims', $1, true)", [
        JSON.stringify({ sub: CLERK.userId, role: "ops_role" }),
      ]);
      await work();
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  }
  const mark = () =>
    client.query("select public.fn_record_marks('DEMO', $1::jsonb)", [
      JSON.stringify([{ asset: "MM01", as_of: "2024-02-29", value: "1.00", source: "synthetic" }]),
    ]);
  const recorded = () => one<Date>("select max(recorded_at) from public.asset_snapshots where as_of = '2024-02-29'");

  it("dates back what a transaction records, keeps when it was made, and says so in the audit", async () => {
    await seedFundOnly();
    await inPast(mark);
    expect(await recorded()).toEqual(new Date(AT));
    const made = "select created_at > now() - interval '1 minute' from public";
    expect(await one(`${made}.asset_snapshots where as_of = '2024-02-29'`)).toBe(true);
    expect(await one(`${made}.fund_events where type = 'MARKS_RECORDED'`)).toBe(true);
    expect(
      await one(
        "select recorded_at > now() - interval '1 minute' from public.fund_events where type = 'MARKS_RECORDED'",
      ),
    ).toBe(true);
    expect(
      await one(
        `select count(*)::int from public.audit_trail d join public.audit_trail a using (tx) where d.entity_type = 'demo_clock' and d.created_by = 'demo' and a.entity_type = 'asset_snapshots' and a.created_by like 'user:%'`,
      ),
    ).toBe(1);
  });

  it("ends with its transaction", async () => {
    await seedFundOnly();
    await inPast(() => client.query("select 1"));
    await inPast(mark, async () => undefined);
    expect((await recorded()).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it("is not believed where somebody sets the setting by hand, nor the audit of another transaction", async () => {
    await seedFundOnly();
    await inPast(() => client.query("select 1"));
    const forged = "2024-03-05 10:00:00+00";
    expect(await one("select count(*)::int from public.audit_trail where entity_id = $1", [forged])).toBe(1);
    await inPast(mark, () => client.query("select set_config('evergreen.demo_clock', $1, true)", [forged]));
    expect((await recorded()).getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(
      await one("select count(*)::int from public.audit_trail where entity_type = 'demo_clock' and entity_id = $1", [
        forged,
      ]),
    ).toBe(1);
  });

  it("hands no order, day or decision of the past to a run, and warnings all the same", async () => {
    await seedFundOnly();
    await client.query("delete from public.event_outbox");
    const emit = (type: string, payload: object) =>
      one(`evergreen.emit($1, (select fund_id from public.funds), $2::jsonb, 'test', '{"workflow_id": "x"}')`, [
        type,
        JSON.stringify(payload),
      ]);
    const all = async () => {
      await client.query("reset role");
      const id = "00000000-0000-4000-8000-000000000001";
      await emit("SUBSCRIPTION_REQUESTED", { flow_id: id });
      await emit("DEALING_DAY_OPENED", { dealing_day_id: id });
      await emit("PROPOSAL_DECIDED", { proposal_id: id, decision: "approved" });
      await emit("NAV_RESTATEMENT_BEGUN", { strike_id: id, supersedes: id });
      await emit("DATA_DRIFT", { asset_id: id, deviation_bps: "1", threshold_bps: "1" });
    };
    const left = async () =>
      (await client.query("select type from public.event_outbox order by 1")).rows.map(({ type }) => type);
    await inPast(all);
    expect(await left()).toEqual(["DATA_DRIFT"]);
    await inPast(all, async () => undefined);
    expect(await left()).toHaveLength(6);
  });

  it("is set by no other role, and in no other database", async () => {
    await seedFundOnly();
    const codes = new Map<string, string | null>();
    for (const role of ALL_ROLES) codes.set(role, await codeAs(role, "select public.fn_set_demo_clock($1)", [AT]));
    expect([...codes].filter(([, code]) => code !== "42501")).toEqual([["demo_role", null]]);
    expect(await codeAs("evergreen_owner", "select public.fn_set_demo_clock($1)", [AT])).toBe("EG403");
    await client.query("update public.platform_settings set value = 'false' where key = 'demo'");
    const door = openDatabase({ url: database.urlFor("evergreen_app"), connections: 1, demoClock: () => AT });
    try {
      await expect(
        door.rpc(CLERK, "fn_record_marks", {
          fund: "DEMO",
          marks: [{ asset: "MM01", as_of: "2024-02-29", value: "1.00", source: "synthetic" }],
        }),
      ).rejects.toMatchObject({ code: "EG428" });
    } finally {
      await door.close();
    }
    expect(await countOf("asset_snapshots")).toBe(42);
  });
});

describe("fn_load_demo", () => {
  it("is refused in a database that is not marked as a demo, whatever was answered before", async () => {
    expect(await load("demo_role", DEMO.register)).toBe("EG428");
    await seedFundOnly();
    await client.query("update public.platform_settings set value = 'false' where key = 'demo'");
    expect(await load("demo_role", DEMO.register, `demo/${DEMO_VERSION}/register`)).toBe("EG428");
    expect(await load("demo_role", MARKS[0]!)).toBe("EG428");
    await client.query("delete from public.platform_settings where key = 'demo'");
    expect(await load("demo_role", MARKS[0]!)).toBe("EG428");
    expect(await countOf("asset_snapshots")).toBe(42);
  });

  it("can be called by no other role", async () => {
    await seedFundOnly();
    const codes = new Map<string, string | null>();
    for (const role of ALL_ROLES) codes.set(role, await load(role, MARKS[0]!));
    expect([...codes].filter(([, code]) => code !== "42501")).toEqual([["demo_role", null]]);
    // the second lock: even the owner, who may execute it, is not the demo role
    expect(await load("evergreen_owner", MARKS[1]!)).toBe("EG403");
  });

  it("answers the same request once and refuses the id with other rows", async () => {
    await seedFundOnly();
    const [first, second] = MARKS as [DemoChunk, DemoChunk];
    expect(await load("demo_role", first, "a")).toBeNull();
    const before = await counts();
    expect(await load("demo_role", first, "a")).toBeNull();
    expect(await load("demo_role", second, "a")).toBe("EG409");
    // the rows have ids of their own: another request id does not double them
    expect(await load("demo_role", first, "b")).toBe("EG400");
    expect(await counts()).toEqual(before);
  });

  it("loads a chunk whole or not at all", async () => {
    await seedFundOnly();
    const before = await counts();
    const chunk = MARKS[4]!;
    const mark = chunk.snapshots![0]!;
    const [first] = DEMO.register.investors!;
    const broken: [DemoChunk, string][] = [
      [{ ...chunk, snapshots: [...chunk.snapshots!, { ...mark, id: crypto.randomUUID(), asset: "NOBODY" }] }, "EG404"],
      [{ ...chunk, snapshots: [{ ...mark, nav: "1.005" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, recorded_at: "2999-01-01T00:00:00Z" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, nav: "many" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, nav: "NaN" }] }, "EG400"],
      [{ ...chunk, snapshots: Array.from({ length: 5001 }, () => mark) }, "EG413"],
      [{ ...chunk, fund: "OTHER" }, "EG404"],
      [{ ...chunk, investors: [first!] }, "EG400"],
      [{ ...chunk, lapses: [{ investor: "LP-S9999" }] }, "EG404"],
      // still cleared
      [{ ...chunk, lapses: [{ investor: first!.code }] }, "EG404"],
      [{ fund: "DEMO", access: [{ user_id: LP_USERS.first, investor: "LP-S9999", kind: "own" }] }, "EG404"],
    ];
    for (const [index, [bad, code]] of broken.entries())
      expect(await load("demo_role", bad), `case ${index}`).toBe(code);
    expect(await counts()).toEqual(before);
    expect(await load("demo_role", chunk)).toBeNull();
  });

  it("does not touch a fund that is not labelled synthetic, nor a real investor", async () => {
    await seedFundOnly();
    await client.query(
      "update public.investors set synthetic = false, kyc_valid_until = '2024-01-01' where code = 'LP-S0003'",
    );
    const access = [{ user_id: LP_USERS.second, investor: "LP-S0003", kind: "own" as const }];
    expect(await load("demo_role", { fund: "DEMO", access })).toBe("EG404");
    expect(await load("demo_role", { fund: "DEMO", lapses: [{ investor: "LP-S0003" }] })).toBe("EG404");
    await client.query("update public.investors set synthetic = true");
    expect(await load("demo_role", { fund: "DEMO", lapses: [{ investor: "LP-S0003" }] })).toBeNull();
    await client.query("update public.funds set synthetic = false");
    expect(await load("demo_role", MARKS[0]!)).toBe("EG404");
    expect(await countOf("asset_snapshots")).toBe(42);
  });
});
