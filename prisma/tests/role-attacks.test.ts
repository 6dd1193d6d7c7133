// Ways around the matrix: another caller's claims on a pooled connection, shadowed names, forged roles, ids hidden in payloads, functions without their grants.

import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callOn, claimsOf, LP_A, LP_B, OPS, PM_ONE, refusedWith, SERVICE, testDatabase } from "./arrange.ts";
import { INVOKER_READS } from "./invoker-reads.ts";
import { LP_ORACLE } from "./lp-oracle.ts";
import { populate, userOf } from "./populate.ts";
import { IDENTITIES, LOGINS } from "./role-identities.ts";
import { CALLERS } from "./role-matrix.ts";
import { newFund, newInvestor } from "./synthetic-fund.ts";

const db = await testDatabase();
const { shared, investorA, investorB, allOfA, allOfB } = await populate(db);
const become = (client: pg.ClientBase, role: string, claims: string) =>
  client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [role, claims]);

describe("a pool of one connection", () => {
  const pool = new pg.Pool({ connectionString: db.database.urlFor("evergreen_api"), max: 1 });
  afterAll(() => pool.end());
  const flowsOf = async (actor: typeof LP_A) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await become(client, "lp_role", claimsOf(actor));
      return (await client.query("select distinct investor_id from public.fund_flows order by 1")).rows.map(
        (row) => row.investor_id,
      );
    } finally {
      await client.query("commit");
      client.release();
    }
  };

  it("shows each tenant its own, in turn", async () => {
    for (let i = 0; i < 5; i++) {
      expect(await flowsOf(LP_A)).toEqual(allOfA);
      expect(await flowsOf(LP_B)).toEqual(allOfB);
    }
  });

  it("keeps nothing of the last caller: no role, no claims", async () => {
    await flowsOf(LP_A);
    const client = await pool.connect();
    expect(
      (await client.query("select current_user, current_setting('request.jwt.claims', true) as claims")).rows,
    ).toEqual([{ current_user: "evergreen_api", claims: "" }]);
    await expect(client.query("select 1 from public.fund_flows")).rejects.toMatchObject({ code: "42501" });
    await client.query("begin");
    await client.query("set local role lp_role"); // without claims
    expect((await client.query("select 1 from public.fund_flows")).rows).toEqual([]);
    await client.query("rollback");
    client.release();
  });

  it("keeps nothing of a caller whose request failed halfway", async () => {
    const client = await pool.connect();
    await client.query("begin");
    await become(client, "lp_role", claimsOf(LP_A));
    await expect(client.query("select 1/0 from public.fund_flows")).rejects.toMatchObject({ code: "22012" });
    await client.query("rollback");
    client.release();
    expect(await flowsOf(LP_B)).toEqual(allOfB);
    const next = await pool.connect();
    expect(
      (await next.query("select coalesce(current_setting('request.jwt.claims', true), '') as claims, current_user"))
        .rows,
    ).toEqual([{ claims: "", current_user: "evergreen_api" }]);
    next.release();
  });

  it("an API login cannot become the service, an agent, the owner or the application", async () => {
    const client = await pool.connect();
    for (const role of [
      "service_role",
      "agent_rebalancing",
      "demo_role",
      "evergreen_owner",
      "evergreen_app",
      "postgres",
    ])
      await expect(client.query(`set role ${role}`), role).rejects.toMatchObject({ code: "42501" });
    client.release();
  });
});

describe("claims that are no claims", () => {
  it.each([
    ["no subject", "{}"],
    ["an empty subject", '{"sub": ""}'],
    ["a subject that is no id", '{"sub": "admin"}'],
    ["a subject that is a list of ids", `{"sub": ["${userOf(LP_A)}"]}`],
    ["36 characters that are no id", '{"sub": "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"}'],
    ["an id with a hyphen for a digit", `{"sub": "${userOf(LP_A).replace(/.$/, "-")}"}`],
    ["an id and more", `{"sub": "${userOf(LP_A)}\\n"}`],
    ["an id with a hyphen out of place", `{"sub": "${userOf(LP_A).replace(/^(.{7})(.)-/, "$1-$2")}"}`],
    ["an id without its hyphens", `{"sub": "${userOf(LP_A).replaceAll("-", "")}"}`],
    ["another's role", `{"role": "pm_role"}`],
    ["a list", `[{"sub": "${userOf(LP_A)}"}]`],
    ["a word", '"pm_role"'],
  ])("%s: an LP sees nothing and may do nothing", async (_what, claims) => {
    const client = await db.app.connect();
    await client.query("begin");
    await become(client, "lp_role", claims);
    for (const table of [
      "funds",
      "assets",
      "investors",
      "investor_access",
      "fund_flows",
      "fund_events",
      "subscriptions",
    ])
      expect((await client.query(`select 1 from public.${table}`)).rows, table).toEqual([]);
    const order = {
      fund: shared.code,
      investor_id: investorA,
      direction: "redemption",
      amount: "1.00",
      currency: "USD",
    };
    expect(["EG401", "EG404"]).toContain(await refusedWith(callOn(client, "fn_place_order", order)));
    await client.query("rollback");
    client.release();
  });
});

