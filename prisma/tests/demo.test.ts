// The demo loader on a real Postgres: only its role, only a database marked as a demo, all or nothing, once; and the seed as a program
// that is killed on its way and goes on where it was.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { ALL_ROLES } from "@evergreen-fund/domain/roles.ts";
import { type FreshDatabase, freshDatabase } from "@evergreen-fund/testing/postgres.ts";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { type DemoChunk, generateDemo } from "../demo/generate.ts";
import { LP_USERS } from "../demo/logins.ts";
import { type DemoProgress, seedDemo } from "../seed.ts";

const DEMO = generateDemo(LP_USERS);
const ROWS = {
  assets: DEMO.fund.assets.length,
  investors: 200,
  flows: [DEMO.register, ...DEMO.history.map(({ chunk }) => chunk)].flatMap((chunk) => chunk.flows ?? []).length,
  snapshots: DEMO.history.flatMap(({ chunk }) => chunk.snapshots ?? []).length + DEMO.fund.assets.length,
};

let database: FreshDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await freshDatabase(inject("postgresAdminUrl"));
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

async function counts(): Promise<typeof ROWS> {
  return {
    assets: await countOf("assets"),
    investors: await countOf("investors"),
    flows: await countOf("fund_flows"),
    snapshots: await countOf("asset_snapshots"),
  };
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
  it("loads the whole fund, and a second time nothing more", async () => {
    const seen: DemoProgress[] = [];
    const seed = await seedDemo({ databaseUrl: database.adminUrl, onProgress: (progress) => seen.push(progress) });
    if (seed.outcome !== "ready") throw new Error(seed.reason);
    expect(await seed.history).toEqual({ outcome: "complete", loaded: DEMO.history.length });
    expect(await counts()).toEqual(ROWS);
    expect(seen.slice(0, 2).map(({ step }) => step)).toEqual(["fund", "register"]);
    expect(seen.at(-1)).toEqual({ phase: "history", done: 35, total: 35, step: "2026-09-30" });

    const again = await seedDemo({ databaseUrl: database.adminUrl });
    if (again.outcome !== "ready") throw new Error(again.reason);
    expect(again.fundId).toBe(seed.fundId);
    expect(await again.history).toEqual({ outcome: "complete", loaded: 0 });
    expect(await counts()).toEqual(ROWS);
    expect(await one("select allocations_version::int from public.funds")).toBe(1);
  });

  it("makes the fund add up in the database: allocations, prices, monthly totals", async () => {
    const seed = await seedDemo({ databaseUrl: database.adminUrl });
    if (seed.outcome !== "ready") throw new Error(seed.reason);
    await seed.history;
    const difference = await one<string>(
      `select f.net_assets - sum(a.market_value) from public.funds f join public.portfolio_allocations a using (fund_id) where a.superseded_at is null group by f.fund_id`,
    );
    expect(Number(difference)).toBe(0);
    expect(
      await one(
        "select sum(actual_pct) between 1 - 1e-15 and 1 + 1e-15 and sum(target_pct) = 1 from public.portfolio_allocations",
      ),
    ).toBe(true);
    // units of the register = units of the classes
    const { rows: classes } = await client.query(
      `select c.code, c.units_outstanding - sum(case f.direction when 'subscription' then f.units else -f.units end) as difference
         from public.share_classes c join public.fund_flows f using (share_class_id) group by c.share_class_id order by c.code`,
    );
    expect(classes.map(({ code, difference: left }) => [code, Number(left)])).toEqual([
      ["I", 0],
      ["W", 0],
    ]);
    // what the fund reports per month = what its orders add up to
    const { rows: months } = await client.query(
      `select r.month from public.reported_flows r full join (
         select fund_id, date_trunc('month', dealing_date)::date as month, case direction when 'subscription' then 'sale' else 'redemption' end as kind, sum(amount) as amount
           from public.fund_flows where status = 'settled' group by 1, 2, 3) d using (fund_id, month, kind)
        where r.amount is distinct from d.amount`,
    );
    expect(months).toEqual([]);
    expect(await countOf("reported_flows")).toBeGreaterThan(50);
  });

  it("labels everything synthetic, keeps recorded time behind effective time, and alarms twice, as planned", async () => {
    const seed = await seedDemo({ databaseUrl: database.adminUrl });
    if (seed.outcome !== "ready") throw new Error(seed.reason);
    await seed.history;
    for (const [table, column] of [
      ["funds", "name"],
      ["share_classes", "name"],
      ["assets", "name"],
      ["assets", "issuer"],
    ]) {
      expect(
        await one(`select count(*)::int from public.${table} where ${column} not like '%synthetic%'`),
        `${table}.${column}`,
      ).toBe(0);
    }
    expect(await one("select bool_and(synthetic) from public.investors")).toBe(true);
    expect(await one("select bool_and(synthetic) from public.funds")).toBe(true);
    expect(await one("select bool_and(source like 'synthetic%') from public.asset_snapshots")).toBe(true);
    expect(await one("select bool_and(source = 'synthetic') from public.reported_flows")).toBe(true);
    expect(
      await one("select bool_and(recorded_at >= effective_at and effective_at >= requested_at) from public.fund_flows"),
    ).toBe(true);
    expect(
      await one("select min(recorded_at) < '2024-01-01' and max(recorded_at) <= now() from public.asset_snapshots"),
    ).toBe(true);
    const { rows } = await client.query(
      `select a.external_key, (e.payload ->> 'deviation_bps')::numeric > (e.payload ->> 'threshold_bps')::numeric as over
         from public.fund_events e join public.assets a on a.id = (e.payload ->> 'asset_id')::uuid where e.type = 'DATA_DRIFT' order by e.seq`,
    );
    expect(rows).toEqual([
      { external_key: "PC06", over: true },
      { external_key: "IN05", over: true },
    ]);
    expect(
      await one("select count(*)::int from public.fund_events where type not in ('DATA_DRIFT', 'FUND_IMPORTED')"),
    ).toBe(0);
  });

  it("audits every chunk and names who did it", async () => {
    await seedFundOnly();
    const { rows } = await client.query(
      "select created_by, request_id from public.audit_trail where request_id is not null order by seq",
    );
    expect(rows.map(({ created_by, request_id }) => [created_by.split(":")[0], request_id])).toEqual([
      ["user", "demo/1/fund"],
      ["user", "demo/1/fund"],
      ["demo", "demo/1/register"],
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

  it("gives each demo login its investors and its fund, and nobody else's", async () => {
    await seedFundOnly();
    const seenBy = async (userId: string) => {
      await client.query("begin");
      await client.query("set local role lp_role");
      await client.query("select set_config('request.jwt.claims', $1, true)", [
        JSON.stringify({ sub: userId, role: "lp_role" }),
      ]);
      const codes = (await client.query("select code from public.investors order by code")).rows.map((row) => row.code);
      const funds = (await client.query("select code from public.funds")).rows.map((row) => row.code);
      const assets = (
        await client.query("select bool_and(lp_visible) as visible, count(*)::int as n from public.assets")
      ).rows[0];
      await client.query("rollback");
      return { codes, funds, assets };
    };
    const assets = { visible: true, n: DEMO.fund.assets.filter((asset) => asset.lp_visible).length };
    expect(await seenBy(LP_USERS.first)).toEqual({ codes: ["LP-S0001", "LP-S0002"], funds: ["DEMO"], assets });
    expect(await seenBy(LP_USERS.second)).toEqual({ codes: ["LP-S0003"], funds: ["DEMO"], assets });
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

  it("says EG503 when the database goes away on its way, and goes on when it is back", async () => {
    let cut: Promise<unknown> = Promise.resolve();
    const seed = await seedDemo({
      databaseUrl: database.adminUrl,
      onProgress: ({ step }) => {
        if (step !== "2023-12-31") return;
        cut = client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'evergreen demo seed' and datname = current_database()",
        );
      },
    });
    if (seed.outcome !== "ready") throw new Error(seed.reason);
    await expect(seed.history).rejects.toMatchObject({ code: "EG503", retryable: true });
    expect((await cut) as pg.QueryResult).toMatchObject({ rowCount: 1 });
    const again = await seedDemo({ databaseUrl: database.adminUrl });
    if (again.outcome !== "ready") throw new Error(again.reason);
    expect((await again.history).outcome).toBe("complete");
    expect(await counts()).toEqual(ROWS);
  });

  it("goes on where it was when the program is killed between two chunks, and two at once double nothing", async () => {
    const program = spawn(
      process.execPath,
      ["--import", "tsx", join(REPOSITORY_ROOT, "prisma", "seed.ts"), database.adminUrl],
      {
        cwd: REPOSITORY_ROOT,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const exit = once(program, "exit");
    let killed = false;
    for await (const line of createInterface({ input: program.stdout })) {
      if (!killed && line.startsWith("demo history 5/")) killed = program.kill("SIGKILL");
    }
    expect((await exit)[1]).toBe("SIGKILL");
    const halfway = await counts();
    expect(halfway.snapshots).toBeGreaterThan(ROWS.assets);
    expect(halfway.snapshots).toBeLessThan(ROWS.snapshots);

    const both = await Promise.all([1, 2].map(() => seedDemo({ databaseUrl: database.adminUrl })));
    const results = await Promise.all(
      both.map((seed) => (seed.outcome === "ready" ? seed.history : Promise.reject(seed.reason))),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(["complete", "complete"]);
    expect(await counts()).toEqual(ROWS);
  });
});

describe("fn_load_demo", () => {
  it("is refused in a database that is not marked as a demo, whatever was answered before", async () => {
    expect(await load("demo_role", DEMO.register)).toBe("EG428");
    await seedFundOnly();
    await client.query("update public.platform_settings set value = 'false' where key = 'demo'");
    expect(await load("demo_role", DEMO.register, "demo/1/register")).toBe("EG428");
    expect(await load("demo_role", DEMO.history[0]!.chunk)).toBe("EG428");
    await client.query("delete from public.platform_settings where key = 'demo'");
    expect(await load("demo_role", DEMO.history[0]!.chunk)).toBe("EG428");
    expect(await countOf("asset_snapshots")).toBe(ROWS.assets);
  });

  it("can be called by no other role", async () => {
    await seedFundOnly();
    const codes = new Map<string, string | null>();
    for (const role of ALL_ROLES) codes.set(role, await load(role, DEMO.history[0]!.chunk));
    expect([...codes].filter(([, code]) => code !== "42501")).toEqual([["demo_role", null]]);
    // the second lock: even the owner, who may execute it, is not the demo role
    expect(await load("evergreen_owner", DEMO.history[1]!.chunk)).toBe("EG403");
  });

  it("answers the same request once and refuses the id with other rows", async () => {
    await seedFundOnly();
    const [first, second] = DEMO.history as [(typeof DEMO.history)[0], (typeof DEMO.history)[0]];
    expect(await load("demo_role", first.chunk, "a")).toBeNull();
    const before = await counts();
    expect(await load("demo_role", first.chunk, "a")).toBeNull();
    expect(await load("demo_role", second.chunk, "a")).toBe("EG409");
    // the rows have ids of their own: another request id does not double them
    expect(await load("demo_role", first.chunk, "b")).toBe("EG400");
    expect(await counts()).toEqual(before);
  });

  it("loads a chunk whole or not at all", async () => {
    await seedFundOnly();
    const before = await counts();
    const { chunk } = DEMO.history[4]!;
    const [mark, flow] = [chunk.snapshots![0]!, chunk.flows![0]!];
    const broken: [DemoChunk, string][] = [
      [{ ...chunk, snapshots: [...chunk.snapshots!, { ...mark, id: flow.id, asset: "NOBODY" }] }, "EG404"],
      [{ ...chunk, flows: [...chunk.flows!, { ...flow, id: mark.id, investor: "LP-S9999" }] }, "EG404"],
      [{ ...chunk, flows: [{ ...flow, class: "Z" }] }, "EG404"],
      [{ ...chunk, flows: [{ ...flow, amount: "1.005" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, nav: "1.005" }] }, "EG400"],
      [{ ...chunk, flows: [{ ...flow, amount: "-1" }] }, "EG400"],
      [{ ...chunk, flows: [{ ...flow, amount: "NaN" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, recorded_at: "2999-01-01T00:00:00Z" }] }, "EG400"],
      [{ ...chunk, snapshots: [{ ...mark, nav: "many" }] }, "EG400"],
      [{ ...chunk, snapshots: Array.from({ length: 5001 }, () => mark) }, "EG413"],
      [{ ...chunk, fund: "OTHER" }, "EG404"],
      [{ fund: "DEMO", access: [{ user_id: LP_USERS.first, investor: "LP-S9999", kind: "own" }] }, "EG404"],
    ];
    for (const [index, [bad, code]] of broken.entries())
      expect(await load("demo_role", bad), `case ${index}`).toBe(code);
    expect(await counts()).toEqual(before);
    expect(await load("demo_role", chunk)).toBeNull();
  });

  it("does not touch a fund that is not labelled synthetic, nor a real investor", async () => {
    await seedFundOnly();
    const { chunk } = DEMO.history[0]!;
    await client.query("update public.investors set synthetic = false where code = $1", [chunk.flows![0]!.investor]);
    expect(await load("demo_role", chunk)).toBe("EG404");
    expect(
      await load("demo_role", {
        fund: "DEMO",
        access: [{ user_id: LP_USERS.second, investor: chunk.flows![0]!.investor, kind: "own" }],
      }),
    ).toBe("EG404");
    await client.query("update public.investors set synthetic = true");
    await client.query("update public.funds set synthetic = false");
    expect(await load("demo_role", chunk)).toBe("EG404");
    expect(await countOf("fund_flows")).toBe(DEMO.register.flows!.length);
  });
});