describe("names shadowed by the caller, who for once may make temporary objects", () => {
  beforeAll(() => db.look(`grant temporary on database ${db.database.name} to lp_role, pm_role`));
  afterAll(() => db.look(`revoke temporary on database ${db.database.name} from lp_role, pm_role`));

  it("tables: an investor whom only a temporary table grants stays out of reach", async () => {
    const outcome = db.as(LP_A, async (client) => {
      await client.query(
        "create temporary table investor_access as select user_id, $1::uuid as investor_id, kind, valid_until from public.investor_access limit 0",
        [investorB],
      );
      await client.query("insert into pg_temp.investor_access values ($1, $2, 'owner', null)", [
        userOf(LP_A),
        investorB,
      ]);
      await client.query("grant all on pg_temp.investor_access to public");
      expect((await client.query("select distinct investor_id from public.fund_flows order by 1")).rows).toEqual(
        allOfA.map((investor_id) => ({ investor_id })),
      );
      return callOn(client, "fn_place_order", {
        fund: shared.code,
        investor_id: investorB,
        direction: "redemption",
        amount: "1.00",
        currency: "USD",
      });
    });
    expect(await refusedWith(outcome)).toBe("EG404");
  });

  it("types, functions and operators: nothing of the caller's runs as the owner", async () => {
    const ran = await db.as(LP_A, async (client) => {
      await client.query("create temporary table ran (who text, what text)");
      await client.query("grant all on pg_temp.ran to public");
      await client.query(`create function pg_temp.spy(x pg_catalog.text) returns pg_catalog.bool language plpgsql as
        $$ begin insert into pg_temp.ran values (current_user, x); return true; end $$`);
      for (const type of ["text", "jsonb", "uuid", "date", "bytea", "timestamptz"])
        await client.query(
          `create domain pg_temp.${type} as pg_catalog.${type} check (pg_temp.spy(value::pg_catalog.text))`,
        );
      await client.query(
        `create function pg_temp.sha256(x pg_catalog.bytea) returns pg_catalog.bytea language plpgsql as $$ begin perform pg_temp.spy('sha256'); return x; end $$`,
      );
      await client.query(
        `create function pg_temp.any_uuid(a pg_catalog.uuid, b pg_catalog.uuid) returns pg_catalog.bool language plpgsql as $$ begin return pg_temp.spy('='); end $$`,
      );
      await client.query(
        "create operator pg_temp.= (leftarg = pg_catalog.uuid, rightarg = pg_catalog.uuid, function = pg_temp.any_uuid)",
      );
      await callOn(client, "fn_place_order", {
        fund: shared.code,
        investor_id: investorA,
        direction: "redemption",
        amount: "1.00",
        currency: "USD",
        request_id: "shadow",
      });
      await client.query("select 1 from public.fund_events, public.assets");
      return (await client.query("select * from pg_temp.ran where who <> 'lp_role'")).rows;
    });
    expect(ran).toEqual([]);
  });
});

it("without that grant nobody makes temporary objects, nor any in public", async () => {
  for (const role of [
    "pm_role",
    "lp_role",
    "ops_role",
    "audit_role",
    "service_role",
    "agent_rebalancing",
    "demo_role",
  ]) {
    const client = await db.app.connect();
    await client.query("begin");
    await client.query(`set local role ${role}`);
    await expect(client.query("create temporary table x (y int)"), role).rejects.toMatchObject({ code: "42501" });
    await client.query("rollback");
    await client.query("begin");
    await client.query(`set local role ${role}`);
    await expect(client.query("create table public.x (y int)"), role).rejects.toMatchObject({ code: "42501" });
    await client.query("rollback");
    client.release();
  }
});

describe("an event whose payload names LP-A while it references LP-B", () => {
  it.each([
    ["plain", (id: string) => ({ investor_id: id })],
    ["a list", (id: string) => ({ investor_id: [id] })],
    ["nested", (id: string) => ({ investor: { investor_id: id }, investor_ids: [id] })],
    ["other letters", (id: string) => ({ Investor_ID: id.toUpperCase(), investorId: id })],
    ["null", () => ({ investor_id: null })],
  ])("%s: only LP-B sees it", async (_what, hidden) => {
    const eventId = await db.value<string>(OPS, "fn_record_event", {
      type: "SUBSCRIPTION_REQUESTED",
      payload: { flow_id: crypto.randomUUID(), ...hidden(investorA) },
      source: "test",
      fund_id: shared.fundId,
      investor_ids: [investorB],
    });
    const seenBy = (actor: typeof LP_A) =>
      db.as(
        actor,
        async (client) =>
          (await client.query("select 1 from public.fund_events where event_id = $1", [eventId])).rowCount,
      );
    expect([await seenBy(LP_A), await seenBy(LP_B), await seenBy(PM_ONE)]).toEqual([0, 1, 1]);
  });
});

it("the second lock: a function whose grant was given away still refuses the roles it does not name", async () => {
  const roles = [
    ...new Set(
      IDENTITIES.filter((i) => !(LOGINS as readonly string[]).includes(i)).map((i) =>
        i.startsWith("lp_") ? "lp_role" : i,
      ),
    ),
  ];
  const client = await db.admin.connect();
  const opened: string[] = [];
  try {
    await client.query("begin");
    await client.query(`grant usage on schema public to ${roles.join(", ")}`);
    await client.query(`grant execute on all functions in schema public to ${roles.join(", ")}`);
    await client.query("select set_config('request.jwt.claims', $1, true)", [claimsOf(PM_ONE)]);
    for (const fn of Object.keys(CALLERS)) {
      if (fn === "fn_record_event") continue; // asks the event's own list, see below
      if (INVOKER_READS.includes(fn)) continue; // run as their caller, whom row-level security binds
      const [row] = (
        await client.query(
          "select string_agg('null::' || format_type(t, null), ', ' order by i) as nulls from pg_proc p left join unnest(p.proargtypes) with ordinality as x(t, i) on true where p.oid = ('public.' || $1)::regproc",
          [fn],
        )
      ).rows;
      for (const role of roles.filter((r) => !CALLERS[fn]?.some((c) => (c.startsWith("lp_") ? "lp_role" : c) === r))) {
        await client.query("savepoint one");
        await client.query(`set local role ${role}`);
        const code = await client.query(`select public.${fn}(${row?.nulls ?? ""})`).then(
          () => "ok",
          (e: { code?: string }) => e.code,
        );
        if (code !== "EG403") opened.push(`${fn} for ${role}: ${code}`);
        await client.query("rollback to one");
      }
    }
    await client.query("set local role lp_role");
    await expect(
      client.query(`select public.fn_record_event('STRESS_REQUESTED', '{"scenario_id": "x", "shift_bps": 1}', 'test')`),
    ).rejects.toMatchObject({ code: "EG403" });
  } finally {
    await client.query("rollback");
    client.release();
  }
  expect(opened).toEqual([]);
});

it("24 users with random access to 40 investors in 5 funds: each sees exactly what the oracle says", async () => {
  const seed = 0.42;
  const users = Array.from({ length: 24 }, (_, i) => `00000000-0000-4000-8000-0000000002${String(i).padStart(2, "0")}`);
  const funds = await Promise.all(Array.from({ length: 5 }, () => newFund(db)));
  const investors = await Promise.all(Array.from({ length: 40 }, () => newInvestor(db, null)));
  const client = await db.admin.connect();
  await client.query("select setseed($1)", [seed]);
  await client.query(
    `insert into investor_access (user_id, investor_id, kind, valid_until)
     select u, i, 'delegate', case when random() < 0.3 then now() - interval '1 day' when random() < 0.5 then now() + interval '1 day' end
       from unnest($1::uuid[]) u, unnest($2::uuid[]) i where random() < 0.08`,
    [users, investors],
  );
  const orders = (
    await client.query(
      "select f as fund, i as investor, case when random() < 0.5 then 'subscription' else 'redemption' end as direction from unnest($1::text[]) f, unnest($2::uuid[]) i where random() < 0.2",
      [funds.map((f) => f.code), investors],
    )
  ).rows;
  client.release();
  for (const { fund, investor, direction } of orders)
    await db.call(OPS, "fn_place_order", { fund, investor_id: investor, direction, amount: "1.00", currency: "USD" });
  let seen = 0;
  for (const userId of users) {
    for (const [table, oracle] of Object.entries(LP_ORACLE)) {
      const rows = await db.as(
        { role: "lp_role", userId },
        async (c) => (await c.query(`select x::text as row from public.${table} x order by 1`)).rows,
      );
      const from = table === "fund_events" ? `(${oracle}) y` : `(${oracle}) as z(y)`;
      expect(rows, `${table} of ${userId}, seed ${seed}`).toEqual(
        await db.look(`select y::text as row from ${from} order by 1`, [userId]),
      );
      if (table === "fund_flows") seen += rows.length;
    }
  }
  expect(seen).toBeGreaterThan(users.length);
});

it("the dispatcher's role cannot record what it delivers, nor a room what another room decides", async () => {
  expect(
    await refusedWith(
      db.call(SERVICE, "fn_record_event", {
        type: "PROPOSAL_DECIDED",
        payload: { proposal_id: crypto.randomUUID(), decision: "approved" },
        source: "test",
      }),
    ),
  ).toBe("EG403");
});
